"""Laid-out pages, kept between builds; what is missing is laid out on all cores."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import cache
from pathlib import Path

from render.errors import RenderError, RenderErrors, errors_of, raise_all
from render.layout.document import Document
from render.layout.pandoc import executable

_HERE = Path(__file__).parent
_TEMPLATE = _HERE.parent / "templates" / "parts.pandoc"
LITTLE = 10_000  # characters that are laid out sooner than another process has started
KEPT = 4  # documents a page, on average: both data sets, drafts, and a way back


def documents(
    folder: Path,
    lay_out: Callable[..., Document],
    tasks: Sequence[tuple],
    facts: Sequence[str],
    *,
    n_processes: int,
) -> list[Document]:
    """Return what `lay_out(*task)` gives for each task, from the last build if it is the same.

    Parameters
    ----------
    folder
        Where documents are kept.
    lay_out
        A function of a module, so that another process can call it.
    facts
        For each task, all that its document depends on but the code here and pandoc.
    n_processes
        How many processes may work at once.

    Raises
    ------
    RenderError, RenderErrors
        What is wrong with all pages.
    """
    shelf = Shelf(folder)
    keys = [shelf.key(fact) for fact in facts]
    found = [shelf.get(key) for key in keys]
    missing = [i for i, document in enumerate(found) if document is None]
    missing.sort(key=lambda i: len(facts[i]), reverse=True)  # the longest first
    errors: list[RenderError] = []
    if sum(len(facts[i]) for i in missing) < LITTLE:
        n_processes = 1
    made = _run(lay_out, [tasks[i] for i in missing], n_processes)
    for i, document in zip(missing, made, strict=True):
        if isinstance(document, Document):
            found[i] = document
            shelf.put(keys[i], document)
        else:
            errors += errors_of(document)
    raise_all(errors)
    shelf.prune()
    return found


class Shelf:
    """Documents on disk, by what they were made of."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._used: set[Path] = set()

    def key(self, *facts: str) -> str:
        """Name what a document is made of: facts, and the code and pandoc that make it."""
        return hashlib.sha256(json.dumps([_tools(), *facts]).encode()).hexdigest()[:24]

    def get(self, key: str) -> Document | None:
        """Return a document; None for one that is not there or damaged."""
        place = self._place(key)
        try:
            found = Document(**json.loads(place.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        place.touch()
        return found

    def put(self, key: str, document: Document) -> Document:
        """Keep a document; return it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        new = self._folder / f"{key}.{os.getpid()}"
        new.write_text(json.dumps(asdict(document)), encoding="utf-8")
        new.replace(self._place(key))
        return document

    def prune(self) -> None:
        """Forget what was not used for the longest time."""
        if not self._folder.is_dir():
            return
        latest = sorted(self._folder.iterdir(), key=lambda p: p.stat().st_mtime, reverse=True)
        for place in latest[KEPT * max(len(self._used), 1) :]:
            place.unlink(missing_ok=True)

    def _place(self, key: str) -> Path:
        place = self._folder / f"{key}.json"
        self._used.add(place)
        return place


def _run(
    lay_out: Callable[..., Document], tasks: Sequence[tuple], n_processes: int
) -> list[Document | RenderError | RenderErrors]:
    n_processes = min(n_processes, len(tasks))
    if n_processes < 2:
        return [_tried(lay_out, task) for task in tasks]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(n_processes, spawn) as pool:
        return list(pool.map(_tried, [lay_out] * len(tasks), tasks))


def _tried(lay_out: Callable[..., Document], task: tuple) -> Document | RenderError | RenderErrors:
    try:
        return lay_out(*task)
    except (RenderError, RenderErrors) as error:
        return error


@cache
def _tools() -> str:
    """Name what lays out: this code, the template, pandoc."""
    digest = hashlib.sha256()
    for path in [*sorted(_HERE.glob("*.py")), _TEMPLATE]:
        digest.update(path.read_bytes())
    pandoc = os.stat(executable())
    return f"{digest.hexdigest()} {pandoc.st_size} {pandoc.st_mtime_ns}"
