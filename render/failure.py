"""Tells of a failed cell in the page's own lines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from render.cells import Cell
from render.errors import RenderError
from render.project import Page

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
MOST = 2_000  # characters of an exception's text that are told


def describe(
    error: Mapping | None, outputs: list, page: Page, cell: Cell, cells: list[Cell]
) -> RenderError:
    """Return the error of a cell that raised, with a traceback of the user's frames.

    Parameters
    ----------
    error
        What the kernel says of the exception (`Kernel.last_error`), if it could.
    outputs
        The cell's outputs, the exception among them.
    cells
        The page's cells: functions defined in one may fail in a later one.
    """
    raised = next(output for output in outputs if output["output_type"] == "error")
    if error is None:
        details = _ANSI.sub("", _short("\n".join(raised["traceback"])))
        return RenderError(
            f"raised {raised['ename']}: {_short(raised['evalue'])}",
            page=page.source,
            line=cell.code_line,
            cell=cell.name,
            details=details,
        )
    lines = [_line(frame, cell, cells) for frame in error["frames"]]
    own = [n for frame, n in zip(error["frames"], lines, strict=False) if n and _is_in(frame, cell)]
    message = _short(error["text"]).strip().splitlines()
    if error["frames"] and not error["frames"][-1][2] and len(message) > 1:
        message = message[-1:]  # a SyntaxError shows its line again
    return RenderError(
        f"raised {message[0] if message else raised['ename']}",
        page=page.source,
        line=own[-1] if own else cell.code_line,
        cell=cell.name,
        details=_traceback(error, page, cell, cells),
    )


def _traceback(error: Mapping, page: Page, cell: Cell, cells: list[Cell]) -> str:
    text = ""
    if error["cause"]:
        text = _traceback(error["cause"], page, cell, cells)
        text += "\nwhich led to:\n"
    frames = error["frames"]
    shown = []
    root = page.path.parents[len(Path(page.source).parts) - 1]
    for i, frame in enumerate(frames):
        filename, _, name, source, _ = frame
        line = _line(frame, cell, cells)
        place = page.source if line else _relative(filename, root)
        is_last = i == len(frames) - 1
        if line or is_last or not Path(place).is_absolute():
            shown.append(f"  {place}:{line or frame[1]}" + (f" in {name}" if name else ""))
            shown += [f"    {source}"] if source else []
    lines = ["Traceback (innermost last):", *shown, _short(error["text"]).strip()]
    return text + "\n".join(f"    {line}" for line in "\n".join(lines).splitlines())


def _short(text: str) -> str:
    """Cut a text that nobody would read to its end, such as one that holds a whole array."""
    return text if len(text) <= MOST else f"{text[:MOST]} … ({len(text):,} characters)"


def _is_in(frame: list, cell: Cell) -> bool:
    return frame[4] is not None and _same(frame[4], cell)


def _line(frame: list, cell: Cell, cells: list[Cell]) -> int | None:
    """Return the line of the page that a frame is on, if it is in one of its cells."""
    if frame[4] is None:
        return None
    before = [other for other in cells if other.number < cell.number]
    for other in [cell, *reversed(before)]:
        if _same(frame[4], other):
            return other.code_line + frame[1] - 1
    return None


def _same(text: str, cell: Cell) -> bool:
    return text.strip() == cell.code.strip()


def _relative(filename: str, root: Path) -> str:
    path = Path(filename)
    if path.is_relative_to(root) and not any(
        part.startswith(".") for part in path.relative_to(root).parts
    ):
        return path.relative_to(root).as_posix()
    return filename
