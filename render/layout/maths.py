"""Formulas in the line of text."""

from __future__ import annotations

import panflute as pf

CLOSING = tuple(".,;:!?)”’")
LONG = 30  # characters of TeX that may not fit on a phone's line


def hold_punctuation(doc: pf.Doc) -> None:
    """Keep what closes a clause on the line of the formula before it."""

    def visit(element, _doc):
        if (
            isinstance(element, pf.Math)
            and element.format == "InlineMath"
            and len(element.text) <= LONG
        ):
            after = element.next
            if isinstance(after, pf.Str) and after.text.startswith(CLOSING):
                mark, after.text = after.text, ""
                return pf.Span(element, pf.Str(mark), classes=["nobr"])
        return None

    doc.walk(visit)
