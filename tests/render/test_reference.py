"""The pages that nobody writes: the package's reference, the status, what machines read."""

import json
import re
from xml.etree import ElementTree as ET

import pytest
from bs4 import BeautifulSoup

from render.assemble import Run, assemble
from render.cells import split_page
from render.layout import feed
from render.layout.document import Document
from render.layout.listing import Entry
from render.project import Page
from render.stamp import Stamps
from render.take import docstrings
from render.take.machines import linked_data, llms
from render.take.reference import Reference
from render.take.sources import signature
from render.take.status import status
from tests.render.helpers import write_site
from tests.render.test_take import MADE

WALK = '''"""Walk about a target, {so on}.

More of *it*, as @nobody says.
"""

from tinynets.walk._hidden import stroll

__all__ = ["Path", "stroll"]


class Path:
    """Where it went."""

    def __init__(self, start: float, *, {long}) -> None:
        """Begin."""

    def length(self) -> float:
        """Return how long it is."""
'''
HIDDEN = '''
def stroll(start, *, n_steps: int = 3) -> float:
    """Take steps of $x_1$ and so on.

    Parameters
    ----------
    start, stop : float
        Where; a < b.
    n_steps : int
        How many: `n_steps` of them.

    Raises
    ------
    ValueError
        If *x* is negative.

    Examples
    --------
    >>> stroll(0)
    3
    """


def _helper():
    """Nobody sees."""
'''
PAGE = """---
title: A walk
date: 2026-03-04
---

```{python}
SEED = 5
from tinynets.walk import stroll, Path as Way
from tinynets import walk
walk.Path(1)
assert SEED == 5
```
"""


@pytest.fixture
def project(tmp_path):
    longer = ", ".join(f"option_{i}: float = {i}.0" for i in range(6))
    files = {
        "tinynets/__init__.py": "",
        "tinynets/walk/__init__.py": WALK.replace("{long}", longer),
        "tinynets/walk/_hidden.py": HIDDEN,
        "tinynets/hill/__init__.py": "def top():\n    '''Say `top`.'''\n",
        "tinynets/hill/side.py": "def down():\n    '''Say `down`.'''\n",
        "tinynets/plain.py": "def f():\n    '''Say `f`.'''\n",
        "posts/walk.qmd": PAGE,
    }
    return write_site(tmp_path, files)


@pytest.fixture
def pages(project):
    return Reference(project).pages()


def soup(pages, name):
    return BeautifulSoup(pages[f"reference/{name}.qmd"][1].body, "html.parser")


def test_headings_go_down_by_one(pages):
    found = [(head.name, head["id"]) for head in soup(pages, "hill").select("h1, h2, h3, h4")]
    assert found == [
        ("h2", "tinynets.hill.top"),
        ("h2", "tinynets.hill.side"),
        ("h3", "tinynets.hill.side.down"),
    ]


def test_a_page_documents_what_a_module_offers(pages):
    assert list(pages) == [f"reference/{n}.qmd" for n in ("hill", "plain", "walk", "index")]
    names = [heading["id"] for heading in soup(pages, "walk").select("h2")]
    assert names == ["tinynets.walk.Path", "tinynets.walk.stroll"]  # where it is imported from
    assert "_helper" not in pages["reference/walk.qmd"][1].body
    page, shown = pages["reference/walk.qmd"]
    assert (page.href, shown.title) == ("reference/walk.html", "tinynets.walk")
    assert shown.description == "Walk about a target, {so on}."
    assert "More of *it*, as @nobody says." in soup(pages, "walk").p.get_text()


def test_sections_become_lists_and_examples_code(pages):
    page = soup(pages, "walk")
    assert [one.get_text() for one in page.select("strong")] == [
        "Parameters", "Raises", "Examples"
    ]  # fmt: skip
    assert [dt.get_text() for dt in page.select("dt")] == [
        "length() -> float", "start, stop : float", "n_steps : int", "ValueError"
    ]  # fmt: skip
    assert "Where; a < b." in page.get_text() and "If *x* is negative." in page.get_text()
    assert page.select("pre")[-1].get_text().strip() == ">>> stroll(0)\n3"
    assert page.math is not None


