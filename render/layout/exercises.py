"""Exercises: their headings and marks on a page, and the list of all of them.

An exercise of a book keeps the book's label: one whose title begins with `3.P10 · ` is called
so, and nothing else. Its marks are attributes of its div: `kind`, `difficulty`, `minutes`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape

from render.layout.document import Document, relative
from render.layout.feed import plain
from render.layout.markup import Element, edited, elements, first
from render.project import Page

KINDS = ("derive", "compute", "experiment", "open")
MARKS = ("kind", "difficulty", "minutes")
PLACE = '<div id="all-exercises">'
TITLE = re.compile(
    r'<p>\s*<span class="theorem-title">\s*<strong>(.*?)</strong>\s*</span>\s*', re.DOTALL
)
NUMBERED = re.compile(r"(Exercise[\s\u00a0]|Exercise&nbsp;)(\d+)(?: \((.*)\))?$", re.DOTALL)
OF_BOOK = re.compile(r"(\d+\.[A-Z]\d+) · ")
LABEL = re.compile(r"(exr|sol)-(\d+)-([a-z]\d+)$")
HEADING = re.compile(r"h[1-6]$")
EMPTY = re.compile(r"\s*</p>")
FORMULA = re.compile(r"<math.*?</math>", re.DOTALL)
WORD = re.compile(r"[^\W\d_][\w-]{2,}")


@dataclass(frozen=True)
class Exercise:
    """An exercise: where it stands, what it is called, its marks, and each word of it once."""

    page: Page
    id: str
    name: str
    marks: Mapping[str, str]
    words: str


def headed(html: str) -> str:
    """Give each exercise a heading with its name, and below it its marks."""
    edits, level = [], 1
    for one in elements(html):
        if HEADING.match(one.tag):
            level = int(one.tag[1])
        if "exercise" in one.classes and one.id:
            edits += _headed(one, html, min(level + 1, 6))
        if "quarto-xref" in one.classes or "proof-title" in one.classes:
            edits += _named(one, html)
    return edited(html, edits)


def _headed(one: Element, html: str, level: int) -> list[tuple[int, int, str]]:
    """Take the title out of the first paragraph, which may hold nothing else."""
    marks, title = _marks(one), TITLE.search(html, one.inner, one.inner_end)
    name = _name(title[1]) if title else ""
    tag = f'<div class="{escape(" ".join(one.classes))}"{_data(marks)}>'
    head = f'<h{level} class="theorem-title" id="{one.id}">{name}</h{level}>'
    said = f'<p class="marks">{in_words(marks)}</p>' if marks else ""
    edits = [(one.start, one.inner, f"{tag}\n{head}\n{said}\n")]
    if title:
        closed = EMPTY.match(html, title.end())
        edits.append(
            (title.start(), closed.end() if closed else title.end(), "" if closed else "<p>")
        )
    return edits


def _name(title: str) -> str:
    match = NUMBERED.match(title.strip())
    if match is None:
        return title
    number, name = match[2], match[3]
    if name and OF_BOOK.match(name):
        return name
    return f"Exercise {number}" + (f" · {name}" if name else "")


def _marks(one: Element) -> dict[str, str]:
    """Return the marks of a div; one writer puts `data-` before those that HTML lacks."""
    found = {key: one.attrs.get(key) or one.attrs.get(f"data-{key}") for key in MARKS}
    return {key: value for key, value in found.items() if value}


def _data(marks: Mapping[str, str]) -> str:
    return "".join(f' data-{key}="{escape(value)}"' for key, value in marks.items())


def in_words(marks: Mapping[str, str]) -> str:
    """Return `derive · easy · 10 minutes`, whose last two words stay together."""
    said = dict(marks)
    if "minutes" in said:
        said["minutes"] += "\N{NO-BREAK SPACE}minutes"
    if said.get("kind") == "open":
        said["kind"] = '<strong class="open">open</strong>'
    return " · ".join(said.values())


def _named(one: Element, html: str) -> list[tuple[int, int, str]]:
    """Call what points to a book's exercise, or answers one, by the book's label."""
    target = one.attrs.get("href", "") if one.tag == "a" else _around(one)
    label = LABEL.search(target)
    if not label:
        return []
    name = f"{label[2]}.{label[3].upper()}"
    text = name if one.tag == "a" else f"<em>{name}</em>. "
    return [(one.inner, one.inner_end, text)]


def _around(one: Element) -> str:
    while one is not None and not one.id:
        one = one.parent
    return one.id if one else ""


def collected(documents: Mapping[str, Document], pages: Iterable[Page]) -> list[Exercise]:
    """Return the exercises of pages, in their order.

    Parameters
    ----------
    documents
        The pages, polished, by source.
    """
    return [found for page in pages for found in _of_page(page, documents[page.source].body)]


def _of_page(page: Page, html: str) -> Iterable[Exercise]:
    for one in elements(html):
        if "exercise" in one.classes and one.children:
            head = next((child for child in one.children if HEADING.match(child.tag)), None)
            if head is not None:
                said = [child.end for child in one.children if "marks" in child.classes]
                words = _words(html[max(head.end, *said, 0) : one.end])
                yield Exercise(page, head.id, html[head.inner : head.inner_end], _marks(one), words)


def _words(html: str) -> str:
    found = WORD.findall(plain(FORMULA.sub(" ", html)).lower())
    return " ".join(dict.fromkeys(found))


def listed(body: str, at: Page, found: list[Exercise], titles: Mapping[str, str]) -> str:
    """Fill the place for the list of all exercises, if a page has one.

    Parameters
    ----------
    body
        The page's content.
    at
        The page that lists them.
    titles
        Titles of the pages, as HTML, by source.
    """
    place = first(body, id="all-exercises")
    if place is None:
        return body
    groups: dict[str, list[Exercise]] = {}
    for one in found:
        groups.setdefault(one.page.source, []).append(one)
    html = "\n".join(_group(at, titles[source], group) for source, group in groups.items())
    return edited(
        body,
        [
            (place.start, place.start, _controls(found)),
            (place.inner, place.inner_end, f"\n{html}\n"),
        ],
    )


def _controls(found: list[Exercise]) -> str:
    """Return what `solved.js` filters the list by; the styles show it where scripts run."""
    asked = {
        key: list(dict.fromkeys(one.marks[key] for one in found if key in one.marks))
        for key in ("kind", "difficulty")
    } | {"marks": ["solved", "not solved"]}
    choices = "".join(_choice(key, values) for key, values in asked.items())
    return (
        '<div class="exercise-controls">\n'
        '<label>Word or label<input type="search" name="words" spellcheck="false"></label>\n'
        f"{choices}"
        '<button type="button">Save my marks</button>\n'
        '<label class="file"><span>Load marks</span>'
        '<input type="file" accept=".json" class="visually-hidden"></label>\n</div>\n'
        f'<p role="status">{len(found)} exercises.</p>\n'
    )


def _choice(key: str, values: list[str]) -> str:
    options = "".join(f"<option>{escape(value)}</option>" for value in values)
    return (
        f'<label>{key.capitalize()}<select name="{key}"><option value="">all</option>'
        f"{options}</select></label>\n"
    )


def _group(at: Page, title: str, group: list[Exercise]) -> str:
    page = group[0].page
    href = relative(at.source, page.href)
    rows = "\n".join(_row(one, href) for one in group)
    head = f'<h2 class="listing-title"><a href="{href}">{title}</a></h2>'
    return f'<section class="exercises">\n{head}\n<ul>\n{rows}\n</ul>\n</section>'


def _row(one: Exercise, href: str) -> str:
    data, solved = _data({**one.marks, "words": one.words}), f"Solved: {plain(one.name)}"
    return (
        f'<li{data}><a href="{href}#{one.id}">{one.name}</a> '
        f'<span class="marks">{in_words(one.marks)}</span> <label class="solved">'
        f'<input type="checkbox" aria-label="{escape(solved)}">solved</label></li>'
    )
