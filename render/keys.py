"""Which keys `_quarto.yml` and a page's front matter may have, and what each may hold."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from render.errors import RenderError

UNSAFE = re.compile(r"<[a-zA-Z/!?]|\]\(|\{[^}]*=")  # HTML, a link, an attribute
QUOTED = re.compile(r"\$[^$]+\$|`[^`]+`")


class Kind(NamedTuple):
    """What a value may be: a test, its name in a message, and what the keys below it hold."""

    is_valid: Callable[[object], bool]
    name: str
    below: Mapping = {}


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_texts(value: object) -> bool:
    return _is_text(value) or (isinstance(value, list) and all(map(_is_text, value)))


def _is_safe(value: object) -> bool:
    """Tell whether a text holds nothing that could run; maths and code may hold a `<`."""
    text = value if isinstance(value, str) else ""
    return not UNSAFE.search(QUOTED.sub("", text)) and "{=" not in text


def _is_parts(value: object) -> bool:
    return all(isinstance(part, Mapping) or _is_text(part) for part in _parts(value))


def _parts(value: object) -> list:
    return value if isinstance(value, list) else [value]


def _is_menu(value: object) -> bool:
    """Tell whether each entry is a page's name, or keys with texts and with entries below."""
    return all(_is_text(entry) or _is_entry(entry) for entry in _parts(value))


def _is_entry(value: object) -> bool:
    if not isinstance(value, Mapping):
        return False
    texts = all(_is_text(value[key]) for key in MENU_TEXTS if key in value)
    return texts and all(_is_menu(value[key]) for key in ("contents", "menu") if key in value)


def _one_of(*names: str) -> Callable[[object], bool]:
    return lambda value: isinstance(value, bool) or value in names


ANY = Kind(lambda value: True, "anything")
BOOL = Kind(lambda value: isinstance(value, bool), "true or false")
TEXT = Kind(_is_text, "text")
LABEL = Kind(
    lambda value: (_is_text(value) or _is_number(value)) and _is_safe(value),
    "text without HTML, links and attributes",
)
TEXTS = Kind(_is_texts, "text, or a list of texts")
DATE = Kind(
    lambda value: _is_text(value) or isinstance(value, datetime.date), "a day such as 2026-11-20"
)
NUMBER = Kind(_is_number, "a number")
DEPTH = Kind(lambda value: _is_number(value) and value in range(1, 7), "a number from 1 to 6")
KEYS = Kind(lambda value: isinstance(value, Mapping), "`key: value` lines")
PARTS = Kind(lambda value: value is False or _is_parts(value), "a list of entries, or one entry")
ENTRIES = Kind(_is_menu, "entries: names of pages, or `text:` and `href:` lines")
OTHERS = "*"  # for keys that are Quarto's alone
BAR = {"left": ENTRIES, "right": ENTRIES, OTHERS: ANY}
SIDES = {"id": TEXT, "title": LABEL, "contents": ENTRIES, OTHERS: ANY}
FOOT = {**dict.fromkeys(("left", "center", "right"), TEXT), OTHERS: ANY}
MENU = Kind(lambda value: value is False or isinstance(value, Mapping), "`key: value` lines", BAR)
MENU_TEXTS = ("text", "href", "file", "section", "auto", "icon", "aria-label")
COUNT = Kind(lambda value: type(value) is int and value > 0, "a whole number from 1 up")
SORT = Kind(lambda value: value is False or _is_texts(value), "such as `date desc`, or a list")
SEARCH = Kind(lambda value: isinstance(value, bool | Mapping), "true, false or `key: value` lines")
LEVELS = ("easy", "medium", "hard")
LEVEL = Kind(lambda value: value in LEVELS, "easy, medium or hard")
MINUTES = Kind(
    lambda value: type(value) is int and 0 < value <= 300, "a whole number of minutes, up to 300"
)
ONE_FILE = Kind(
    lambda value: _is_text(value) or (_is_texts(value) and len(value) == 1), "the name of one file"
)

