"""Finds what Quarto left in a page as it stood: formulas, citations, references, links.

Quarto warns of these and ends as if all were well. A render of ours reads its warnings
(`render.quarto`); after one that a person started, only the page can tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import unescape
from pathlib import Path

from render.errors import RenderError
from render.layout.markup import first
from render.layout.quarto import is_raw
from render.layout.source import Source
from render.project import Page, Project

FORMULA = re.compile(r'<span class="math (?:inline|display)">([^<]*)</span>')
CITED = re.compile(r'<span class="citation" data-cites="([^"]*)">')
CITATION = re.compile(r"<strong>([^<\s]+)\?</strong>")
REFERENCE = re.compile(r"<strong>\?@([^<\s]+)</strong>")
LINK = re.compile(r'<a href="(?!\w+:)([^"]*\.qmd(?:#[^"]*)?)"')


def problems(project: Project, out: Path, pages: Iterable[Page]) -> list[RenderError]:
    """Return what Quarto could not resolve, each at its line in the page.

    Parameters
    ----------
    out
        The site as Quarto left it, before its pages are framed.
    pages
        The pages that Quarto rendered.
    """
    math = project.config.get("format", {}).get("html", {}).get("html-math-method")
    sources = []
    for page in (page for page in pages if (out / page.href).is_file()):
        html = (out / page.href).read_text(encoding="utf-8")
        if is_raw(html) and (main := first(html, tag="main")):
            sources.append(Source(Path(page.source), page.text))
            _look(html[main.inner : main.inner_end], sources[-1], has_formulas=math == "mathml")
    return [error for source in sources for error in source.errors]


def _look(html: str, source: Source, *, has_formulas: bool) -> None:
    for text in FORMULA.findall(html) if has_formulas else ():
        tex = unescape(text).strip().strip("$").strip()
        source.error(f"Quarto can't read the formula {tex}", tex)
    cited = {key for keys in CITED.findall(html) for key in keys.split()}
    for key in CITATION.findall(html):
        if key in cited:
            source.error(
                f"the citation @{key} is not in the bibliography; add it there, "
                f"or write \\@{key} if it is no citation",
                f"@{key}",
            )
    for label in REFERENCE.findall(html):
        source.error(f"@{label} points to nothing; give a thing that label", f"@{label}")
    for link in map(unescape, LINK.findall(html)):
        source.error(f"the link {link} leads nowhere", link)
