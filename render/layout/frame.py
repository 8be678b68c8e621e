"""A page's frame: what the templates need to know."""

from __future__ import annotations

import base64
import hashlib
import posixpath
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from html import escape, unescape
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import jinja2
from markupsafe import Markup

from render.errors import RenderError
from render.layout import images
from render.layout.document import Document, relative
from render.layout.feed import absolute, plain
from render.layout.listing import Listing, long_date, page_date
from render.layout.markup import edited, first
from render.layout.navigation import Item, Menus
from render.layout.reading import Reading
from render.layout.share import Picture
from render.layout.terms import Glossary, Term, cards
from render.project import Page, Project
from render.take.away import Away
from render.take.machines import linked_data
from render.text import read_text

TEMPLATES = Path(__file__).parents[1] / "templates"
ROOT = re.compile(r'((?:href|src)=")/(?!/)')
LOCAL = re.compile(r'((?:href|src|content)=")((?:\.\.?/|[\w-]+(?:/|\.))[^":]*")')
IDS = re.compile(r' id="[^"]*"')
INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
IF = re.compile(r'(<link\b[^>]*) data-if="([^"]*)">\n?')
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>\n?')


class Frame:
    """Puts documents into the templates of one project.

    Parameters
    ----------
    menus
        What the project's menus hold.
    lists
        The listings of every page, by its source.
    reading
        What to read before and after each page.
    glossary
        The terms that pages link to.
    """

    def __init__(
        self,
        project: Project,
        menus: Menus,
        lists: Mapping[str, Sequence[Listing]],
        reading: Reading,
        glossary: Glossary,
    ) -> None:
        self._project, self._menus, self._lists = project, menus, lists
        self._reading, self._glossary = reading, glossary
        self._website = project.config["website"]
        self._html = project.config.get("format", {}).get("html", {})
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(TEMPLATES),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {"html": Markup, "plain": plain, "without_ids": _without_ids}
        self._policy, self._head = _split_policy(self._include("include-in-header"))

    def render(
        self, page: Page, shown: Document, out: Path, away: Away, picture: Picture | None = None
    ) -> str:
        """Return a page's HTML.

        Parameters
        ----------
        out
            Has the images that the page's lists show.
        away
            What the page's last rows say.
        picture
            What other sites show of the page.
        """
        lists = self._lists.get(page.source, ())
        marked, terms = self._marked(shown.body, page)
        html = self._templates.get_template("page.html").render(
            page=page,
            document=shown,
            away=away,
            body=self._place(marked, page, lists, out),
            lists=lists,
            feeds=self._feeds,
            cards=cards(terms),
            website=self._website,
            menus=self._menus,
            sidebar=self._menus.sidebar(page.href),
            neighbours=self._neighbours(page),
            reading=self._reading,
            lang=self._html.get("lang", "en"),
            policy=self._policy,
            head=needed(self._head, shown.title + shown.subtitle + marked),
            css=self._css(),
            date=page_date(page),
            day=long_date(page_date(page)),
            offset=_offset(page),
            link=lambda target: relative(page.source, target),
            canonical=self._address(page),
            image=self._whole(page, picture),
            image_alt=picture.alt if picture else self._website.get("image-alt", ""),
            linked_data=self._linked_data(page, shown, away, picture),
            category_page=self._category_page(page),
        )
        html = ROOT.sub(lambda match: match[1] + _offset(page), html)
        return self._rooted(html) if page.source == "404.qmd" else html

    @cached_property
    def _feeds(self) -> list[tuple[str, str]]:
        """Title and address from the root of each feed, for every page to name."""
        if "site-url" not in self._website:
            return []
        return [
            (page.meta["title"], page.href.removesuffix(".html") + ".xml")
            for page in self._project.shown_pages
            if any(one.feed for one in self._lists.get(page.source, ()))
        ]

    def _place(self, body: str, page: Page, lists: Sequence[Listing], out: Path) -> str:
        """Put each listing into the div of its id, or at the end."""
        template = self._templates.get_template("listing.html")
        for listing in lists:
            html = template.render(
                listing=listing,
                link=lambda t: relative(page.source, t),
                size=lambda image: images.size(out / image) or ("", ""),
            )
            names = (listing.id, f"listing-{listing.id}")
            place = next((first(body, id=name) for name in names if first(body, id=name)), None)
            at = (place.start, place.end) if place else (len(body), len(body))
            body = edited(body, [(*at, html)])
        return body

    def _marked(self, body: str, page: Page) -> tuple[str, list[Term]]:
        targets = {relative(page.source, p.href): p.source for p in self._project.shown_pages}
        body = self._reading.with_marks(body, targets)
        return (
            (body, []) if self._lists.get(page.source) else self._glossary.linked(body, page.source)
        )

    def _neighbours(self, page: Page):
        if not self._website.get("page-navigation"):
            return None, None
        found = self._menus.neighbours(page.href)
        return found if any(found) else self._listed_beside(page)

    def _listed_beside(self, page: Page) -> tuple[Item | None, Item | None]:
        """Return what stands before and after a page in the list that shows it."""
        index = self._index_page(page)
        entries = [entry for one in self._lists.get(index, ()) for entry in one.entries]
        row = [Item(entry.title, entry.target) for entry in entries]
        at = next((i for i, item in enumerate(row) if item.target == page.href), None)
        if at is None:
            return None, None
        return (row[at - 1] if at else None), (row[at + 1] if at + 1 < len(row) else None)

    def _category_page(self, page: Page) -> str | None:
        """Return the listing that a page's categories lead to."""
        index = self._index_page(page)
        return index and str(PurePosixPath(index).with_suffix(".html"))

    def _index_page(self, page: Page) -> str | None:
        """Return the source of the list that a page stands in: the nearest index above it."""
        folder = posixpath.dirname(page.source)
        shown = {p.source: p for p in self._project.shown_pages}
        while folder:
            index = f"{folder}/index.qmd"
            if index != page.source and index in shown and shown[index].meta.get("listing"):
                return index
            folder = posixpath.dirname(folder)
        return None

    def _address(self, page: Page) -> str | None:
        if "site-url" not in self._website:
            return None
        return absolute(self._website, page.href.removesuffix("index.html"))

    def _whole(self, page: Page, picture: Picture | None) -> str | None:
        """Return the whole address of a page's picture for other sites."""
        given = picture.address if picture else self._website.get("image")
        return absolute(self._website, unquote(given)) if given and self._address(page) else None

    def _linked_data(self, page: Page, shown: Document, away: Away, picture: Picture | None) -> str:
        address = self._address(page)
        if address is None:
            return ""
        return linked_data(
            shown,
            address=address,
            date=page_date(page),
            authors=away.authors,
            image=self._whole(page, picture),
            website=self._website,
        )

    def _css(self) -> list[str]:
        given = self._html.get("css", [])
        return [given] if isinstance(given, str) else list(given)

    def _include(self, key: str) -> str:
        given = self._html.get(key, [])
        names = [given] if isinstance(given, str) else given
        for name in names:
            if not (self._project.root / name).is_file():
                raise RenderError(f"{key}: {name} is missing", page="_quarto.yml")
        return "".join(read_text(self._project.root, name) for name in names)

    def _rooted(self, html: str) -> str:
        """Make the links of the 404 page whole, since it answers at any depth."""
        base = urlsplit(self._website.get("site-url", "/")).path.rstrip("/") + "/"
        return LOCAL.sub(lambda m: m[1] + escape(base) + m[2].removeprefix("./"), html)


def _split_policy(head: str) -> tuple[str, str]:
    """Return the Content-Security-Policy, and the head without it.

    A page as Quarto writes it needs 'unsafe-inline' for its scripts. Within this frame only
    the templates' own scripts are inline, and their hashes stand in its place.
    """
    scripts = (
        script
        for template in sorted(TEMPLATES.glob("*.html"))
        for script in INLINE.findall(template.read_text(encoding="utf-8"))
    )
    hashes = " ".join(f"'sha256-{_hash(script)}'" for script in scripts)
    policy = "".join(POLICY.findall(head))
    exact = re.sub(r"(script-src[^;]*)'unsafe-inline'", lambda match: match[1] + hashes, policy)
    return exact, POLICY.sub("", head)


def needed(head: str, html: str) -> str:
    """Leave out the links whose `data-if`, a regular expression, fits nothing on the page."""

    def link(match: re.Match) -> str:
        return f"{match[1]}>\n" if re.search(unescape(match[2]), html) else ""

    return IF.sub(link, head)


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _without_ids(html: str) -> str:
    return IDS.sub("", html)


def _offset(page: Page) -> str:
    return "../" * page.source.count("/") or "./"
