"""Hands executed pages to Quarto, by way of its freezer.

Quarto takes the outputs of a page from `_freeze/` instead of running it, where
their hash of the page's text fits. It doesn't see that a module or data changed;
so all that lies there is written here, from executions that are up to date, and
whatever is not is removed.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from render.cache import Cache
from render.executions import Options, check_cells, find, run
from render.modules import hash_of
from render.project import Executed, Project
from render.reads import digest
from render.report import Report
from render.staging import check_place, lock
from render.stamp import Stamps, may_run

FREEZER = "_freeze"
SKIP = "RENDER_FROZEN"  # set where the freezer is filled already
PREVIEW = "preview"  # Quarto's profile that shows drafts: _quarto-preview.yml
_RESULTS = "execute-results"


def prepare(project: Project, report: Report, *, run_stale: bool) -> None:
    """Make the freezer hold just the executions that are up to date.

    Parameters
    ----------
    run_stale
        Whether stale pages are run, or left for Quarto to run.

    Raises
    ------
    RenderError, RenderErrors
        A page is malformed or fails; the output folder holds somebody's work.
    """
    check_place(project)
    with lock(project):
        cache, stamps = Cache(project), Stamps(project)
        cache.sweep()
        check_cells(project, stamps)
        ready, stale = find(project, cache, stamps, Options())
        stamps.save()
        if run_stale:
            ready |= run(project, stale, cache, Options(), report)
        freeze(project, list(ready.values()), stamps)


def freeze(project: Project, executed: Sequence[Executed], stamps: Stamps) -> None:
    """Write executed pages into the freezer, and remove all others from it."""
    folder = project.root / FREEZER
    frozen = [one for one in executed if may_run(stamps.parts(one.page))]
    wanted = {_place(folder, one) for one in frozen}
    for result in list(folder.rglob(_RESULTS)):
        if result.parent not in wanted:
            shutil.rmtree(result.parent)
    for one in frozen:
        _write(one, _place(folder, one))


def _place(folder: Path, executed: Executed) -> Path:
    return folder / PurePosixPath(executed.page.source).with_suffix("")


def _digests(folder: Path) -> dict[str, str]:
    return {path.name: digest(path) for path in sorted(folder.glob("*"))}


def _write(executed: Executed, place: Path) -> None:
    """Write one page, if it is not there as it should be."""
    name = f"{executed.page.stem}_files"
    figures = executed.files_dir / name
    kinds = sorted(path.name for path in figures.iterdir()) if figures.is_dir() else []
    text = executed.page.text.replace("\r\n", "\n")
    result = {
        "engine": "jupyter",
        "markdown": executed.markdown,
        "supporting": [f"{name}/{kind}" for kind in kinds],
        "filters": [],
        "includes": {},
    }
    made = {
        "hash": hashlib.md5(text.encode()).hexdigest(),
        "result": result,
        "figures": {kind: _digests(figures / kind) for kind in kinds},  # Quarto passes over this
    }
    content = json.dumps(made)
    file = place / _RESULTS / "html.json"
    there = {kind: _digests(place / kind) for kind in kinds}
    if there == made["figures"] and digest(file) == hash_of(content):
        return
    shutil.rmtree(place, ignore_errors=True)
    file.parent.mkdir(parents=True)
    for kind in kinds:
        shutil.copytree(figures / kind, place / kind)
    file.write_text(content, encoding="utf-8")
