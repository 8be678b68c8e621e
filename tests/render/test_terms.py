"""Terms are linked at first use, with their definitions; search knows them by every name."""

import json

import pytest
from bs4 import BeautifulSoup

from tests.render.helpers import build

GLOSSARY = """---
title: Glossary
search: false
---

[neural tangent kernel]{#term-ntk also="NTK|tangent kernel"}
:   The *scalar* product of gradients, $\\Theta$. See [Kernels](notes/k.qmd#sec-ntk).

[kernel]{#term-kernel}
:   A covariance.

[Gaussian process]{#term-gp also="GP"}
:   A distribution over functions.
"""
NOTE = """---
title: The kernel
---

## The kernel, `kernel` {#sec-ntk}

The tangent
kernel, `NTK`, and a [kernel](../index.qmd) by name. Kernels are not meant, nor is a sub-kernel.
A Kernel, the kernel again, the NTK, a gp and a Gaussian process.

$$ f = 1 $$ {#eq-ntk}

::: {#exr-2-p2 kind="derive" difficulty="easy" minutes="5"}
## 2.P2 · At once

Do it.
:::
"""
PAGES = {"glossary.qmd": GLOSSARY, "notes/k.qmd": NOTE}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return build(tmp_path_factory.mktemp("terms"), PAGES)


@pytest.fixture(scope="module")
def note(site):
    return BeautifulSoup((site / "notes" / "k.html").read_text(encoding="utf-8"), "html.parser")


def test_each_term_is_linked_where_the_prose_first_uses_it(note):
    links = note.select("main a.term")
    assert [" ".join(a.get_text().split()) for a in links] == [
        "tangent kernel",
        "Kernel",
        "Gaussian process",
    ]
    assert links[0]["href"] == "../glossary.html#term-ntk"


def test_a_page_carries_the_definitions_of_its_terms_alone(note):
    inner = note.select_one("template#cards").decode_contents()
    cards = BeautifulSoup(inner, "html.parser").select("[data-card]")
    assert [card["data-card"] for card in cards] == ["term-ntk", "term-kernel", "term-gp"]
    assert cards[0].find("math") and cards[0].em and not cards[0].a
    assert not cards[0].get_text().rstrip().endswith("Kernels.")


def test_the_glossary_neither_links_to_itself_nor_is_searched(site):
    page = BeautifulSoup((site / "glossary.html").read_text(encoding="utf-8"), "html.parser")
    assert not page.select("a.term, template") and not page.main.has_attr("data-pagefind-body")


def answers(site, query):
    found = json.loads((site / "site_libs/tinynets/answers.json").read_text(encoding="utf-8"))
    return [one["url"] for one in found if query in one["keys"]]


@pytest.mark.parametrize(
    "query, url",
    [
        ("ntk", "notes/k.html#sec-ntk"),
        ("neural tangent kernel", "notes/k.html#sec-ntk"),
        ("gp", "glossary.html#term-gp"),
        ("2.p2", "notes/k.html#exr-2-p2"),
        ("problem 2.2", "notes/k.html#exr-2-p2"),
        ("exercise 2.1", "notes/k.html#exr-2-p2"),
        ("ntk equation", "notes/k.html#eq-ntk"),
        ("tangent kernel equation", "notes/k.html#eq-ntk"),
    ],
)
def test_search_knows_synonyms_numbers_and_equations(site, query, url):
    assert answers(site, query) == [url]
