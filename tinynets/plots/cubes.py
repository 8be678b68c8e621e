"""Clouds in the cube of three hidden units, turned and unfolded."""

from collections.abc import Sequence
from itertools import product

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from tinynets import checks
from tinynets.colours import INK, class_colours
from tinynets.plots import WIDTH
from tinynets.plots.latents import plot_digits

VIEW = (35.0, 22.0)  # azimuth and elevation, degrees
EDGES = [
    (a, b)
    for a, b in product(product((0, 1), repeat=3), repeat=2)
    if a < b and np.abs(np.subtract(a, b)).sum() == 1
]


@checks.arguments(points="... 3", view="finite 2")
def projected(points: ArrayLike, view: tuple[float, float] = VIEW) -> np.ndarray:
    """Project points (..., 3) to the screen (..., 2), without perspective.

    Parameters
    ----------
    points : array of shape (..., 3)
        Places in space.
    view : (float, float)
        Azimuth and elevation, degrees.

    Returns
    -------
    ndarray, (..., 2)
        Right and up, in the unit of the points.
    """
    azimuth, elevation = np.radians(view)
    x, y, z = np.moveaxis(np.asarray(points, float), -1, 0)
    right = x * np.cos(azimuth) - y * np.sin(azimuth)
    away = x * np.sin(azimuth) + y * np.cos(azimuth)
    up = z * np.cos(elevation) + away * np.sin(elevation)
    return np.stack([right, up], -1)


@checks.arguments(rows="rows columns n 3", labels="n", bounds="finite rows 2")
def plot_cubes(
    rows: Sequence[Sequence[ArrayLike]],
    labels: ArrayLike,
    bounds: Sequence[tuple[float, float]],
    *,
    titles: Sequence[str] = (),
    row_titles: Sequence[str] = (),
) -> Figure:
    """Draw a cloud in its cube for each layer (rows) and time (columns).

    Parameters
    ----------
    rows : sequence of sequences of arrays of shape (n, 3)
    labels : array of int of shape (n,)
        Classes from 0 to 9.
    bounds : sequence of (low, high)
        What each row's cube spans.
    titles : sequence of str
        Of the columns.
    row_titles : sequence of str
        Of the rows.

    Returns
    -------
    Figure
        A panel for each cloud.

    Examples
    --------
    >>> cloud = np.random.default_rng(0).random((20, 3))
    >>> len(plot_cubes([[cloud, cloud]], np.arange(20) % 10, [(0, 1)]).axes)
    2
    """
    n_rows, n_columns = len(rows), len(rows[0])
    fig, axes = plt.subplots(
        n_rows, n_columns, squeeze=False, dpi=96, figsize=(WIDTH, n_rows * WIDTH / n_columns)
    )
    for line, clouds, (low, high) in zip(axes, rows, np.asarray(bounds, float), strict=True):
        for ax, cloud in zip(line, clouds, strict=True):
            for edge in EDGES:
                ax.plot(
                    *projected(np.array(edge) * (high - low) + low).T,
                    color=INK,
                    alpha=0.4,
                    linewidth=0.7,
                )
            plot_digits(projected(cloud), labels, size=min(6, 17.5 / n_columns), ax=ax)
            ax.set(aspect="equal")
            ax.set_axis_off()
    for ax, title in zip(axes[0], titles, strict=False):
        ax.set_title(title)
    for ax, title in zip(axes[:, 0], row_titles, strict=False):
        ax.text(-0.02, 0.5, title, transform=ax.transAxes, rotation=90, ha="right", va="center")
    return fig


@checks.arguments(winners="height width", extent="finite 4")
def plot_regions(winners: ArrayLike, extent: Sequence[float], *, ax: Axes | None = None) -> Axes:
    """Tint each pixel of a map by the class that a read-out gives it.

    Parameters
    ----------
    winners : array of int of shape (height, width)
        Row 0 at the bottom.
    extent : (left, right, bottom, top)
        What the map covers.
    ax : Axes, optional
        Where to draw; the current axes if left out.

    Returns
    -------
    Axes
        With a number in each region of more than 1 %.

    Raises
    ------
    ValueError
        If the map has fewer than two rows or columns.
    """
    if min(np.shape(winners)) < 2:
        raise ValueError(f"winners must be 2 × 2 or larger, got {np.shape(winners)}")
    ax = plt.gca() if ax is None else ax
    winners = np.asarray(winners)
    ax.imshow(
        winners,
        cmap=ListedColormap(class_colours(10)),
        vmin=-0.5,
        vmax=9.5,
        extent=extent,
        origin="lower",
        alpha=0.28,
        aspect="auto",
    )
    xs, ys = (
        np.linspace(extent[i], extent[i + 1], n)
        for i, n in ((0, winners.shape[1]), (2, winners.shape[0]))
    )
    for k in np.unique(winners):
        inside = winners == k
        if inside.mean() > 0.01:
            ax.contour(xs, ys, inside, [0.5], colors=[INK], linewidths=0.6)
            row, column = (int(i.mean()) for i in inside.nonzero())
            ax.text(
                xs[column],
                ys[row],
                str(k),
                fontsize=15,
                color=INK,
                alpha=0.75,
                ha="center",
                va="center",
            )
    return ax


@checks.arguments()
def plot_unfolded(
    faces: dict[str, ArrayLike],
    points: dict[str, ArrayLike],
    labels: dict[str, ArrayLike],
    bounds: tuple[float, float],
) -> Figure:
    """Unfold a cube: each face tinted by its class, digits near it on top.

    Parameters
    ----------
    faces : dict of str to array of int of shape (height, width)
        Six faces, named by the unit that is fixed and where: "0-", "0+", …
    points : dict of str to array of shape (n, 2)
        In the coordinates of the two other units, in their order.
    labels : dict of str to array of int of shape (n,)
        Classes of the points.
    bounds : (low, high)
        What each unit spans.

    Returns
    -------
    Figure
        Six panels, those of a unit above one another.

    Examples
    --------
    >>> names = ["0-", "0+", "1-", "1+", "2-", "2+"]
    >>> face = {name: np.zeros((4, 4), int) for name in names}
    >>> point = {name: np.full((1, 2), 0.5) for name in names}
    >>> figure = plot_unfolded(face, point, {name: [0] for name in names}, (0, 1))
    >>> figure.axes[0].get_title()
    'unit 1 at 0'
    """
    low, high = bounds
    fig, axes = plt.subplots(2, 3, dpi=130, sharex=True, sharey=True, figsize=(WIDTH, WIDTH * 0.7))
    for ax, name in zip(axes.T.flat, faces, strict=True):
        unit, end = int(name[0]), low if name[1] == "-" else high
        plot_regions(faces[name], (low, high, low, high), ax=ax)
        plot_digits(points[name], labels[name], size=4, ax=ax)
        others = [i + 1 for i in range(3) if i != unit]
        ax.set(
            title=f"unit {unit + 1} at {end:g}",
            xticks=[low, high],
            yticks=[low, high],
            aspect="equal",
            xlabel=f"unit {others[0]}",
            ylabel=f"unit {others[1]}",
        )
    return fig
