import pytest
import torch

from tinynets import tables


def test_columns_are_aligned_by_what_is_in_them():
    text = tables.markdown(
        ["name", "count", "mixed", "minus"],
        [["a", "1,000", "3", "−0.1"], ["b", "2 of 4", "none", "-2 ± 1"]],
    )
    assert text.splitlines() == [
        "| name | count | mixed | minus |",
        "|:--|--:|:--|--:|",
        "| a | 1,000 | 3 | −0.1 |",
        "| b | 2 of 4 | none | -2 ± 1 |",
    ]


def test_a_table_without_rows_is_its_head():
    assert tables.markdown(["a", "b"], []) == "| a | b |\n|:--|:--|"


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match="rows must have 2 cells, one for each column, got 1"):
        tables.markdown(["a", "b"], [["1", "2"], ["3"]])


def test_spread_is_that_of_a_sample():
    values = torch.tensor([1.0, 2.0, 4.0])
    assert tables.mean_and_std(values, 3) == f"{7 / 3:.3f} ± {values.std():.3f}"
    with pytest.raises(ValueError, match="values must be 2 or more"):
        tables.mean_and_std([1.0])


def test_a_bar_does_not_end_a_cell():
    assert tables.markdown(["p(x|y)"], [[r"a\|b"]]) == "| p(x\\|y) |\n|:--|\n| a\\|b |"


@pytest.mark.parametrize("cell", ["$|x|$", "`a|b`", "a\nb"])
def test_what_would_end_a_cell_is_refused(cell):
    with pytest.raises(ValueError, match=r"cells must have one line, and no \|"):
        tables.markdown(["x"], [[cell]])
