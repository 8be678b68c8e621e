"""What a page may be made of, and the markup that it becomes."""

import pytest
from bs4 import BeautifulSoup

from tests.render.helpers import lay_out


def soup_of(markdown: str, **options) -> BeautifulSoup:
    return BeautifulSoup(lay_out(markdown, **options).body, "html.parser")


@pytest.mark.parametrize("kind", ["note", "tip", "warning", "important", "caution"])
def test_callouts_have_a_title_and_a_body(kind):
    soup = soup_of(
        f"::: {{.callout-{kind}}}\nText.\n:::\n\n::: {{.callout-{kind}}}\n## Named\nText.\n:::"
    )
    first, second = soup.select(f"div.callout.callout-{kind}")
    assert first.select_one(".callout-header").get_text(strip=True) == kind.capitalize()
    assert second.select_one(".callout-header").get_text(strip=True) == "Named"
    assert second.select_one(".callout-body").get_text(strip=True) == "Text."


@pytest.mark.parametrize(("collapse", "is_open"), [("true", False), ("false", True)])
def test_a_callout_that_collapses_is_native(collapse, is_open):
    soup = soup_of(f'::: {{.callout-note collapse="{collapse}" title="T"}}\nText.\n:::')
    details = soup.find("details", class_="callout-note")
    assert details.summary.get_text(strip=True) == "T"
    assert details.has_attr("open") == is_open


def test_tabs_are_wired_to_their_panes():
    soup = soup_of(
        "::: {.panel-tabset}\n## One\nA\n\n## Two\nB\n:::\n\n::: {.panel-tabset}\n## X\nC\n:::"
    )
    tabs = soup.find_all(role="tab")
    assert [tab.get_text(strip=True) for tab in tabs] == ["One", "Two", "X"]
    assert [tab["aria-selected"] for tab in tabs] == ["true", "false", "true"]
    for tab in tabs:
        pane = soup.find(id=tab["aria-controls"])
        assert pane["role"] == "tabpanel" and pane["aria-labelledby"] == tab["id"]
    assert not soup.find("h2")


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


def test_layouts_set_outputs_side_by_side():
    soup = soup_of("::: {layout-ncol=2}\nA\n\nB\n\nC\n:::")
    assert [
        len(row.select(".quarto-layout-cell")) for row in soup.select(".quarto-layout-row")
    ] == [2, 1]


def test_margin_and_columns_keep_their_classes():
    soup = soup_of(
        "::: {.column-margin}\nM\n:::\n\n:::: {.columns}\n::: {.column width=40%}\nL\n:::\n::::"
    )
    assert soup.select_one(".column-margin").get_text(strip=True) == "M"
    assert soup.select_one(".columns > .column")["style"] == "width:40%;"


def test_formulas_become_mathml():
    soup = soup_of(r"$a \log p$ and $$ \log(p) $$")
    inline, display = soup.find_all("math")
    assert inline.annotation.get_text() == r"a \log p"
    assert display["display"] == "block"


def test_raw_html_passes():
    soup = soup_of('```{=html}\n<div class="explorable" data-x="1"><svg></svg></div>\n```')
    assert soup.find(class_="explorable").svg is not None


def test_footnotes_and_contents():
    shown = lay_out("## One\n\nText.[^a]\n\n### Two\n\n[^a]: A *note*.\n")
    assert "<em>note</em>" in shown.body
    assert [a["href"] for a in BeautifulSoup(shown.toc, "html.parser").find_all("a")] == [
        "#one",
        "#two",
    ]


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
