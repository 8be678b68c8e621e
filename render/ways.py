"""The ways between pages: `needs:` and `leads-to:` in their front matter.

Both name pages from the root, without their ending: `notes/bayes`, `posts/weight-masks`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from render.errors import RenderError
from render.project import Page, Project

KEYS = ("needs", "leads-to")


def problems(project: Project) -> Iterator[RenderError]:
    """Yield what is wrong with the ways between pages: names of no page, circles."""
    pages = {page.source: page for page in project.pages}
    for page in pages.values():
        for key in KEYS:
            for name in names(page, key):
                if source_of(name, pages) is None:
                    yield _wrong(
                        page, key, f"names no page: {name}; write it as notes/bayes is written"
                    )
                elif source_of(name, pages) == page.source:
                    yield _wrong(page, key, "names the page itself; take it out")
    needs = {page.source: _sources(page, "needs", pages) for page in pages.values()}
    for page in pages.values():
        if circle := _circle(page.source, needs):
            yield _wrong(page, "needs", f"goes in a circle: {' needs '.join(circle)}")
        for source in _sources(page, "leads-to", pages):
            if _circle(source, needs, home=page.source) and source != page.source:
                yield _wrong(page, "leads-to", f"leads back: {page.source} itself needs {source}")


def _wrong(page: Page, key: str, message: str) -> RenderError:
    return RenderError(f"`{key}` {message}", page=page.source, line=page.meta_lines.get(key))


def names(page: Page, key: str) -> list[str]:
    """Return the pages that a key of the front matter names."""
    given = page.meta.get(key) or []
    return [given] if isinstance(given, str) else list(given)


def source_of(name: str, pages: Mapping[str, Page]) -> str | None:
    """Return the source that a name stands for, or None."""
    return next((s for s in (f"{name}.qmd", f"{name}/index.qmd") if s in pages), None)


def _sources(page: Page, key: str, pages: Mapping[str, Page]) -> list[str]:
    found = (source_of(name, pages) for name in names(page, key))
    return [source for source in found if source and source != page.source]


def _circle(start: str, needs: Mapping[str, Sequence[str]], home: str = "") -> list[str]:
    """Return a way along `needs` from a page to itself, or from `home` to it; or nothing."""
    ways = [[home or start]]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        for source in needs[way[-1]]:
            if source == start:
                return [*way, source]
            if source not in seen:
                seen.add(source)
                ways.append([*way, source])
    return []
