"""Pictures of latent spaces: cubes, planes, ellipses and class densities."""

from collections.abc import Sequence
from itertools import product

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from tinynets.colours import INK, class_colours
from tinynets.plots import AMOUNTS, WIDTH

VIEW = (35.0, 22.0)  # azimuth and elevation, degrees
EDGES = [
    (a, b)
    for a, b in product(product((0, 1), repeat=3), repeat=2)
    if a < b and np.abs(np.subtract(a, b)).sum() == 1
]


def projected(points: ArrayLike, view: tuple[float, float] = VIEW) -> np.ndarray:
    """Project points (..., 3) to the screen (..., 2), without perspective."""
    azimuth, elevation = np.radians(view)
    x, y, z = np.moveaxis(np.asarray(points, float), -1, 0)
    right = x * np.cos(azimuth) - y * np.sin(azimuth)
    away = x * np.sin(azimuth) + y * np.cos(azimuth)
    up = z * np.cos(elevation) + away * np.sin(elevation)
    return np.stack([right, up], -1)


def plot_digits(
    points: ArrayLike,
    labels: ArrayLike,
    *,
    size: float = 6,
    alpha: float = 0.8,
    ax: Axes | None = None,
) -> Axes:
    """Draw each point of the plane as the digit that it stands for.

    Parameters
    ----------
    points : array of shape (n, 2)
    labels : array of int of shape (n,)
    size : float
        Of a digit, in points.
    """
    ax = plt.gca() if ax is None else ax
    points, labels = np.asarray(points), np.asarray(labels)
    for k, colour in enumerate(class_colours(10)):
        ax.plot(
            *points[labels == k].T,
            linestyle="",
            marker=f"${k}$",
            markersize=size,
            color=colour,
            alpha=alpha,
            markeredgewidth=0,
            rasterized=True,
        )
    return ax


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
    bounds : sequence of (low, high)
        What each row's cube spans.
    titles, row_titles : sequences of str
    """
    n_rows, n_columns = len(rows), len(rows[0])
    fig, axes = plt.subplots(
        n_rows, n_columns, squeeze=False, dpi=96, figsize=(WIDTH, n_rows * WIDTH / n_columns)
    )
    for line, clouds, (low, high) in zip(axes, rows, bounds, strict=True):
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


def plot_regions(winners: ArrayLike, extent: Sequence[float], *, ax: Axes | None = None) -> Axes:
    """Tint each pixel of a map by the class that a read-out gives it.

    Parameters
    ----------
    winners : array of int of shape (height, width)
        Row 0 at the bottom.
    extent : (left, right, bottom, top)
    """
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
    bounds : (low, high)
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


def plot_pairs(
    table: ArrayLike, *, text: str = "{:.0f}", label: str = "", ax: Axes | None = None
) -> Axes:
    """Draw a symmetric table of pairs of classes, below its diagonal.

    Parameters
    ----------
    table : array of shape (classes, classes)
        Zero or above.
    text : str
        Format of each entry.
    label : str
        What is counted, written beside the table.
    """
    ax = plt.gca() if ax is None else ax
    table = np.asarray(table, float)
    shown = np.where(np.tri(len(table), k=-1, dtype=bool), table, np.nan)
    ax.imshow(shown[1:, :-1], cmap=AMOUNTS, vmin=0, vmax=2.5 * np.nanmax(shown))
    for i, j in zip(*np.tril_indices(len(table), -1), strict=True):
        ax.text(j, i - 1, text.format(table[i, j]), ha="center", va="center", fontsize=8)
    ax.set(
        xticks=range(len(table) - 1), yticks=range(len(table) - 1), yticklabels=range(1, len(table))
    )
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.text(0.98, 0.95, label, transform=ax.transAxes, ha="right", va="top")
    return ax


def plot_edge_on(
    a: ArrayLike, b: ArrayLike, names: tuple[int, int], *, ax: Axes | None = None
) -> Axes:
    """Draw two classes with the plane between them seen edge-on.

    Parameters
    ----------
    a, b : arrays of shape (n, 2)
        Signed distance from the plane, and a direction within it.
    names : (int, int)
    """
    ax = plt.gca() if ax is None else ax
    points, labels = np.concatenate([a, b]), np.repeat(names, [len(a), len(b)])
    ax.axvline(0, color=INK, linewidth=1)
    plot_digits(points, labels, size=4.5, ax=ax)
    ax.set(yticks=[], title=f"{names[0]} against {names[1]}")
    ax.spines["left"].set_visible(False)
    return ax


def plot_ellipses(
    points: ArrayLike,
    labels: ArrayLike,
    rings: Sequence[ArrayLike],
    centres: ArrayLike,
    *,
    limit: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw classes in the plane with rings about them.

    Parameters
    ----------
    points : array of shape (n, 2)
    labels : array of int of shape (n,)
    rings : sequence of arrays of shape (classes, m, 2)
        Such as the ellipses at one and at two standard deviations.
    centres : array of shape (classes, 2)
    limit : float, optional
        Half the width of the picture.
    """
    ax = plt.gca() if ax is None else ax
    plot_digits(points, labels, size=3, alpha=0.35, ax=ax)
    for k, colour in enumerate(class_colours(len(centres))):
        for width, ring in zip((1.6, 0.8, 0.5), rings, strict=False):
            ax.plot(*np.asarray(ring[k]).T, color=colour, linewidth=width)
        ax.text(
            *centres[k], str(k), color=colour, fontsize=13, weight="bold", ha="center", va="center"
        )
    ax.set(aspect="equal", xlabel="latent 1", ylabel="latent 2")
    if limit is not None:
        ax.set(xlim=(-limit, limit), ylim=(-limit, limit))
    return ax


