"""Keeps executed pages on disk: one folder an execution, whole or not there."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from render import reads
from render.assemble import Run, assemble
from render.cells import Cell, Text, split_page
from render.project import Executed, Page, Project, parse_page

KEPT = 4  # executions of a page that stay: both data sets, and a way back
DECLARED = "tools/seconds.json"  # how long pages take, for a machine that never ran them


class Cache:
    """The executions of a project's pages."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._folder = project.cache_dir / "pages"
        self._times = project.cache_dir / "seconds.json"

    def load(self, page: Page, parts: Sequence[Text | Cell], stamp: str) -> Executed | None:
        """Return the page with its outputs, if an execution with this stamp is kept.

        What the page read then must be the same now.
        """
        for place in self._kept(page):
            facts = self._facts(place) if place.name.startswith(f"{stamp}-") else None
            if facts and self._still_reads(facts["reads"]):
                return assemble(page, parts, _run(facts, place), place.name)
        return None

    def load_last(self, page: Page) -> Executed | None:
        """Return the latest execution, with the text that the page had then."""
        for place in self._kept(page):
            if facts := self._facts(place):
                then = parse_page(page.path, page.source, facts["text"])
                return assemble(then, split_page(then), _run(facts, place), f"last {place.name}")
        return None

    def scratch(self, page: Page) -> Path:
        """Return a new empty folder for the files of an execution."""
        folder = self._of(page) / f"new-{os.getpid()}"
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "files").mkdir(parents=True)
        return folder / "files"

    def store(
        self,
        page: Page,
        parts: Sequence[Text | Cell],
        run: Run,
        stamp: str,
        read: Mapping[str, str],
    ) -> Executed:
        """Keep an execution whose files are in a scratch folder; return it in its place.

        Parameters
        ----------
        read
            Path (from the root) to digest of what the page read.
        """
        scratch = run.files_dir.parent
        facts = {
            "text": page.text,
            "outputs": run.outputs,
            "seconds": run.seconds,
            "made": dict(run.made),
            "reads": dict(read),
            "files": _digests(run.files_dir),
        }
        facts["digest"] = _digest(facts)
        (scratch / "page.json").write_text(json.dumps(facts, indent=0), encoding="utf-8")
        mark = hashlib.sha256(json.dumps(dict(read), sort_keys=True).encode()).hexdigest()[:8]
        place = self._of(page) / f"{stamp}-{mark}"
        shutil.rmtree(place, ignore_errors=True)
        scratch.rename(place)
        for old in self._kept(page)[KEPT:]:
            shutil.rmtree(old, ignore_errors=True)
        times = self._read_times(self._times) | {page.source: round(run.seconds, 1)}
        self._times.write_text(json.dumps(times, indent=0, sort_keys=True), encoding="utf-8")
        return assemble(page, parts, replace(run, files_dir=place / "files"), place.name)

    def seconds(self, page: Page) -> float:
        """Return how long the page took last time, or is said to take; infinity if unknown."""
        declared = self._read_times(self._project.root / DECLARED)
        return (declared | self._read_times(self._times)).get(page.source, float("inf"))

    def clear(self) -> None:
        """Forget all executions."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def sweep(self) -> None:
        """Remove what a killed run left half-made, and pages that are no more."""
        for folder in self._folder.glob("*/new-*"):
            shutil.rmtree(folder, ignore_errors=True)
        known = {self._of(page) for page in self._project.pages}
        for folder in self._folder.glob("*"):
            if folder not in known:
                shutil.rmtree(folder, ignore_errors=True)

    def _of(self, page: Page) -> Path:
        # %2F cannot stand in two names: a/b.qmd and a--b.qmd are two pages
        return self._folder / page.source.replace("%", "%25").replace("/", "%2F")

    def _kept(self, page: Page) -> list[Path]:
        """Return the executions of a page, the latest first."""
        found = [p for p in self._of(page).glob("*/page.json") if p.parent.name[:4] != "new-"]
        return [p.parent for p in sorted(found, key=lambda p: p.stat().st_mtime, reverse=True)]

    def _still_reads(self, read: Mapping[str, str]) -> bool:
        root = self._project.root
        return all(reads.digest(root / name) == digest for name, digest in read.items())

    def _facts(self, place: Path) -> dict | None:
        """Read an execution; what is damaged, or written by another version, is not there."""
        try:
            facts = json.loads((place / "page.json").read_text(encoding="utf-8"))
            whole = facts.pop("digest") == _digest(facts)
            whole = whole and facts["files"] == _digests(place / "files")
            kinds = (facts["text"], str), (facts["seconds"], float), (facts["reads"], dict)
            whole = whole and all(isinstance(value, kind) for value, kind in kinds)
            return facts if whole and isinstance(facts["outputs"], list) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @staticmethod
    def _read_times(path: Path) -> dict[str, float]:
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            return {str(name): float(seconds) for name, seconds in found.items()}
        except (OSError, ValueError, AttributeError):
            return {}


def _run(facts: Mapping, place: Path) -> Run:
    made = facts.get("made", {})  # an execution is good without them
    return Run(facts["outputs"], place / "files", facts["seconds"], made=made)


def _digest(facts: Mapping) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): reads.digest(path) for path in files}
