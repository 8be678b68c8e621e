"""Pictures for the note on activation functions."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from tinynets.colours import INK, PALETTE


def plot_functions(
    z: ArrayLike, values: Mapping[str, ArrayLike], slopes: Mapping[str, ArrayLike]
) -> Figure:
    """Draw functions and their slopes, a small plot each, three a row.

    `values` and `slopes` map a name to an array of the shape of `z`.
    """
    n_rows = -(-len(values) // 3)
    figure, axes = plt.subplots(
        n_rows, 3, sharex=True, sharey=True, squeeze=False, figsize=(680 / 96, 1.7 * n_rows)
    )
    for ax, name in zip(axes.flat, values):
        ax.axhline(0, color=INK, linewidth=0.5, alpha=0.6)
        ax.axvline(0, color=INK, linewidth=0.5, alpha=0.6)
        ax.plot(z, values[name], color=PALETTE[0], linewidth=2.4)
        ax.plot(z, slopes[name], "--", color=PALETTE[1], linewidth=1.2)
        ax.set_title(name)
    for ax in axes.flat[len(values) :]:
        ax.set_visible(False)
    axes[0, 0].set_ylim(-1.9, 3)
    return figure
