"""Tells on the terminal how far a render is."""

from __future__ import annotations

import time
from collections.abc import Iterable
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from render.errors import RenderError
from render.project import Page


class Report:
    """One moving line a page on a terminal; else one plain line a page when it is done."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True)
        self._started: dict[str, float] = {}
        self._tasks: dict[str, int] = {}
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[cell]}"),
            console=self.console,
            disable=not self.console.is_terminal,
        )

    def __enter__(self) -> Report:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        for task in self._tasks.values():
            self._progress.remove_task(task)
        self._progress.stop()

    def say(self, text: str) -> None:
        """Print one line."""
        self.console.print(escape(text))

    def errors(self, errors: Iterable[RenderError]) -> None:
        """Print each error, its place first."""
        for error in errors:
            head, _, rest = str(error).partition("\n")
            self.console.print(f"[bold red]error[/] {escape(head)}")
            if rest:
                self.console.print(escape(rest))

    def cell(self, page: Page, done: int, total: int, name: str) -> None:
        """Note that a page has `done` of `total` cells behind it and runs `name`."""
        if total and page.source not in self._tasks:
            self._started[page.source] = time.monotonic()
            self._tasks[page.source] = self._progress.add_task(page.source, total=total, cell=name)
        if total:
            self._progress.update(self._tasks[page.source], completed=done, cell=name)

    def done(self, page: Page, *, failed: bool = False) -> None:
        """Note that a page has run, or failed."""
        if page.source not in self._tasks:
            return
        self._progress.remove_task(self._tasks.pop(page.source))
        seconds = time.monotonic() - self._started.pop(page.source)
        word = "[red]failed[/]" if failed else "ran"
        self.console.print(f"  {word} {escape(page.source)} in {seconds:.1f} s")
