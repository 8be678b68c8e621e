"""Terms of the glossary: each linked where a page first uses it, its definition at hand.

The glossary is a page with a definition list; a term is `[name]{#term-x also="short|long"}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from render.layout.document import Document, relative
from render.layout.feed import plain
from render.layout.markup import TAG, Element, edited, elements

GLOSSARY = "glossary.qmd"
ADDRESS = "glossary.html"
SEE = re.compile(r"\s*See\s+<a\b.*", re.DOTALL)
HREF = re.compile(r'<a\b[^>]*?href="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
LINK = re.compile(r"</?a\b[^>]*>")
IDS = re.compile(r' (?:id|data-cites)="[^"]*"')
RUN = re.compile(rb"\0+|[^\0]+")
PROSE = {"p", "li"}
APART = frozenset(
    "a h1 h2 h3 h4 h5 h6 pre code math svg table figure button label summary nav header".split()  # noqa: SIM905
)
APART_CLASSES = frozenset(("explorable", "cell-output", "code-fold", "theorem-title", "marks"))


@dataclass(frozen=True)
class Term:
    """A term: its anchor, its names, the first of them its own, and its definition as HTML."""

    id: str
    names: tuple[str, ...]
    definition: str

    @property
    def short(self) -> str:
        """The definition without links, and without where to read more."""
        return IDS.sub("", LINK.sub("", SEE.sub("", self.definition))).strip()

    @property
    def see(self) -> tuple[str, str] | None:
        """Address, as the glossary writes it, and text of where to read more."""
        found = HREF.search(self.definition)
        return (found[1], found[2]) if found else None


class Glossary:
    """The terms of a site; none, if it has no glossary."""

    def __init__(self, documents: Mapping[str, Document]) -> None:
        shown = documents.get(GLOSSARY)
        self.terms = list(_terms(shown.body)) if shown else []

    @cached_property
    def _by_name(self) -> dict[str, Term]:
        return {_called(name): term for term in self.terms for name in term.names}

    @cached_property
    def _names(self) -> re.Pattern:
        names = sorted({n for t in self.terms for n in t.names}, key=len, reverse=True)
        return re.compile(rf"(?<![\w-])(?=\w)(?:{'|'.join(map(_pattern, names))})(?![\w-])")

    def linked(self, body: str, source: str) -> tuple[str, list[Term]]:
        """Link each term at its first use in the prose of a page.

        Parameters
        ----------
        source
            The page.

        Returns
        -------
        body, terms
            The page, and the terms that it uses, in that order.
        """
        if not self.terms or source == GLOSSARY:
            return body, []
        edits, used = [], {}
        for match in self._names.finditer(_prose(body)):
            term = self._by_name[_called(match[0])]
            if term.id not in used:
                used[term.id] = term
                href = f"{relative(source, ADDRESS)}#{term.id}"
                text = body[match.start() : match.end()]
                edits.append((*match.span(), f'<a class="term" href="{href}">{text}</a>'))
        return edited(body, edits), list(used.values())


def _called(name: str) -> str:
    name = re.sub(r"\s+", " ", name)
    return name if _is_proper(name) else name.lower()


def _is_proper(name: str) -> bool:
    """Tell whether a name has capitals of its own, as NTK and Gaussian process have."""
    return any(letter.isupper() for letter in name[1:]) or name.split()[0] in PROPER


PROPER = {"Gaussian", "Hamiltonian", "Langevin", "Laplace", "Laplace's", "Markov"}


def _pattern(name: str) -> str:
    words = r"\s+".join(map(re.escape, name.split()))
    if _is_proper(name):
        return words
    return f"[{name[0].lower()}{name[0].upper()}]{words[1:]}"


def _terms(body: str) -> Iterator[Term]:
    """Read the definition list, whose terms are named by the spans in them."""
    found = elements(body)
    for one in found:
        if one.tag == "span" and one.id.startswith("term-"):
            names = [plain(body[one.inner : one.inner_end])]
            names += [name for name in one.attrs.get("data-also", "").split("|") if name]
            yield Term(one.id, tuple(names), _definition(one, body))


def _definition(one: Element, body: str) -> str:
    item = one.parent
    row = item.parent.children
    given = row[row.index(item) + 1]
    return re.sub(r"</?p>", "", body[given.inner : given.inner_end]).strip()


def _prose(body: str) -> str:
    """Blank out all but the prose, so that places stay the same."""
    kept = bytearray(len(body))
    found = elements(body)
    for one in found:
        if one.tag in PROSE:
            kept[one.inner : one.inner_end] = b"\1" * (one.inner_end - one.inner)
    for one in found:
        if one.tag in APART or APART_CLASSES & set(one.classes) or one.id == "refs":
            kept[one.start : one.end] = bytes(one.end - one.start)
    for tag in TAG.finditer(body):
        kept[tag.start() : tag.end()] = bytes(tag.end() - tag.start())
    runs = (run.span() for run in RUN.finditer(kept))
    return "".join(body[i:j] if kept[i] else "\0" * (j - i) for i, j in runs)


def cards(terms: Sequence[Term]) -> str:
    """Return the definitions of a page's terms, for the card that a link shows."""
    rows = "\n".join(
        f'<div data-card="{term.id}"><b>{term.names[0]}</b>: {term.short}</div>' for term in terms
    )
    return f'<template id="cards">\n{rows}\n</template>' if rows else ""
