"""Still pictures of one neuron, and of two."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from tinynets import checks
from tinynets.colours import BLUE, GREEN, INK, VERMILION
from tinynets.plots import WIDTH


@checks.arguments(x="finite n | n 1", output="n", slope="n", limit="positive")
def plot_neuron(
    x: ArrayLike, output: ArrayLike, slope: ArrayLike, *, limit: float, kink: float | None
) -> Figure:
    """Draw a neuron's output over its input, and below it the slope of its activation.

    Parameters
    ----------
    x, output, slope : arrays of shape (n,)
    limit : float
        Inputs with a smaller slope are tinted: there the neuron is saturated.
    kink : float, optional
        Where the weighted input is zero.

    Returns
    -------
    Figure
        Output above, slope below.
    """
    x, output, slope = map(np.asarray, (x, output, slope))
    fig, axes = plt.subplots(
        2, 1, sharex=True, figsize=(WIDTH, 4.4), gridspec_kw={"height_ratios": (1.5, 1)}
    )
    for ax, values, colour in zip(axes, (output, slope), (BLUE, GREEN), strict=True):
        low, high = (-1.5, 3) if ax is axes[0] else (-0.3, 1.9)
        flat = np.abs(slope) < limit
        ax.fill_between(x, low, high, where=flat, color=INK, alpha=0.15, linewidth=0)
        ax.plot(x, values, color=colour, linewidth=2.4)
        ax.set(xlim=(x[0], x[-1]), ylim=(low, high))
    if kink is not None:
        axes[0].plot(kink, np.interp(kink, x, output), "o", color=VERMILION, markersize=8)
    axes[0].set_title("output")
    axes[1].set(title=f"slope of the activation; tinted: below {limit:g}", xlabel="input x")
    return fig


@checks.arguments(x="finite n | n 1", f="n", target="n", ylim="finite 2")
def plot_two_neurons(
    x: ArrayLike, f: ArrayLike, target: ArrayLike, *, ylim: Sequence[float]
) -> Figure:
    """Draw the function of a small net over the target that it should match.

    Parameters
    ----------
    x, f, target : arrays of shape (n,)
    ylim : pair of float
        What the panel shows.

    Returns
    -------
    Figure
        One panel.
    """
    x, f, target = map(np.asarray, (x, f, target))
    fig, ax = plt.subplots(figsize=(WIDTH, 3.4))
    ax.plot(x, target, color=INK, linewidth=2, linestyle="--", label="target")
    ax.plot(x, f, color=BLUE, linewidth=2.6, label="net")
    ax.set(xlim=(x[0], x[-1]), ylim=ylim, xlabel="input x")
    ax.legend()
    return fig
