"""Tables of results, in Markdown."""

import re
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from tinynets import checks


@checks.arguments()
def markdown(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table in Markdown, columns of numbers aligned at their right.

    Parameters
    ----------
    columns : sequence of str
        Heads of the columns.
    rows : iterable of sequences of str
        Cells, as they shall be read; a `|` in text is escaped.

    Returns
    -------
    str
        To be printed by a cell with `output: asis`.

    Raises
    ------
    ValueError
        If a row has another number of cells than there are columns, or a cell holds
        what would end it: a new line, or `|` in a formula or code.

    Examples
    --------
    >>> print(markdown(["sampler", "ESS"], [["HMC", "1,200"], ["MALA", "35 ± 2"]]))
    | sampler | ESS |
    |:--|--:|
    | HMC | 1,200 |
    | MALA | 35 ± 2 |
    """
    if not len(columns):
        raise ValueError("columns must name at least one column")
    rows = [list(row) if isinstance(row, list | tuple) else row for row in rows]
    for row in rows:
        if not isinstance(row, list) or not all(isinstance(cell, str) for cell in row):
            raise TypeError(f"rows must be lists of str, got {row!r}: format the numbers first")
        if len(row) != len(columns):
            raise ValueError(
                f"rows must have {len(columns)} cells, one for each column, got {len(row)}: {row}"
            )
    numeric = [all(map(_is_number, cells)) for cells in zip(*rows, strict=True)] or [False] * len(
        columns
    )
    rule = "".join("|--:" if right else "|:--" for right in numeric) + "|"
    cells = [[_escaped(cell) for cell in row] for row in [list(columns), *rows]]
    head, *body = (f"| {' | '.join(row)} |" for row in cells)
    return "\n".join([head, rule, *body])


@checks.arguments()
def mean_and_std(values: Tensor | Sequence[float], digits: int = 2) -> str:
    """Write values as their mean ± standard deviation.

    Parameters
    ----------
    values : Tensor or sequence of float, (n,)
        Such as one for each seed; 2 or more.
    digits : int
        Behind the point.

    Returns
    -------
    str
        "mean ± standard deviation".

    Raises
    ------
    ValueError
        If there are fewer than 2 values.

    Examples
    --------
    >>> mean_and_std([1.0, 2.0, 3.0])
    '2.00 ± 1.00'
    """
    values = torch.as_tensor(values)
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(
            f"values must be 2 or more, for a standard deviation, got shape {tuple(values.shape)}"
        )
    values = values.double()
    return f"{values.mean():.{digits}f} ± {values.std():.{digits}f}"


def _escaped(cell: str) -> str:
    """Write `|` so that it doesn't end a cell."""
    escaped = re.sub(r"(?<!\\)\|", r"\|", cell)
    if "\n" in cell or (escaped != cell and ("$" in cell or "`" in cell)):
        raise ValueError(
            rf"cells must have one line, and no | in code or formulas (\vert is one), got {cell!r}"
        )
    return escaped


def _is_number(cell: str) -> bool:
    """Tell whether a cell begins as a number does."""
    return cell.strip().lstrip("-−+±")[:1].isdigit()
