"""What a reader takes along from a page: its notebook, the facts of its run, its citation."""

import datetime
import json

import nbformat
import pytest
from bs4 import BeautifulSoup

from render import digits, facts
from render.assemble import Run, assemble
from render.cells import Cell, split_page
from render.layout.document import Document
from render.layout.site import build_site
from render.project import Page
from render.take.notebook import Place, notebook
from render.take.outputs import outputs
from tests.render.helpers import CONFIG, write_site

REPOSITORY = "https://github.com/tiny/nets"
PAGE = """---
title: A *page*
date: 2026-03-04
---

```{python}
#| include: false
SEED, N = 3, 2
assert N == 2
```

There are `{python} N`, as @fig-one and @eq-two say, and [@ada1843]. See [home](../index.qmd).

```{python}
#| label: fig-one
#| fig-cap: "A line, as in @eq-two."
#| fig-alt: "A line."
plot(N)
```

$$
a = b
$$ {#eq-two}

::: {#exr-one}
Why?
:::

<details class="solution"><summary>Answer</summary>

::: {#sol-one}
Because.
:::

```{python}
print(N)
```

</details>
"""
GIVEN = [
    [],
    "",
    ["2"],
    "::: {#cell-fig-one .cell}\n\n::: {.cell-output .cell-output-display}\n"
    "![A line, as in @eq-two.](new_files/figure-html/fig-one-output-1.svg){#fig-one fig-alt='A line.'}\n:::\n:::\n",
    [],
    "::: {#cell-3 .cell}\n``` {.python .cell-code}\nprint(N)\n```\n\n"
    "::: {.cell-output .cell-output-stdout}\n```\n2\n::: not an end\n```\n:::\n:::\n",
    [],
]
MADE = {
    "date": "2026-03-05T10:00:00+00:00",
    "commit": "0123456789abcdef",
    "versions": "Python 3.11.7, torch 2.13.0",
    "machine": "x86_64",
    "digits": "MNIST, 28 × 28 pixels",
}
SVG = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 2 1'/>"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    root = tmp_path_factory.mktemp("take")
    config = CONFIG.replace("  search: true", f"  search: true\n  repo-url: {REPOSITORY}")
    project = write_site(root / "source", {"posts/new.qmd": PAGE}, config=config)
    (root / "source" / "CITATION.cff").write_text("authors:\n  - name: The Tiny Company\n")
    figure = root / "files" / "new_files" / "figure-html" / "fig-one-output-1.svg"
    figure.parent.mkdir(parents=True)
    figure.write_text(SVG)
    runs = []
    for page in project.shown_pages:
        parts = split_page(page)
        given = GIVEN if page.stem == "new" else [[] for _ in parts]
        runs.append(assemble(page, parts, Run(given, root / "files", 12.4, made=MADE), "key"))
    build_site(project, runs, root / "site")
    return root / "site"


@pytest.fixture
def cells(built):
    return json.loads((built / "posts" / "new.ipynb").read_text(encoding="utf-8"))["cells"]


def test_a_notebook_is_valid_and_always_the_same(built):
    text = (built / "posts" / "new.ipynb").read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert [cell.id for cell in notebook.cells] == [
        "title", "elsewhere", "cell-1", "text-3", "cell-2", "text-5", "cell-3", "sources"
    ]  # fmt: skip
    assert str(built.parent) not in text


def test_a_notebooks_text_reads_as_the_page_does(cells):
    address = "https://tiny.example/nets/posts/new.html"
    assert cells[3]["source"] == (
        f"There are 2, as [Figure 1]({address}#fig-one) and [Equation 1]({address}#eq-two) say, "
        f"and ([Lovelace 1843]({address}#ref-ada1843)). "
        "See [home](https://tiny.example/nets/index.html)."
    )
    assert "a = b\n\\tag{1}$$" in cells[5]["source"]
    assert "**Exercise 1.**\n\nWhy?" in cells[5]["source"]
    assert "**Answer**" in cells[5]["source"]  # a fold that holds a cell can't be one there
    assert not any(":::" in cell["source"] or "<details" in cell["source"] for cell in cells)


