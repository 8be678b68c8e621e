"""Replaces the site only once the new one is whole; one render at a time.

A site carries a record of its own files. What has no such record, or holds a file
that is not in it, was written by somebody else and is never replaced. All that
is half made lies in `.render/`, so nothing else is ever removed.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from render.errors import RenderError
from render.project import CONFIG, Project

RECORD = ".stamp"
IGNORED = (".DS_Store", RECORD)  # a file manager's, and the record itself


@contextmanager
def lock(project: Project) -> Iterator[None]:
    """Hold the project for one render; the system frees it however the render ends.

    Raises
    ------
    RenderError
        Another render holds it.
    """
    path = project.cache_dir / "lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            file.seek(0)
            raise RenderError(
                f"another render of this project is running (process {file.read().strip()}); "
                "wait for it to end, or stop it"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def check_place(project: Project) -> None:
    """Make sure that replacing the output folder loses nothing that a person made.

    Raises
    ------
    RenderError
        It is not a folder strictly inside the project, or holds a file that no render
        wrote.
    """
    out, root = project.output_dir, project.root.resolve()
    name = os.path.relpath(out, project.root)
    if project.output is None:  # it was named in _quarto.yml
        place = Path(os.path.normpath(root / name))
        if place == root or not place.is_relative_to(root):
            raise _refusal(name, "it must be a folder inside the project, such as _site")
        if place.resolve() != place:
            raise _refusal(name, "it is a link, or lies below one; name a folder")
        if project.cache_dir.resolve() in (place, *place.parents):
            raise _refusal(name, "executions are kept there; name another folder, such as _site")
    if out.is_file():
        raise _refusal(name, "it is a file; name a folder")
    strange = sorted(
        name
        for name in _files(out) - set(_record(out).get("files", {}))
        if not _is_copy(out / name, project.root / name)
    )
    if strange:
        more = f" and {len(strange) - 1} more" if len(strange) > 1 else ""
        raise _refusal(
            name,
            f"it holds {strange[0]}{more}, which no render wrote; move away what is yours, or "
            f"remove the folder if nothing is (rm -r {name})",
        )


def _is_copy(path: Path, source: Path) -> bool:
    """Tell whether a file is a resource as Quarto copies it while it previews."""
    return path.is_file() and source.is_file() and path.read_bytes() == source.read_bytes()


def _refusal(name: str, why: str) -> RenderError:
    return RenderError(f"the site can't go to `{name}` (project.output-dir): {why}", page=CONFIG)


def is_current(out: Path, stamp: str) -> bool:
    """Tell whether the site that stands was built from just these sources, and is as built."""
    record = _record(out)
    return bool(stamp) and record.get("stamp") == stamp and record.get("files") == _contents(out)


def sign(out: Path, stamp: str, parts: Mapping | None = None) -> None:
    """Write down which files a render wrote, and from which sources.

    Parameters
    ----------
    stamp
        The sources' stamp; empty for a site that is not what its sources would give.
    parts
        What else whoever laid it out wants to know of it next time.
    """
    record = {"stamp": stamp, "parts": dict(parts or {}), "files": _contents(out)}
    (out / RECORD).write_text(json.dumps(record, indent=0), encoding="utf-8")


def parts_of(out: Path) -> Mapping:
    """Return what was written down of a site's parts; nothing if it was altered since."""
    record = _record(out)
    return record.get("parts", {}) if record.get("files") == _contents(out) else {}


def _record(out: Path) -> Mapping:
    try:
        found = json.loads((out / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _files(out: Path) -> set[str]:
    """Every file, link and empty folder below a folder, by its path from there."""
    found = set()
    for here, folders, files in os.walk(out):
        base = Path(here)
        links = [name for name in folders if (base / name).is_symlink()]
        for name in (*files, *links):
            path = (base / name).relative_to(out).as_posix()
            if path not in IGNORED and name != IGNORED[0]:
                found.add(path)
        if not files and not folders and base != out:
            found.add(f"{base.relative_to(out).as_posix()}/")
    return found


def _contents(out: Path) -> dict[str, str]:
    return {
        name: hashlib.sha256((out / name).read_bytes()).hexdigest()
        if (out / name).is_file()
        else ""
        for name in sorted(_files(out))
    }


def recover(project: Project) -> list[Path]:
    """Tidy up after a render that was killed; return what could not be removed."""
    out = project.output_dir
    kept = sorted(project.cache_dir.glob(f"old-{out.name}-*"), key=lambda p: p.stat().st_mtime)
    if kept and not out.exists():
        kept[-1].rename(out)
    left = [*project.cache_dir.glob("new-*-*"), *project.cache_dir.glob("old-*-*")]
    return [folder for folder in left if not _remove(folder)]


@contextmanager
def staged(project: Project) -> Iterator[Path]:
    """Give an empty folder, to be filled and signed; it takes the place of the site then."""
    new = _fresh(project, "new")
    new.mkdir(parents=True)
    try:
        yield new
        replace(project, new)
    except BaseException:
        _remove(new)
        raise


def replace(project: Project, new: Path) -> None:
    """Put `new` in the place of the site; at no moment is there less than one whole site.

    Raises
    ------
    RenderError
        The old site may not be moved.
    """
    out = project.output_dir
    try:
        if not out.exists():
            out.parent.mkdir(parents=True, exist_ok=True)
            new.rename(out)
        elif not _exchange(new, out):
            old = _fresh(project, "old")
            out.rename(old)
            new.rename(out)
            _remove(old)
    except PermissionError as error:
        raise RenderError(
            f"{out} may not be replaced ({error.strerror}); is it another user's? Remove it, "
            "or make it yours"
        ) from None
    _remove(new)  # after an exchange: the old site


def _fresh(project: Project, kind: str) -> Path:
    return project.cache_dir / f"{kind}-{project.output_dir.name}-{secrets.token_hex(4)}"


def _remove(folder: Path) -> bool:
    """Remove a folder, read-only ones in it too; return whether it is gone."""
    for here, _, _ in os.walk(folder):
        with suppress(OSError):  # another user's
            os.chmod(here, 0o700)
    shutil.rmtree(folder, ignore_errors=True)
    return not os.path.lexists(folder)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step where the system can (Linux); else say no."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    return rename(here, os.fsencode(one), here, os.fsencode(other), exchange) == 0
