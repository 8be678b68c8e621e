"""Lines with names: curves over nets, panels of them, power laws."""

import itertools
from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from tinynets import checks
from tinynets.colours import INK, PALETTE
from tinynets.plots import WIDTH
from tinynets.text import number

STROKES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v")


@checks.arguments(x="finite points | points 1", values="points | nets points")
def draw_line(
    ax: Axes,
    x: ArrayLike,
    values: ArrayLike,
    i: int,
    *,
    label: str,
    band: tuple[float, float] = (0, 100),
    **how,
) -> None:
    """Draw curve number i in its colour and stroke, over the band of its nets.

    Parameters
    ----------
    ax : Axes
    x : array of shape (points,)
    values : array of shape (points,) or (nets, points)
        With nets, the line is their mean.
    i : int
        Curves of one picture count up from 0.
    label : str
    band : (low, high)
        Percentiles over the nets between which the band lies.
    **how
        For matplotlib's `plot`, such as `marker=MARKERS[i]`.
    """
    values = np.atleast_2d(np.asarray(values, float))  # (nets, points)
    colour = PALETTE[i % len(PALETTE)]
    how = {"linestyle": STROKES[i % len(STROKES)]} | how
    ax.plot(x, values.mean(0), color=colour, label=label, **how)
    if len(values) > 1:
        low, high = np.percentile(values, band, axis=0)
        ax.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)