def test_a_notebook_has_what_the_cells_gave(cells):
    code = {cell["id"]: cell for cell in cells if cell["cell_type"] == "code"}
    assert code["cell-1"]["source"] == "SEED, N = 3, 2\nassert N == 2"
    assert code["cell-1"]["metadata"] == {"jupyter": {"source_hidden": True}}
    figure, caption = code["cell-2"]["outputs"]
    assert figure["data"] == {"image/svg+xml": SVG}
    assert caption["data"]["text/markdown"].startswith("**Figure 1.** A line, as in [Equation 1](")
    assert code["cell-3"]["outputs"] == [
        {"output_type": "stream", "name": "stdout", "text": "2\n::: not an end\n"}
    ]


def test_code_that_a_page_only_shows_does_not_run_in_a_notebook(tmp_path):
    text = "---\ntitle: A\n---\n\n```{python}\n#| eval: false\nx = nowhere\n```\n"
    project = write_site(tmp_path, {"a.qmd": text})
    page = next(one for one in project.pages if one.source == "a.qmd")
    parts = split_page(page)
    given = ["" if isinstance(part, Cell) else [] for part in parts]
    run = assemble(page, parts, Run(given, tmp_path, 1.0, made=MADE), "key")
    made = notebook(run, Document("A", "", "", "", ""), Place("https://tiny.example/a.html", "."))
    cells = json.loads(made)["cells"]
    assert [cell["cell_type"] for cell in cells] == ["markdown", "markdown"]
    assert cells[1]["source"] == "```python\nx = nowhere\n```"


def test_a_moving_figure_is_its_still_in_a_notebook(tmp_path):
    still = "<img class=\"explorable-still\" src=\"data:image/svg+xml,<svg%20a='1'/>\" alt=''>"
    block = f'```{{=html}}\n<div class="explorable">{still}</div>\n```\n'
    given = f"::: {{.cell}}\n\n::: {{.cell-output .cell-output-display}}\n{block}:::\n:::\n"
    assert [one["data"] for one in outputs(given, tmp_path)] == [{"image/svg+xml": "<svg a='1'/>"}]


def test_the_row_leads_to_sources_and_notebook(built):
    page = BeautifulSoup((built / "posts" / "new.html").read_text("utf-8"), "html.parser")
    links = {a.get_text(): a["href"] for a in page.select(".away-links a")}
    commit = links["Source"].removeprefix(f"{REPOSITORY}/blob/").partition("/")[0]
    assert links["Notebook"] == "new.ipynb"
    assert page.select_one(".away-links a[download]")["download"] == "new.ipynb"
    assert links["Open in Colab"] == (
        f"https://colab.research.google.com/github/tiny/nets/blob/notebooks-{commit}/posts/new.ipynb"
    )
    assert links["Edit"] == f"{REPOSITORY}/edit/main/posts/new.qmd"
    assert links["Report a mistake"].startswith(f"{REPOSITORY}/issues/new?title=A+page%3A+&body=")
    home = BeautifulSoup((built / "index.html").read_text("utf-8"), "html.parser")
    assert [a.get_text() for a in home.select(".away-links a")] == [
        "Source", "Edit", "Report a mistake"
    ]  # fmt: skip


def test_the_box_says_how_the_page_was_made(built):
    page = BeautifulSoup((built / "posts" / "new.html").read_text("utf-8"), "html.parser")
    assert page.select_one(".away-made p").get_text() == (
        "Seed 3; Python 3.11.7, torch 2.13.0; run on 5 March 2026 in 12 s; x86_64; commit 0123456."
    )
    assert page.select_one(".away-made pre").get_text().strip() == "SEED, N = 3, 2\nassert N == 2"


