"""How large an image is, read from its first bytes."""

from __future__ import annotations

import re
import struct
from pathlib import Path

SVG = re.compile(rb"<svg\b[^>]*>", re.DOTALL)
LENGTH = rb"""\b%s=["']([\d.]+)(pt|px|)["']"""
BOX = re.compile(rb"""viewBox=["'][\d.e+-]+[ ,]+[\d.e+-]+[ ,]+([\d.e+-]+)[ ,]+([\d.e+-]+)["']""")
PIXELS = {b"pt": 4 / 3, b"px": 1.0, b"": 1.0}


def size(path: Path) -> tuple[int, int] | None:
    """Return width and height in CSS pixels of an SVG or PNG; None for what is neither."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        start = file.read(4096)
    if start.startswith(b"\x89PNG"):
        return struct.unpack(">II", start[16:24])
    found = SVG.search(start)
    return _svg_size(found[0]) if found else None


def _svg_size(tag: bytes) -> tuple[int, int] | None:
    given = [re.search(LENGTH % name, tag) for name in (b"width", b"height")]
    if all(given):
        return tuple(round(float(one[1]) * PIXELS[one[2]]) for one in given)
    box = BOX.search(tag)
    return (round(float(box[1])), round(float(box[2]))) if box else None
