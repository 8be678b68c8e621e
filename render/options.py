"""The `#|` options of a cell: which there are, and what each may be."""

from __future__ import annotations

import re
from collections.abc import Callable

import yaml

from render.errors import RenderError
from render.project import Page

OPTION_LINE = re.compile(r"^#\s*\| ?")
LABEL = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def read_options(lines: list[str], first_line: int, page: Page, errors: list[RenderError]) -> dict:
    """Parse the `#|` lines of a cell; what is wrong is added to `errors`."""
    text = "\n".join(OPTION_LINE.sub("", line) for line in lines)
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
        options = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        errors.append(
            RenderError(
                f"cell options are not valid YAML: {getattr(error, 'problem', error)}; "
                "quote values that hold : or #",
                page=page.source,
                line=first_line + (mark.line if mark else 0),
            )
        )
        return {}
    if options is None:
        return {}
    if not isinstance(options, dict):
        errors.append(
            RenderError(
                f"cell options must be `#| key: value`, got {options!r}",
                page=page.source,
                line=first_line,
            )
        )
        return {}
    label = options.get("label")
    for key, _ in node.value:
        problem = _option_problem(key.value, options.get(key.value))
        if problem:
            errors.append(
                RenderError(
                    problem, page=page.source, line=first_line + key.start_mark.line, cell=label
                )
            )
    return options


def _is_text(value) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_texts(value) -> bool:
    return _is_text(value) or (isinstance(value, list) and all(map(_is_text, value)))


def _is_bool(value) -> bool:
    return isinstance(value, bool)


def _is_count(value) -> bool:
    return isinstance(value, int) and not _is_bool(value) and value > 0


def _is_rows(value) -> bool:
    rows = value if isinstance(value, list) and value else [None]
    rows = [row if isinstance(row, list) else [row] for row in rows]
    return all(isinstance(x, int | float) and not _is_bool(x) for row in rows for x in row)


def _one_of(*values) -> Callable:
    return lambda value: any(value is v or (_is_text(v) and value == v) for v in values)


_BOOL = (_is_bool, "true or false")
_TEXT = (_is_text, "text")
_TEXTS = (_is_texts, "text, or a list of texts")
OPTIONS: dict[str, tuple[Callable, str]] = {
    "label": (
        lambda value: isinstance(value, str) and bool(LABEL.fullmatch(value)),
        "letters, digits, - and _, a letter first",
    ),
    "echo": _BOOL,
    "eval": _BOOL,
    "include": _BOOL,
    "warning": _BOOL,
    "error": _BOOL,
    "output": (_one_of(True, False, "asis"), "true, false or asis"),
    "code-fold": (_one_of(True, False, "show"), "true, false or show"),
    "code-summary": _TEXT,
    "fig-cap": _TEXTS,
    "fig-alt": _TEXTS,
    "fig-subcap": (lambda value: value is True or _is_texts(value), "true, text or texts"),
    "fig-align": (_one_of("left", "center", "right", "default"), "left, center or right"),
    "tbl-cap": _TEXT,
    "layout": (_is_rows, "rows of widths such as [[1, 1], [1]]"),
    "layout-ncol": (_is_count, "a number of columns"),
    "layout-nrow": (_is_count, "a number of rows"),
    "column": (
        _one_of(
            "margin",
            "page",
            "page-left",
            "page-right",
            "body",
            "body-outset",
            "screen",
            "screen-inset",
        ),
        "margin, page, body-outset or screen",
    ),
    "classes": _TEXTS,
}
_REMEDIES = {
    "fig-width": "Quarto ignores it in a Python cell; give figsize to the plot",
    "fig-height": "Quarto ignores it in a Python cell; give figsize to the plot",
}


def _option_problem(key: str, value) -> str | None:
    if key not in OPTIONS:
        remedy = _REMEDIES.get(key, f"expected one of {', '.join(OPTIONS)}")
        return f"cell option `{key}` is not supported; {remedy}"
    is_valid, expected = OPTIONS[key]
    return None if is_valid(value) else f"cell option `{key}` must be {expected}, got {value!r}"
