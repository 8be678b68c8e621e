"""Builds the site with either engine: run what is stale, lay out, replace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from render.cache import Cache
from render.errors import raise_all
from render.executions import Options, check_cells, find, run
from render.project import Executed, Page, Project
from render.report import Report
from render.staging import check_place, is_current, lock, recover, sign, staged
from render.stamp import Stamps, of_site
from render.ways import problems

HOME = "index.qmd"


class Engine(Protocol):
    """What lays out executed pages."""

    name: str
    may_leave_out: bool

    def check(self, project: Project) -> None:
        """Make sure that it can be used; raise a RenderError if not."""

    def lay_out(
        self, project: Project, executed: Sequence[Executed], out: Path, report: Report
    ) -> Mapping:
        """Write the whole site into the empty folder `out`; return what to remember of it."""


class Builtin:
    """The renderer in `render.layout`."""

    name = "builtin"
    may_leave_out = True

    def check(self, project: Project) -> None:
        """It is always there."""

    def lay_out(
        self, project: Project, executed: Sequence[Executed], out: Path, report: Report
    ) -> Mapping:
        """Write the whole site into the empty folder `out`.

        Raises
        ------
        RenderError, RenderErrors
            All that is wrong in all pages.
        """
        from render.layout.site import build_site  # not for a site that is up to date

        report.say(f"Laying out {len(executed)} pages")
        build_site(project, executed, out)
        return {}


def build(project: Project, engine: Engine, options: Options, report: Report) -> bool:
    """Bring the site up to date; return whether anything had to be done.

    The old site stays as it is until the new one is whole.

    Raises
    ------
    RenderError, RenderErrors
        All that is wrong, in all pages.
    """
    engine.check(project)
    check_place(project)
    with lock(project):
        tell_left_over(recover(project), report)
        cache, stamps = Cache(project), Stamps(project)
        cache.sweep()
        if options.clean:
            cache.clear()
        check_cells(project, stamps)
        raise_all(problems(project))
        ready, stale = find(project, cache, stamps, options)
        frame = stamps.of_frame(engine.name)
        stamps.save()
        site_stamp = of_site(frame, ready.values())
        if not (stale or options.clean) and is_current(project.output_dir, site_stamp):
            return False
        if options.pages and engine.may_leave_out:
            stale = leave_out(project, stale, options, report)
        ready |= run(project, stale, cache, options, report)
        executed = [ready[page.source] for page in project.shown_pages]
        with staged(project) as out:
            parts = engine.lay_out(project, executed, out, report)
            unchanged = Stamps(project).of_frame(engine.name) == frame
            sign(out, of_site(frame, executed) if unchanged else "", parts)
        return True


def leave_out(
    project: Project, stale: Sequence[Page], options: Options, report: Report
) -> list[Page]:
    """Take for drafts the pages that never ran and were not asked for; return the others.

    All pages link to the home page, so that runs.
    """
    wanted = {page.source for page in options.pages} | {HOME}
    project.left_out = frozenset(page.source for page in stale) - wanted
    if project.left_out:
        report.say(f"{len(project.left_out)} pages never ran here: they are left out")
    return [page for page in stale if page.source in wanted]


def tell_left_over(folders: Sequence[Path], report: Report) -> None:
    """Say what an earlier render left that this user may not remove."""
    for folder in folders:
        report.say(f"{folder} is no longer needed, but may not be removed: remove it yourself")
