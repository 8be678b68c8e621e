"""Where a reader can go from a page: navbar, sidebar, previous and next, footer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from render.errors import RenderError
from render.layout.document import relative
from render.layout.pandoc import inline_html

ABSOLUTE = ("http://", "https://", "mailto:", "#")


@dataclass(frozen=True)
class Item:
    """An entry of a menu: a link, a heading over others, or both.

    `target` is an address relative to the root, or a whole one.
    """

    text: str
    target: str | None
    items: tuple[Item, ...] = field(default=())

    def href(self, page: str) -> str | None:
        """Return the address as seen from a page."""
        if self.target is None or self.target.startswith(ABSOLUTE):
            return self.target
        return relative(page, self.target)

    def holds(self, page: str) -> bool:
        """Tell whether this entry, or one below it, is a page."""
        return self.target == page or any(item.holds(page) for item in self.items)


class Menus:
    """The menus of `_quarto.yml`, their pages resolved and drafts left out.

    Parameters
    ----------
    website
        `website:` of `_quarto.yml`.
    targets
        Pages to their addresses; None for a draft.
    titles
        Pages to their titles, as HTML.
    """

    def __init__(self, website: Mapping, targets: Mapping, titles: Mapping[str, str]) -> None:
        self._targets, self._titles = targets, titles
        bar = website.get("navbar") or {}
        self.navbar = self._items([*bar.get("left", []), *bar.get("right", [])])
        sides = website.get("sidebar") or []
        sides = [sides] if isinstance(sides, Mapping) else sides
        self._sidebars = [(s.get("title"), self._items(s.get("contents", []))) for s in sides]
        self.footer = _footer(website.get("page-footer"))

    def sidebar(self, page: str) -> tuple[str | None, tuple[Item, ...]] | None:
        """Return title and entries of the sidebar that a page stands in."""
        for title, items in self._sidebars:
            if any(item.holds(page) for item in items):
                return title, items
        return None

    def neighbours(self, page: str) -> tuple[Item | None, Item | None]:
        """Return what comes before and after a page in its sidebar."""
        found = self.sidebar(page)
        row = [item for item in _flat(found[1]) if item.target] if found else []
        at = next((i for i, item in enumerate(row) if item.target == page), None)
        if at is None:
            return None, None
        return (row[at - 1] if at else None), (row[at + 1] if at + 1 < len(row) else None)

    def _items(self, entries: Sequence) -> tuple[Item, ...]:
        made = (self._item(entry) for entry in entries)
        return tuple(item for item in made if item is not None)

    def _item(self, entry: str | Mapping) -> Item | None:
        if isinstance(entry, str):
            entry = {"href": entry}
        text = entry.get("text") or entry.get("section")
        items = self._items(entry.get("contents") or entry.get("menu") or [])
        href = entry.get("href") or entry.get("file")
        if href is None or str(href).startswith(ABSOLUTE):
            return Item(inline_html(text), href, items)
        page = href.lstrip("/")
        if page.endswith(".qmd") and page not in self._targets:
            raise RenderError(f"a menu points to {page}, which is no page", page="_quarto.yml")
        target = self._targets.get(page, page)
        if target is None:
            return replace(Item("", None), items=items) if items else None
        return Item(inline_html(text) if text else self._titles[page], target, items)


def _flat(items: Sequence[Item]) -> Iterator[Item]:
    for item in items:
        yield item
        yield from _flat(item.items)


def _footer(given) -> dict[str, str]:
    """Return the parts of the footer as HTML."""
    parts = given if isinstance(given, Mapping) else {"center": given}
    return {name: inline_html(text) for name, text in parts.items() if isinstance(text, str)}
