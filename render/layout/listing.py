"""Lists of pages: what is in them, in which order, with which categories."""

from __future__ import annotations

import datetime
import posixpath
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from render.errors import RenderError
from render.layout.document import Document, resolve
from render.project import Page, Project

TYPES = ("default", "grid")
FIELDS = ("image", "title", "subtitle", "description", "date", "categories")


@dataclass(frozen=True)
class Entry:
    """A page as its listing shows it; `target` and `image` are relative to the root."""

    title: str
    subtitle: str
    description: str
    date: datetime.date | None
    categories: tuple[str, ...]
    target: str
    image: str | None
    image_alt: str
    page: Page

    @property
    def day(self) -> str:
        """`20 November 2026`, or nothing."""
        return long_date(self.date)


@dataclass(frozen=True)
class Listing:
    """One list of pages: `id` names the div that it goes to."""

    id: str
    type: str
    fields: Sequence[str]
    entries: Sequence[Entry]
    feed: bool
    categories: Sequence[tuple[str, int]]


def long_date(date: datetime.date | None) -> str:
    """Return `20 November 2026`."""
    return f"{date.day} {date:%B %Y}" if date else ""


def page_date(page: Page) -> datetime.date | None:
    """Return the date in a page's front matter.

    Raises
    ------
    RenderError
        It is no date.
    """
    given = page.meta.get("date")
    if given is None or isinstance(given, datetime.date):
        return given.date() if isinstance(given, datetime.datetime) else given
    try:
        return datetime.date.fromisoformat(str(given))
    except ValueError:
        raise RenderError(
            f"`date` must be a day such as 2026-11-20, got {given!r}",
            page=page.source,
            line=page.meta_lines.get("date"),
        ) from None


def listings(page: Page, project: Project, documents: Mapping[str, Document]) -> list[Listing]:
    """Return the listings of a page, filled.

    Parameters
    ----------
    page
        The page that lists others.
    documents
        Every published page by its source.
    """
    given = page.meta.get("listing")
    if not given:
        return []
    specs = given if isinstance(given, list) else [given]
    return [_listing(spec, page, project, documents) for spec in specs]


def _listing(spec, page: Page, project: Project, documents: Mapping[str, Document]) -> Listing:
    spec = {"contents": spec} if isinstance(spec, str) else spec
    if spec.get("type", "default") not in TYPES:
        raise _wrong(
            page, f"listing type {spec['type']!r} is not supported; there are {', '.join(TYPES)}"
        )
    pages = _contents(spec.get("contents", "."), page, project)
    entries = _sorted(
        [_entry(p, documents[p.source], project) for p in pages], spec.get("sort"), page
    )
    counts = Counter(name for entry in entries for name in entry.categories)
    return Listing(
        id=spec.get("id", "listing"),
        type=spec.get("type", "default"),
        fields=spec.get("fields", FIELDS),
        entries=entries[: spec.get("max-items")],
        feed=bool(spec.get("feed")),
        categories=sorted(counts.items()) if spec.get("categories") else [],
    )


def _wrong(page: Page, message: str) -> RenderError:
    return RenderError(message, page=page.source, line=page.meta_lines.get("listing"))


def _contents(given, page: Page, project: Project) -> list[Page]:
    """Return the pages that globs, folders and names give, in that order."""
    published = {p.source: p for p in project.shown_pages if p.source != page.source}
    found: dict[str, Page] = {}
    for pattern in [given] if isinstance(given, str) else given:
        name = resolve(page.source, pattern.lstrip("!"))
        sources = _match(name, project)
        if pattern.startswith("!"):
            found = {s: p for s, p in found.items() if s not in sources}
        else:
            found |= {s: published[s] for s in sources if s in published}
    return list(found.values())


def _match(name: str, project: Project) -> list[str]:
    folder = project.root / name
    paths = folder.rglob("*.qmd") if folder.is_dir() else project.root.glob(name)
    return sorted(path.relative_to(project.root).as_posix() for path in paths)


def _entry(page: Page, document: Document, project: Project) -> Entry:
    image = page.meta.get("image")
    folder = posixpath.dirname(page.source)
    return Entry(
        title=document.title,
        subtitle=document.subtitle,
        description=document.description,
        date=page_date(page),
        categories=tuple(page.meta.get("categories") or ()),
        target=page.href,
        image=posixpath.normpath(posixpath.join(folder, image)) if image else None,
        image_alt=page.meta.get("image-alt", ""),
        page=page,
    )


def _sorted(entries: list[Entry], rules, page: Page) -> list[Entry]:
    """Sort by rules such as `date desc`; the first rule counts most."""
    if rules is None or rules is False:
        return entries
    for rule in reversed([rules] if isinstance(rules, str) else rules):
        name, _, direction = rule.partition(" ")
        if name not in ("date", "title", "order"):
            raise _wrong(page, f"can't sort by {name!r}; there are date, title and order")
        entries = sorted(entries, key=lambda e: _key(e, name), reverse=direction == "desc")
    return entries


def _key(entry: Entry, name: str):
    if name == "date":
        return entry.date or datetime.date.min
    if name == "order":
        return entry.page.meta.get("order", 10**6)
    return entry.title.casefold()