def plot_densities(densities: ArrayLike, limit: float, *, ax: Axes | None = None) -> Axes:
    """Draw the region of highest density of each class.

    Parameters
    ----------
    densities : array of shape (classes, height, width)
        In units of the level that encloses the wanted mass: the region is
        where it exceeds one.
    limit : float
        Half the width of the plane that the maps cover.
    """
    ax = plt.gca() if ax is None else ax
    axis = np.linspace(-limit, limit, np.shape(densities)[-1])
    for k, colour in enumerate(class_colours(len(densities))):
        density = np.asarray(densities[k])
        for part in (
            ax.contourf(axis, axis, density, [1, np.inf], colors=[colour], alpha=0.22),
            ax.contour(axis, axis, density, [1], colors=[colour], linewidths=1),
        ):
            part.set_rasterized(True)
        row, column = np.unravel_index(density.argmax(), density.shape)
        ax.text(
            axis[column],
            axis[row],
            str(k),
            color=colour,
            fontsize=9,
            weight="bold",
            ha="center",
            va="center",
        )
    ax.set(aspect="equal", xticks=[], yticks=[], xlim=(-limit, limit), ylim=(-limit, limit))
    for spine in ax.spines.values():
        spine.set(visible=True, alpha=0.3)
    return ax


def plot_mosaic(tiles: ArrayLike, image_shape: tuple[int, int], *, ax: Axes | None = None) -> Axes:
    """Draw rows of images side by side, without gaps.

    Parameters
    ----------
    tiles : array of shape (rows, columns, pixels), in [0, 1]
        Row 0 at the top.
    """
    ax = plt.gca() if ax is None else ax
    tiles = np.asarray(tiles, float)
    rows, columns = tiles.shape[:2]
    image = tiles.reshape(rows, columns, *image_shape).transpose(0, 2, 1, 3)
    ax.imshow(image.reshape(rows * image_shape[0], -1), cmap=AMOUNTS, vmin=0, vmax=1)
    ax.set_axis_off()
    return ax
