"""Pictures for other sites: PNGs of 1200 × 630, since no network shows an SVG."""

from __future__ import annotations

import base64
import hashlib
import io
import posixpath
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import vl_convert
from PIL import Image

from render.errors import RenderError
from render.layout import images
from render.layout.document import Document, resolve
from render.layout.markup import elements
from render.project import Page, Project

WIDTH, HEIGHT, MARGIN = 1200, 630, 48
PAPER = "#fdfcfa"
ICON = 180  # pixels, as phones ask for
COLOURS = 128  # of a picture: a third of the bytes, and nobody sees the difference
ROOT_TAG = re.compile(r"<svg\b([^>]*?)(/?)>", re.DOTALL)
OWN_SIZE = re.compile(r"""\s(?:width|height|x|y)=(?:"[^"]*"|'[^']*')""")


class Picture(NamedTuple):
    """What other sites show of a page: its address from the root, and what it shows."""

    address: str
    alt: str


def picture(page: Page, shown: Document, out: Path, kept: Path) -> Picture | None:
    """Write a page's picture for other sites, in the middle of a sheet.

    It is the page's first figure; where there is none, or one that moves, its `image:`.

    Parameters
    ----------
    out
        The site, with the page's images.
    kept
        A folder that keeps pictures from build to build, by what they show.

    Returns
    -------
    Picture or None
        None if the page has no picture, or one that is neither an SVG with a viewBox nor a PNG.

    Raises
    ------
    RenderError
        The SVG is broken.
    """
    svg, alt = _svg_of(page, shown, out)
    tag = ROOT_TAG.search(svg or "")
    if tag is None or "viewBox" not in tag[1]:
        return None
    content = "" if tag[2] else svg[tag.end() :].rpartition("</svg>")[0]
    sheet = _sheet(tag[1], content)
    place = kept / f"{hashlib.sha256(sheet.encode()).hexdigest()[:24]}.png"
    if not place.is_file():
        kept.mkdir(parents=True, exist_ok=True)
        place.write_bytes(_png(sheet, page))
    name = f"share/{posixpath.splitext(page.source)[0].replace('/', '-')}.png"
    (out / "share").mkdir(parents=True, exist_ok=True)
    (out / name).write_bytes(place.read_bytes())
    return Picture(name, alt)


def icon(project: Project, out: Path) -> None:
    """Write the icon that phones put on their home screens: the site's, on paper."""
    name = project.config["website"].get("favicon", "")
    if not name.endswith(".svg") or not (project.root / name).is_file():
        return
    svg = (project.root / name).read_text(encoding="utf-8")
    tag = ROOT_TAG.search(svg)
    content = svg[tag.end() :].rpartition("</svg>")[0]
    sheet = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{ICON}" height="{ICON}">'
        f'<rect width="{ICON}" height="{ICON}" fill="{PAPER}"/><svg{OWN_SIZE.sub("", tag[1])} '
        f'x="18" y="18" width="{ICON - 36}" height="{ICON - 36}">{content}</svg></svg>'
    )
    (out / "apple-touch-icon.png").write_bytes(vl_convert.svg_to_png(sheet))


def _svg_of(page: Page, shown: Document, out: Path) -> tuple[str | None, str]:
    """Return the SVG of a page's picture, and what it shows."""
    for source, alt in _pictures(page, shown):
        parts = urlsplit(source)
        if parts.scheme == "data":
            kind, _, text = source.partition(",")
            if kind.startswith("data:image/svg+xml") and "base64" not in kind:
                return unquote(text), alt
        elif not parts.scheme and parts.path:
            return _read(out / resolve(page.href, unquote(parts.path))), alt
    return None, ""


def _pictures(page: Page, shown: Document) -> list[tuple[str, str]]:
    """Return address and text of a page's pictures, the one to be shown first."""
    tags = [one.attrs for one in elements(shown.body) if one.tag == "img"]
    figures = [(tag.get("src", ""), tag.get("alt", "")) for tag in tags]
    meta = page.meta
    own = [(meta["image"], meta.get("image-alt", ""))] if meta.get("image") else []
    moves = not figures or figures[0][0].startswith("data:")
    return own + figures if moves else figures + own


def _read(path: Path) -> str | None:
    """Return an SVG, or a PNG within one."""
    size = images.size(path)
    if size is None:
        return None
    if path.suffix != ".png":
        return path.read_text(encoding="utf-8")
    data = base64.b64encode(path.read_bytes()).decode()
    width, height = size
    return (
        f'<svg viewBox="0 0 {width} {height}"><image width="{width}" height="{height}" '
        f'href="data:image/png;base64,{data}"/></svg>'
    )


def _sheet(attributes: str, content: str) -> str:
    """Put an SVG into the middle of a sheet, as large as fits."""
    width, height = WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>'
        f'<svg{OWN_SIZE.sub("", attributes)} x="{MARGIN}" y="{MARGIN}" '
        f'width="{width}" height="{height}">{content}</svg></svg>'
    )


def _png(sheet: str, page: Page) -> bytes:
    try:
        drawn = vl_convert.svg_to_png(sheet)
    except (RuntimeError, ValueError) as error:
        raise RenderError(
            f"its first figure is no whole SVG ({str(error).splitlines()[0]}), so that other sites "
            "can't show it: mend the figure",
            page=page.source,
        ) from error
    few = Image.open(io.BytesIO(drawn)).convert("RGB").quantize(COLOURS)
    packed = io.BytesIO()
    few.save(packed, "png", optimize=True)
    return packed.getvalue()
