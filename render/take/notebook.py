"""A page as an executed Jupyter notebook, from the execution that it shows: nothing runs again.

Numbers of figures, equations and exercises, and the texts of citations, are taken from the page
as it was laid out; what only a page can do (move, fold, link to its neighbours) links back to it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urljoin

from render.cells import Cell, Text, split_page
from render.layout.document import Document
from render.layout.feed import plain
from render.layout.markup import elements
from render.project import Executed
from render.take.outputs import outputs

OPTION = re.compile(r"^#\|.*\n?", re.M)
DIV = re.compile(r"^ *:{3,}(?: *\{(?:#(?P<id>[\w-]+))?[^}\n]*\})? *$\n?", re.M)
DISPLAYED = re.compile(r"\$\$\s*\{#(eq-[\w-]+)\}")
HEADING = re.compile(r"^(#+ .*?) *\{[^}\n]*\} *$", re.M)
BRACKETED = re.compile(r"(?<!\w)\[([^\]\[]*@[\w:-]+[^\]\[]*)\]")
CITED = re.compile(r"(?<![\w@.])@([A-Za-z][\w:-]*\w)")
LINK = re.compile(r"(\]\()([^)\s]+)(\))")
SPAN = re.compile(r"(?<=[\])])\{[.#][^}\n]*\}")
FOLD = re.compile(r"</?details[^>]*>|</?summary[^>]*>")
RAW = re.compile(r"^```+\{=html\}\n.*?^```+\n?", re.M | re.S)


@dataclass(frozen=True)
class Place:
    """Where a notebook comes from, and where its sources are.

    `page` is the page's whole address, `repository` and `commit` say where a machine without the
    sources gets them, `folder` is the page's folder in there.
    """

    page: str
    folder: str
    repository: str = ""
    commit: str = ""


def notebook(run: Executed, shown: Document, place: Place) -> str:
    """Return a page as a notebook in Jupyter's format 4.5.

    Parameters
    ----------
    run
        The page's execution, with what each part gave.
    shown
        The page as it was laid out.
    """
    words = _Words(shown, place.page)
    cells = [_markdown("title", _head(run, shown, place))]
    if place.repository:
        cells.append(_code("elsewhere", ELSEWHERE.format(**vars(place)), None, []))
    parts = split_page(run.page)
    given = run.outputs or [[] for _ in parts]
    for number, (part, gave) in enumerate(zip(parts, given, strict=True), 1):
        if isinstance(part, Cell):
            cells.append(_executed(part, gave, run.files_dir, words))
        elif text := words.of(_filled(part, gave)):
            cells.append(_markdown(f"text-{number}", text))
    if words.sources:
        cells.append(_markdown("sources", "\n".join(f"- {one}" for one in words.sources)))
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    whole = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


ELSEWHERE = """\
import sys

