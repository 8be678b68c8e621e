"""Lays out small pages and small sites, without running cells."""

from pathlib import Path

from render.layout.document import Document, Site, document
from render.layout.site import build_site
from render.layout.source import Source
from render.project import Executed, Project

CONFIG = """\
project:
  type: website
website:
  title: "Tiny"
  description: "A site for tests."
  site-url: "https://tiny.example/nets"
  search: true
  page-navigation: true
  navbar:
    left:
      - text: "Posts"
        href: posts/index.qmd
format:
  html:
    toc: true
    lang: en-GB
bibliography: references.bib
"""
BIBLIOGRAPHY = """\
@book{ada1843, author = {Lovelace, Ada}, title = {Notes}, publisher = {Taylor}, year = {1843}}
"""
PAGES = {
    "index.qmd": "---\ntitle: Home\n---\n\n[All](posts/index.qmd)\n",
    "posts/index.qmd": "---\ntitle: Posts\nlisting:\n  contents: '*.qmd'\n  sort: date desc\n"
    "  categories: true\n  feed: true\n---\n",
}


def lay_out(
    markdown: str, *, keys: frozenset = frozenset(), targets: dict | None = None
) -> Document:
    """Return one page laid out; `markdown` comes without front matter."""
    text = f"---\ntitle: Test\n---\n\n{markdown}"
    site = Site(targets or {}, None, set(keys))
    return document(text, Source(Path("posts/test.qmd"), text), site)


def write_site(root: Path, pages: dict[str, str], *, config: str = CONFIG) -> Project:
    """Write the sources of a site."""
    files = {"_quarto.yml": config, "references.bib": BIBLIOGRAPHY, **PAGES, **pages}
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return Project.load(root)


def build(root: Path, pages: dict[str, str], *, config: str = CONFIG) -> Path:
    """Build a site of pages that have no cells; return where it is."""
    project = write_site(root / "source", pages, config=config)
    executed = [
        Executed(page, page.text, tuple(range(1, page.text.count("\n") + 2)), root / "files")
        for page in project.shown_pages
    ]
    build_site(project, executed, root / "site")
    return root / "site"
