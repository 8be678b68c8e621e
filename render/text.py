"""Reads the project's texts and their YAML, or says where they can't be read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

from render.errors import RenderError

# what XML may not hold, and what ends a line for Python but for no editor
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")


def read_text(root: Path, name: str | Path) -> str:
    """Read a file of the project.

    Raises
    ------
    RenderError
        It is not UTF-8.
    """
    try:
        return (root / name).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RenderError(
            f"is not UTF-8 text (byte {error.start}); save it as UTF-8", page=name
        ) from None


def refuse_invisible(text: str, source: str) -> None:
    """Make sure that a text holds no character that only a program sees.

    Raises
    ------
    RenderError
        It holds one.
    """
    if control := CONTROL.search(text):
        raise _invisible(control[0], source, text.count("\n", 0, control.start()) + 1)


def read_yaml(text: str, source: str, first_line: int) -> tuple[dict, dict[str, int]]:
    """Parse a mapping; give with it the line of every key, dotted when nested.

    Raises
    ------
    RenderError
        It is not YAML, not a mapping, or holds characters that no feed may hold.
    """
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
        value = yaml.load(text, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = first_line + (mark.line if mark else 0)
        problem = getattr(error, "problem", None) or str(error)
        raise RenderError(
            f"is not valid YAML: {problem}; quote values that hold : or #", page=source, line=line
        ) from None
    if value is None:
        return {}, {}
    if not isinstance(value, dict):
        raise RenderError(
            f"expected `key: value` lines, got {value!r}", page=source, line=first_line
        )
    lines = dict(_key_lines(node, first_line))
    for name, one in _texts(value):  # YAML can write what a text may not hold: "\\u0001"
        if control := CONTROL.search(one):
            raise _invisible(control[0], source, lines.get(name))
    return value, lines


def _texts(value: object, name: str = "") -> Iterable[tuple[str, str]]:
    """Yield every text in a value, with the dotted name of the key that holds it."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, list):
        for below in value:
            yield from _texts(below, name)
    elif isinstance(value, Mapping):
        for key, below in value.items():
            yield from _texts(below, f"{name}.{key}".lstrip("."))


def _invisible(control: str, source: str, line: int | None) -> RenderError:
    return RenderError(
        f"holds the control character U+{ord(control):04X}, which no feed may; remove it",
        page=source,
        line=line,
    )


def _key_lines(node: yaml.Node, first_line: int, prefix: str = "") -> Iterable[tuple[str, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = f"{prefix}{key.value}"
            yield name, first_line + key.start_mark.line
            yield from _key_lines(value, first_line, f"{name}.")
