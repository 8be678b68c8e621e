"""What machines read: RSS, sitemap, robots.txt."""

from __future__ import annotations

import datetime
import email.utils
import re
from collections.abc import Iterable, Mapping
from html import unescape
from urllib.parse import quote, urljoin
from xml.etree import ElementTree as ET

from render.layout.document import Document
from render.layout.listing import Entry
from render.layout.markup import edited, first

ATOM = "http://www.w3.org/2005/Atom"
LINK = re.compile(r'(\b(?:href|src)=")([^"]*)')
IDLE = re.compile(r"<(script|fieldset|output)\b.*?</\1>", re.DOTALL)
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"


def rss(
    title: str,
    website: Mapping,
    address: str,
    entries: Iterable[Entry],
    documents: Mapping[str, Document],
) -> str:
    """Return a listing as RSS 2.0: whole pages, with absolute addresses.

    Parameters
    ----------
    title
        The listing's title.
    documents
        Every published page by its source.
    website
        `website:` of `_quarto.yml`.
    address
        Where the feed lies, relative to the root.
    """
    ET.register_namespace("atom", ATOM)
    root = ET.Element("rss", version="2.0")
    channel = ET.SubElement(root, "channel")
    _add(channel, "title", f"{website['title']}: {title}")
    _add(channel, "link", absolute(website, address.removesuffix("index.xml") + "index.html"))
    _add(channel, "description", website.get("description", website["title"]))
    link = {"href": absolute(website, address), "rel": "self", "type": "application/rss+xml"}
    ET.SubElement(channel, f"{{{ATOM}}}link", link)
    for entry in entries:
        _item(channel, website, entry, _for_readers(documents[entry.page.source].body))
    return _xml(root)


def sitemap(website: Mapping, addresses: Iterable[str]) -> str:
    """Return the sitemap of the pages at these addresses."""
    ET.register_namespace("", SITEMAP)
    root = ET.Element(f"{{{SITEMAP}}}urlset")
    for address in addresses:
        url = ET.SubElement(root, f"{{{SITEMAP}}}url")
        _add(url, f"{{{SITEMAP}}}loc", absolute(website, address))
    return _xml(root)


def robots(website: Mapping) -> str:
    """Return robots.txt: all may come, and the sitemap is there."""
    return f"User-agent: *\nAllow: /\nSitemap: {absolute(website, 'sitemap.xml')}\n"


def absolute(website: Mapping, address: str) -> str:
    """Return the whole address of a file, by its path from the root: blanks and all escaped."""
    return _joined(website, quote(address))


def _joined(website: Mapping, address: str) -> str:
    return urljoin(website["site-url"].rstrip("/") + "/", address)


def plain(html: str) -> str:
    """Return the text of a piece of HTML."""
    html = re.sub(r"<annotation.*?</annotation>", "", html, flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]+>", "", html))


def _item(channel: ET.Element, website: Mapping, entry: Entry, body: str) -> None:
    item = ET.SubElement(channel, "item")
    address = absolute(website, entry.target)
    _add(item, "title", plain(entry.title))
    _add(item, "link", address)
    _add(item, "guid", address)
    _add(item, "description", _whole(body, website, address))
    for category in entry.categories:
        _add(item, "category", category)
    if entry.date:
        day = datetime.datetime.combine(entry.date, datetime.time(), datetime.UTC)
        _add(item, "pubDate", email.utils.format_datetime(day))


def _for_readers(body: str) -> str:
    """Return a page without its set-up cell, and without what only works on the page."""
    setup = first(body, id="setup") or first(body, id="cell-setup")
    body = edited(body, [(setup.start, setup.end, "")] if setup else [])
    return IDLE.sub("", body)


def _whole(body: str, website: Mapping, address: str) -> str:
    """Make the links of a page whole; `/x` counts from the root of the site."""

    def whole(match: re.Match) -> str:
        link = match[2]
        from_root = link.startswith("/") and not link.startswith("//")
        return match[1] + (_joined(website, link[1:]) if from_root else urljoin(address, link))

    return LINK.sub(whole, body)


def _add(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = text


def _xml(root: ET.Element) -> str:
    ET.indent(root)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True).decode() + "\n"