def test_a_signature_has_a_parameter_a_line_if_it_is_long(pages):
    first, second = soup(pages, "walk").select("pre")[:2]
    assert first.get_text().startswith(
        "class Path(\n    start: float,\n    *,\n    option_0: float=0.0,"
    )
    assert second.get_text().strip() == "stroll(start, *, n_steps: int=3) -> float"


def test_names_lead_to_pages_that_use_them_and_back(project, pages):
    uses = soup(pages, "walk").select(".api-uses")
    assert [(one.a["href"], one.get_text()) for one in uses] == [
        ("../posts/walk.html", "Used in: A walk.")
    ] * 2
    code = (
        '<span class="im">from</span> tinynets.walk <span class="im">import</span> stroll, '
        'other, Path <span class="im">as</span> stroll'
    )
    linked = Reference(project).linked(code, "posts/walk.html")
    assert re.sub(r"<[^>]*>", "", linked) == re.sub(r"<[^>]*>", "", code)
    assert re.findall(r'href="([^"]*)"', linked) == [
        "../reference/walk.html#tinynets.walk.stroll",
        "../reference/walk.html#tinynets.walk.Path",
    ]


def test_a_new_docstring_makes_a_new_site(project):
    before = Stamps(project).of_frame("builtin")
    path = project.root / "tinynets" / "plain.py"
    path.write_text(path.read_text().replace("Say", "Tell"))
    assert Stamps(project).of_frame("builtin") != before


def test_a_site_without_a_package_has_no_reference(tmp_path):
    assert Reference(write_site(tmp_path, {})).pages() == {}


def test_prose_is_no_markup():
    assert docstrings.markdown("A `b_c` and a_b*c $x_1$, [n].") == (
        "A `b_c` and a\\_b\\*c $x_1$, \\[n\\]."
    )


def test_the_status_is_what_the_runs_say(project):
    executed = {}
    for page in project.shown_pages:
        parts = split_page(page)
        run = Run([[] for _ in parts], project.root, 12.4, made=MADE)
        executed[page.source] = assemble(page, parts, run)
    documents = {s: Document(s, "", "", "", "") for s in executed}
    page, shown = status(project, documents, executed)
    table = BeautifulSoup(shown.body, "html.parser")
    rows = [[c.get_text() for c in row.select("td")] for row in table.select("tbody tr")]
    assert rows == [["posts/walk.qmd", "5 March 2026", "12", "its own", "5", "1", "0123456"]]
    assert page.href == "status.html" and status(project, documents, {}) is None


WEBSITE = {"title": "Tiny", "description": "Small.", "site-url": "https://tiny.example"}


def test_machines_get_every_page_with_its_description(project):
    pages = [one for one in project.pages if one.source != "index.qmd"]
    documents = {p.source: Document("T<sub>1</sub>", "", "Says  so.", "", "") for p in pages}
    assert llms(WEBSITE, pages, documents).split("\n\n")[-1] == (
        "- [T1](https://tiny.example/posts/index.html): Says so.\n"
        "- [T1](https://tiny.example/posts/walk.html): Says so.\n"
    )


def test_linked_data_ends_no_script(project):
    page = next(one for one in project.pages if one.stem == "walk")
    given = {"address": "a", "authors": ["B"], "image": None, "website": WEBSITE}
    shown = Document("A &lt;/script&gt;", "", "", "", "")
    text = linked_data(shown, date=page.meta["date"], **given)
    assert "<" not in text and json.loads(text)["headline"] == "A </script>"
    undated = json.loads(linked_data(shown, date=None, **given))
    assert undated["@type"] == "WebPage" and undated["name"] == "A </script>"


def test_the_feed_has_neither_set_up_nor_controls(project):
    body = (
        '<div id="setup" class="cell"><pre>import torch</pre></div><p>Text.</p>'
        "<fieldset>move</fieldset><script>1</script>"
    )
    page = Page(project.root, "posts/walk.qmd", "", {}, {}, "", 1)
    entry = Entry("W", "", "", None, (), "posts/walk.html", None, "", page)
    documents = {"posts/walk.qmd": Document("W", "", "", "", body)}
    text = feed.rss("All", WEBSITE, "posts/index.xml", [entry], documents)
    assert ET.fromstring(text).findtext(".//item/description") == "<p>Text.</p>"


def test_a_function_without_parameters_is_one_line():
    import ast

    (node,) = ast.parse("def f() -> 'int':\n    pass").body
    assert signature(node) == "f() -> 'int'"
