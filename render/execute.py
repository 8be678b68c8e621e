"""Runs a page's cells in a kernel, from first to last."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from nbclient.exceptions import CellTimeoutError, DeadKernelError

from render.assemble import Run
from render.cells import Cell, Text
from render.errors import RenderError
from render.failure import describe
from render.kernel import Kernel, start_kernel
from render.outputs import FigureFolder, Shown, cell_markdown, inline_markdown
from render.project import Page, Project
from render.streams import MOST, size

Progress = Callable[[Page, int, int, str], None]


async def execute(
    page: Page,
    parts: Sequence[Text | Cell],
    project: Project,
    *,
    files_dir: Path,
    progress: Progress = lambda page, done, total, name: None,
    threads: int = 1,
    timeout: float = 600.0,
) -> Run:
    """Run a page's cells from first to last.

    Parameters
    ----------
    parts
        The page, split into Markdown and cells.
    files_dir
        Empty folder to write the figures to.
    progress
        Called with the page, cells done, cells in all, and the next cell's name.
    threads
        How many cores the kernel's libraries and child processes may use.
    timeout
        Seconds that one cell may take.

    Raises
    ------
    RenderError, RenderErrors
        A cell fails, takes too long, kills its kernel, or emits what may not leave
        a cell.
    """
    started = time.monotonic()
    runner = _Runner(page, parts, project, files_dir, progress)
    async with start_kernel(
        page.path.parent,
        root=project.root,
        cache=project.cache_dir,
        figures=runner.defaults,
        threads=threads,
        timeout=timeout,
        source=page.source,
    ) as kernel:
        try:
            outputs = await runner.run(kernel, timeout)
            told = await kernel.reads()
        except DeadKernelError:
            raise _dead(page, runner.part) from None
    return Run(outputs, files_dir, time.monotonic() - started, told)


def _dead(page: Page, part: Text | Cell) -> RenderError:
    return RenderError(
        "the Python that ran this died without a traceback; did it run out of memory, crash "
        "in compiled code, or call os._exit? Try with less data",
        page=page.source,
        line=part.line,
        cell=part.name if isinstance(part, Cell) else None,
    )


class _Runner:
    """Runs the parts of a page one after another."""

    def __init__(
        self,
        page: Page,
        parts: Sequence[Text | Cell],
        project: Project,
        files_dir: Path,
        progress: Progress,
    ) -> None:
        self.page, self.parts, self.part, self.progress = page, parts, parts[0], progress
        self.defaults = project.execute_defaults(page)
        self.figures = FigureFolder(files_dir, f"{page.stem}_files/figure-html")
        self.total = sum(isinstance(part, Cell) for part in parts)

    async def run(self, kernel: Kernel, timeout: float) -> list[str | list[str]]:
        outputs = []
        for part in self.parts:
            self.part = part
            if isinstance(part, Cell):
                self.progress(self.page, part.number - 1, self.total, part.name)
                outputs.append(await self._run(part, kernel, timeout))
            else:
                outputs.append(await self._values(part, kernel, timeout))
        self.progress(self.page, self.total, self.total, "")
        return outputs

    async def _run(self, cell: Cell, kernel: Kernel, timeout: float) -> str:
        shown = Shown.of(cell, self.defaults)
        outputs: list = []
        if cell.options.get("eval", self.defaults.get("eval", True)) and cell.code.strip():
            try:
                outputs = await kernel.run(cell.code)
            except CellTimeoutError:
                raise RenderError(
                    f"took longer than {timeout:g} s; make it smaller, or allow more "
                    "with --timeout SECONDS",
                    page=self.page.source,
                    line=cell.line,
                    cell=cell.name,
                ) from None
            failed = any(output["output_type"] == "error" for output in outputs)
            if failed and not cell.options.get("error", self.defaults.get("error", False)):
                cells = [part for part in self.parts if isinstance(part, Cell)]
                raise describe(await kernel.last_error(), outputs, self.page, cell, cells)
        if size(outputs) > MOST and shown.include and shown.output:
            raise RenderError(
                f"shows {size(outputs):,} characters; show a part of them, {MOST:,} at most",
                page=self.page.source,
                line=cell.line,
                cell=cell.name,
            )
        return cell_markdown(cell, outputs, shown, self.figures, self.page.source)

    async def _values(self, text: Text, kernel: Kernel, timeout: float) -> list[str]:
        asked = {str(i): inline.expression for i, inline in enumerate(text.inlines)}
        try:
            replies = await kernel.ask("", asked, timeout=timeout) if asked else {}
        except TimeoutError:
            raise RenderError(
                f"inline values took longer than {timeout:g} s; compute them in a cell above",
                page=self.page.source,
                line=text.inlines[0].line,
            ) from None
        values = (
            inline_markdown(
                inline.expression, replies.get(str(i), {}), self.page.source, inline.line
            )
            for i, inline in enumerate(text.inlines)
        )
        return [" ".join(value.splitlines()) for value in values]
