"""What machines read of the site: a list of its pages in Markdown, and each page's data."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping, Sequence

from render.layout.document import Document
from render.layout.feed import absolute, plain
from render.project import Page

LICENCE = "https://creativecommons.org/licenses/by/4.0/"


def llms(website: Mapping, pages: Iterable[Page], documents: Mapping[str, Document]) -> str:
    """Return `llms.txt`: every page with its address and description, by folder."""
    lines = [f"# {website['title']}", "", f"> {website.get('description', website['title'])}"]
    lines += ["", "Each page that runs code has a notebook beside it: `.ipynb` for `.html`."]
    folder = None
    for page in sorted(pages, key=_folder):
        shown = documents[page.source]
        if _folder(page) != folder:
            folder = _folder(page)
            lines += ["", f"## {folder.capitalize() or 'The site'}", ""]
        said = " ".join(plain(shown.description).split())
        link = f"- [{plain(shown.title)}]({absolute(website, page.href)})"
        lines.append(f"{link}: {said}" if said else link)
    return "\n".join(lines) + "\n"


def _folder(page: Page) -> str:
    return page.source.partition("/")[0] if "/" in page.source else ""


def linked_data(
    shown: Document,
    *,
    address: str,
    date: datetime.date | None,
    authors: Sequence[str],
    image: str | None,
    website: Mapping,
) -> str:
    """Return what a page is, in schema.org's words, as JSON-LD: an article if it has a date."""
    site = {"@type": "WebSite", "name": website["title"], "url": website["site-url"]}
    title = plain(shown.title) or website["title"]
    if date is None:
        said = {"@type": "WebPage", "name": title}
    else:
        said = {
            "@type": "Article",
            "headline": title,
            "datePublished": date.isoformat(),
            "author": [{"@type": "Organization", "name": name} for name in authors],
        }
    said = {"@context": "https://schema.org", **said}
    said |= {"url": address, "license": LICENCE, "isPartOf": site}
    said |= {"description": plain(shown.description)} if shown.description else {}
    said |= {"image": image} if image else {}
    return json.dumps(said, ensure_ascii=False).replace("<", "\\u003c")
