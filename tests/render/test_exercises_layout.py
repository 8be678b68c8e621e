"""Exercises have headings, marks and labels of their own, and one page lists them all."""

import pytest
from bs4 import BeautifulSoup

from render.layout.exercises import headed
from tests.render.helpers import build

EXERCISE = """::: {{#exr-{id} kind="{kind}" difficulty="hard" minutes="20"}}
## {title}

Show it. See @exr-{id}.
:::

<details class="solution"><summary>Answer</summary>

::: {{#sol-{id}}}
Because.
:::

</details>
"""
BOOK = EXERCISE.format(id="3-p10", kind="compute", title="3.P10 · A *norm*")
OWN = EXERCISE.format(id="own", kind="open", title="One of ours")
PAGES = {
    "posts/z.qmd": f"---\ntitle: Post\n---\n\n## A section\n\n{OWN}",
    "notes/a.qmd": f"---\ntitle: Chapter\n---\n\n{BOOK}",
    "exercises.qmd": "---\ntitle: All\n---\n\n::: {#all-exercises}\n:::\n",
}
# what Quarto writes of the same
QUARTOS = """<section id="s" class="level3"><h3 id="s">S</h3>
<div id="exr-3-p10" class="theorem exercise" kind="compute" data-difficulty="hard" data-minutes="20">
<p><span class="theorem-title"><strong>Exercise 1 (3.P10 · A <em>norm</em>)</strong></span> Show it.</p>
</div></section>"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    site = build(tmp_path_factory.mktemp("exercises"), PAGES)
    return lambda name: BeautifulSoup((site / name).read_text(encoding="utf-8"), "html.parser")


def test_a_books_exercise_has_the_books_label_alone(page):
    main = page("notes/a.html").main
    head = main.select_one(".exercise .theorem-title")
    assert (head.name, head["id"], head.get_text()) == ("h2", "exr-3-p10", "3.P10 · A norm")
    assert main.select_one("a.quarto-xref").get_text() == "3.P10"
    assert main.select_one(".proof-title").get_text().strip() == "3.P10."
    assert "Exercise" not in main.get_text() and "Solution" not in main.get_text()


def test_an_exercise_of_ours_is_counted_on_its_page(page):
    main = page("posts/z.html").main
    assert main.select_one("h3.theorem-title").get_text() == "Exercise 1 · One of ours"
    assert main.select_one(".exercise > .marks").get_text() == "open · hard · 20\xa0minutes"
    assert main.select_one("a.quarto-xref").get_text() == "Exercise\xa01"


def test_one_page_lists_all_exercises_posts_first(page):
    rows = page("exercises.html").select("#all-exercises li")
    assert [row.a["href"] for row in rows] == ["posts/z.html#exr-own", "notes/a.html#exr-3-p10"]
    assert rows[1].a.get_text() == "3.P10 · A norm" and rows[0]["data-kind"] == "open"
    assert [head.get_text() for head in page("exercises.html").select("section h2")] == [
        "Post",
        "Chapter",
    ]


def test_the_list_is_filtered_by_words_of_what_is_asked(page):
    listed = page("exercises.html")
    rows, controls = listed.select("#all-exercises li"), listed.select_one(".exercise-controls")
    assert rows[0]["data-words"] == "show see exercise"
    assert [one["name"] for one in controls.select("[name]")] == [
        "words",
        "kind",
        "difficulty",
        "marks",
    ]
    kinds = [option.get_text() for option in controls.select("[name=kind] option")]
    assert kinds == ["all", "open", "compute"]


def test_quartos_markup_gives_the_same_and_only_once():
    once = headed(QUARTOS)
    assert '<h4 class="theorem-title" id="exr-3-p10">3.P10 · A <em>norm</em></h4>' in once
    assert 'data-kind="compute" data-difficulty="hard" data-minutes="20">' in once
    assert " kind=" not in once and headed(once) == once