EXECUTE = {
    **dict.fromkeys(("echo", "eval", "include", "warning", "error"), BOOL),
    "output": Kind(_one_of("asis"), "true, false or asis"),
    "freeze": Kind(_one_of("auto"), "true, false or auto"),
    **dict.fromkeys(("fig-width", "fig-height", "fig-dpi"), NUMBER),
    "fig-format": TEXT,
    "daemon": ANY,
}
LISTING = {
    "id": TEXT,
    **dict.fromkeys(("contents", "fields"), TEXTS),
    "sort": SORT,
    "max-items": COUNT,
    **dict.fromkeys(("type", "categories", "feed", "sort-ui", "filter-ui"), ANY),
    **dict.fromkeys(("date-format", "image-height", "grid-columns", "page-size"), ANY),
}
PAGE = {
    **dict.fromkeys(("title", "subtitle", "description", "abstract", "pagetitle"), LABEL),
    **dict.fromkeys(("date", "date-modified"), DATE),
    **dict.fromkeys(("categories", "keywords", "aliases"), TEXTS),
    **dict.fromkeys(("image", "image-alt", "nocite", "page-layout", "lang"), TEXT),
    **dict.fromkeys(("draft", "toc", "number-sections", "page-navigation"), BOOL),
    "author": PARTS,
    "sidebar": Kind(lambda value: value is False or _is_text(value), "a sidebar's id, or false"),
    "title-block-style": ANY,
    "search": BOOL,
    "toc-depth": DEPTH,
    "order": NUMBER,
    **dict.fromkeys(("needs", "leads-to"), TEXTS),
    "difficulty": LEVEL,
    "minutes": MINUTES,
    "listing": Kind(PARTS.is_valid, PARTS.name, LISTING),
    "execute": EXECUTE,
}
CONFIG = {
    "project": {
        **dict.fromkeys(("type", "output-dir", "execute-dir"), TEXT),
        **dict.fromkeys(("render", "resources", "pre-render", "post-render"), TEXTS),
        "preview": ANY,
    },
    "website": {
        **dict.fromkeys(("title", "description"), LABEL),
        **dict.fromkeys(("site-url", "site-path"), TEXT),
        **dict.fromkeys(("repo-url", "repo-branch", "favicon", "image", "image-alt"), TEXT),
        **dict.fromkeys(("page-navigation", "back-to-top-navigation", "bread-crumbs"), BOOL),
        **dict.fromkeys(("open-graph", "twitter-card", "search"), SEARCH),
        "reader-mode": BOOL,
        "repo-actions": ANY,
        "draft-mode": TEXT,
        "navbar": MENU,
        "sidebar": Kind(PARTS.is_valid, PARTS.name, SIDES),
        "page-footer": Kind(lambda v: _is_text(v) or isinstance(v, Mapping), "text or parts", FOOT),
    },
    "format": {
        "html": {
            **dict.fromkeys(("css", "include-in-header"), TEXTS),
            **dict.fromkeys(("fig-width", "fig-height", "fig-dpi"), NUMBER),
            **dict.fromkeys(("fig-format", "lang"), TEXT),
            "toc": BOOL,
            "toc-depth": DEPTH,
            OTHERS: ANY,
        }
    },
    "execute": EXECUTE,
    "bibliography": ONE_FILE,
    "csl": TEXT,
    "lang": TEXT,
    "toc": BOOL,
    "toc-depth": DEPTH,
    "number-sections": BOOL,
    "link-citations": BOOL,
    **dict.fromkeys(("jupyter", "crossref", "author", "date-format", "license"), ANY),
}


def problems(
    value: Mapping, known: Mapping, lines: Mapping[str, int], source: str, prefix: str = ""
) -> Iterable[RenderError]:
    """Yield what is wrong with keys and values: each with its line.

    Parameters
    ----------
    known
        Key to the kind of its value, or to the keys below it.
    lines
        Line of every key, dotted when nested.
    """
    for key, below in value.items():
        name = f"{prefix}{key}"
        kind = known.get(key, known.get(OTHERS))
        message = None
        if kind is None:
            message = (
                f"`{name}` is not a key the built-in renderer knows; expected one of "
                f"{', '.join(sorted(known))}"
            )
        elif isinstance(kind, Mapping):
            if isinstance(below, Mapping):
                yield from problems(below, kind, lines, source, f"{name}.")
            elif below is not None:
                message = f"`{name}` must hold `key: value` lines, got {below!r}"
        elif below is not None and not kind.is_valid(below):
            message = f"`{name}` must be {kind.name}, got {below!r}"
        else:
            for part in filter(
                lambda part: kind.below and isinstance(part, Mapping), _parts(below)
            ):
                yield from problems(part, kind.below, lines, source, f"{name}.")
        if message:
            line = lines.get(name, lines.get(prefix.rstrip(".")))
            yield RenderError(message, page=source, line=line)
