"""Where a reader can go from a page: navbar, sidebar, previous and next, footer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from render.errors import RenderError
from render.layout.document import relative
from render.layout.pandoc import inline_html
from render.project import Page, Project

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
    project
        The sources.
    titles
        Published pages to their titles, as HTML.
    """

    def __init__(self, project: Project, titles: Mapping[str, str]) -> None:
        website = project.config["website"]
        self._pages = {page.source: page for page in project.pages}
        self._titles = titles
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

    def _items(self, entries: str | Mapping | Sequence) -> tuple[Item, ...]:
        entries = [entries] if isinstance(entries, Mapping) else entries
        entries = [{"auto": entries}] if isinstance(entries, str) else entries
        return tuple(item for entry in entries for item in self._made(entry))

    def _made(self, entry: str | Mapping) -> Iterator[Item]:
        if isinstance(entry, str):
            entry = {"href": entry}
        if "auto" in entry:
            for page in self._matching(entry["auto"]):
                yield Item(self._titles[page.source], page.href)
            return
        contents = entry.get("contents") or entry.get("menu") or []
        items = self._items(contents)
        href = entry.get("href") or entry.get("file") or self._index(entry, contents)
        text = entry.get("text") or entry.get("section")
        if href is None or str(href).startswith(ABSOLUTE):
            yield Item(inline_html(text), href, items)
        else:
            yield from self._page(href.lstrip("/"), text, items)

    def _page(self, name: str, text: str | None, items: tuple[Item, ...]) -> Iterator[Item]:
        if name.endswith(".qmd") and name not in self._pages:
            raise RenderError(f"a menu points to {name}, which is no page", page="_quarto.yml")
        if name in self._pages and name not in self._titles:  # a draft
            yield from [Item(inline_html(text or name), None, items)] if items else []
            return
        target = self._pages[name].href if name in self._pages else name
        yield Item(inline_html(text) if text else self._titles[name], target, items)

    def _matching(self, glob: str) -> list[Page]:
        """Return the published pages of a glob, index pages aside, as Quarto orders them."""
        parts = glob.split("/")
        found = [
            page
            for source, page in self._pages.items()
            if source in self._titles
            and page.stem != "index"
            and len(parts) == source.count("/") + 1
            and all(map(fnmatchcase, source.split("/"), parts))
        ]
        last = float("inf")
        return sorted(found, key=lambda p: (p.meta.get("order", last), p.path.name.upper()))

    def _index(self, entry: Mapping, contents) -> str | None:
        """Return the index page of a section that is a glob."""
        if "section" not in entry or not isinstance(contents, str):
            return None
        name = f"{contents.rpartition('/')[0]}/index.qmd"
        return name if name in self._titles else None


def _flat(items: Sequence[Item]) -> Iterator[Item]:
    for item in items:
        yield item
        yield from _flat(item.items)


def _footer(given) -> dict[str, str]:
    """Return the parts of the footer as HTML."""
    parts = given if isinstance(given, Mapping) else {"center": given}
    return {name: inline_html(text) for name, text in parts.items() if isinstance(text, str)}
