"""Pictures of latent planes: digits, ellipses, densities and pairs of classes."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from tinynets import checks
from tinynets.colours import class_colours
from tinynets.plots import AMOUNTS


@checks.arguments(size="positive")
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
        Places in the plane.
    labels : array of int of shape (n,)
        Classes from 0 to 9.
    size : float
        Of a digit, in points.
    alpha : float
        Opacity, in [0, 1].
    ax : Axes, optional
        Where to draw; the current axes if left out.

    Returns
    -------
    Axes
        One line of markers a class.

    Raises
    ------
    ValueError
        If there is not a pair of numbers for each label (none is fine), or `alpha` is none.
    """
    checks.probability("alpha", alpha)
    points, labels = np.asarray(points), np.asarray(labels)
    if labels.ndim != 1 or points.shape != (len(labels), 2):
        raise ValueError(
            f"points must have shape (n, 2) and labels (n,), got {points.shape} and {labels.shape}"
        )
    checks.classes("labels", labels, 10)
    ax = plt.gca() if ax is None else ax
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


@checks.arguments(table="classes classes")
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
    ax : Axes, optional
        Where to draw; the current axes if left out.

    Returns
    -------
    Axes
        With a number in each cell.

    Examples
    --------
    >>> table = np.array([[0, 3, 1], [3, 0, 2], [1, 2, 0]])
    >>> [text.get_text() for text in plot_pairs(table, label="% wrong").texts]
    ['3', '1', '2', '% wrong']
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


@checks.arguments(rings="rings classes points 2", centres="finite classes 2", limit="positive")
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
        Latents of images.
    labels : array of int of shape (n,)
        Their classes.
    rings : sequence of arrays of shape (classes, m, 2)
        Such as the ellipses at one and at two standard deviations.
    centres : array of shape (classes, 2)
        Where the class's number stands.
    limit : float, optional
        Half the width of the picture.
    ax : Axes, optional
        Where to draw; the current axes if left out.

    Returns
    -------
    Axes
        One colour a class.

    Examples
    --------
    >>> ring = np.array([[[1, 0], [0, 1], [-1, 0], [0, -1], [1, 0]]])
    >>> ax = plot_ellipses(np.zeros((3, 2)), [0, 0, 0], [ring], [[0, 0]], limit=2)
    >>> [text.get_text() for text in ax.texts]
    ['0']
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


@checks.arguments(densities="classes height width", limit="positive")
def plot_densities(densities: ArrayLike, limit: float, *, ax: Axes | None = None) -> Axes:
    """Draw the region of highest density of each class.

    Parameters
    ----------
    densities : array of shape (classes, height, width)
        In units of the level that encloses the wanted mass: the region is
        where it exceeds one.
    limit : float
        Half the width of the plane that the maps cover.
    ax : Axes, optional
        Where to draw; the current axes if left out.

    Returns
    -------
    Axes
        One colour a class, its number at the mode.
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


@checks.arguments(tiles="rows columns pixels", image_shape="positive 2 -> pixels")
def plot_mosaic(tiles: ArrayLike, image_shape: tuple[int, int], *, ax: Axes | None = None) -> Axes:
    """Draw rows of images side by side, without gaps.

    Parameters
    ----------
    tiles : array of shape (rows, columns, pixels), in [0, 1]
        Row 0 at the top.
    image_shape : (height, width)
        Of one image, pixels.
    ax : Axes, optional
        Where to draw; the current axes if left out.

    Returns
    -------
    Axes
        Without lines or ticks.

    Examples
    --------
    >>> plot_mosaic(np.zeros((2, 3, 16)), (4, 4)).images[0].get_array().shape
    (8, 12)
    """
    ax = plt.gca() if ax is None else ax
    tiles = np.asarray(tiles, float)
    rows, columns = tiles.shape[:2]
    image = tiles.reshape(rows, columns, *image_shape).transpose(0, 2, 1, 3)
    ax.imshow(image.reshape(rows * image_shape[0], -1), cmap=AMOUNTS, vmin=0, vmax=1)
    ax.set_axis_off()
    return ax
