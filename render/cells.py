"""Splits a page into Markdown and `{python}` cells, wherever a cell stands.

Where Quarto sees a cell we see one, so that both engines run the same code:
a fence ` ```{python} `, indented or inside a div or `<details>`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from render.errors import RenderError, raise_all
from render.options import OPTION_LINE, read_options
from render.project import Page

_FENCE = re.compile(r"^(?P<indent>[ \t>]*)(?P<ticks>`{3,}|~{3,})(?P<info>[^`]*)$")
_BRACED = re.compile(r"^\{+\s*(?P<language>[A-Za-z][\w+-]*)(?P<rest>[^}]*)\}+\s*$")
_INLINE = re.compile(r"(?<!`)`\{(?P<language>[A-Za-z]\w*)\}(?P<gap>[ \t]?)(?P<code>[^`]*)`(?!`)")


@dataclass(frozen=True)
class Cell:
    """A code cell. `line` is where its fence opens, `code_line` where its code starts."""

    number: int
    code: str
    options: Mapping
    indent: str
    line: int
    code_line: int

    @property
    def name(self) -> str:
        """What to call the cell in messages: its label, else its number."""
        return self.options.get("label") or f"#{self.number}"


@dataclass(frozen=True)
class Inline:
    """An inline `{python} expression`, at its place in a piece of Markdown."""

    start: int
    end: int
    expression: str
    line: int


@dataclass(frozen=True)
class Text:
    """Markdown between cells, and the inline expressions in it."""

    text: str
    line: int
    inlines: tuple[Inline, ...] = field(default=())


def split_page(page: Page) -> list[Text | Cell]:
    """Split a page's body into Markdown and cells, in order.

    Raises
    ------
    RenderError, RenderErrors
        An option is unknown or has a wrong value, a label is taken, a language
        is not Python, a fence never closes.
    """
    errors: list[RenderError] = []
    parts = list(_parts(page, errors))
    labels: dict[str, Cell] = {}
    for cell in (part for part in parts if isinstance(part, Cell)):
        label = cell.options.get("label")
        if label in labels:
            errors.append(
                RenderError(
                    f"the label {label} is taken by the cell on line {labels[label].line}; "
                    "give each cell its own",
                    page=page.source,
                    line=cell.line,
                    cell=label,
                )
            )
        elif label:
            labels[label] = cell
    raise_all(errors)
    return parts


def _parts(page: Page, errors: list[RenderError]) -> Iterator[Text | Cell]:
    lines = page.body.splitlines()
    held: list[str] = []  # Markdown since the last cell
    in_code: list[int] = []  # which of its lines are code
    held_from, number, at = page.body_line, 0, 0
    while at < len(lines):
        line_number = page.body_line + at
        fence = _FENCE.match(lines[at])
        if not fence:
            held.append(lines[at])
            at += 1
            continue
        end = _closing(lines, at, fence)
        if end is None:
            errors.append(
                RenderError(
                    "this code fence is never closed; end it with "
                    f"{fence['ticks']} on a line of its own",
                    page=page.source,
                    line=line_number,
                )
            )
            break
        inside = lines[at + 1 : end]
        if _is_cell(fence, page, line_number, errors):
            yield _text(held, in_code, held_from, page, errors)
            number += 1
            yield _cell(inside, fence["indent"], number, line_number, page, errors)
            held, in_code, held_from = [], [], line_number + len(inside) + 2
        else:
            _refuse_nested_cells(inside, page, line_number, errors)
            in_code += range(len(held), len(held) + len(inside) + 2)
            held += lines[at : end + 1]
        at = end + 1
    yield _text(held, in_code, held_from, page, errors)


def _closing(lines: list[str], start: int, fence: re.Match) -> int | None:
    ticks = fence["ticks"]
    close = re.compile(rf"^[ \t>]*{re.escape(ticks[0])}{{{len(ticks)},}}\s*$")
    return next((i for i in range(start + 1, len(lines)) if close.match(lines[i])), None)


def _is_cell(fence: re.Match, page: Page, line: int, errors: list[RenderError]) -> bool:
    """Tell whether a fence opens a Python cell; note what is neither code nor cell."""

    def refuse(message: str) -> bool:
        errors.append(RenderError(message, page=page.source, line=line))
        return False

    braced = _BRACED.match(fence["info"].strip())
    if not braced:
        return False
    if braced["language"] != "python":
        return refuse(
            f"cells in {braced['language']} are not supported; expected {{python}}, or "
            f"```{braced['language']} without braces for code that is only shown"
        )
    if braced["rest"].strip():
        return refuse(
            f"options after {{python are not supported, got {braced['rest'].strip()!r}; "
            "write them as `#| key: value` lines"
        )
    if fence["info"].strip().startswith("{{"):
        return refuse("{{python}} is not supported; use ```python for code that is only shown")
    if "~" in fence["ticks"] or ">" in fence["indent"]:
        return refuse(
            "a cell can't stand in a quotation nor be fenced by ~~~; Quarto would not run it"
        )
    return True


def _refuse_nested_cells(
    inside: list[str], page: Page, line: int, errors: list[RenderError]
) -> None:
    for offset, text in enumerate(inside, 1):
        if re.match(r"^\s*`{3,}\s*\{python\b", text):
            errors.append(
                RenderError(
                    "a {python} cell inside a code block would be run by Quarto; "
                    "use ```python for code that is only shown",
                    page=page.source,
                    line=line + offset,
                )
            )


def _text(
    lines: list[str], in_code: list[int], first_line: int, page: Page, errors: list[RenderError]
) -> Text:
    text = "".join(f"{line}\n" for line in lines)
    inlines = []
    for match in _INLINE.finditer(text):
        offset = text.count("\n", 0, match.start())
        if match["language"] != "python" and (offset in in_code or not match["code"].strip()):
            continue
        problem = _inline_problem(match, offset in in_code)
        if problem:
            errors.append(RenderError(problem, page=page.source, line=first_line + offset))
            continue
        inlines.append(Inline(*match.span(), match["code"].strip(), first_line + offset))
    return Text(text, first_line, tuple(inlines))


def _inline_problem(match: re.Match, in_code: bool) -> str | None:
    got = match.group()
    if match["language"] != "python":
        return f"inline code must be Python, got {got}"
    if in_code:
        return f"inline code inside a code block would be run by Quarto, got {got}"
    if not match["gap"] or not match["code"].strip():
        return f"inline code must be `{{python}} name`, got {got}"
    return None


def _cell(
    lines: list[str], indent: str, number: int, line: int, page: Page, errors: list[RenderError]
) -> Cell:
    lines = [text.removeprefix(indent) for text in lines]
    n_options = next((i for i, text in enumerate(lines) if not OPTION_LINE.match(text)), len(lines))
    options = read_options(lines[:n_options], line + 1, page, errors)
    code_lines, code_line = lines[n_options:], line + 1 + n_options
    while code_lines and not code_lines[0].strip():
        code_lines, code_line = code_lines[1:], code_line + 1
    for offset, text in enumerate(code_lines):
        if OPTION_LINE.match(text):
            errors.append(
                RenderError(
                    f"cell options come before the code, got {text!r}; move it up",
                    page=page.source,
                    line=code_line + offset,
                )
            )
    return Cell(number, "\n".join(code_lines).rstrip(), options, indent, line, code_line)
