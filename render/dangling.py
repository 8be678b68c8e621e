"""Finds notes without a text and includes without a file, each with its line.

Quarto passes over the first and tells of the second without a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from render.errors import RenderError
from render.project import Page

NOTE = re.compile(r"(?<![\\\]])\[\^([^\]\s^]+)\](?!\()")
DEFINED = re.compile(r"^ {0,3}\[\^([^\]\s]+)\]:", re.MULTILINE)
INCLUDE = re.compile(r"^[ \t]*\{\{<\s*include\s+([^\s>]+)\s*>\}\}[ \t]*$", re.MULTILINE)
# where a bracket is no note: code, formulas, scripts, comments
OPAQUE = re.compile(
    r"^(?P<fence>[ \t>]*(?:`{3,}|~{3,})).*?(?:^(?P=fence)|\Z)|<!--.*?(?:-->|\Z)"
    r"|<(?P<raw>script|style|pre|code)\b.*?(?:</(?P=raw)>|\Z)|\$\$.*?(?:\$\$|\Z)"
    r"|(?P<ticks>`+)(?!`).{0,999}?(?<!`)(?P=ticks)(?!`)|\$(?=\S)[^$\n]*\$",
    re.DOTALL | re.MULTILINE,
)


def problems(root: Path, page: Page) -> Iterator[RenderError]:
    """Yield what a page's text calls for and neither it nor an included file has."""
    included = []
    for found in INCLUDE.finditer(page.body):
        name = found[1].strip("\"'")
        file = root / name.lstrip("/") if name.startswith("/") else page.path.parent / name
        if file.is_file():
            included.append(file.read_text(encoding="utf-8", errors="replace"))
        else:
            yield _at(page, found.start(1), f"there is no {name} to include; give a path from here")
    text = OPAQUE.sub(_blank, page.body)
    texts = set(DEFINED.findall("\n\n".join([text, *included])))
    for found in NOTE.finditer(DEFINED.sub(_blank, text)):
        if found[1] not in texts:
            message = f"{found[0]} refers to no footnote; say it in the text, or drop it"
            yield _at(page, found.start(), message)


def _blank(match: re.Match) -> str:
    """Return as many characters that mean nothing, so that places stay."""
    return re.sub(r"[^\n]", " ", match[0])


def _at(page: Page, start: int, message: str) -> RenderError:
    line = page.body_line + page.body.count("\n", 0, start)
    return RenderError(message, page=page.source, line=line)
