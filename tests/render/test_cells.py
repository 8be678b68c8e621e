"""Which cells a page has, and what it says of a cell that is wrong."""

from __future__ import annotations

import pytest

from render.cells import Cell, Text, split_page
from render.errors import RenderError, RenderErrors


def cells(site, body):
    return [part for part in split_page(site.page("index.qmd", body)) if isinstance(part, Cell)]


def error(site, body):
    with pytest.raises((RenderError, RenderErrors)) as caught:
        split_page(site.page("index.qmd", body))
    return str(caught.value)


def test_a_cell_knows_its_lines_and_options(site):
    (cell,) = cells(site, "Text.\n\n```{python}\n#| label: fig-a\n#| echo: false\n\nx = 1\n```\n")
    assert (cell.line, cell.code_line) == (7, 11)  # the body starts on line 5
    assert cell.code == "x = 1"
    assert cell.options == {"label": "fig-a", "echo": False}


@pytest.mark.parametrize(
    "around",
    [
        "::: {#exr-a}\n@\n:::\n",
        "<details><summary>Answer</summary>\n\n::: {#sol-a}\n@\n:::\n\n</details>\n",
        "::: {.callout-note}\n:::: {.panel-tabset}\n@\n::::\n:::\n",
    ],
)
def test_cells_are_found_in_divs_and_details(site, around):
    (cell,) = cells(site, around.replace("@", "```{python}\nx = 1\n```"))
    assert cell.code == "x = 1"


def test_a_cell_in_a_list_loses_its_indent(site):
    (cell,) = cells(site, "- item\n\n  ```{python}\n  if x:\n      y\n  ```\n")
    assert (cell.indent, cell.code) == ("  ", "if x:\n    y")


def test_plain_code_and_raw_blocks_are_no_cells(site):
    body = "```python\n1\n```\n\n```{=html}\n<p>\n```\n\n~~~\n{r}\n~~~\n\n```{.python}\n1\n```\n"
    assert cells(site, body) == []


def test_text_and_cells_give_the_body_back(site):
    body = "A\n\n```{python}\nx\n```\n\nB `{python} x`\n"
    parts = split_page(site.page("index.qmd", body))
    assert (
        "".join(part.text for part in parts if isinstance(part, Text))
        == "\nA\n\n\nB `{python} x`\n"
    )
    (inline,) = parts[-1].inlines
    assert (inline.expression, inline.line) == ("x", 11)


def cell_with(option):
    return f"```{{python}}\n#| {option}\nx = 1\n```\n"


@pytest.mark.parametrize(
    ("body", "line", "says"),
    [
        (cell_with("eco: false"), 6, "`eco` is not supported; expected one of label, echo"),
        (cell_with("echo: maybe"), 6, "`echo` must be true or false, got 'maybe'"),
        (cell_with("output: 1"), 6, "`output` must be true, false or asis, got 1"),
        (cell_with("label: a b"), 6, "`label` must be letters"),
        (cell_with("layout-ncol: true"), 6, "must be a number of columns, got True"),
        (cell_with("fig-width: 5"), 6, "give figsize to the plot"),
        (cell_with("fig-cap: a: b"), 6, "not valid YAML"),
        (cell_with("echo"), 6, "must be `#| key: value`"),
        ("```{python}\nx\n#| echo: false\n```\n", 7, "come before the code"),
        ("```{r}\n1\n```\n", 5, "cells in r are not supported"),
        ("```{ojs}\n1\n```\n", 5, "cells in ojs are not supported"),
        ("```{python, echo=FALSE}\n1\n```\n", 5, "write them as `#| key: value`"),
        ("```{python}\n1\n", 5, "never closed"),
        ("````\n```{python}\n1\n```\n````\n", 6, "would be run by Quarto"),
        ("> ```{python}\n> 1\n> ```\n", 5, "can't stand in a quotation"),
        ("Text `{r} x`.\n", 5, "must be Python"),
        ("Text `{python}x`.\n", 5, "must be `{python} name`"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(site, body, line, says):
    said = error(site, body)
    assert said.startswith(f"index.qmd:{line}: ")
    assert says in said


def test_a_label_belongs_to_one_cell(site):
    said = error(site, cell_with("label: a") + cell_with("label: a"))
    assert said.startswith("index.qmd:9: cell a: the label a is taken by the cell on line 5")


def test_all_that_is_wrong_is_told_at_once(site):
    said = error(site, cell_with("eco: false") + "```{r}\n1\n```\n")
    assert [line.split(":")[1] for line in said.splitlines()] == ["6", "9"]
