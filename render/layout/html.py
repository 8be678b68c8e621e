"""Raw HTML around parsed blocks, for elements that pandoc has no name for."""

from __future__ import annotations

from html import escape

import panflute as pf


def raw(html: str) -> pf.RawBlock:
    """Return HTML that goes to the page as it is."""
    return pf.RawBlock(html, format="html")


def wrap(tag: str, blocks: list[pf.Block], **attributes: str) -> list[pf.Block]:
    """Return blocks between `<tag …>` and `</tag>`."""
    given = "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
    return [raw(f"<{tag}{given}>"), *blocks, raw(f"</{tag}>")]
