"""Infinitely wide networks: bands, depth, and error against the number of examples."""

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


@checks.arguments(x="finite n | n 1", bands="2 n", data="2 m | 2 m 1", truth="n", ylim="finite 2")
def plot_panels(
    x: ArrayLike,
    bands: Mapping[str, tuple[ArrayLike, ArrayLike]],
    data: tuple[ArrayLike, ArrayLike],
    *,
    truth: ArrayLike | None = None,
    ylim: tuple[float, float],
) -> Figure:
    """Draw means with bands of two standard deviations, a panel each.

    Parameters
    ----------
    x : array of shape (n,)
        Inputs, ascending.
    bands : mapping of str to (mean, std), each of shape (n,)
        By the panel's title.
    data : pair of arrays of shape (m,)
        Observations.
    truth : array of shape (n,), optional
        The function that the data are of, dashed.
    ylim : (float, float)
        What all panels show.

    Returns
    -------
    Figure
        A panel for each band.

    Examples
    --------
    >>> x = np.linspace(0, 1, 5)
    >>> plot_panels(x, {"NNGP": (x, x)}, (x[:2], x[:2]), ylim=(-1, 3)).axes[0].get_title()
    'NNGP'
    """
    fig, axes = plt.subplots(
        1, len(bands), figsize=(WIDTH, 2.7), sharex=True, sharey=True, squeeze=False
    )
    for ax, (title, (mean, std)) in zip(axes[0], bands.items(), strict=True):
        mean, std = np.asarray(mean), np.asarray(std)
        ax.fill_between(x, mean - 2 * std, mean + 2 * std, color=BLUE, alpha=0.2, linewidth=0)
        ax.plot(x, mean, color=BLUE)
        if truth is not None:
            ax.plot(x, truth, color=INK, linewidth=1.1, linestyle=(0, (4, 2)))
        ax.plot(*data, "o", color=VERMILION, markersize=3.4, zorder=3)
        ax.set(title=title, xlabel="x", ylim=ylim)
        ax.margins(x=0)
    return fig


@checks.arguments(layers="n_layers", correlations="2 ...", W_std="positive n", depth_scale="n")
def plot_depth(
    layers: ArrayLike,
    correlations: Mapping[str, tuple[ArrayLike, ArrayLike]],
    W_std: ArrayLike,
    depth_scale: ArrayLike,
) -> Figure:
    """Draw the correlation of two inputs layer by layer, and the depth over which it settles.

    Parameters
    ----------
    layers : array of shape (n_layers,)
        Their numbers.
    correlations : mapping of str to (limit, nets)
        By the name of a curve: (n_layers,), and (n_nets, n_layers) of finite nets, as dots.
    W_std, depth_scale : arrays of shape (n,)
        Scale of the weights, and layers over which a correlation settles.

    Returns
    -------
    Figure
        Correlations on the left, depth scales on the right.

    Examples
    --------
    >>> x = np.arange(1, 7)
    >>> len(plot_depth(x, {"tanh": (1 / x, [1 / x])}, x, x).axes)
    2
    """
    parts = {
        "layers": layers,
        "the limit of correlations": {name: pair[0] for name, pair in correlations.items()},
        "the nets of correlations": {name: pair[1] for name, pair in correlations.items()},
    }
    checks.fitting(parts, dict(zip(parts, ("n_layers", "n_layers", "* n_layers"), strict=True)))
    fig, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.9))
    for i, (name, (limit, found)) in enumerate(correlations.items()):
        left.plot(layers, limit, STROKES[i], color=PALETTE[i], label=name)
        for one in np.asarray(found):
            left.plot(layers[::3], one[::3], MARKERS[i], color=PALETTE[i], markersize=2.5)
    left.set(xlabel="layer", ylabel="correlation of two inputs", ylim=(-0.05, 1.05))
    left.legend(loc="lower left", bbox_to_anchor=(0.35, 0.3))
    right.semilogy(W_std, depth_scale, color=BLUE)
    right.set(xlabel="scale of the weights", ylabel="depth scale ξ, layers")
    return fig


@checks.arguments(sizes="positive sizes", errors="sizes ...")
def plot_errors(
    sizes: Sequence[int], errors: Mapping[str, Sequence[ArrayLike]], *, ax: Axes | None = None
) -> Axes:
    """Draw test errors against the number of training images, on logarithmic axes.

    Parameters
    ----------
    sizes : sequence of int
        Numbers of training images.
    errors : mapping of str to sequence of arrays of shape (n_seeds,)
        In per cent, one array for each size. Lines are means, bars the range over seeds.
    ax : Axes, optional
        Where to draw; the current axes if left out.

    Returns
    -------
    Axes
        Both axes are logarithmic.

    Examples
    --------
    >>> plot_errors([10, 100], {"NTK": [[9.0, 8.0], [4.0, 5.0]]}).get_xscale()
    'log'
    """
    ax = plt.gca() if ax is None else ax
    for i, (name, values) in enumerate(errors.items()):
        rows = [np.asarray(row, float) for row in values]
        mean = np.array([row.mean() for row in rows])
        reach = [mean - [row.min() for row in rows], [row.max() for row in rows] - mean]
        ax.errorbar(
            np.asarray(sizes) * 1.03 ** (i - 1.5), mean, reach, fmt=STROKES[i] + MARKERS[i],
            color=PALETTE[i], linewidth=1.5, markersize=4.5, label=name,
        )  # fmt: skip
    ax.set(xscale="log", yscale="log", xlabel="training images", ylabel="test error, %")
    ax.set_xticks(sizes, [f"{n:,}" for n in sizes])
    lowest, highest = ax.get_ylim()
    ticks = [t for t in (0.5, 1, 2, 5, 10, 20, 50) if lowest <= t <= highest]
    ax.set_yticks(ticks, [f"{t:g}" for t in ticks])
    ax.minorticks_off()
    ax.legend()
    return ax