if "google.colab" in sys.modules:  # a machine of its own: fetch package and data
    !git clone -q {repository} /content/page
    !cd /content/page && git checkout -q {commit} && pip install -q .
    %cd /content/page/{folder}"""


def _head(run: Executed, shown: Document, place: Place) -> str:
    summary = f"{plain(shown.description)}\n\n" if shown.description else ""
    return (
        f"# {plain(shown.title)}\n\n{summary}The notebook of [{place.page}]({place.page}), where "
        f"the figures move. It runs in the folder `{place.folder}` of the sources, after "
        "`pip install .` at their root."
    )


def _filled(text: Text, values: Sequence[str]) -> str:
    pieces, end = [], 0
    for inline, value in zip(text.inlines, values, strict=True):
        pieces += [text.text[end : inline.start], value]
        end = inline.end
    return "".join([*pieces, text.text[end:]])


def _markdown(name: str, text: str) -> dict:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": text}


def _code(name: str, code: str, count: int | None, made: list[dict], hidden: bool = False) -> dict:
    return {
        "cell_type": "code",
        "id": name,
        "metadata": {"jupyter": {"source_hidden": True}} if hidden else {},
        "execution_count": count,
        "source": OPTION.sub("", code).strip("\n"),
        "outputs": made,
    }


def _executed(cell: Cell, gave: str, files: Path, words: _Words) -> dict:
    if cell.options.get("eval") is False:  # shown on the page, and not meant to run
        code = OPTION.sub("", cell.code).strip("\n")
        return _markdown(f"cell-{cell.number}", f"```python\n{code}\n```")
    made = list(outputs(gave, files, cell.indent))
    caption = cell.options.get("fig-cap") or cell.options.get("tbl-cap")
    if made and isinstance(caption, str):
        label = words.labels.get(str(cell.options.get("label")), "")
        number = f"**{label}.** " if label else ""
        said = {"text/markdown": number + words.of(caption)}
        made.append({"output_type": "display_data", "data": said, "metadata": {}})
    hidden = cell.options.get("include") is False or cell.options.get("echo") is False
    return _code(f"cell-{cell.number}", cell.code, cell.number, made, hidden)


class _Words:
    """A page's Markdown as Jupyter reads it.

    Attributes
    ----------
    labels
        `fig-corners` to `Figure 1`.
    sources
        The entries of the reference list.
    """

    def __init__(self, shown: Document, address: str) -> None:
        self._address = address
        found = elements(shown.body)
        html = shown.body
        self.labels: dict[str, str] = {}
        self._numbers: dict[str, str] = {}
        self._cited: dict[tuple[str, bool], str] = {}
        self.sources: list[str] = []
        for one in found:
            text = html[one.inner : one.inner_end]
            if "quarto-xref" in one.classes:
                self.labels[one.attrs["href"].rpartition("#")[2]] = plain(text).replace("\xa0", " ")
            elif "equation-number" in one.classes and one.parent and one.parent.id:
                self._numbers[one.parent.id] = plain(text).strip("() ")
            elif "theorem-title" in one.classes:
                self._title(one, plain(text))
            elif one.tag == "span" and "citation" in one.classes:
                said = plain(text).strip()
                self._cited[one.attrs.get("data-cites", ""), said.startswith("(")] = said
            elif "csl-entry" in one.classes:
                self.sources.append(" ".join(plain(text).split()))

    def _title(self, one, text: str) -> None:
        around = one  # an exercise's title is a heading, which has the anchor itself
        while around is not None and not around.id:
            around = around.parent
        if around is not None:
            self.labels[around.id] = " ".join(text.split())

    def of(self, text: str) -> str:
        """Return a piece of a page's Markdown for a notebook."""
        text = RAW.sub("", text)
        text = DIV.sub(self._div, text)
        text = DISPLAYED.sub(lambda m: f"\\tag{{{self._numbers.get(m[1], '?')}}}$$", text)
        text = SPAN.sub("", HEADING.sub(r"\1", text))
        text = BRACKETED.sub(self._bracketed, text)
        text = CITED.sub(self._named, text)
        text = LINK.sub(lambda m: m[1] + self._whole(m[2]) + m[3], text)
        opened, closed = text.count("<details"), text.count("</details")
        if opened != closed or text.find("</details") < text.find("<details"):
            text = FOLD.sub(lambda m: "**" if "summary" in m[0] else "", text)
        return text.strip()

    def _div(self, match: re.Match) -> str:
        label = self.labels.get(match["id"] or "")
        return f"**{label}.**\n\n" if label and not label.startswith("Solution") else "\n"

    def _bracketed(self, match: re.Match) -> str:
        keys = CITED.findall(match[1])
        said = self._cited.get((" ".join(keys), True))
        if not keys or not said:
            return match[0]
        return f"[{said[1:-1]}]({self._address}#ref-{keys[0]})".join("()")

    def _named(self, match: re.Match) -> str:
        key = match[1]
        if key in self.labels:
            return f"[{self.labels[key]}]({self._address}#{key})"
        said = self._cited.get((key, False))
        return f"[{said}]({self._address}#ref-{key})" if said else match[0]

    def _whole(self, link: str) -> str:
        if link.startswith("#"):
            return self._address + link
        return re.sub(r"\.qmd(?=$|#)", ".html", urljoin(self._address, unquote(link)))
