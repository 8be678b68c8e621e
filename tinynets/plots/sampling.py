"""Chains: their traces, ranks and autocorrelation."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from tinynets import checks
from tinynets.colours import INK, PALETTE
from tinynets.plots.curves import draw_line


@checks.arguments(values="chains draws")
def plot_traces(
    values: ArrayLike, *, ylabel: str = "value", n_warmup: int = 0, ax: Axes | None = None
) -> Axes:
    """Draw the path of each chain, the warm-up apart.

    Parameters
    ----------
    values : array of shape (chains, draws)
        One quantity. Up to some 8 chains can be told apart.
    ylabel : str
    n_warmup : int
        Draws at the front to mark as warm-up.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If there are fewer draws than `n_warmup`.

    Examples
    --------
    >>> len(plot_traces(np.zeros((4, 10)), n_warmup=3).lines)
    4
    """
    checks.count("n_warmup", n_warmup, at_least=0)
    values = np.asarray(values)
    if n_warmup > values.shape[-1]:
        raise ValueError(f"n_warmup must be at most the {values.shape[-1]} draws, got {n_warmup}")
    ax = plt.gca() if ax is None else ax
    for chain, colour in zip(values, np.resize(PALETTE, len(values)), strict=True):
        ax.plot(np.arange(len(chain)), chain, color=colour, linewidth=0.7, alpha=0.8)
    if n_warmup:
        ax.axvspan(0, n_warmup, color=INK, alpha=0.12, linewidth=0)
        ax.annotate(
            "warm-up",
            (0, 1),
            (0, 3),
            fontsize=9,
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
        )
    ax.set(xlabel="draw", ylabel=ylabel)
    ax.margins(x=0)
    return ax


@checks.arguments(counts="bins", expected="finite", band="finite 2")
def plot_ranks(
    counts: ArrayLike,
    *,
    expected: float,
    band: tuple[float, float] | None = None,
    label: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw a rank histogram and the level that uniform ranks have.

    Parameters
    ----------
    counts : array of shape (bins,)
        How many ranks fell into each bin.
    expected : float
        Count of a bin if ranks are uniform.
    band : (float, float), optional
        Where a count then lies almost surely.
    label : str
        What is ranked.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = plt.gca() if ax is None else ax
    counts = np.asarray(counts)
    ax.bar(np.arange(len(counts)), counts, width=0.85, color=PALETTE[0], alpha=0.75)
    if band is not None:
        ax.axhspan(*band, color=INK, alpha=0.2, linewidth=0)
    ax.axhline(expected, color=INK, linewidth=1.2, linestyle="--")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(
        xlabel=f"rank of {label}".strip() if label else "rank",
        ylabel="count",
        xlim=(-0.6, len(counts) - 0.4),
    )
    return ax


@checks.arguments(curves="* | * *")
def plot_autocorrelation(curves: Mapping[str, ArrayLike], *, ax: Axes | None = None) -> Axes:
    """Draw autocorrelation by lag, one line a sampler.

    Parameters
    ----------
    curves : mapping of str to array of shape (lags,) or (chains, lags)
        From lag 0 on. With chains, the line is their mean and the band goes
        from the 5th to the 95th percentile.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If there are no curves.
    """
    if not curves:
        raise ValueError("curves must hold at least one sampler's autocorrelation")
    ax = plt.gca() if ax is None else ax
    for i, (name, values) in enumerate(curves.items()):
        draw_line(ax, np.arange(np.shape(values)[-1]), values, i, label=name, band=(5, 95))
    ax.axhline(0, color=INK, linewidth=0.8)
    ax.set(xlabel="lag", ylabel="autocorrelation")
    ax.margins(x=0)
    ax.legend()
    return ax
