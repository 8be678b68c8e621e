"""Pictures for the notes on Nielsen's book."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from tinynets import checks
from tinynets.colours import INK, PALETTE
from tinynets.plots import WIDTH
from tinynets.plots.curves import STROKES


@checks.arguments(stretch="positive 2", paths="finite * 2")
def plot_bowl(
    stretch: np.ndarray, paths: Mapping[str, np.ndarray], *, ax: Axes | None = None
) -> Axes:
    """Draw paths of descent over the contours of a quadratic bowl.

    Parameters
    ----------
    stretch : ndarray of shape (2,)
        Curvatures: C = (stretch * v ** 2).sum() / 2.
    paths : mapping of str to ndarray of shape (steps, 2)
        Name and places of each descent.
    ax : Axes, optional

    Returns
    -------
    Axes
        The minimum is a cross.

    Examples
    --------
    >>> path = np.array([[1.0, 1.0], [0.5, 0.2]])
    >>> [line.get_label() for line in plot_bowl(np.array([1.0, 4.0]), {"η = 0.1": path}).lines][0]
    'η = 0.1'
    """
    ax = plt.gca() if ax is None else ax
    reach = 1.15 * max(abs(path).max() for path in paths.values())
    v = np.linspace(-reach, reach, 161)
    cost = (stretch[0] * v[None] ** 2 + stretch[1] * v[:, None] ** 2) / 2
    ax.contour(
        v,
        v,
        cost,
        levels=cost.max() * np.linspace(0.1, 1, 9) ** 2,
        colors=INK,
        linewidths=0.6,
        alpha=0.6,
    )
    for i, (name, path) in enumerate(paths.items()):
        ax.plot(
            *path.T,
            STROKES[i],
            color=PALETTE[i],
            marker="o",
            markersize=2.5,
            linewidth=1.3,
            label=name,
        )
    ax.plot(0, 0, "x", color=INK)
    ax.set(xlabel="v₁", ylabel="v₂", aspect="equal", ylim=(-0.7 * reach, 0.7 * reach))
    ax.legend(loc="lower right")
    return ax


@checks.arguments(tables="* digits")
def plot_recall(tables: Mapping[str, np.ndarray]) -> Figure:
    """Shade the share of each digit that is found, a row a seed.

    Parameters
    ----------
    tables : mapping of str to ndarray of shape (seeds, digits)
        Title, and shares in [0, 1].

    Returns
    -------
    Figure
        A panel for each table, percentages in the cells.

    Examples
    --------
    >>> plot_recall({"plain": np.array([[0.9, 0.25]])}).axes[0].texts[1].get_text()
    '25'
    """
    figure, axes = plt.subplots(1, len(tables), sharey=True, squeeze=False, figsize=(WIDTH, 2.6))
    for ax, (title, shares) in zip(axes[0], tables.items(), strict=True):
        ax.imshow(shares, cmap="tinynets_amounts", vmin=0, vmax=1, aspect="auto")
        for (row, digit), share in np.ndenumerate(shares):
            ax.text(
                digit,
                row,
                f"{100 * share:.0f}",
                ha="center",
                va="center",
                fontsize=8,
                color="white" if share > 0.5 else INK,
            )
        ax.set(title=title, xlabel="digit", xticks=range(shares.shape[1]), yticks=[])
    axes[0, 0].set_ylabel("seeds")
    return figure


@checks.arguments(steps="n", errors="n")
def plot_step_error(steps: ArrayLike, errors: ArrayLike, *, ax: Axes | None = None) -> Axes:
    """Draw the error of a finite difference against its step, log axes.

    Parameters
    ----------
    steps : array of shape (n,)
        Above 0.
    errors : array of shape (n,)
        Above 0.
    ax : Axes, optional
        Where to draw; the current axes if left out.

    Returns
    -------
    Axes
        Both axes are logarithmic.

    Examples
    --------
    >>> plot_step_error(np.array([1e-3, 1e-2]), np.array([1e-6, 1e-4])).get_xscale()
    'log'
    """
    ax = plt.gca() if ax is None else ax
    ax.loglog(steps, errors, "o-", color=PALETTE[0])
    ax.set(xlabel="step h", ylabel="largest error of a slope")
    return ax


@checks.arguments(images="n pixels", slopes="n pixels", image_shape="positive 2 -> pixels")
def plot_pixel_slopes(
    images: np.ndarray, slopes: np.ndarray, image_shape: tuple[int, int]
) -> Figure:
    """Draw images and, below each, the slopes of a cost in its pixels.

    Parameters
    ----------
    images : ndarray of shape (n, pixels)
        In [0, 1].
    slopes : ndarray of shape (n, pixels)
        Each image has a scale of its own.
    image_shape : (height, width)
        Pixels.

    Returns
    -------
    Figure
        Two rows.

    Examples
    --------
    >>> len(plot_pixel_slopes(np.zeros((3, 4)), np.ones((3, 4)), (2, 2)).axes)
    6
    """
    figure, axes = plt.subplots(2, len(images), figsize=(WIDTH, 3))
    for column, (image, slope) in enumerate(zip(images, slopes, strict=True)):
        axes[0, column].imshow(image.reshape(image_shape), vmin=0, vmax=1, cmap="tinynets_amounts")
        reach = abs(slope).max()
        axes[1, column].imshow(
            slope.reshape(image_shape), vmin=-reach, vmax=reach, cmap="tinynets_weights"
        )
    for ax in axes.flat:
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(True)
        ax.spines[:].set_alpha(0.3)
    axes[0, 0].set_ylabel("digit")
    axes[1, 0].set_ylabel("slope")
    return figure


@checks.arguments(maps="* *", extent="finite 4")
def plot_maps(maps: Mapping[str, np.ndarray], extent: Sequence[float]) -> Figure:
    """Shade functions of two inputs side by side, from 0 to their largest.

    Parameters
    ----------
    maps : mapping of str to ndarray of shape (rows, columns)
        Title, and values of 0 or above; row 0 at the bottom.
    extent : (left, right, bottom, top)
        What each map covers.

    Returns
    -------
    Figure
        A panel for each map, with its range in the title.

    Examples
    --------
    >>> plot_maps({"tower": np.eye(3)}, (0, 1, 0, 1)).axes[0].get_title()
    'tower, 0 to 1'
    """
    figure, axes = plt.subplots(1, len(maps), squeeze=False, figsize=(WIDTH, 3.1))
    for ax, (title, values) in zip(axes[0], maps.items(), strict=True):
        ax.imshow(values, origin="lower", extent=tuple(extent), vmin=0, cmap="tinynets_amounts")
        ax.set(title=f"{title}, 0 to {np.max(values):.2g}", xlabel="x₁", ylabel="x₂")
    return figure
