"""Kernels that move and kernels that stay: figures on lazy and rich training."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from tinynets.colours import BLUE, INK, PALETTE, VERMILION
from tinynets.plots import WIDTH

STROKES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D")


def plot_by_width(
    curves: Mapping[str, ArrayLike],
    widths: Sequence[int],
    *,
    ylabel: str,
    slope: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a quantity against width on logarithmic axes, one curve a name.

    Parameters
    ----------
    curves : mapping of str to array of shape (n_nets, n_widths)
        The line is the geometric mean over nets, the band their range. Each curve is named
        where it begins.
    widths : sequence of int
        Units in each hidden layer.
    ylabel : str
        The quantity.
    slope : float, optional
        Exponent of a thin line below all curves that shows this power of the width.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = plt.gca() if ax is None else ax
    lowest = np.inf
    for i, (name, values) in enumerate(curves.items()):
        values = np.asarray(values, float)
        mean = np.exp(np.log(values).mean(0))
        ax.plot(widths, mean, STROKES[i % 4], marker=MARKERS[i % 4], markersize=4, color=PALETTE[i])
        ax.fill_between(
            widths, values.min(0), values.max(0), color=PALETTE[i], alpha=0.2, linewidth=0
        )
        ax.annotate(
            name,
            (widths[-1], mean[-1]),
            xytext=(8, 0),
            textcoords="offset points",
            color=PALETTE[i],
            va="center",
            annotation_clip=False,
        )
        lowest = min(lowest, values.min())
    if slope is not None:
        guide = 0.55 * lowest * (np.asarray(widths) / widths[-1]) ** slope
        ax.plot(widths, guide, color=INK, linewidth=0.8)
        ax.annotate(
            f"width to the power {slope:g}".replace("-", "\N{MINUS SIGN}"),
            (widths[0], guide[0]),
            xytext=(4, 6),
            textcoords="offset points",
            color=INK,
            fontsize=9,
        )
    ax.set(xscale="log", yscale="log", xlabel="units in each hidden layer", ylabel=ylabel)
    ax.set_xticks(widths, [str(width) for width in widths])
    ax.minorticks_off()
    return ax


def plot_linearised(
    x: ArrayLike,
    panels: Mapping[str, tuple[ArrayLike, ArrayLike]],
    data: tuple[ArrayLike, ArrayLike],
) -> Figure:
    """Draw trained nets over their linearised twins, a panel each.

    Parameters
    ----------
    x : array of shape (n_grid,)
        Inputs, ascending.
    panels : mapping of str to pair of arrays of shape (n_grid,)
        Title to what the trained net, and the trained linearised net, put out.
    data : pair of arrays of shape (n,)
        Training inputs and targets.

    Returns
    -------
    Figure
    """
    fig, axes = plt.subplots(
        1, len(panels), sharey=True, squeeze=False, figsize=(WIDTH, 0.36 * WIDTH)
    )
    for ax, (title, (net, linear)) in zip(axes[0], panels.items(), strict=True):
        ax.plot(x, net, color=BLUE, linewidth=2.2, label="network")
        ax.plot(x, linear, "--", color=VERMILION, linewidth=1.8, label="linearised")
        ax.plot(*data, "o", color=INK, markersize=5)
        ax.set(title=title, xlabel="x")
    axes[0, 0].set_ylabel("output")
    axes[0, -1].legend(frameon=False)
    return fig


def plot_kernels(kernels: Mapping[str, ArrayLike], groups: Sequence[int]) -> Figure:
    """Draw kernel matrices side by side, each on a scale of its own.

    Parameters
    ----------
    kernels : mapping of str to array of shape (n, n)
        Title to kernel, inputs sorted by group.
    groups : sequence of int
        Number of inputs in each group; lines part them.

    Returns
    -------
    Figure
    """
    fig, axes = plt.subplots(1, len(kernels), squeeze=False, figsize=(WIDTH, 0.38 * WIDTH))
    edges = np.cumsum(groups)[:-1] - 0.5
    for ax, (title, kernel) in zip(axes[0], kernels.items(), strict=True):
        kernel = np.asarray(kernel, float)
        reach = np.quantile(np.abs(kernel - np.diag(np.diag(kernel))), 0.995)
        ax.imshow(kernel, vmin=-reach, vmax=reach, cmap="tinynets_weights")
        for edge in edges:
            ax.axvline(edge, color=INK, linewidth=0.7)
            ax.axhline(edge, color=INK, linewidth=0.7)
        ax.set(title=title, xticks=[], yticks=[])
    return fig
