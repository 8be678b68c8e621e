"""What to read before a page and after it, as its head, its foot and a learning path say it."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

from render.layout.markup import edited, elements
from render.layout.navigation import Item
from render.project import Page, Project
from render.ways import names, source_of

PATH = "learning-path"


class Reading:
    """The ways between the published pages.

    Parameters
    ----------
    titles
        Published pages to their titles, as HTML.
    """

    def __init__(self, project: Project, titles: Mapping[str, str]) -> None:
        self._pages = {page.source: page for page in project.shown_pages}
        self._titles = titles

    def items(self, page: Page, key: str) -> list[Item]:
        """Return the published pages that a key names, with their titles."""
        found = (source_of(name, self._pages) for name in names(page, key))
        return [Item(self._titles[s], self._pages[s].href) for s in found if s]

    def marks(self, page: Page) -> str:
        """Return `medium · 30 minutes`, or what of it the front matter says."""
        minutes = page.meta.get("minutes")
        said = [page.meta.get("difficulty"), minutes and f"{minutes} minutes"]
        return " · ".join(part for part in said if part)

    def with_marks(self, body: str, targets: Mapping[str, str]) -> str:
        """Write behind each step of a learning path how hard and how long it is.

        Parameters
        ----------
        body
            A page; its paths are lists in divs `.learning-path`.
        targets
            Addresses, as the page writes them, to sources.
        """
        edits = []
        for one in elements(body) if PATH in body else ():
            address = one.attrs.get("href", "").partition("#")[0]
            source = targets.get(posixpath.normpath(address))  # Quarto begins with ./
            if one.tag == "a" and one.inside(PATH) and source:
                marks = self.marks(self._pages[source])
                edits.append((one.end, one.end, f' <span class="marks">{marks}</span>'))
        return edited(body, edits)
