"""Posteriors of small networks: bands, draws, corners and symmetries."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from tinynets import checks
from tinynets.colours import BLUE, INK, PALETTE, VERMILION


@checks.arguments(
    x="finite points | points 1",
    functions="finite ... draws points",
    data="finite 2 n | 2 n 1",
    ylim="finite 2",
)
def plot_predictive(
    x: ArrayLike,
    functions: ArrayLike,
    *,
    data: tuple[ArrayLike, ArrayLike] | None = None,
    reference: tuple[ArrayLike, ArrayLike] | None = None,
    n_curves: int = 12,
    colour: str = BLUE,
    ylim: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw curves, their mean and their central 95 % band.

    Parameters
    ----------
    x : array of shape (points,) or (points, 1)
    functions : array of shape (*chains, draws, points)
        As `bnn.predictions` gives them; of several outputs, one: `f[..., 0]`.
    data : pair of arrays of shape (n,), optional
    reference : (mean, std), each of shape (points,), optional
        Exact posterior to compare with: dashed mean ± 1.96 std.
    n_curves : int
        How many draws are drawn as curves.
    colour : str
    ylim : (float, float), optional
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If `functions` does not end in as many values as there are points.

    Examples
    --------
    >>> x, f = np.linspace(0, 1, 5), np.zeros((2, 10, 5))
    >>> len(plot_predictive(x, f, n_curves=3).lines)
    4
    """
    ax = plt.gca() if ax is None else ax
    x = np.asarray(x).ravel()
    functions = _pooled(len(x), functions)
    low, high = np.percentile(functions, [2.5, 97.5], axis=0)
    ax.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)
    chosen = functions[:: max(1, len(functions) // max(n_curves, 1))]
    ax.plot(x, chosen[:n_curves].T, color=colour, alpha=0.5, linewidth=0.7)
    ax.plot(x, functions.mean(0), color=colour, linewidth=2)
    if reference is not None:
        mean, std = map(np.asarray, reference)
        ax.plot(
            x,
            np.stack([mean - 1.96 * std, mean + 1.96 * std]).T,
            color=INK,
            linestyle=(0, (4, 2)),
            linewidth=1.1,
        )
    if data is not None:
        ax.plot(
            *map(np.ravel, map(np.asarray, data)), "o", color=VERMILION, markersize=3.4, zorder=3
        )
    ax.set(xlabel="x", ylim=ylim)
    ax.margins(x=0)
    return ax


@checks.arguments(
    x="finite points | points 1",
    functions="draws points",
    corners="draws units",
    heights="draws units",
    directions="draws units",
    data="2 n | 2 n 1",
)
def plot_relu_draws(
    x: ArrayLike,
    functions: ArrayLike,
    corners: ArrayLike,
    heights: ArrayLike,
    directions: ArrayLike,
    *,
    data: tuple[ArrayLike, ArrayLike],
    ax: Axes | None = None,
) -> Axes:
    """Draw posterior draws of a ReLU net with every corner marked.

    Parameters
    ----------
    x : array of shape (points,)
    functions : array of shape (draws, points)
    corners, heights : arrays of shape (draws, units)
        Where a unit bends the curve, and f there.
    directions : array of shape (draws, units)
        1 where the unit is on to the right of its corner, -1 to the left:
        the triangle points there.
    data : pair of arrays of shape (n,)
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> x, zero = np.linspace(-1, 1, 3), np.zeros((2, 1))
    >>> ax = plot_relu_draws(x, np.zeros((2, 3)), zero, zero, zero + 1, data=(x, x))
    >>> ax.get_ylabel()
    'f(x)'
    """
    ax = plt.gca() if ax is None else ax
    x = np.asarray(x).ravel()
    corners, heights, directions = map(np.asarray, (corners, heights, directions))
    ax.plot(*map(np.ravel, map(np.asarray, data)), "o", color=INK, alpha=0.5, markersize=2.4)
    ax.plot(x, np.asarray(functions).T, color=BLUE, alpha=0.3, linewidth=0.8)
    for direction, marker in ((1, ">"), (-1, "<")):
        chosen = (directions == direction) & (np.abs(corners) < x.max())
        ax.plot(corners[chosen], heights[chosen], marker, color=VERMILION, markersize=5, alpha=0.7)
    ax.set(xlabel="x", ylabel="f(x)", xlim=(x.min(), x.max()))
    return ax


@checks.arguments(first="chains draws", second="chains draws")
def plot_symmetry(
    first: ArrayLike, second: ArrayLike, *, xlabel: str, ylabel: str, ax: Axes | None = None
) -> Axes:
    """Scatter two weights, one colour a chain.

    Parameters
    ----------
    first, second : arrays of shape (chains, draws)
    xlabel, ylabel : str
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> ax = plot_symmetry(np.zeros((3, 4)), np.ones((3, 4)), xlabel="w₁", ylabel="w₂")
    >>> len(ax.lines)
    3
    """
    ax = plt.gca() if ax is None else ax
    for a, b, colour in zip(
        np.asarray(first), np.asarray(second), np.resize(PALETTE, len(first)), strict=True
    ):
        ax.plot(a, b, ".", color=colour, markersize=2.6, alpha=0.6, rasterized=True)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    return ax


@checks.arguments(names="names", estimates="names nets", truth="names")
def plot_intervals(
    names: Sequence[str],
    estimates: ArrayLike,
    truth: ArrayLike | None = None,
    *,
    xlabel: str,
    ax: Axes | None = None,
) -> Axes:
    """Draw one row of dots a name: an estimate a net.

    Parameters
    ----------
    names : sequence of str
    estimates : array of shape (names, nets)
    truth : array of shape (names,), optional
        Drawn as a tall tick.
    xlabel : str
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = plt.gca() if ax is None else ax
    estimates = np.asarray(estimates)
    rows = np.arange(len(names))[::-1]
    ax.plot(
        estimates,
        np.repeat(rows[:, None], estimates.shape[1], 1),
        "o",
        color=BLUE,
        markersize=5,
        alpha=0.6,
    )
    if truth is not None:
        ax.plot(np.asarray(truth), rows, "|", color=VERMILION, markersize=16, markeredgewidth=2)
    ax.set(xlabel=xlabel, yticks=rows, yticklabels=list(names), ylim=(-0.6, len(names) - 0.4))
    return ax


@checks.arguments(groups="*", highest="positive", n_bins="positive")
def plot_entropies(
    groups: Mapping[str, Mapping[str, ArrayLike]],
    *,
    n_bins: int = 30,
    highest: float,
    axes: Sequence[Axes],
) -> Sequence[Axes]:
    """Draw histograms of predictive entropy, one panel a kind of input.

    Parameters
    ----------
    groups : mapping of str to mapping of str to array of shape (n,)
        Kind of input, then model, to entropies in nats.
    n_bins : int
    highest : float
        Right end: log of the number of classes.
    axes : sequence of Axes
        One for each kind.

    Returns
    -------
    sequence of Axes

    Raises
    ------
    ValueError
        If there are not as many axes as kinds of input.

    Examples
    --------
    >>> axes = plt.subplots(1, 2)[1]
    >>> groups = {"digits": {"HMC": [0.1, 0.4]}, "letters": {"HMC": [0.9, 2.0]}}
    >>> [ax.get_title() for ax in plot_entropies(groups, highest=2.3, axes=axes)]
    ['digits', 'letters']
    """
    if len(axes) != len(groups):
        raise ValueError(f"axes must be {len(groups)}, one for each of groups, got {len(axes)}")
    edges = np.linspace(0, highest, n_bins + 1)
    for ax, (kind, models) in zip(axes, groups.items(), strict=True):
        for (name, values), colour, stroke in zip(
            models.items(), PALETTE, ("-", "--", "-."), strict=False
        ):
            counts, _ = np.histogram(np.asarray(values), edges)
            ax.stairs(
                counts / counts.sum(),
                edges,
                color=colour,
                linestyle=stroke,
                linewidth=1.6,
                label=name,
            )
        ax.set(title=kind, xlabel="entropy (nats)", xlim=(0, highest))
    axes[0].set(ylabel="share of inputs")
    axes[0].legend()
    return axes


def _pooled(n_points: int, functions: ArrayLike) -> np.ndarray:
    """Return the draws of all chains as (draws, points)."""
    functions = np.asarray(functions)
    if functions.ndim < 2 or functions.shape[-1] != n_points:
        raise ValueError(
            f"functions must have shape (*chains, draws, {n_points}), one value for each point "
            f"of x, got {functions.shape}; of several outputs, take one: functions[..., 0]"
        )
    return functions.reshape(-1, n_points)
