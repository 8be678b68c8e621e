"""Where a page says something: from a piece of text back to its line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from render.errors import RenderError


@dataclass
class Source:
    """A page's own text, and what was found to be wrong with it.

    Parameters
    ----------
    path
        The page, relative to the project.
    text
        What its author wrote.
    markdown, lines
        The page with its cells run, and for each of its lines the author's.
    """

    path: Path
    text: str
    markdown: str = ""
    lines: Sequence[int] = ()
    errors: list[RenderError] = field(default_factory=list)

    def line(self, *needles: str) -> int | None:
        """Return the line of the first needle that the page, or what its cells made, holds."""
        for needle in filter(None, needles):
            if needle in self.text:
                return self.text.count("\n", 0, self.text.index(needle)) + 1
            if needle in self.markdown:
                return self.made_line(self.markdown.count("\n", 0, self.markdown.index(needle)) + 1)
        return None

    def made_line(self, line: int) -> int | None:
        """Return the author's line of a line of `markdown`."""
        if not self.lines:
            return line
        return self.lines[line - 1] if line <= len(self.lines) else None

    def label_lines(self, label: str) -> list[int]:
        """Return the lines that give an element this label or id."""
        end = r"(?![\w:.-])"
        defines = re.compile(rf"(?:\{{[^}}\n]*#|#\|\s*label:\s*|id=[\"']?){re.escape(label)}{end}")
        lines = self.text.split("\n")
        return [number for number, line in enumerate(lines, 1) if defines.search(line)]

    def error(self, message: str, *needles: str, line: int | None = None) -> None:
        """Note an error at the first needle found, or at `line`."""
        line = line or self.line(*needles)
        self.errors.append(RenderError(message, page=self.path, line=line))
