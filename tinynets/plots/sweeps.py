"""Pictures of grids: a heat map, and one line a row."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from tinynets import checks
from tinynets.colours import INK, PALETTE
from tinynets.plots.curves import MARKERS, draw_line


@checks.arguments(values="rows columns")
def plot_grid(
    rows: Sequence,
    columns: Sequence,
    values: ArrayLike,
    *,
    low: float,
    high: float,
    xlabel: str = "learning rate",
    ylabel: str = "batch size",
    text: str = "{:.0f}",
    ax: Axes | None = None,
) -> Axes:
    """Shade a grid of values and write each into its cell.

    The shading runs from nothing at `low` to grey at `high`; the best cell of
    a row has a frame, and one without a value a dash.

    Parameters
    ----------
    rows, columns : sequence
        Ticks, from top and from left.
    values : array of shape (rows, columns)
        NaN where there is none.
    low, high : float
        Values that are drawn without and with full shade.
    xlabel, ylabel : str
        Of the two options.
    text : str
        Format of a cell.
    ax : Axes, optional
        Where to draw; the current axes if left out.

    Returns
    -------
    Axes
        Row 0 at the top.

    Examples
    --------
    >>> ax = plot_grid([16, 64], [0.1, 0.2], [[90, 95], [80, np.nan]], low=80, high=100)
    >>> [text.get_text() for text in ax.texts]
    ['90', '95', '80', '–']
    """
    ax = plt.gca() if ax is None else ax
    values = np.asarray(values, float)
    ax.imshow(
        values, cmap="tinynets_amounts", vmin=low, vmax=high, aspect="auto", alpha=0.35
    )  # pale: numbers read on either page
    for (row, column), value in np.ndenumerate(values):
        ax.text(
            column,
            row,
            "–" if np.isnan(value) else text.format(value),
            ha="center",
            va="center",
            fontsize=9,
            color=INK,
        )
    for row, line in enumerate(values):
        if not np.isnan(line).all():
            corner = np.nanargmax(line) - 0.5, row - 0.5
            ax.add_patch(plt.Rectangle(corner, 1, 1, fill=False, linewidth=2, edgecolor=PALETTE[1]))
    ax.set(
        xlabel=xlabel,
        ylabel=ylabel,
        xticks=range(len(columns)),
        yticks=range(len(rows)),
        xticklabels=columns,
        yticklabels=rows,
    )
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    ax.tick_params(axis="x", labelsize=7)  # rates stand close on a phone
    return ax


@checks.arguments(rows="rows", x="rows points", values="rows points nets")
def plot_rows(
    rows: Sequence,
    x: ArrayLike,
    values: ArrayLike,
    *,
    xlabel: str,
    ylabel: str,
    lines: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw one line (or cloud of points) a row of a grid, log axis for x.

    Parameters
    ----------
    rows : sequence
        Batch sizes, for the legend.
    x : array of shape (rows, points)
        Above 0.
    values : array of shape (rows, points, nets)
        Lines go through the mean of the nets, over a band of their range.
    xlabel, ylabel : str
        Of the axes.
    lines : bool
        Whether to join the points.
    ax : Axes, optional
        Where to draw; the current axes if left out.

    Returns
    -------
    Axes
        The x axis is logarithmic.

    Examples
    --------
    >>> ax = plot_rows([16, 64], [[0.1, 0.2]] * 2, np.ones((2, 2, 3)), xlabel="rate", ylabel="loss")
    >>> ax.get_xscale()
    'log'
    """
    ax = plt.gca() if ax is None else ax
    for i, (row, at, nets) in enumerate(zip(rows, x, np.asarray(values), strict=True)):
        how = {"marker": MARKERS[i % len(MARKERS)]}
        if lines:
            draw_line(ax, at, nets.T, i, label=f"{row}", **how)
        else:
            how |= {"linestyle": "none", "markersize": 7, "markerfacecolor": "none"}
            draw_line(ax, at, nets.mean(-1), i, label=f"{row}", **how)
    ax.set(xscale="log", xlabel=xlabel, ylabel=ylabel)
    ax.legend(title="batch size")
    return ax
