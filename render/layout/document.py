"""One page: from executed Markdown to the parts of its HTML."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import panflute as pf

from render.errors import raise_all
from render.layout import blocks, constructs, crossref, floats
from render.layout.labels import Labels
from render.layout.pandoc import parse, write
from render.layout.source import Source

AT_LINE = re.compile(r" ?at line (\d+) column \d+")
NOTE_KEY = re.compile(r"Note with key '(.+?)'")


@dataclass(frozen=True)
class Document:
    """A page's HTML in parts, and the local files that it shows."""

    title: str
    subtitle: str
    description: str
    toc: str
    body: str
    images: list[str] = field(default_factory=list)
    generator: str = "tinynets"


@dataclass(frozen=True)
class Site:
    """What a page may point to.

    Parameters
    ----------
    targets
        Every page of the project to the address it is written to, both relative to the root;
        None for a draft.
    bibliography, keys
        The sources in CSL JSON, and their citation keys.
    """

    targets: Mapping[str, str | None]
    bibliography: Path | None
    keys: set[str]

    @property
    def digest(self) -> str:
        """Name what a page may point to, by its contents."""
        sources = self.bibliography.read_text(encoding="utf-8") if self.bibliography else ""
        return hashlib.sha256(f"{sorted(self.targets.items())} {sources}".encode()).hexdigest()


def document(markdown: str, source: Source, site: Site, *, toc_depth: int = 3) -> Document:
    """Lay out one page.

    Parameters
    ----------
    markdown
        The page, its cells run; its front matter has the title.
    source
        Where it comes from; collects what is wrong with it.
    site
        What it may point to.
    toc_depth
        Deepest heading in the table of contents; 0 for none.

    Raises
    ------
    RenderError, RenderErrors
        All that is wrong with the page, at once.
    """
    doc, warnings = parse(markdown)
    for warning in warnings:
        _warn(warning, source)
    if not pf.stringify(doc.metadata.get("title", pf.MetaString(""))):
        source.error("the page has no title; front matter needs `title:`", line=1)
        doc.metadata["title"] = "Untitled"
    for step in _steps(source, site):
        step(doc)
    images = _images(doc, source)
    raise_all(source.errors)
    cites = _any(doc, lambda element: isinstance(element, pf.Cite))
    if cites and not _any(doc, lambda element: getattr(element, "identifier", "") == "refs"):
        doc.content += _reference_list()
    parts = write(doc, toc_depth=toc_depth, bibliography=site.bibliography if cites else None)
    return Document(**parts, images=images)


def _warn(warning: str, source: Source) -> None:
    """Note what pandoc warns of; doubled ids are found in the built page."""
    if warning.startswith("Duplicate identifier"):
        return
    at = AT_LINE.search(warning)
    line = source.made_line(int(at[1])) if at else None
    note = NOTE_KEY.search(warning)
    needles = [f"[^{note[1]}]"] if note else []
    source.error(f"pandoc warns: {AT_LINE.sub('', warning).strip()}", *needles, line=line)


def _steps(source: Source, site: Site) -> list[Callable[[pf.Doc], None]]:
    labels = Labels()
    return [
        lambda doc: constructs.check(doc, source),
        lambda doc: blocks.build(doc, labels),
        lambda doc: floats.number(doc, labels, source),
        lambda doc: floats.build(doc, labels, source),
        blocks.fold_code,
        lambda doc: crossref.number_equations(doc, labels),
        lambda doc: crossref.number_sections(doc, labels),
        lambda doc: crossref.resolve(doc, labels, site.keys, source),
        lambda doc: _link(doc, source, site),
    ]


def _link(doc: pf.Doc, source: Source, site: Site) -> None:
    """Point links between pages at what is written; unlink drafts."""

    def visit(element, _doc):
        if not isinstance(element, pf.Link):
            return None
        parts = urlsplit(element.url)
        if parts.scheme or parts.netloc or not parts.path.endswith(".qmd"):
            return None
        page = resolve(source.path, parts.path)
        if page not in site.targets:
            source.error(f"the link {element.url} points to no page of the site", element.url)
            return None
        if site.targets[page] is None:
            return list(element.content)
        element.url = relative(source.path, site.targets[page])
        element.url += f"#{parts.fragment}" if parts.fragment else ""
        return element

    doc.walk(visit)


def resolve(page: Path | str, link: str) -> str:
    """Return a link's target relative to the root; `/x` counts from there."""
    folder = "" if link.startswith("/") else Path(page).parent.as_posix()
    return posixpath.normpath(posixpath.join(folder, link.lstrip("/")))


def relative(page: Path | str, target: str) -> str:
    """Return a path from a page to a target, both relative to the root."""
    link = posixpath.relpath(target, Path(page).parent.as_posix())
    return link + "/" if target.endswith("/") else link


def _images(doc: pf.Doc, source: Source) -> list[str]:
    """Return the local images, each with its alternative text checked."""
    found: list[str] = []

    def visit(element, _doc):
        if not isinstance(element, pf.Image):
            return
        if "figure-img" not in element.classes:
            floats.give_alt(element, source, captioned=False)
            element.classes.append("img-fluid")
        if not urlsplit(element.url).scheme:
            found.append(element.url)

    doc.walk(visit)
    return found


def _any(doc: pf.Doc, test: Callable[[pf.Element], bool]) -> bool:
    found: list[pf.Element] = []
    doc.walk(lambda element, _: found.append(element) if test(element) else None)
    return bool(found)


def _reference_list() -> list[pf.Block]:
    """Return the heading and the place of the reference list."""
    heading = pf.Header(
        pf.Str("References"),
        level=2,
        identifier="quarto-bibliography",
        classes=["quarto-appendix-heading", "unnumbered", "unlisted"],
    )
    return [heading, pf.Div(identifier="refs")]
