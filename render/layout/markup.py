"""Finds elements in HTML by where they stand, and cuts and pastes the text around them.

What is not touched stays byte for byte as its writer, Quarto or pandoc, left it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from html import unescape

TAG = re.compile(
    r"<!--.*?-->|<(?P<raw>script|style)\b[^>]*>.*?</(?P=raw)>"
    r"|<(?P<closes>/?)(?P<name>[a-zA-Z][\w:-]*)"
    r"""(?P<attrs>(?:[^>"']|"[^"]*"|'[^']*')*?)(?P<empty>/?)>""",
    re.DOTALL,
)
ATTRIBUTE = re.compile(r"""([^\s=/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|(\S+)))?""")
VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())  # noqa: SIM905


@dataclass
class Element:
    """An element: its text is `html[start:end]`, its content `html[inner:inner_end]`."""

    tag: str
    written: str = field(repr=False)
    start: int
    inner: int
    inner_end: int = 0
    end: int = 0
    parent: Element | None = field(default=None, repr=False)
    children: list[Element] = field(default_factory=list, repr=False)

    @cached_property
    def attrs(self) -> dict[str, str]:
        """The attributes; one without a value has an empty one."""
        found = ATTRIBUTE.findall(self.written)
        return {name: unescape(a or b or c) for name, a, b, c in found}

    @property
    def id(self) -> str:
        """The id, or nothing."""
        return self.attrs.get("id", "") if "id" in self.written else ""  # of formulas, few have

    @property
    def classes(self) -> list[str]:
        """The classes, in order."""
        return self.attrs.get("class", "").split() if "class" in self.written else []

    def inside(self, *classes: str) -> bool:
        """Tell whether an element around this one has one of these classes."""
        around = self.parent
        while around is not None:
            if set(classes) & set(around.classes):
                return True
            around = around.parent
        return False


@lru_cache(maxsize=8)
def elements(html: str) -> list[Element]:
    """Return the elements of a piece of HTML, in the order in which they begin.

    The HTML is well-formed, as Quarto, pandoc and our templates write it: each
    element but a void one is closed, and `<` in text is `&lt;`.
    """
    found: list[Element] = []
    open_: list[Element] = []
    for match in TAG.finditer(html):
        closes, name, attrs, empty = match.group("closes", "name", "attrs", "empty")
        if name is None:  # a comment, a script or a style sheet: nothing of ours
            continue
        if closes:
            while open_ and open_[-1].tag != name:
                open_.pop()
            if open_:
                element = open_.pop()
                element.inner_end, element.end = match.start(), match.end()
            continue
        parent = open_[-1] if open_ else None
        here = match.end()
        element = Element(name, attrs or "", match.start(), here, here, here, parent)
        found.append(element)
        if parent is not None:
            parent.children.append(element)
        if not empty and name not in VOID:
            open_.append(element)
    return found


def first(html: str, *, tag: str = "", id: str = "", name: str = "") -> Element | None:
    """Return the first element with a tag, an id and a class, as far as they are given."""
    if id not in html or name not in html:  # nearly always: no need to take it apart
        return None
    return next(_matching(elements(html), tag, id, name), None)


def _matching(found: list[Element], tag: str, id: str, name: str) -> Iterator[Element]:
    for element in found:
        if (
            (not tag or element.tag == tag)
            and (not id or element.id == id)
            and (not name or name in element.classes)
        ):
            yield element


def edited(html: str, edits: list[tuple[int, int, str]]) -> str:
    """Return HTML in which each stretch (start, end) is replaced by a text.

    Parameters
    ----------
    edits
        Stretches that do not overlap, in any order; one with start = end inserts.
    """
    pieces, at = [], 0
    for start, end, text in sorted(edits, key=lambda edit: edit[:2]):
        pieces += [html[at:start], text]
        at = end
    return "".join([*pieces, html[at:]])
