"""What must hold in the built pages: unique ids, links and anchors that lead somewhere."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

from render.errors import RenderError
from render.layout.document import resolve
from render.layout.source import Source
from render.project import Project

LINKS = {
    "a": "href",
    "img": "src",
    "link": "href",
    "script": "src",
    "source": "src",
    "video": "src",
}


# Our own pages, written by pandoc and templates, so patterns can read them: a tenth of the
# time that html.parser takes.
SKIPPED = re.compile(r"<!--.*?-->|(<(script|style)\b[^>]*>).*?</\2>", re.DOTALL)
TAG = re.compile(r"""<([a-zA-Z][\w-]*)((?:"[^"]*"|'[^']*'|[^>"'])*)>""")
ATTRIBUTE = re.compile(r"""([\w-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""")


@dataclass
class Markup:
    """The ids and links of a page, and its images without alternative text."""

    ids: Counter = field(default_factory=Counter)
    links: list[tuple[str, str]] = field(default_factory=list)
    mute: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, html: str) -> Markup:
        found = cls()
        for tag, attributes in TAG.findall(SKIPPED.sub(r"\1", html)):
            if "=" in attributes or tag == "img":
                found._add(tag.lower(), attributes)
        return found

    def _add(self, tag: str, attributes: str) -> None:
        given = {
            name.lower(): unescape(double or single or bare)
            for name, double, single, bare in ATTRIBUTE.findall(attributes)
        }
        if given.get("id"):
            self.ids[given["id"]] += 1
        if LINKS.get(tag) in given and given.get("rel") != "canonical":
            self.links.append((tag, given[LINKS[tag]]))
        if tag == "img" and "alt" not in given:
            self.mute.append(given.get("src", ""))


def check(out: Path, project: Project, sources: Mapping[str, Source]) -> list[RenderError]:
    """Return what is wrong in the built pages, each at its line in the source."""
    pages = {page.href: page.source for page in project.shown_pages}
    markups = {href: Markup.of((out / href).read_text(encoding="utf-8")) for href in pages}
    checked = [replace(source, errors=[]) for source in sources.values()]
    by_path = {str(source.path): source for source in checked}
    for href, markup in markups.items():
        source = by_path[pages[href]]
        _check_ids(markup, source)
        for tag, link in markup.links:
            problem = _problem(tag, link, href, out, markups)
            if problem:
                source.error(problem, link, link.rsplit("/", 1)[-1], link.rpartition("#")[2])
        for src in markup.mute:
            source.error(f"the image {src} has no alternative text", src)
    return [error for source in checked for error in source.errors]


def _check_ids(markup: Markup, source: Source) -> None:
    doubled = [name for name, count in markup.ids.items() if count > 1]
    for name in doubled:
        if name.removeprefix("toc-") in doubled and name.startswith("toc-"):
            continue
        lines = source.label_lines(name) or [None]
        where = f" (lines {', '.join(map(str, lines))})" if len(lines) > 1 else ""
        source.error(
            f"{name} is the label or id of more than one thing{where}; name one anew",
            line=lines[-1],
        )


def _problem(
    tag: str, link: str, href: str, out: Path, markups: Mapping[str, Markup]
) -> str | None:
    """Say why a link is broken; None for one that is not."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc or link.startswith("/") and href == "404.html":
        return None
    target = resolve(href, unquote(parts.path)) if parts.path else href
    if (out / target).is_dir():
        target += "/index.html"
    if not (out / target).is_file():
        what = "image" if tag == "img" else "link"
        return f"the {what} {link} leads nowhere: there is no {target}"
    anchor = unquote(parts.fragment)
    if anchor and "=" not in anchor and target in markups and not markups[target].ids[anchor]:
        return f"the link {link} leads nowhere: {target} has no #{anchor}"
    return None
