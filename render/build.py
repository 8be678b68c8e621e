"""Builds the site with the built-in engine: run what is stale, lay out, replace."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from render.errors import RenderError, RenderErrors, errors_of, raise_all
from render.project import Executed, Page, Project
from render.report import Report
from render.staging import check_place, is_current, lock, recover, staged
from render.stamp import Cache, Stamps, may_run

ENGINE = "builtin"


@dataclass(frozen=True)
class Options:
    """What a render was asked for.

    Parameters
    ----------
    pages
        Run only these if stale; take the others as they ran last. Empty: all.
    jobs
        How many pages run at once.
    timeout
        Seconds that one cell may take.
    clean
        Forget earlier executions.
    """

    pages: Sequence[Page] = ()
    jobs: int = 0
    timeout: float = 600.0
    clean: bool = False


def n_cores() -> int:
    """Return how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def build(project: Project, options: Options, report: Report) -> bool:
    """Bring the site up to date; return whether anything had to be done.

    The old site stays as it is until the new one is whole.

    Raises
    ------
    RenderError, RenderErrors
        All that is wrong, in all pages.
    """
    check_place(project)
    with lock(project):
        tell_left_over(recover(project), report)
        cache = Cache(project)
        cache.sweep()
        if options.clean:
            cache.clear()
        stamps = Stamps(project)
        stamp = stamps.of_site(ENGINE)
        if not options.clean and is_current(project.output_dir, stamp):
            return False
        executed = _execute_stale(project, cache, stamps, options, report)
        # pages taken as they ran last: the site is not what its stamp would say
        _write_site(project, executed, "" if options.pages else stamp, report)
        return True


def tell_left_over(folders: Sequence[Path], report: Report) -> None:
    """Say what an earlier render left that this user may not remove."""
    for folder in folders:
        report.say(f"{folder} is no longer needed, but may not be removed: remove it yourself")


def _write_site(project: Project, executed: Sequence[Executed], stamp: str, report: Report) -> None:
    from render.layout.site import build_site  # not for a site that is up to date

    report.say(f"Laying out {len(executed)} pages")
    with staged(project, stamp) as out:
        build_site(project, executed, out)


def _execute_stale(
    project: Project, cache: Cache, stamps: Stamps, options: Options, report: Report
) -> list[Executed]:
    """Return all published pages executed, each from the cache or anew."""
    named = {page.source for page in options.pages}
    ready: dict[str, Executed] = {}
    stale: list[Page] = []
    for page in project.shown_pages:
        found = cache.load(page, stamps.of_page(page))
        if found is None and named and page.source not in named:
            found = cache.load_last(page)
        if found is None:
            stale.append(page)
        else:
            ready[page.source] = found
    if stale:
        ready |= _run_all(project, stale, cache, stamps, options, report)
    return [ready[page.source] for page in project.shown_pages]


def _run_all(
    project: Project,
    stale: list[Page],
    cache: Cache,
    stamps: Stamps,
    options: Options,
    report: Report,
) -> dict[str, Executed]:
    from render.cells import split_page

    errors: list[RenderError] = []
    for page in stale:  # what can be seen without running comes first
        try:
            split_page(page)
        except (RenderError, RenderErrors) as error:
            errors += errors_of(error)
    raise_all(errors)
    stale = sorted(stale, key=cache.seconds, reverse=True)  # the longest first
    n_running = sum(map(may_run, stale))
    jobs = max(1, min(options.jobs or n_cores(), n_running))
    if n_running:
        report.say(f"Running {n_running} pages, {jobs} at a time")
    with report:
        return asyncio.run(_run(project, stale, jobs, cache, stamps, options, report))


async def _run(
    project: Project,
    stale: list[Page],
    jobs: int,
    cache: Cache,
    stamps: Stamps,
    options: Options,
    report: Report,
) -> dict[str, Executed]:
    from render.execute import execute

    # a plain kill ends the kernels too, as Ctrl-C does
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    slots = asyncio.Semaphore(jobs)
    threads = max(1, n_cores() // jobs)
    errors: list[RenderError] = []
    done: dict[str, Executed] = {}

    async def run_one(page: Page) -> None:
        async with slots:
            stamp = stamps.of_page(page)
            try:
                executed = await execute(
                    page,
                    project,
                    files_dir=cache.scratch(page),
                    progress=report.cell,
                    threads=threads,
                    timeout=options.timeout,
                )
            except (RenderError, RenderErrors) as error:
                errors.extend(errors_of(error))
                report.done(page, failed=True)
                return
            done[page.source] = cache.store(executed, stamp)
            report.done(page)

    async with asyncio.TaskGroup() as group:
        for page in stale:
            group.create_task(run_one(page))
    raise_all(errors)
    return done


def find_pages(project: Project, names: Sequence[str], folder: Path) -> list[Page]:
    """Return the pages that a user named, by path from where they are or from the root.

    Raises
    ------
    RenderError, RenderErrors
        There is no such page.
    """
    by_source = {page.source: page for page in project.pages}
    found, errors = [], []
    for name in names:
        tried = {os.path.relpath(folder / name, project.root), os.path.normpath(name)}
        tried |= {f"{source}/index.qmd" for source in tried}
        match = next((by_source[source] for source in sorted(tried) if source in by_source), None)
        if match is None:
            known = ", ".join(by_source) or "none"
            errors.append(RenderError(f"there is no page {name}; the pages are {known}"))
        else:
            found.append(match)
    raise_all(errors)
    return found
