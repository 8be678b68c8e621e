"""Exercises, solutions and folded code."""

from __future__ import annotations

import panflute as pf

from render.layout.html import wrap
from render.layout.labels import NBSP, Labels, kind_of


def build(doc: pf.Doc, labels: Labels) -> None:
    """Number and title the exercises and solutions of a page."""
    doc.walk(
        lambda element, _: _statement(element, labels) if isinstance(element, pf.Div) else None
    )


def fold_code(doc: pf.Doc) -> None:
    """Fold the code of a cell where its author asked for it."""
    doc.walk(lambda element, _: _folded(element) if isinstance(element, pf.CodeBlock) else None)


def _folded(block: pf.CodeBlock) -> list[pf.Block] | None:
    fold = block.attributes.pop("code-fold", "false")
    summary = block.attributes.pop("code-summary", "Code")
    block.attributes.pop("code-line-numbers", None)
    if fold not in ("true", "show"):
        return None
    opened = {"open": "open"} if fold == "show" else {}
    label = pf.Plain(pf.Str(summary))
    return wrap("details", [*wrap("summary", [label]), block], **{"class": "code-fold"}, **opened)


def _statement(div: pf.Div, labels: Labels) -> pf.Div | None:
    kind = kind_of(div.identifier)
    if kind == "exr":
        return _exercise(div, labels.add(div.identifier).name)
    if kind == "sol":
        return _solution(div, labels.add(div.identifier).name)
    return None


def _exercise(div: pf.Div, name: str) -> pf.Div:
    title = _title(div)
    text = [pf.Str(name.replace(NBSP, " "))]
    text += [pf.Space, pf.Str("("), *title, pf.Str(")")] if title else []
    div.classes += ["theorem", "exercise"]
    return _headed(div, [pf.Span(pf.Strong(*text), classes=["theorem-title"]), pf.Space])


def _solution(div: pf.Div, name: str) -> pf.Div:
    title = _title(div)
    text = [pf.Emph(pf.Str(name.replace(NBSP, " ")))]
    text += [pf.Str(" ("), *title, pf.Str(")")] if title else []
    div.classes += ["proof", "solution"]
    return _headed(div, [pf.Span(*text, pf.Str(". "), classes=["proof-title"])])


def _headed(div: pf.Div, head: list) -> pf.Div:
    """Put a heading in front of the first paragraph, or in one of its own."""
    blocks = list(div.content)
    if blocks and isinstance(blocks[0], pf.Para):
        blocks[0].content = [*head, *blocks[0].content]
    else:
        blocks.insert(0, pf.Para(*head))
    div.content = blocks
    return div


def _title(div: pf.Div) -> list:
    """Take a div's title: its attribute or its first heading."""
    given = div.attributes.pop("name", None)
    if given:
        return [pf.Str(given)]
    if div.content and isinstance(div.content[0], pf.Header):
        return list(div.content.pop(0).content)
    return []
