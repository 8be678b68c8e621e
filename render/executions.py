"""Brings the executions of all pages up to date: from the cache, or by running cells."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from render import dangling, digits, facts
from render.assemble import assemble, without_cells
from render.cache import Cache
from render.errors import RenderError, RenderErrors, errors_of, raise_all
from render.project import Executed, Page, Project
from render.report import Report
from render.stamp import Stamps, may_run


@dataclass(frozen=True)
class Options:
    """What a render was asked for.

    Parameters
    ----------
    pages
        Run only these if stale; take the others as they ran last, or leave them out. Empty: all.
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


def check_cells(project: Project, stamps: Stamps) -> None:
    """Look for what can be seen of the published pages without running them.

    Raises
    ------
    RenderError, RenderErrors
        Cells are malformed; a note or a file is missing.
    """
    errors: list[RenderError] = []
    for page in project.shown_pages:
        try:
            stamps.parts(page)
            errors += dangling.problems(project.root, page)
        except (RenderError, RenderErrors) as error:
            errors += errors_of(error)
    raise_all(errors)


def find(
    project: Project, cache: Cache, stamps: Stamps, options: Options
) -> tuple[dict[str, Executed], list[Page]]:
    """Return what is kept of the published pages, by source, and the pages that must run."""
    named = {page.source for page in options.pages}
    ready: dict[str, Executed] = {}
    stale: list[Page] = []
    for page in project.shown_pages:
        parts = stamps.parts(page)
        if not may_run(parts):
            found = without_cells(page, parts)
        else:
            found = cache.load(page, parts, stamps.of_page(page))
        if found is None and named and page.source not in named:
            found = cache.load_last(page)
        if found is None:
            stale.append(page)
        else:
            ready[page.source] = found
    return ready, stale


def latest(project: Project) -> dict[str, Executed]:
    """Return what is kept of the published pages, by source; of a stale page, its last run."""
    cache, stamps = Cache(project), Stamps(project)
    ready, stale = find(project, cache, stamps, Options())
    last = {page.source: cache.load_last(page) for page in stale}
    return ready | {source: found for source, found in last.items() if found}


def run(
    project: Project, stale: Sequence[Page], cache: Cache, options: Options, report: Report
) -> dict[str, Executed]:
    """Run pages, some at a time; keep and return what they gave, by source.

    Raises
    ------
    RenderError, RenderErrors
        What is wrong in all pages; those that ran are kept.
    """
    if not stale:
        return {}
    longest_first = sorted(stale, key=cache.seconds, reverse=True)
    jobs = max(1, min(options.jobs or n_cores(), len(stale)))
    report.say(f"Running {len(stale)} pages, {jobs} at a time")
    with report:
        return asyncio.run(_run(project, longest_first, jobs, cache, options, report))


async def _run(
    project: Project,
    stale: Sequence[Page],
    jobs: int,
    cache: Cache,
    options: Options,
    report: Report,
) -> dict[str, Executed]:
    from render.execute import execute  # Jupyter, for nothing where nothing is stale

    # a plain kill ends the kernels too, as Ctrl-C does
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    slots = asyncio.Semaphore(jobs)
    threads = max(1, n_cores() // jobs)
    errors: list[RenderError] = []
    done: dict[str, Executed] = {}

    async def run_one(page: Page) -> None:
        async with slots:
            before = Stamps(project)
            stamp = before.of_page(page)
            try:
                run = await execute(
                    page,
                    before.parts(page),
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
            run = replace(run, made=facts.of_run(project.root))
            after, parts = Stamps(project), before.parts(page)
            read = after.of_reads(page, run.told)
            if read is not None and after.of_page(page) == stamp:
                done[page.source] = cache.store(page, parts, run, stamp, read)
            else:
                done[page.source] = assemble(page, parts, run)
                report.say(f"  {page.source}: what it computes with changed while it ran")
            report.done(page)

    await asyncio.to_thread(digits.fetch, project.root)
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
