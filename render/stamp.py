"""Decides what is stale, and keeps what was executed.

A page's stamp is a hash of all that its outputs depend on: its text, the
package, the locked versions, the Python, the data, the files beside it and the
code that runs cells. While the stamp stays, its outputs are taken from
`.render/`. Nothing heavy is imported here: a site that is up to date is told so
at once.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

from render.project import CONFIG, Executed, Page, Project

KEPT = 4  # executions of a page that stay: both data sets, and a way back
DATA = "TINYNETS_DATA"

_HERE = Path(__file__).parent
_EXECUTES = ("cells", "options", "kernel", "execute", "outputs", "failure", "project", "stamp")


class Stamps:
    """The stamps of a project's pages, as its files are now."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def of_page(self, page: Page) -> str:
        """Return what a page's outputs depend on, hashed."""
        if not may_run(page):
            return _hash([page.text, self._code])
        defaults = json.dumps(self._project.execute_defaults(page), sort_keys=True, default=str)
        beside = _files_hash(page.path.parent, _beside(page, self._project.root))
        return _hash([page.source, page.text, defaults, self._shared, beside])

    def of_site(self, engine: str) -> str:
        """Return what the whole site depends on, hashed."""
        root = self._project.root
        files = [root / CONFIG, *root.glob("*.bib"), *root.glob("*.csl"), *self._project.resources]
        files += [*_tree(root / "assets"), *_tree(root / "explore")]
        files += _tree(_HERE)  # its layout, or its frame round what Quarto lays out
        pages = [f"{page.source} {self.of_page(page)}" for page in self._project.pages]
        files += [file for page in self._project.pages for file in _beside(page, root)]
        return _hash([engine, str(self._project.drafts), *pages, _files_hash(root, files)])

    @cached_property
    def _shared(self) -> str:
        root = self._project.root
        sources = [*_tree(root / "tinynets"), *_tree(root / "explore")]
        locked = _files_hash(root, [*sources, root / "constraints.txt"])
        return _hash([sys.version, sys.executable, _data_stamp(), locked, self._code])

    @cached_property
    def _code(self) -> str:
        return _files_hash(_HERE, [_HERE / f"{name}.py" for name in _EXECUTES])


def may_run(page: Page) -> bool:
    """Tell whether a page has anything to run."""
    return "{python" in page.body


def _hash(parts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{len(part)}:{part}".encode())
    return digest.hexdigest()[:24]


def _files_hash(root: Path, files: Iterable[Path]) -> str:
    """Hash names and contents; a file that is gone counts as gone."""
    parts = []
    for path in sorted(set(files)):
        parts.append(os.path.relpath(path, root))
        parts.append(hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "")
    return _hash(parts)


def _tree(folder: Path) -> Iterator[Path]:
    """All files below a folder that a person wrote."""
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _is_made(name))
        yield from (Path(here, name) for name in sorted(files) if not _is_made(name))


def _is_made(name: str) -> bool:
    return (
        name.startswith((".", "_site", "__pycache__"))
        or name.endswith(("_files", ".pyc", ".html", ".ipynb", ".quarto_ipynb", "~"))
        or name == "node_modules"
    )


def _beside(page: Page, root: Path) -> list[Path]:
    """What a page may read from its own folder (a page at the root: the root's files)."""
    folder = page.path.parent
    if folder == root:
        return [
            p for p in folder.iterdir() if p.is_file() and p.suffix in (".csv", ".json", ".npz")
        ]
    pages = (".qmd", ".md")
    if page.path.name == "index.qmd":  # may tell of the pages in its folder
        pages = (".md",)
    return [path for path in _tree(folder) if path.suffix not in pages]


def _data_stamp() -> str:
    """Name the data in use: which folder, and its files by name, size and time."""
    chosen = os.environ.get(DATA, "")
    folder = Path(chosen) if chosen else _user_cache() / "tinynets"
    files = sorted(folder.glob("*")) if folder.is_dir() else []
    stats = [(path.name, path.stat()) for path in files]
    return _hash([chosen, *(f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in stats)])


def _user_cache() -> Path:
    # where pooch.os_cache puts it, without importing pooch
    home = Path.home()
    if sys.platform == "darwin":
        return home / "Library" / "Caches"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"))
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")


class Cache:
    """Executed pages on disk, one folder an execution, whole or not there."""

    def __init__(self, project: Project) -> None:
        self._folder = project.cache_dir / "pages"

    def load(self, page: Page, stamp: str) -> Executed | None:
        """Return the execution with this stamp, if it is kept."""
        return self._read(page, self._of(page) / stamp)

    def load_last(self, page: Page) -> Executed | None:
        """Return the latest execution, whatever the page has become since."""
        kept = self._kept(page)
        return self._read(page, kept[0]) if kept else None

    def scratch(self, page: Page) -> Path:
        """Return a new empty folder for the files of an execution."""
        folder = self._of(page) / f"new-{os.getpid()}"
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "files").mkdir(parents=True)
        return folder / "files"

    def store(self, executed: Executed, stamp: str) -> Executed:
        """Keep an execution whose files are in a scratch folder; return it in its place."""
        page, scratch = executed.page, executed.files_dir.parent
        facts = {"lines": executed.lines, "seconds": executed.seconds}
        (scratch / "page.md").write_text(executed.markdown, encoding="utf-8")
        (scratch / "page.json").write_text(json.dumps(facts), encoding="utf-8")
        place = self._of(page) / stamp
        shutil.rmtree(place, ignore_errors=True)
        scratch.rename(place)
        for old in self._kept(page)[KEPT:]:
            shutil.rmtree(old, ignore_errors=True)
        return Executed(page, executed.markdown, executed.lines, place / "files", executed.seconds)

    def seconds(self, page: Page) -> float:
        """Return how long the page took last time (infinity if it never ran)."""
        last = self.load_last(page)
        return last.seconds if last else float("inf")

    def clear(self) -> None:
        """Forget all executions."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def sweep(self) -> None:
        """Remove what a killed run left half-made."""
        for folder in self._folder.glob("*/new-*"):
            shutil.rmtree(folder, ignore_errors=True)

    def _of(self, page: Page) -> Path:
        return self._folder / page.source.replace("/", "--")

    def _kept(self, page: Page) -> list[Path]:
        found = [
            p for p in self._of(page).glob("*/page.json") if not p.parent.name.startswith("new-")
        ]
        return [p.parent for p in sorted(found, key=lambda p: p.stat().st_mtime, reverse=True)]

    def _read(self, page: Page, place: Path) -> Executed | None:
        """Read an execution; what is damaged, or written by another version, is not there."""
        try:
            facts = json.loads((place / "page.json").read_text(encoding="utf-8"))
            markdown = (place / "page.md").read_text(encoding="utf-8")
            lines, seconds = tuple(facts["lines"]), float(facts["seconds"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return Executed(page, markdown, lines, place / "files", seconds)
