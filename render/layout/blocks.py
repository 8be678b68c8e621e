"""Callouts, tabsets, theorems and folded code."""

from __future__ import annotations

import panflute as pf

from render.layout.html import raw, wrap
from render.layout.labels import NBSP, PROOFS, THEOREMS, Labels, kind_of

CALLOUTS = ("note", "tip", "warning", "important", "caution")
PROOF_CLASSES = {"proof": "Proof", "solution": "Solution", "remark": "Remark"}


def build(doc: pf.Doc, labels: Labels) -> None:
    """Turn the divs of a page into Quarto's markup."""
    tabsets = 0

    def visit(element, _doc):
        nonlocal tabsets
        if not isinstance(element, pf.Div):
            return None
        if "panel-tabset" in element.classes:
            tabsets += 1
            return tabset(element, tabsets)
        if callout_type(element):
            return callout(element)
        return statement(element, labels)

    doc.walk(visit)


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


def callout_type(div: pf.Div) -> str | None:
    """Return `tip` for a div of class `callout-tip`."""
    names = (c.removeprefix("callout-") for c in div.classes if c.startswith("callout-"))
    return next((name for name in names if name in CALLOUTS), None)


def callout(div: pf.Div):
    """Lay out a callout; one that collapses is a native `details`."""
    kind = callout_type(div)
    title = _title(div, "title") or [pf.Str(kind.capitalize())]
    collapse = div.attributes.get("collapse")
    icon = raw('<div class="callout-icon-container"><i class="callout-icon"></i></div>')
    heading = pf.Div(pf.Plain(*title), classes=["callout-title-container", "flex-fill"])
    body = pf.Div(*div.content, classes=["callout-body-container", "callout-body"])
    names = ["callout", "callout-style-default", f"callout-{kind}", "callout-titled"]
    if collapse is None:
        header = pf.Div(icon, heading, classes=["callout-header"])
        return pf.Div(header, body, identifier=div.identifier, classes=names)
    given = {"class": " ".join(names)}
    if div.identifier:
        given["id"] = div.identifier
    if collapse == "false":
        given["open"] = "open"
    summary = wrap("summary", [icon, heading], **{"class": "callout-header"})
    return wrap("details", [*summary, body], **given)


def tabset(div: pf.Div, number: int) -> pf.Div:
    """Lay out a tabset: one tab a heading."""
    level = min((b.level for b in div.content if isinstance(b, pf.Header)), default=1)
    tabs: list[tuple[pf.Header, list]] = []
    for block in div.content:
        if isinstance(block, pf.Header) and block.level == level:
            tabs.append((block, []))
        elif tabs:
            tabs[-1][1].append(block)
    names = [f"tabset-{number}-{place}" for place in range(1, len(tabs) + 1)]
    buttons = [_tab(name, head, name == names[0]) for name, (head, _) in zip(names, tabs)]
    panes = [_pane(name, body, name == names[0]) for name, (_, body) in zip(names, tabs)]
    bar = wrap(
        "ul", [b for tab in buttons for b in tab], **{"class": "nav nav-tabs", "role": "tablist"}
    )
    content = pf.Div(*panes, classes=["tab-content"])
    return pf.Div(*bar, content, classes=["panel-tabset"])


def _tab(name: str, head: pf.Header, active: bool) -> list[pf.Block]:
    button = wrap(
        "button",
        [pf.Plain(*head.content)],
        **{
            "type": "button",
            "role": "tab",
            "id": f"{name}-tab",
            "aria-controls": name,
            "class": "nav-link active" if active else "nav-link",
            "aria-selected": "true" if active else "false",
            "tabindex": "0" if active else "-1",
        },
    )
    return wrap("li", button, **{"class": "nav-item", "role": "presentation"})


def _pane(name: str, body: list, active: bool) -> pf.Div:
    return pf.Div(
        *body,
        identifier=name,
        classes=["tab-pane", "active"] if active else ["tab-pane"],
        attributes={"role": "tabpanel", "aria-labelledby": f"{name}-tab", "tabindex": "0"},
    )


def statement(div: pf.Div, labels: Labels) -> pf.Div | None:
    """Number and title a theorem, exercise, proof or solution."""
    kind = kind_of(div.identifier)
    if kind in THEOREMS:
        return _theorem(div, labels.add(div.identifier).name, THEOREMS[kind][0])
    if kind in PROOFS:
        return _proof(div, labels.add(div.identifier).name, PROOFS[kind][0])
    unnumbered = next((c for c in div.classes if c in PROOF_CLASSES), None)
    if unnumbered:
        return _proof(div, PROOF_CLASSES[unnumbered], unnumbered)
    return None


def _theorem(div: pf.Div, name: str, environment: str) -> pf.Div:
    title = _title(div, "name")
    text = [pf.Str(name.replace(NBSP, " "))]
    text += [pf.Space, pf.Str("("), *title, pf.Str(")")] if title else []
    head = pf.Span(pf.Strong(*text), classes=["theorem-title"])
    div.classes += list(dict.fromkeys(["theorem", environment]))
    return _headed(div, [head, pf.Space])


def _proof(div: pf.Div, name: str, environment: str) -> pf.Div:
    title = _title(div, "name")
    text = [pf.Emph(pf.Str(name.replace(NBSP, " ")))]
    text += [pf.Str(" ("), *title, pf.Str(")")] if title else []
    div.classes += [c for c in ("proof", environment) if c not in div.classes]
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


def _title(div: pf.Div, attribute: str) -> list:
    """Take a div's title: its attribute or its first heading."""
    given = div.attributes.pop(attribute, None)
    if given:
        return [pf.Str(given)]
    if div.content and isinstance(div.content[0], pf.Header):
        return list(div.content.pop(0).content)
    return []