@checks.arguments(x="finite points | points 1", curves="* | * *")
def plot_curves(
    curves: Mapping[str, ArrayLike],
    *,
    x: ArrayLike | None = None,
    xlabel: str = "epoch",
    ylabel: str = "accuracy",
    yscale: str = "linear",
    labels: str = "end",
    marked: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw one curve a name, each named where it ends or in a legend.

    Parameters
    ----------
    curves : mapping of str to array of shape (points,) or (nets, points)
        With nets, the line is their mean and the band their range. Curves
        differ in stroke as well as in colour.
    x : array of shape (points,), optional
        The points; 1, 2, ... if not given.
    xlabel, ylabel : str
    yscale : str
        "linear" or "log".
    labels : str
        "end" writes each name beside the end of its curve, moved apart where
        they would touch; "legend" makes a legend, for curves that meet.
    marked : bool
        Whether each point has a mark.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If `labels` is neither "end" nor "legend".

    Examples
    --------
    >>> ax = plot_curves({"SGD": [0.5, 0.8], "Adam": [0.6, 0.9]})
    >>> [text.get_text() for text in ax.texts]
    ['SGD', 'Adam']
    """
    if labels not in ("end", "legend"):
        raise ValueError(f"labels must be 'end' or 'legend', got {labels!r}")
    if x is not None:
        both = {"x": x, "curves": curves}
        checks.fitting(both, {"x": "points | points 1", "curves": "points | * points"})
    ax = plt.gca() if ax is None else ax
    for i, (name, values) in enumerate(curves.items()):
        n_points = np.shape(values)[-1]
        at = np.arange(1, n_points + 1) if x is None else np.asarray(x)
        marker = MARKERS[i % len(MARKERS)] if marked else None
        draw_line(ax, at, values, i, label=name, marker=marker)
    ax.set(xlabel=xlabel, ylabel=ylabel, yscale=yscale)
    if labels == "legend":
        ax.legend()
    else:
        _label_ends(ax, len(curves))
    return ax


@checks.arguments(x="finite points | points 1", panels="points | * points")
def plot_panels(
    panels: Mapping[str, Mapping[str, ArrayLike]], *, x: ArrayLike, xlabel: str
) -> Figure:
    """Draw several measures of the same runs side by side.

    All panels share the legend at the top.

    Parameters
    ----------
    panels : mapping of str to mapping of str to array of shape (points,) or (nets, points)
        What is measured to curves by name.
    x : array of shape (points,)
        Of all curves.
    xlabel : str
        Below each panel.

    Returns
    -------
    Figure
        A panel for each measure.

    Examples
    --------
    >>> curves = {"SGD": [2, 1]}
    >>> figure = plot_panels({"loss": curves, "error": curves}, x=[1, 2], xlabel="epoch")
    >>> [ax.get_title() for ax in figure.axes]
    ['loss', 'error']
    """
    figure, axes = plt.subplots(1, len(panels), squeeze=False, figsize=(WIDTH, 3))
    colours = {}
    for ax, (measure, curves) in zip(axes.flat, panels.items(), strict=True):
        shown = {
            name: curves.get(name, [np.nan] * len(x))
            for name in [*colours, *(c for c in curves if c not in colours)]
        }
        plot_curves(shown, x=x, xlabel=xlabel, ylabel="", labels="legend", ax=ax)
        ax.set_title(measure)
        ax.get_legend().remove()
        colours |= dict.fromkeys(curves)
    handles = [
        plt.Line2D(
            [], [], color=PALETTE[i % len(PALETTE)], linestyle=STROKES[i % len(STROKES)], label=name
        )
        for i, name in enumerate(colours)
    ]
    figure.legend(
        handles=handles, loc="outside upper center", fontsize=9, ncols=min(len(handles), 5)
    )
    return figure


@checks.arguments(x="positive points | points 1", curves="points | * points", slope="finite")
def plot_power_law(
    x: ArrayLike,
    curves: Mapping[str, ArrayLike],
    *,
    slope: float,
    xlabel: str = "step size",
    ylabel: str = "energy error (nats)",
    ax: Axes | None = None,
) -> Axes:
    """Draw curves on log axes beside a line of a given slope.

    Parameters
    ----------
    x : array of shape (points,)
        Above 0.
    curves : mapping of str to array of shape (points,)
        Above 0, or NaN where there is none.
    slope : float
        Of the guide, which starts below the first curve's first point.
    xlabel, ylabel : str
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> ax = plot_power_law([0.1, 0.2], {"leapfrog": [0.01, 0.04]}, slope=2)
    >>> ax.lines[-1].get_label()
    'slope 2'
    """
    ax = plt.gca() if ax is None else ax
    x = np.asarray(x)
    for i, (name, values) in enumerate(curves.items()):
        marker = MARKERS[i % len(MARKERS)]
        draw_line(ax, x, values, i, label=name, linestyle="-", marker=marker)
    first = np.asarray(next(iter(curves.values())))[0]
    guide = 0.5 * first * (x / x[0]) ** float(slope)
    label = f"slope {number(slope, '{:g}')}"
    ax.plot(x, guide, color=INK, linestyle=":", linewidth=1.4, label=label)
    ax.set(xscale="log", yscale="log", xlabel=xlabel, ylabel=ylabel)
    ax.legend()
    return ax


@checks.arguments(z="points", values="points", slopes="points")
def plot_functions(
    z: ArrayLike, values: Mapping[str, ArrayLike], slopes: Mapping[str, ArrayLike]
) -> Figure:
    """Draw functions and their slopes, a small plot each, three a row.

    Parameters
    ----------
    z : array of shape (points,)
        Where.
    values : mapping of str to array of shape (points,)
        Each function's name, and its values.
    slopes : mapping of str to array of shape (points,)
        The slopes, by the same names.

    Returns
    -------
    Figure
        Panels of one scale, three a row.

    Examples
    --------
    >>> z = np.linspace(-1, 1, 3)
    >>> plot_functions(z, {"square": z**2}, {"square": 2 * z}).axes[0].get_title()
    'square'
    """
    n_rows = -(-len(values) // 3)
    figure, axes = plt.subplots(
        n_rows, 3, sharex=True, sharey=True, squeeze=False, figsize=(WIDTH, 1.7 * n_rows)
    )
    for ax, name in zip(axes.flat, values, strict=False):
        ax.axhline(0, color=INK, linewidth=0.5, alpha=0.6)
        ax.axvline(0, color=INK, linewidth=0.5, alpha=0.6)
        ax.plot(z, values[name], color=PALETTE[0], linewidth=2.4)
        ax.plot(z, slopes[name], "--", color=PALETTE[1], linewidth=1.2)
        ax.set_title(name)
    for ax in axes.flat[len(values) :]:
        ax.set_visible(False)
    axes[0, 0].set_ylim(-1.9, 3)
    return figure


def _label_ends(ax: Axes, n_curves: int, gap: float = 0.075) -> None:
    """Write each name right of its curve, at least `gap` axes apart."""
    ax.autoscale_view()
    ends = [
        (line.get_label(), line.get_color(), line.get_xdata()[-1], line.get_ydata()[-1])
        for line in ax.lines[-n_curves:]
    ]
    to_axes = ax.transData + ax.transAxes.inverted()
    heights = [to_axes.transform((x, y))[1] for _, _, x, y in ends]
    order = np.argsort(heights)
    placed = np.array(heights, float)
    for below, above in itertools.pairwise(order):
        placed[above] = max(placed[above], placed[below] + gap)
    if len(order) and placed[order[-1]] > 1:  # push back down from the top
        placed[order[-1]] = 1
        for above, below in itertools.pairwise(order[::-1]):
            placed[below] = min(placed[below], placed[above] - gap)
    for (name, colour, _, _), height in zip(ends, placed, strict=True):
        ax.annotate(
            name,
            (1.015, height),
            xycoords="axes fraction",
            color=colour,
            va="center",
            fontsize=9,
            annotation_clip=False,
        )
