"""Replaces the site only once the new one is whole; one render at a time."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from render.errors import RenderError
from render.project import Project


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


def recover(out: Path) -> None:
    """Tidy up after a render that was killed, whatever it was at."""
    new, old = _places(out)
    if old.exists() and not out.exists():
        old.rename(out)
    for folder in (new, old):
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def staged(out: Path) -> Iterator[Path]:
    """Give an empty folder beside `out`; it takes the place of `out` if all goes well."""
    new, _ = _places(out)
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    try:
        yield new
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    replace(out, new)


def replace(out: Path, new: Path) -> None:
    """Put `new` in the place of `out`; at no moment is there less than one whole site."""
    _, old = _places(out)
    if not out.exists():
        new.rename(out)
    elif _exchange(new, out):
        shutil.rmtree(new)
    else:
        out.rename(old)
        new.rename(out)
        shutil.rmtree(old)


def _places(out: Path) -> tuple[Path, Path]:
    return out.with_name(f"{out.name}.new"), out.with_name(f"{out.name}.old")


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step where the system can (Linux); else say no."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    return rename(here, os.fsencode(one), here, os.fsencode(other), exchange) == 0