@pytest.mark.parametrize(
    ("options", "shown"),
    [("include: false", True), ("label: setup\n#| code-fold: true", True), ("label: fit", False)],
)
def test_the_box_holds_the_code_that_a_page_does_not_begin_with(options, shown, tmp_path):
    body = PAGE.partition("---\n\n")[2].replace("include: false", options)
    page = Page(tmp_path / "new.qmd", "new.qmd", body, {}, {}, body, 1)
    assert bool(facts.set_up(split_page(page))) is shown


def test_a_page_can_be_cited(built):
    page = BeautifulSoup((built / "posts" / "new.html").read_text("utf-8"), "html.parser")
    given = {tag["name"]: tag["content"] for tag in page.select('meta[name^="citation_"]')}
    assert given == {
        "citation_title": "A page",
        "citation_author": "The Tiny Company",
        "citation_publication_date": "2026/03/04",
        "citation_language": "en",
        "citation_fulltext_html_url": "https://tiny.example/nets/posts/new.html",
    }
    entry = page.select_one(".away-cite pre").get_text()
    assert entry.startswith("@misc{tinynets-posts-new,\n  author = {{The Tiny Company}},")
    assert "  year = {2026},\n  month = mar,\n" in entry


@pytest.mark.parametrize(
    ("code", "seeds", "n_claims"),
    [
        ("SEED = 4\nassert SEED", "4", 1),
        ("SEED, DATA_SEED = 1, 2\nfor i in (1, 2):\n    assert i\nassert True", "1, 2", 2),
        ("SEEDS = range(5)", "range(5)", 0),
        ("N_SEEDS = 3\nseed = 9", "", 0),
        ("%timeit x", "", 0),
    ],
)
def test_seeds_and_claims_are_read_off_the_code(tmp_path, code, seeds, n_claims):
    page = write_site(tmp_path, {"a.qmd": f"---\ntitle: A\n---\n\n```{{python}}\n{code}\n```\n"})
    parts = split_page(next(one for one in page.pages if one.source == "a.qmd"))
    assert (facts.seeds(parts), facts.n_claims(parts)) == (seeds, n_claims)


@pytest.mark.parametrize(
    ("code", "expected"),
    [("x = data.load_digits()", "MNIST"), ("digits_in_use()", "MNIST"), ("x = 1", "")],
)
def test_a_page_that_loads_digits_names_them(tmp_path, code, expected):
    page = write_site(tmp_path, {"a.qmd": f"---\ntitle: A\n---\n\n```{{python}}\n{code}\n```\n"})
    parts = split_page(next(one for one in page.pages if one.source == "a.qmd"))
    assert facts.data_set(parts, {"digits": "MNIST"}) == expected


def test_a_run_remembers_when_and_with_what_it_was_made(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYNETS_DATA", "8x8")
    made = facts.of_run(tmp_path)  # in no repository
    assert made["commit"] == "" and made["digits"] == "scikit-learn digits, 8 × 8 pixels"
    when = datetime.datetime.fromisoformat(made["date"])
    assert abs(datetime.datetime.now(datetime.UTC) - when) < datetime.timedelta(minutes=5)
    assert "torch " in made["versions"]
    monkeypatch.setenv("TINYNETS_DATA", str(tmp_path))
    assert facts.of_run(tmp_path)["digits"] == "MNIST, 28 × 28 pixels"


def test_a_run_without_mnist_says_that_its_digits_are_small(tmp_path, monkeypatch):
    monkeypatch.delenv("TINYNETS_DATA", raising=False)
    monkeypatch.setattr(digits, "_cache", lambda: tmp_path)
    assert facts.of_run(tmp_path)["digits"].startswith("scikit-learn")
    for name in digits._FILES:
        (tmp_path / f"{name}-ubyte.gz").touch()
    assert facts.of_run(tmp_path)["digits"].startswith("MNIST")
