"""Outputs as Jupyter keeps them, out of the Markdown that a cell gave (`render.outputs`)."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import unquote

OPENING = re.compile(r"^:{3,} *\{(.*)\} *$")
CLOSING = re.compile(r"^:{3,} *$")
FENCE = re.compile(r"^(`{3,})")
IMAGE = re.compile(r"^!\[.*\]\(([^)\s]+\.(svg|png|jpg))\)(?:\{.*\})?$", re.M)
FENCED = re.compile(r"^(`{3,})[^\n]*\n(.*?)^\1$", re.M | re.S)
STILL = re.compile(r'<img class="explorable-still" src="data:image/svg\+xml,([^"]*)"')
DRAWN = re.compile(r'<div class="explorable-view"[^>]*>\s*(<svg.*?</svg>)\s*</div>', re.S)
MIMES = {"svg": "image/svg+xml", "png": "image/png", "jpg": "image/jpeg"}


def outputs(markdown: str, files: Path, indent: str = "") -> Iterator[dict]:
    """Yield the outputs of a cell.

    Parameters
    ----------
    markdown
        What the cell gave.
    files
        Folder of its pictures, as the Markdown names them.
    indent
        What each of its lines begins with.
    """
    lines = [line.removeprefix(indent) for line in markdown.splitlines()]
    for attributes, content in _blocks(lines):
        stream = re.search(r"\.cell-output-(stdout|stderr)", attributes)
        if stream:
            yield {"output_type": "stream", "name": stream[1], "text": _inside(content)}
        elif ".cell-output-error" in attributes:
            yield {"output_type": "stream", "name": "stderr", "text": _inside(content)}
        elif data := _data(content, attributes, files):
            yield {"output_type": "display_data", "data": data, "metadata": {}}


def _data(content: str, attributes: str, files: Path) -> dict[str, str]:
    """Return what is displayed, by its type."""
    if image := IMAGE.search(content):
        path = files / unquote(image[1])
        if image[2] == "svg":
            return {MIMES["svg"]: path.read_text(encoding="utf-8")}
        return {MIMES[image[2]]: base64.b64encode(path.read_bytes()).decode()}
    if 'class="explorable"' in content:
        still, drawn = STILL.search(content), DRAWN.search(content)
        if still:
            return {MIMES["svg"]: unescape(unquote(still[1]))}
        return {MIMES["svg"]: drawn[1]} if drawn else {}
    if ".cell-output-markdown" in attributes or not FENCED.search(content):
        return {"text/markdown": content.strip()} if content.strip() else {}
    return {"text/plain": _inside(content).rstrip("\n")}


def _inside(content: str) -> str:
    found = FENCED.search(content)
    return found[2] if found else content


def _blocks(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield attributes and content of each output; nothing within code opens or ends one."""
    ticks, held, depth, attributes = "", [], 0, ""
    for line in lines:
        fence = FENCE.match(line)
        if fence and not ticks:
            ticks = fence[1]
        elif ticks and line.strip() == ticks:
            ticks = ""
        elif not ticks:
            opening = OPENING.match(line)
            if opening and ".cell-output" in opening[1] and not depth:
                attributes, held, depth = opening[1], [], 1
                continue
            if depth:
                depth += 1 if opening else -1 if CLOSING.match(line) else 0
                if not depth:
                    yield attributes, "\n".join(held) + "\n"
                    continue
        if depth:
            held.append(line)
