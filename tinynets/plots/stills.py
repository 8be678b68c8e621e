"""Still pictures of figures that move: what is seen before, and without, JavaScript."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from tinynets import checks
from tinynets.colours import BLUE, GREEN, INK, VERMILION
from tinynets.plots import WIDTH


@checks.arguments(
    contours="contours ...", draws="draws 2", path="steps 2", x="finite 2", y="finite 2"
)
def plot_chain(
    contours: Sequence[ArrayLike],
    draws: ArrayLike,
    path: ArrayLike,
    *,
    x: Sequence[float],
    y: Sequence[float],
    ax: Axes,
) -> Axes:
    """Draw a target in the plane, draws of a chain, and the last trajectory.

    Parameters
    ----------
    contours : sequence of arrays of shape (points, 2)
        Outermost first; each is filled, so that the density tints.
    draws, path : arrays of shape (n, 2)
        Of the chain, and of its last trajectory.
    x, y : pair of float
        What the plane shows.
    ax : Axes
        Where to draw.

    Returns
    -------
    Axes
        With a frame.
    """
    checks.fitting({"contours": dict(enumerate(contours))}, {"contours": "* 2"})
    for line in map(np.asarray, contours):
        ax.fill(*line.T, color=BLUE, alpha=0.12, linewidth=0)
    ax.plot(*np.asarray(draws).T, ".", color=INK, markersize=2.5)
    ax.plot(*np.asarray(path).T, color=GREEN, linewidth=1.6)
    ax.plot(*np.asarray(path)[-1], "o", color=INK, markersize=6)
    ax.set(xlim=x, ylim=y)
    ax.spines[:].set_visible(True)
    return ax


@checks.arguments(
    contours="contours ...", draws="draws 2", path="steps 2", truth="n", x="finite 2", y="finite 2"
)
def plot_driven(
    contours: Sequence[ArrayLike],
    draws: ArrayLike,
    path: ArrayLike,
    truth: ArrayLike,
    *,
    x: Sequence[float],
    y: Sequence[float],
) -> Figure:
    """Draw a chain in the plane, and beside it the first coordinate's histogram and truth.

    Parameters
    ----------
    contours : sequence of arrays of shape (points, 2)
        Outermost first; each is filled.
    draws, path : arrays of shape (n, 2)
        Of the chain, and of its last trajectory.
    truth : array of shape (n,)
        Density of the first coordinate, evenly over `x`.
    x, y : pair of float
        What the plane shows.

    Returns
    -------
    Figure
        The plane, and the histogram.
    """
    fig, (plane, side) = plt.subplots(
        1, 2, figsize=(WIDTH, 3.6), gridspec_kw={"width_ratios": (1.5, 1)}
    )
    plot_chain(contours, draws, path, x=x, y=y, ax=plane)
    edges = np.linspace(*x, 49)
    side.hist(np.asarray(draws)[:, 0], edges, density=True, color=BLUE, alpha=0.45)
    side.plot(np.linspace(*x, len(truth)), truth, color=INK)
    side.set(xlim=x, yticks=[], title="First coordinate: draws and truth")
    side.title.set_fontsize(9)
    return fig


@checks.arguments()
def plot_checks(names: Sequence[str]) -> Figure:
    """Draw a row for each check of a sampler, with its limit, before the first draw.

    Parameters
    ----------
    names : sequence of str
        Of the checks.

    Returns
    -------
    Figure
        A bar for each, its limit in the middle.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 0.4 * len(names) + 0.3))
    ax.barh(range(len(names)), [2] * len(names), color=INK, alpha=0.15, height=0.4)
    ax.axvline(1, color=INK, linewidth=1)
    ax.set(yticks=range(len(names)), yticklabels=names, xticks=[1], xticklabels=["limit"])
    ax.invert_yaxis()
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    return fig


