"""What a page may be made of, and the markup that it becomes."""

import pytest
from bs4 import BeautifulSoup

from tests.render.helpers import lay_out


def soup_of(markdown: str, **options) -> BeautifulSoup:
    return BeautifulSoup(lay_out(markdown, **options).body, "html.parser")


@pytest.mark.parametrize(("fold", "is_open"), [("true", False), ("show", True)])
def test_code_folds(fold, is_open):
    soup = soup_of(
        f'::: {{.cell}}\n``` {{.python .cell-code code-fold="{fold}" code-summary="See"}}\nx = 1\n```\n:::'
    )
    assert soup.details.summary.get_text(strip=True) == "See"
    assert soup.details.has_attr("open") == is_open
    assert "x = 1" in soup.details.pre.get_text()


def test_code_is_highlighted_and_keeps_its_text():
    soup = soup_of("``` python\ndef f():\n    return 'x'\n```")
    assert soup.pre.get_text().strip() == "def f():\n    return 'x'"
    assert soup.pre.find("span", class_="kw").get_text() == "def"


def test_folded_solutions_hold_cells():
    soup = soup_of(
        '<details class="solution"><summary>Answer</summary>\n\n::: {#sol-a}\nText.\n\n'
        "::: {.cell}\n``` {.python .cell-code}\nx\n```\n\n::: {.cell-output .cell-output-stdout}\n"
        "```\n1\n```\n:::\n:::\n:::\n\n</details>"
    )
    details = soup.find("details", class_="solution")
    assert details.summary.get_text(strip=True) == "Answer"
    assert details.select_one("#sol-a .cell .cell-output-stdout pre").get_text().strip() == "1"


def test_formulas_become_mathml():
    soup = soup_of(r"$a \log p$ and $$ \log(p) $$")
    inline, display = soup.find_all("math")
    assert inline.annotation.get_text() == r"a \log p"
    assert display["display"] == "block"


def test_raw_html_passes():
    soup = soup_of('```{=html}\n<div class="explorable" data-x="1"><svg></svg></div>\n```')
    assert soup.find(class_="explorable").svg is not None


def test_the_contents_have_the_headings():
    shown = lay_out("## One\n\nText.\n\n### Two\n\nText.\n")
    links = BeautifulSoup(shown.toc, "html.parser").find_all("a")
    assert [a["href"] for a in links] == ["#one", "#two"]


def test_what_is_wide_keeps_its_class():
    assert soup_of("::: {.column-page}\nW\n:::").select_one("div.column-page").get_text() == "\nW\n"


def test_title_and_description_are_markdown():
    from render.layout.document import Site, document
    from render.layout.source import Source

    text = '---\ntitle: "A $x$"\ndescription: "Of *it*"\n---\n\nText.\n'
    shown = document(text, Source("a.qmd", text), Site({}, None, set()))
    assert "<math" in shown.title and shown.description == "Of <em>it</em>"


def test_links_between_pages_lead_to_what_is_written():
    targets = {
        "posts/test.qmd": "posts/test.html",
        "notes/a.qmd": "notes/a.html",
        "index.qmd": "index.html",
        "posts/late.qmd": None,
    }
    soup = soup_of(
        "[a](../notes/a.qmd#sec-x) [b](/index.qmd) [c](late.qmd) [d](https://a.example/b.qmd)",
        targets=targets,
    )
    assert [a["href"] for a in soup.find_all("a")] == [
        "../notes/a.html#sec-x",
        "../index.html",
        "https://a.example/b.qmd",
    ]
    assert "c" in soup.p.get_text()
