"""What comes before a `quarto render` or `quarto preview` that a person started."""

from __future__ import annotations

from pathlib import Path

from render.errors import told
from render.frozen import prepare
from render.project import Project
from render.report import Report


def before(root: str, *, is_whole: bool) -> int:
    """Fill Quarto's freezer with what is up to date; return an exit status.

    Parameters
    ----------
    is_whole
        Whether the whole site is rendered: stale pages run first then, several at a
        time. A page that is rendered alone, Quarto runs itself.
    """
    report = Report()
    try:
        prepare(Project.load(Path(root)), report, run_stale=is_whole)
    except Exception as error:
        found = told(error)
        if not found:
            raise
        report.errors(found)
        return 1
    return 0
