"""Lazy and rich training: kernels that move, twins, and what a network listens to."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from tinynets import checks
from tinynets.colours import BLUE, INK, PALETTE, VERMILION
from tinynets.plots import WIDTH
from tinynets.plots.curves import MARKERS, STROKES


@checks.arguments(curves="* widths", widths="positive widths")
def plot_by_width(
    curves: Mapping[str, ArrayLike], widths: Sequence[int], *, ylabel: str, ax: Axes | None = None
) -> Axes:
    """Draw a quantity against width on logarithmic axes, one curve a name.

    Parameters
    ----------
    curves : mapping of str to array of shape (n_nets, n_widths)
        The line is the geometric mean over nets, the band their range. Each curve is named
        where it ends.
    widths : sequence of int
        Units in each hidden layer.
    ylabel : str
        The quantity.
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> plot_by_width({"NTK": [[4.0, 1.0], [2.0, 1.0]]}, [16, 64], ylabel="change").get_yscale()
    'log'
    """
    ax = plt.gca() if ax is None else ax
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
    ax.set(xscale="log", yscale="log", xlabel="units in each hidden layer", ylabel=ylabel)
    ax.set_xticks(widths, [str(width) for width in widths])
    ax.minorticks_off()
    return ax


@checks.arguments(x="finite n_grid | n_grid 1", panels="2 n_grid | 2 n_grid 1", data="2 n | 2 n 1")
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

    Examples
    --------
    >>> x = np.linspace(0, 1, 5)
    >>> figure = plot_linearised(x, {"lazy": (x, x), "rich": (x, x**2)}, data=(x[:2], x[:2]))
    >>> [ax.get_title() for ax in figure.axes]
    ['lazy', 'rich']
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


@checks.arguments(strengths="* inputs")
def plot_inputs(strengths: Mapping[str, ArrayLike], *, ax: Axes | None = None) -> Axes:
    """Draw how strongly each input enters networks, a row of points for each name.

    Parameters
    ----------
    strengths : mapping of str to array of shape (n_nets, n_inputs)
        Points are means over nets, bars their range. Names stand in a legend.
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> ax = plot_inputs({"lazy": np.ones((2, 6)), "rich": np.zeros((2, 6))})
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['lazy', 'rich']
    """
    ax = plt.gca() if ax is None else ax
    shifts = np.linspace(-0.18, 0.18, len(strengths))
    for i, (name, values) in enumerate(strengths.items()):
        values = np.asarray(values, float)
        mean = values.mean(0)
        at = np.arange(1, len(mean) + 1) + shifts[i]
        reach = np.stack([mean - values.min(0), values.max(0) - mean])
        ax.errorbar(
            at, mean, reach, fmt=MARKERS[i % 4], color=PALETTE[i], markersize=4.5, label=name
        )
    ax.set(xlabel="input", ylabel="strength", ylim=(0, None))
    ax.set_xticks([1, *range(5, len(mean) + 1, 5)])
    ax.legend(frameon=False)
    return ax
