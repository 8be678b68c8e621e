"""Figures and tables with labels: their numbers and captions."""

from __future__ import annotations

import panflute as pf

from render.layout.html import wrap
from render.layout.labels import FLOATS, Label, Labels, kind_of
from render.layout.pandoc import inlines
from render.layout.source import Source

FLOAT_ELEMENTS = (pf.Div, pf.Figure, pf.Table)


def number(doc: pf.Doc, labels: Labels, source: Source) -> None:
    """Give every labelled figure and table its number; one within another is an error."""

    def visit(element, _doc):
        if not is_float(element):
            return
        if any(map(is_float, ancestors(element))):
            source.error(
                f"{element.identifier} stands within another figure, which the built-in renderer "
                "does not support; draw one figure of several panels",
                f"#{element.identifier}",
                element.identifier.rpartition("-")[0],
            )
        else:
            labels.add(element.identifier)

    doc.walk(visit)


def is_float(element: pf.Element) -> bool:
    """Tell whether an element is a labelled figure, table or listing."""
    return isinstance(element, FLOAT_ELEMENTS) and kind_of(element.identifier) in FLOATS


def ancestors(element: pf.Element):
    """Yield the elements around one, from the inside out."""
    while (element := element.parent) is not None:
        yield element


def build(doc: pf.Doc, labels: Labels, source: Source) -> None:
    """Turn figures, labelled divs and tables into Quarto's markup."""

    def visit(element, _doc):
        if isinstance(element, pf.Figure):
            return image_figure(element, labels, source)
        if isinstance(element, pf.Table):
            return table_float(element, labels)
        if isinstance(element, pf.Div) and kind_of(element.identifier) in FLOATS:
            return labelled_div(element, labels)
        return None

    doc.walk(visit)


def image_figure(figure: pf.Figure, labels: Labels, source: Source):
    """Lay out an image that stands alone with its caption."""
    image = next((i for i in _inlines(figure) if isinstance(i, pf.Image)), None)
    caption = _caption_inlines(figure.caption)
    give_alt(image, source, captioned=True)
    image.classes += ["img-fluid", "figure-img"]
    return _float(figure.identifier, [pf.Plain(image)], caption, labels)


def give_alt(image: pf.Image, source: Source, *, captioned: bool) -> None:
    """Make `fig-alt` an image's text; what has none is an error."""
    alt = image.attributes.pop("fig-alt", None) or image.attributes.pop("alt", None)
    if alt is None and not captioned:
        alt = pf.stringify(image).strip()
    if not alt:
        name = image.url.rsplit("/", 1)[-1]
        label = name.split("-output-")[0]
        source.error(
            f"the figure {name} has no alternative text; say what the eye sees with"
            ' `fig-alt: "…"` in its cell or {fig-alt="…"} after the image',
            image.url,
            f"label: {label}",
            name,
        )
    image.content = [pf.Str(alt or "")]


def table_float(table: pf.Table, labels: Labels):
    """Give a table Quarto's classes, and its number where it has a label."""
    table.classes += ["caption-top", "table"]
    if kind_of(table.identifier) not in FLOATS:
        return None
    label, caption = table.identifier, _caption_inlines(table.caption)
    table.identifier, table.caption = "", pf.Caption()
    return _float(label, [table], caption, labels)


def labelled_div(div: pf.Div, labels: Labels):
    """Lay out `::: {#fig-… }`: a cell, its output, or a div of the author's."""
    before, body = _split_code(div)
    caption = _pop_caption(div, body)
    made = _float(div.identifier, body, caption, labels)
    if "cell" not in div.classes:
        return made
    return pf.Div(*before, made, classes=div.classes)


def _float(identifier: str, body: list, caption: list, labels: Labels) -> pf.Div:
    label = labels.by_name.get(identifier)
    kind = label.kind if label else "fig"
    place = "top" if kind == "tbl" else "bottom"
    names = f"quarto-float-caption-{place} quarto-float-caption quarto-float-{kind}"
    legend = []
    if caption or label:
        legend = wrap("figcaption", [pf.Plain(*_captioned(label, caption))], **{"class": names})
    inner = [*legend, pf.Div(*body)] if place == "top" else [pf.Div(*body), *legend]
    return pf.Div(
        *wrap("figure", inner, **{"class": f"quarto-float quarto-float-{kind} figure"}),
        identifier=identifier,
        classes=["quarto-float", "quarto-figure", "quarto-figure-center"],
    )


def _captioned(label: Label | None, caption: list) -> list:
    if label is None:
        return caption
    name = pf.Str(f"{label.name}:" if caption else label.name)
    return [name, pf.Space, *caption] if caption else [name]


def _caption_inlines(caption: pf.Caption | None) -> list:
    blocks = caption.content if caption else []
    return [inline for block in blocks for inline in block.content]


def _inlines(figure: pf.Figure) -> list:
    return [i for block in figure.content for i in getattr(block, "content", [])]


def _split_code(div: pf.Div) -> tuple[list, list]:
    """Part a cell's code and printed output from what it shows."""
    blocks = list(div.content)
    if "cell" not in div.classes:
        return [], blocks
    shown = [b for b in blocks if not _is_code(b)]
    return [b for b in blocks if _is_code(b)], shown


def _is_code(block: pf.Block) -> bool:
    printed = {"cell-output-stdout", "cell-output-stderr"}
    if isinstance(block, pf.CodeBlock):
        return "cell-code" in block.classes
    return isinstance(block, pf.Div) and bool(printed & set(block.classes))


def _pop_caption(div: pf.Div, body: list) -> list:
    """Take a div's caption: its attribute, its last paragraph or its table's."""
    kind = kind_of(div.identifier)
    given = div.attributes.pop(f"{kind}-cap", None)
    if given:
        return inlines(given)
    if body and isinstance(body[-1], pf.Para):
        return list(body.pop().content)
    return _table_caption(body) if kind == "tbl" else []


def _table_caption(body: list) -> list:
    for table in (t for block in body for t in _tables(block)):
        caption = _caption_inlines(table.caption)
        table.caption = pf.Caption()
        return caption
    return []


def _tables(block: pf.Block) -> list[pf.Table]:
    found: list[pf.Table] = []
    block.walk(lambda e, _: found.append(e) if isinstance(e, pf.Table) else None)
    return found
