"""Runs a page's cells in a kernel and writes the page with their outputs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from nbclient.exceptions import CellTimeoutError, DeadKernelError

from render.cells import Cell, Text, split_page
from render.errors import RenderError
from render.failure import describe
from render.kernel import Kernel, start_kernel
from render.outputs import FigureFolder, Shown, cell_markdown, inline_markdown
from render.project import Executed, Page, Project

Progress = Callable[[Page, int, int, str], None]


async def execute(
    page: Page,
    project: Project,
    *,
    files_dir: Path,
    progress: Progress = lambda page, done, total, name: None,
    threads: int = 1,
    timeout: float = 600.0,
) -> Executed:
    """Run a page's cells from first to last.

    Parameters
    ----------
    files_dir
        Empty folder to write the figures to.
    progress
        Called with the page, cells done, cells in all, and the next cell's name.
    threads
        How many threads the kernel's libraries may use.
    timeout
        Seconds that one cell may take.

    Raises
    ------
    RenderError, RenderErrors
        A cell is malformed, fails, takes too long, kills its kernel, or emits
        what may not leave a cell.
    """
    parts = split_page(page)
    started = time.monotonic()
    writer = _Writer(page, parts, project, files_dir, progress)
    if any(isinstance(part, Cell) or part.inlines for part in parts):
        async with start_kernel(
            page.path.parent,
            cache=project.cache_dir,
            figures=writer.defaults,
            threads=threads,
            timeout=timeout,
            source=page.source,
        ) as kernel:
            try:
                await writer.write(kernel, timeout)
            except DeadKernelError:
                raise _dead(page, writer.part) from None
    else:
        await writer.write(None, timeout)
    return Executed(
        page, "".join(writer.pieces), tuple(writer.lines), files_dir, time.monotonic() - started
    )


def _dead(page: Page, part: Text | Cell) -> RenderError:
    return RenderError(
        "the Python that ran this died without a traceback; did it run out of memory, crash "
        "in compiled code, or call os._exit? Try with less data",
        page=page.source,
        line=part.line,
        cell=part.name if isinstance(part, Cell) else None,
    )


class _Writer:
    """Collects a page's Markdown, and where each of its lines comes from."""

    def __init__(
        self, page: Page, parts: list, project: Project, files_dir: Path, progress: Progress
    ) -> None:
        self.page, self.parts, self.part, self.progress = page, parts, parts[0], progress
        self.defaults = project.execute_defaults(page)
        self.figures = FigureFolder(files_dir, f"{page.stem}_files/figure-html")
        self.total = sum(isinstance(part, Cell) for part in parts)
        head = page.text.splitlines()[: page.body_line - 1]
        self.pieces = [f"{line}\n" for line in head]
        self.lines = list(range(1, page.body_line))

    async def write(self, kernel: Kernel | None, timeout: float) -> None:
        for self.part in self.parts:
            if isinstance(self.part, Cell):
                self.progress(self.page, self.part.number - 1, self.total, self.part.name)
                markdown = f"\n{await self._run(self.part, kernel, timeout)}\n"
                self.lines += [self.part.line] * markdown.count("\n")
            else:
                markdown = await self._text(self.part, kernel)
                self.lines += range(self.part.line, self.part.line + markdown.count("\n"))
            self.pieces.append(markdown)
        self.progress(self.page, self.total, self.total, "")

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
        return cell_markdown(cell, outputs, shown, self.figures, self.page.source)

    async def _text(self, text: Text, kernel: Kernel | None) -> str:
        values = {}
        if text.inlines:
            asked = {str(i): inline.expression for i, inline in enumerate(text.inlines)}
            values = await kernel.ask("", asked)
        pieces, end = [], 0
        for i, inline in enumerate(text.inlines):
            value = inline_markdown(
                inline.expression, values.get(str(i), {}), self.page.source, inline.line
            )
            pieces += [text.text[end : inline.start], " ".join(value.splitlines())]
            end = inline.end
        return "".join([*pieces, text.text[end:]])
