"""What search knows by name: terms with their synonyms, exercises by number, equations.

Words in the text are pagefind's. These answers come first where a query is one of their keys.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from render.layout.document import Document, resolve
from render.layout.exercises import OF_BOOK, Exercise
from render.layout.feed import plain
from render.layout.markup import elements
from render.layout.terms import ADDRESS, Glossary
from render.project import Page

FILE = "site_libs/tinynets/answers.json"
HIDDEN = re.compile(r"<annotation.*?</annotation>", re.DOTALL)


@dataclass(frozen=True)
class Answer:
    """An answer: title, address from the root, a line of text, and the queries that ask for it."""

    title: str
    url: str
    text: str
    keys: list[str]


def write(
    out: Path,
    glossary: Glossary,
    exercises: Sequence[Exercise],
    documents: Mapping[str, Document],
    pages: Sequence[Page],
) -> None:
    """Write the answers of a site, for the search to load when it is opened.

    Parameters
    ----------
    out
        The site.
    documents
        The pages, polished, by source.
    pages
        Those that are searched.
    """
    found = [*_terms(glossary), *_exercises(exercises, documents)]
    for page in pages:
        found += _equations(page, documents[page.source], glossary)
    text = json.dumps([asdict(one) for one in found], ensure_ascii=False, separators=(",", ":"))
    (out / FILE).write_text(text, encoding="utf-8")


def key(text: str) -> str:
    """Return a query as keys are written: lower case, single spaces, no punctuation."""
    return " ".join(re.sub(r"[^\w.+-]+", " ", text.lower()).split()).strip(".")


def _terms(glossary: Glossary) -> Iterator[Answer]:
    for term in glossary.terms:
        address, where = term.see or (f"{ADDRESS}#{term.id}", "Glossary")
        path, _, anchor = address.partition("#")
        url = resolve(ADDRESS, path) + (f"#{anchor}" if anchor else "")
        title = f"{term.names[0]}: {plain(where)}"
        yield Answer(title, url, _line(term.short), sorted({key(name) for name in term.names}))


def _exercises(exercises: Sequence[Exercise], documents: Mapping[str, Document]):
    counts: Counter = Counter()
    labels = {_label(one) for one in exercises}
    for one in exercises:
        name, label = _line(one.name), _label(one)
        keys = [key(name)]
        if label:
            chapter, kind, number = re.match(r"(\d+)\.([A-Z])(\d+)", label).groups()
            counts[chapter] += 1
            word = "problem" if kind == "P" else "exercise"
            keys += [label.lower(), f"exercise {label.lower()}", f"{word} {chapter}.{number}"]
            if f"{chapter}.E{counts[chapter]}" not in labels:  # the n-th, whatever its kind
                keys.append(f"exercise {chapter}.{counts[chapter]}")
        where = plain(documents[one.page.source].title)
        yield Answer(name, f"{one.page.href}#{one.id}", where, sorted(set(keys)))


def _label(one: Exercise) -> str:
    match = OF_BOOK.match(plain(one.name))
    return match[1] if match else ""


def _equations(page: Page, shown: Document, glossary: Glossary) -> Iterator[Answer]:
    """Equations are known by their labels, `eq-elbo`, and by what a term of them is called."""
    names = {key(name): term.names for term in glossary.terms for name in term.names}
    for one in elements(shown.body):
        if one.id.startswith("eq-") and "equation" in one.classes:
            words = one.id.removeprefix("eq-").replace("-", " ")
            called = {words, *(key(name) for name in names.get(words, ()))}
            keys = sorted(
                {text for name in called for text in (f"{name} equation", f"equation {name}")}
            )
            title = f"Equation: {names.get(words, (words,))[0]}"
            yield Answer(title, f"{page.href}#{one.id}", plain(shown.title), keys)


def _line(html: str) -> str:
    return " ".join(plain(HIDDEN.sub("", html)).split())
