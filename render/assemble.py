"""Puts what the cells gave into the page as it is written now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from render.cells import Cell, Text
from render.project import Executed, Page


@dataclass(frozen=True)
class Run:
    """What a page's cells gave.

    Parameters
    ----------
    outputs
        For each part of the page: a cell's Markdown, or the values of a text's inlines.
    files_dir
        Folder that holds `<stem>_files/figure-html/…` as the Markdown names it.
    seconds
        How long the cells took.
    told
        What the kernel says it read and imported (see `render.reads`).
    made
        What is known of the run (see `render.facts`).
    """

    outputs: Sequence[str | Sequence[str]]
    files_dir: Path
    seconds: float = 0.0
    told: Mapping = field(default_factory=dict)
    made: Mapping = field(default_factory=dict)


def assemble(page: Page, parts: Sequence[Text | Cell], run: Run, key: str = "") -> Executed:
    """Return a page with its cells replaced by code and outputs.

    Parameters
    ----------
    parts
        The page, split into Markdown and cells.
    key
        Names the execution.
    """
    pieces = [f"{line}\n" for line in page.text.splitlines()[: page.body_line - 1]]
    lines = list(range(1, page.body_line))
    for part, output in zip(parts, run.outputs, strict=True):
        if isinstance(part, Cell):
            pieces.append(f"\n{output}\n")
            lines += [part.line] * pieces[-1].count("\n")
        else:
            pieces.append(_filled(part, output))
            lines += range(part.line, part.line + pieces[-1].count("\n"))
    made = {"seconds": run.seconds, **run.made} if run.made else {}
    text = "".join(pieces)
    return Executed(page, text, tuple(lines), run.files_dir, key, tuple(run.outputs), made)


def without_cells(page: Page, parts: Sequence[Text | Cell]) -> Executed:
    """Return a page on which there is nothing to run."""
    return assemble(page, parts, Run([[] for _ in parts], page.path.parent), "text")


def _filled(text: Text, values: Sequence[str]) -> str:
    pieces, end = [], 0
    for inline, value in zip(text.inlines, values, strict=True):
        pieces += [text.text[end : inline.start], value]
        end = inline.end
    return "".join([*pieces, text.text[end:]])