@checks.arguments(
    x="finite n | n 1",
    f="n",
    at="units",
    heights="units",
    weights="3 units",
    xlim="finite 2",
    ylim="finite 2",
)
def plot_corners(
    x: ArrayLike,
    f: ArrayLike,
    at: ArrayLike,
    heights: ArrayLike,
    weights: ArrayLike,
    *,
    xlim: Sequence[float],
    ylim: Sequence[float],
) -> Figure:
    """Draw a net's function with a dot at each unit's corner, and its weights below.

    Parameters
    ----------
    x, f : arrays of shape (n,)
        The function.
    at, heights : arrays of shape (units,)
        Where each unit bends, and f there.
    weights : array of shape (3, units)
        Input weights, biases, output weights.
    xlim, ylim : pair of float
        What the upper panel shows.

    Returns
    -------
    Figure
        The function above three groups of bars.
    """
    fig = plt.figure(figsize=(WIDTH, 4.8))
    grid = fig.add_gridspec(2, 3, height_ratios=(2.4, 1))
    ax = fig.add_subplot(grid[0, :])
    ax.plot(x, f, color=BLUE, linewidth=2.4)
    ax.plot(at, heights, "o", color=VERMILION, markersize=8)
    ax.set(xlim=xlim, ylim=ylim)
    names = ("input weight w", "bias b", "output weight a")
    for place, (values, name) in enumerate(zip(np.asarray(weights), names, strict=True)):
        ax = fig.add_subplot(grid[1, place])
        ax.bar(range(1, len(values) + 1), values, color=BLUE, alpha=0.6)
        ax.axhline(0, color=INK, linewidth=0.8)
        ax.set(title=name, yticks=[], xticks=range(1, len(values) + 1))
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
    return fig


@checks.arguments(x="finite n | n 1", curve="n", band="2 n", data="2 m | 2 m 1", ylim="finite 2")
def plot_functions(
    x: ArrayLike,
    band: ArrayLike,
    curve: ArrayLike,
    data: tuple[ArrayLike, ArrayLike],
    *,
    ylim: Sequence[float],
) -> Figure:
    """Draw one function of a net over the band that its posterior has, with the data.

    Parameters
    ----------
    x, curve : arrays of shape (n,)
        The function.
    band : array of shape (2, n)
        Lower and upper end.
    data : pair of arrays of shape (m,)
        Observations.
    ylim : pair of float
        What the panel shows.

    Returns
    -------
    Figure
        One panel.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 3.2))
    for edge in np.asarray(band):
        ax.plot(x, edge, color=INK, linewidth=1, linestyle="--")
    ax.plot(*data, ".", color=INK, markersize=4)
    ax.plot(x, curve, color=BLUE, linewidth=2.2)
    ax.set(xlabel="x", ylabel="f(x)", ylim=ylim)
    ax.margins(x=0)
    return fig


@checks.arguments(
    x="finite n | n 1", net="n", predicted="n", band="2 n", data="2 m | 2 m 1", ylim="finite 2"
)
def plot_wide(
    x: ArrayLike,
    band: ArrayLike,
    net: ArrayLike,
    predicted: ArrayLike,
    data: tuple[ArrayLike, ArrayLike],
    *,
    ylim: Sequence[float],
) -> Figure:
    """Draw what infinitely wide nets do, and a finite net over what is predicted for it.

    Parameters
    ----------
    x, net, predicted : arrays of shape (n,)
    band : array of shape (2, n)
        Mean and standard deviation of infinitely wide nets; the band is two of these.
    data : pair of arrays of shape (m,)
        Observations.
    ylim : pair of float
        What the panel shows.

    Returns
    -------
    Figure
        One panel.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 3.6))
    mean, std = np.asarray(band)
    ax.fill_between(x, mean - 2 * std, mean + 2 * std, color=BLUE, alpha=0.22, linewidth=0)
    ax.plot(x, mean, color=BLUE, label="infinite width ± 2σ")
    ax.plot(x, net, color=GREEN, label="finite net")
    ax.plot(x, predicted, color=INK, linewidth=1, linestyle="--", label="its prediction")
    ax.plot(*data, "o", color=VERMILION, markersize=7)
    ax.set(xlabel="x", ylim=ylim)
    ax.margins(x=0)
    ax.legend(loc="upper left")
    return fig
