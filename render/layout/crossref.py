"""Equations, sections, and the references to everything that has a label."""

from __future__ import annotations

import panflute as pf

from render.layout.labels import NBSP, PREFIXES, Labels, kind_of
from render.layout.source import Source


def number_equations(doc: pf.Doc, labels: Labels) -> None:
    """Number `$$…$$ {#eq-name}`."""

    def visit(element, _doc):
        if isinstance(element, pf.Para | pf.Plain):
            element.content = _equations(list(element.content), labels)

    doc.walk(visit)


def _equations(inlines: list, labels: Labels) -> list:
    out: list = []
    for inline in inlines:
        math = _display_math(out)
        if math and isinstance(inline, pf.Str) and inline.text.startswith("{#eq-"):
            name, _, rest = inline.text[2:].partition("}")
            del out[out.index(math) :]
            out.append(_equation(math, name, labels))
            out += [pf.Str(rest)] if rest else []
        else:
            out.append(inline)
    return out


def _display_math(inlines: list) -> pf.Math | None:
    """Return the display that ends a row of inlines, spaces aside."""
    for inline in reversed(inlines):
        if isinstance(inline, pf.Space | pf.SoftBreak):
            continue
        is_display = isinstance(inline, pf.Math) and inline.format == "DisplayMath"
        return inline if is_display else None
    return None


def _equation(math: pf.Math, name: str, labels: Labels) -> pf.Span:
    number = pf.Span(pf.Str(f"({labels.add(name).number})"), classes=["equation-number"])
    return pf.Span(math, number, identifier=name, classes=["equation"])


def number_sections(doc: pf.Doc, labels: Labels) -> None:
    """Number headings `{#sec-name}` as Quarto does: from level 2, shown only in references."""
    counts = [0] * 7

    def visit(element, _doc):
        if not isinstance(element, pf.Header) or "unnumbered" in element.classes:
            return
        counts[element.level] += 1
        counts[element.level + 1 :] = [0] * (6 - element.level)
        if kind_of(element.identifier) == "sec":
            first = 1 if counts[1] else 2
            parts = [str(n) for n in counts[first : element.level + 1]]
            labels.add(element.identifier, number=".".join(parts))

    doc.walk(visit)


def resolve(doc: pf.Doc, labels: Labels, keys: set[str], source: Source) -> None:
    """Turn `@fig-name` into a link; what points nowhere is an error."""

    def visit(element, _doc):
        if not isinstance(element, pf.Cite):
            return None
        kinds = [kind_of(c.id) for c in element.citations]
        if not any(kinds):
            for citation in element.citations:
                _check_key(citation.id, keys, source)
            return None
        return _references(element.citations, labels, source)

    doc.walk(visit)


def _references(citations: list, labels: Labels, source: Source) -> list:
    out: list = []
    for citation in citations:
        label = labels.by_name.get(citation.id)
        if label is None:
            kind = PREFIXES.get(kind_of(citation.id) or "", "thing")
            source.error(
                f"@{citation.id} points to no {kind.lower()} of this page; "
                f"give one the label {citation.id} or correct the reference",
                f"@{citation.id}",
            )
            continue
        out += [pf.Str(","), pf.Space] if out else []
        out.append(_reference(citation, label))
    return out


def _reference(citation: pf.Citation, label) -> pf.Link:
    number = pf.Str(label.number)
    if citation.prefix:
        text = [*citation.prefix, pf.Str(NBSP), number]
    elif citation.mode == "SuppressAuthor":
        text = [number]
    else:
        text = [pf.Str(label.name)]
    return pf.Link(*text, url=f"#{citation.id}", classes=["quarto-xref"])


def _check_key(key: str, keys: set[str], source: Source) -> None:
    if key not in keys:
        source.error(
            f"the citation @{key} is not in the bibliography; add it there, "
            f"or write \\@{key} if it is no citation",
            f"@{key}",
        )
