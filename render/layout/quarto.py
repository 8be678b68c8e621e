"""Takes documents out of the pages that Quarto wrote, for the frame that both engines share.

Of a page of Quarto's only what its author wrote is taken: title, table of contents
and content. Its formulas are set anew from their TeX by our pandoc, so that they look
alike whichever pandoc Quarto brings.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from html import unescape
from pathlib import Path

from render.errors import RenderError
from render.layout.document import Document
from render.layout.markup import Element, edited, elements, first
from render.layout.pandoc import formulas, inline_html
from render.project import Page, Project

GENERATOR = re.compile(r'<meta name="generator" content="(quarto-[^"]*)">')
FORMULA = re.compile(
    r"<math\b(?P<attrs>[^>]*)>(?:(?!</math>).)*?"
    r'<annotation encoding="application/x-tex">(?P<tex>[^<]*)</annotation>.*?</math>',
    re.DOTALL,
)
FRAMED = "site_libs/tinynets/site.css"
NUMBER = re.compile(r"\s*\\(?:qquad|tag\{)\s*\(?(\d+)\)?\}?\s*$")
SCROLLING = re.compile(r' (?:data-(?:scroll-target|anchor-id)|class)="[^"]*"')
STRAY = re.compile(
    r'(?<=<div )([^>]*?) alt="[^"]*"|(?<=<h\d)(?: class="anchored"| data-anchor-id="[^"]*")+'
)


def is_raw(html: str) -> bool:
    """Tell whether a page stands as Quarto left it, without our frame."""
    return GENERATOR.search(html) is not None and FRAMED not in html


def document(html: str) -> Document:
    """Take the document out of a page of Quarto's."""
    main = first(html, tag="main")
    if main is None:
        raise RenderError("Quarto wrote a page without <main>")
    head = first(html, id="title-block-header")
    toc = first(html, tag="nav", id="TOC")
    text = html[head.start : head.end] if head else ""
    return Document(
        title=_inner(text, tag="h1", name="title"),
        subtitle=_inner(text, name="subtitle"),
        description=_inner(text, name="description"),
        toc=SCROLLING.sub("", _part(html[toc.start : toc.end], tag="ul")) if toc else "",
        body=_body(html[main.inner : main.inner_end]),
        generator=GENERATOR.search(html)[1],
    )


def _inner(html: str, **of: str) -> str:
    found = first(html, **of)
    return _own_formulas(html[found.inner : found.inner_end].strip()) if found else ""


def _part(html: str, **of: str) -> str:
    found = first(html, **of)
    return html[found.start : found.end] if found else ""


def _body(html: str) -> str:
    """Return the content of a page without what Quarto adds to it."""
    html = edited(html, [edit for one in elements(html) for edit in _unwrapped(one)])
    return STRAY.sub(lambda match: match[1] or "", _own_formulas(html)).strip()


def _unwrapped(one: Element) -> list[tuple[int, int, str]]:
    """Cut title block, menus and buttons; open boxes that only carry them."""
    added = one.id == "title-block-header" or "page-navigation" in one.classes
    if added or {"code-copy-button", "quarto-listing-category"} & set(one.classes):
        return [(one.start, one.end, "")] if not _is_cut(one.parent) else []
    if "quarto-listing" in one.classes:  # ours is put in its place
        return [(one.start, one.end, f'<div id="{one.id}"></div>')]
    if "code-copy-outer-scaffold" in one.classes:
        return [(one.start, one.inner, ""), (one.inner_end, one.end, "")]
    return []


def _is_cut(one: Element | None) -> bool:
    while one is not None:
        if one.id == "title-block-header" or "quarto-listing" in one.classes:
            return True
        one = one.parent
    return False


def _own_formulas(html: str) -> str:
    """Set each formula anew, its equation's number beside it."""
    found = list(FORMULA.finditer(html))
    wanted = [_tex(match) for match in found]
    made = formulas([(tex, display) for tex, display, _ in wanted])
    edits = []
    for match, (_, _, number), math in zip(found, wanted, made, strict=True):
        beside = f'<span class="equation-number">({number})</span>' if number else ""
        edits.append((match.start(), match.end(), math + beside))
    html = edited(html, edits)
    return re.sub(r'<span id="(eq-[^"]*)">', r'<span id="\1" class="equation">', html)


def _tex(match: re.Match) -> tuple[str, bool, str | None]:
    tex = unescape(match["tex"])
    number = NUMBER.search(tex)
    display = 'display="block"' in match["attrs"]
    return (tex[: number.start()] if number else tex), display, number and number[1]


class Kept:
    """Documents of Quarto's pages on disk, for when only some pages are rendered."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._folder = project.cache_dir / "quarto"

    def store(self, page: Page, shown: Document) -> None:
        """Keep a page's document."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._file(page).write_text(json.dumps(asdict(shown)), encoding="utf-8")

    def load(self, page: Page) -> Document:
        """Return what was kept, or what the front matter says of the page."""
        try:
            return Document(**json.loads(self._file(page).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return _head_of(page.meta)

    def _file(self, page: Page) -> Path:
        return self._folder / (page.source.replace("/", "--") + ".json")


def _head_of(meta: Mapping) -> Document:
    parts = {
        key: inline_html(str(meta[key])) if meta.get(key) else ""
        for key in ("title", "subtitle", "description")
    }
    return Document(**parts, toc="", body="")


def documents(
    project: Project, out: Path, pages: Iterable[Page]
) -> tuple[dict[str, Document], list[Page]]:
    """Read the pages of a site that Quarto wrote; keep the document of each.

    Returns
    -------
    documents
        Of every published page, by source.
    raw
        The pages that Quarto wrote anew and that want their frame.
    """
    kept, shown, raw = Kept(project), {}, []
    wanted = {page.source for page in pages}
    for page in project.shown_pages:
        file = out / page.href
        html = file.read_text(encoding="utf-8") if file.is_file() else ""
        if page.source in wanted and is_raw(html):
            shown[page.source] = document(html)
            kept.store(page, shown[page.source])
            raw.append(page)
        else:
            shown[page.source] = kept.load(page)
    return shown, raw


def clear(out: Path) -> None:
    """Remove what only Quarto's own frame needs: its libraries and its search index."""
    for library in (out / "site_libs").glob("*"):
        if library.name != "tinynets":
            shutil.rmtree(library)
    for name in ("search.json", "listings.json"):
        (out / name).unlink(missing_ok=True)
