"""Labels, numbers and references, worded as Quarto words them."""

import re

import pytest
from bs4 import BeautifulSoup

from tests.render.helpers import lay_out

NBSP = "\N{NO-BREAK SPACE}"


def soup_of(markdown: str, **options) -> BeautifulSoup:
    return BeautifulSoup(lay_out(markdown, **options).body, "html.parser")


def references(soup: BeautifulSoup) -> list[tuple[str, str]]:
    return [(a["href"], a.get_text()) for a in soup.select("a.quarto-xref")]


@pytest.mark.parametrize(
    ("markdown", "name"),
    [
        ('![Cap](x.svg){#fig-a fig-alt="A line"}', "Figure"),
        ("| a |\n|---|\n| 1 |\n\n: Cap {#tbl-a}", "Table"),
        ("$$ x $$ {#eq-a}", "Equation"),
        ("## Head {#sec-a}", "Section"),
        ("::: {#exr-a}\nx\n:::", "Exercise"),
        ("::: {#sol-a}\nx\n:::", "Solution"),
    ],
)
def test_each_kind_is_numbered_and_linked(markdown, name):
    label = re.search(r"#(\w+-a)", markdown)[1]
    soup = soup_of(f"{markdown}\n\nSee @{label}.")
    assert references(soup) == [(f"#{label}", f"{name}{NBSP}1")]
    assert len(soup.find_all(id=label)) == 1


def test_numbers_follow_the_document_and_each_kind_counts_for_itself():
    soup = soup_of(
        '![B](b.svg){#fig-b fig-alt="Bees"}\n\n$$ y $$ {#eq-b}\n\n'
        '![A](a.svg){#fig-a fig-alt="Ants"}\n\nSee @fig-a, @fig-b, @eq-b.'
    )
    assert [text for _, text in references(soup)] == [
        f"Figure{NBSP}2",
        f"Figure{NBSP}1",
        f"Equation{NBSP}1",
    ]
    assert [c.get_text(" ", strip=True) for c in soup.find_all("figcaption")] == [
        f"Figure{NBSP}1: B",
        f"Figure{NBSP}2: A",
    ]


def test_a_reference_may_have_words_of_its_own_or_none():
    soup = soup_of('![C](c.svg){#fig-c fig-alt="Cat"}\n\n[Fig. @fig-c], [-@fig-c].')
    assert [text for _, text in references(soup)] == [f"Fig.{NBSP}1", "1"]


def test_several_references_stand_in_one_bracket():
    soup = soup_of("$$ x $$ {#eq-a}\n\n$$ y $$ {#eq-b}\n\n[@eq-a; @eq-b]")
    assert soup.find_all("p")[-1].get_text() == f"Equation{NBSP}1, Equation{NBSP}2"


def test_a_caption_may_refer():
    soup = soup_of('![As in @eq-a](c.svg){#fig-c fig-alt="Cat"}\n\n$$ x $$ {#eq-a}')
    assert soup.figcaption.get_text(" ", strip=True).endswith(f"As in Equation{NBSP}1")
    assert soup.img["alt"] == "Cat"


def test_sections_count_from_level_two_and_skip_the_unnumbered():
    soup = soup_of(
        "## A\n\n## B {.unnumbered}\n\n## C\n\n### D {#sec-d}\n\n## E {#sec-e}\n\n@sec-d @sec-e"
    )
    assert [text for _, text in references(soup)] == [f"Section{NBSP}2.1", f"Section{NBSP}3"]


def test_exercises_show_number_and_title():
    soup = soup_of("::: {#exr-a}\n## Corners\nText.\n:::\n\n::: {#exr-b}\nText.\n:::")
    assert soup.find(id="exr-a").p.get_text() == "Exercise 1 (Corners) Text."
    assert soup.find(id="exr-b").p.get_text() == "Exercise 2 Text."
    assert not soup.find("h2")
    assert {"theorem", "exercise"} <= set(soup.find(id="exr-b")["class"])


def test_solutions_show_number_and_hold_blocks():
    soup = soup_of("::: {#sol-a}\n``` python\nx\n```\n:::")
    assert soup.find(id="sol-a").p.get_text() == "Solution 1. "
    assert soup.select_one("#sol-a > div.sourceCode") is not None


def test_an_equation_keeps_its_number_beside_it():
    soup = soup_of("Text $$ x $$ {#eq-a}, more.")
    assert soup.find(id="eq-a").select_one(".equation-number").get_text() == "(1)"
    assert soup.p.get_text().endswith(", more.")
    assert "{#" not in soup.get_text()


def test_a_cells_table_takes_its_caption_from_the_cell():
    soup = soup_of(
        "::: {#tbl-t .cell tbl-cap='A *caption*'}\n\n::: {.cell-output .cell-output-display}\n\n"
        "| a |\n|---|\n| 1 |\n\n:::\n:::\n\nSee @tbl-t."
    )
    assert soup.figcaption.get_text(" ", strip=True) == f"Table{NBSP}1: A caption"
    assert soup.find("figure").find(["figcaption", "table"]).name == "figcaption"
    assert references(soup) == [("#tbl-t", f"Table{NBSP}1")]
