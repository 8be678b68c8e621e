"""Docstrings in numpydoc's form, as Markdown."""

from __future__ import annotations

import re
import textwrap

SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}\n", re.M)
LISTED = ("Parameters", "Returns", "Yields", "Raises", "Attributes", "Other Parameters")
DOCTEST = re.compile(r"^(?:>>>|\.\.\.)", re.M)


def summary(docstring: str) -> str:
    """Return a docstring's first sentence or line, as a text."""
    return " ".join(docstring.split("\n\n")[0].split())


def markdown(docstring: str) -> str:
    """Return a docstring as Markdown; its sections get a heading in bold."""
    text, *rest = SECTION.split(docstring)
    pieces = [_prose(text)]
    for name, body in zip(rest[::2], rest[1::2], strict=True):
        pieces += [f"**{name}**", _section(name, body)]
    return "\n\n".join(piece for piece in pieces if piece)


def _section(name: str, body: str) -> str:
    if name in LISTED:
        return _list(body)
    return _examples(body) if name == "Examples" else _prose(body)


def _list(body: str) -> str:
    """Return entries, each a line with its text indented below, as a definition list."""
    entries = re.split(r"^(?=\S)", body, flags=re.M)
    return "\n\n".join(_entry(entry) for entry in entries if entry.strip())


def _entry(entry: str) -> str:
    head, _, text = entry.partition("\n")
    names, colon, kind = head.partition(" : ")
    term = ", ".join(f"`{name.strip()}`" for name in names.split(","))
    term += f" : {kind.strip()}" if colon else ""
    said = _prose(textwrap.dedent(text)) or "\u00a0"
    return f"{_safe(term)}\n\n:   {textwrap.indent(said, '    ').strip()}"


def _prose(text: str) -> str:
    """Return paragraphs; what is indented is code, and what is no formula is no markup."""
    blocks = re.split(r"\n{2,}", textwrap.dedent(text).strip("\n"))
    return "\n\n".join(block if block.startswith("    ") else _safe(block) for block in blocks)


def _safe(text: str) -> str:
    """Keep pandoc from reading emphasis, tags and citations where a docstring has none."""
    pieces = re.split(r"(`[^`]*`|\$\$.*?\$\$|\$[^$\s][^$]*\$)", text, flags=re.S)
    pieces[::2] = [re.sub(r"([*_<>@\[\]^~|#\\])", r"\\\1", piece) for piece in pieces[::2]]
    return "".join(pieces)


def _examples(body: str) -> str:
    pieces = re.split(r"\n{2,}", textwrap.dedent(body).strip())
    return "\n\n".join(
        f"```python\n{piece}\n```" if DOCTEST.match(piece) else _prose(piece) for piece in pieces
    )
