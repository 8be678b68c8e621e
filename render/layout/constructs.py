"""What a page may not hold: anything this renderer would get wrong in silence."""

from __future__ import annotations

import re

import panflute as pf

from render.layout.labels import UNSPOKEN, kind_of
from render.layout.source import Source

SPOKEN = {"column-page"}
DIV_CLASSES = (
    "callout",
    "column",
    "panel-",
    "content-",
    "incremental",
    "fragment",
    "proof",
    "remark",
)
LAYOUTS = ("layout", "fig-subcap", "when-", "unless-")
LABELLED = re.compile(rf"({'|'.join(UNSPOKEN)})-")
UNRUN = re.compile(r"^\{\w+\}")
NO_NOTE = re.compile(r"\[\^[^\]\s]+\]")  # pandoc leaves a note without a text as it stands
ANNOTATION = re.compile(r"#\s*<\d+>\s*$", re.MULTILINE)


def check(doc: pf.Doc, source: Source) -> None:
    """Note every construct of the page that is not supported."""

    def visit(element, _doc):
        for kind, checker in CHECKS.items():
            if isinstance(element, kind):
                checker(element, source)

    doc.walk(visit)


def _check_div(div: pf.Div, source: Source) -> None:
    for name in div.classes:
        if name.startswith((*DIV_CLASSES, "{")) and name not in SPOKEN:
            source.error(
                f"the div class .{name} is not supported by the built-in renderer", f".{name}", name
            )
    for name in div.attributes:
        if name.startswith(LAYOUTS):
            source.error(f"the attribute {name} is not supported by the built-in renderer", name)
    if LABELLED.match(div.identifier):
        kind = div.identifier.partition("-")[0]
        source.error(
            f"labels such as {kind}-… are not supported by the built-in renderer; there are "
            "fig, tbl, eq, sec, exr and sol",
            f"#{div.identifier}",
        )


def _check_note(note: pf.Note, source: Source) -> None:
    source.error(
        "footnotes are not supported by the built-in renderer; say it in the text, or drop it",
        "[^",
        "^[",
    )


def _check_code(block: pf.CodeBlock, source: Source) -> None:
    first = block.text.split("\n", 1)[0]
    for name in (c for c in block.classes if c.startswith("{") or c == "mermaid"):
        source.error(f"a code block {name} is not supported; cells are {{python}}", name, first)
    for name in {"filename", "lst-cap"} & set(block.attributes):
        source.error(f"the attribute {name} of a code block is not supported", name)
    if ANNOTATION.search(block.text):
        source.error("code annotations are not supported", ANNOTATION.search(block.text)[0])


def _check_inline_code(code: pf.Code, source: Source) -> None:
    if UNRUN.match(code.text) and not code.classes:
        what = code.text.split()[0]
        source.error(
            f"{what} stands where it was not run; cells are ```{{python}}", code.text, what
        )


def _check_text(text: pf.Str, source: Source) -> None:
    if "{{<" in text.text:
        source.error("shortcodes ({{< … >}}) are not supported by the built-in renderer", "{{<")
    if note := NO_NOTE.search(text.text):
        source.error(f"{note[0]} refers to no footnote; say it in the text, or drop it", note[0])
    if text.text.startswith(":::"):
        source.error(
            "a div fence (:::) that opens or closes nothing; put blank lines around it", text.text
        )
    if text.text.startswith("{#eq-"):
        _check_equation(text, source)
    elif text.text.startswith("{#") and text.text.endswith("}"):
        source.error(f"the label {text.text} labels nothing", text.text)


def _check_equation(text: pf.Str, source: Source) -> None:
    before = text.prev
    while isinstance(before, pf.Space | pf.SoftBreak):
        before = before.prev
    if not (isinstance(before, pf.Math) and before.format == "DisplayMath"):
        source.error(f"the label {text.text} follows no displayed equation ($$…$$)", text.text)


def _check_raw(element, source: Source) -> None:
    if element.format in ("html", "html5"):
        return
    first = element.text.strip().split("\n")[0]
    source.error(
        f"raw {element.format} ({first[:40]}) would be lost in HTML; "
        "write maths between dollars and all else in Markdown",
        element.text.strip(),
        first,
    )


def _check_image(image: pf.Image, source: Source) -> None:
    if image.url.startswith(("http:", "https:", "//")):
        source.error(f"the image {image.url} comes from another site; keep it here", image.url)


def _check_label(element, source: Source) -> None:
    if kind_of(element.identifier) in ("fig", "tbl") and isinstance(element, pf.Header):
        source.error(
            f"the heading {element.identifier} has the label of a figure", element.identifier
        )


CHECKS = {
    pf.Div: _check_div,
    pf.Note: _check_note,
    pf.CodeBlock: _check_code,
    pf.Code: _check_inline_code,
    pf.Str: _check_text,
    pf.RawBlock: _check_raw,
    pf.RawInline: _check_raw,
    pf.Image: _check_image,
    pf.Header: _check_label,
}
