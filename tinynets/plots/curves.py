"""Curves over seeds: a line for the mean, a band from least to most."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from tinynets.colours import PALETTE

STROKES = ("-", "--", "-.", ":")


def plot_curves(
    curves: Mapping[str, ArrayLike],
    *,
    x: ArrayLike | None = None,
    xlabel: str = "epoch",
    ylabel: str = "accuracy",
    yscale: str = "linear",
    labels: str = "end",
    ax: Axes | None = None,
) -> Axes:
    """Draw one curve a name, each named where it ends.

    Parameters
    ----------
    curves : mapping of str to array of shape (points,) or (seeds, points)
        With seeds, the line is their mean and the band their range. Curves
        differ in stroke as well as in colour.
    x : array of shape (points,), optional
        The points; 1, 2, ... if not given.
    xlabel, ylabel : str
    yscale : str
        "linear" or "log".
    labels : str
        "end" writes each name beside the end of its curve, moved apart where
        they would touch; "legend" makes a legend, for curves that meet.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    if labels not in ("end", "legend"):
        raise ValueError(f"labels must be 'end' or 'legend', got {labels!r}")
    ax = plt.gca() if ax is None else ax
    ends = []
    for i, (name, values) in enumerate(curves.items()):
        values = np.atleast_2d(np.asarray(values, float))  # (seeds, points)
        at = np.arange(1, values.shape[1] + 1) if x is None else np.asarray(x)
        colour = PALETTE[i % len(PALETTE)]
        ax.plot(at, values.mean(0), STROKES[i % len(STROKES)], color=colour, label=name)
        if len(values) > 1:
            ax.fill_between(at, values.min(0), values.max(0), color=colour, alpha=0.2, linewidth=0)
        ends.append((name, colour, at[-1], values.mean(0)[-1]))
    ax.set(xlabel=xlabel, ylabel=ylabel, yscale=yscale)
    if labels == "legend":
        ax.legend()
    else:
        _label_ends(ax, ends)
    return ax


def _label_ends(ax: Axes, ends: list, gap: float = 0.075) -> None:
    """Write each name right of its curve, at least `gap` axes apart."""
    ax.autoscale_view()
    to_axes = ax.transData + ax.transAxes.inverted()
    heights = [to_axes.transform((x, y))[1] for _, _, x, y in ends]
    order = np.argsort(heights)
    placed = np.array(heights, float)
    for below, above in zip(order, order[1:]):
        placed[above] = max(placed[above], placed[below] + gap)
    if len(order) and placed[order[-1]] > 1:  # push back down from the top
        placed[order[-1]] = 1
        for above, below in zip(order[::-1], order[-2::-1]):
            placed[below] = min(placed[below], placed[above] - gap)
    for (name, colour, _, _), height in zip(ends, placed):
        ax.annotate(
            name,
            (1.015, height),
            xycoords="axes fraction",
            color=colour,
            va="center",
            fontsize=9,
            annotation_clip=False,
        )
