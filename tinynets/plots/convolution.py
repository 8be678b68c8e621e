"""Pictures of convolutional nets: filters, feature maps, rows of digits."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from tinynets import checks
from tinynets.plots import WIDTH
from tinynets.plots.masks import plot_tile


@checks.arguments(
    image="height width",
    filters="maps side across",
    maps="maps rows columns",
    pooled="maps down right",
)
def plot_maps_of(
    image: ArrayLike, filters: ArrayLike, maps: ArrayLike, pooled: ArrayLike
) -> Figure:
    """Draw an image, and below each filter its map before and after pooling.

    Parameters
    ----------
    image : array of shape (height, width)
    filters : array of shape (maps, rows, columns)
    maps, pooled : array of shape (maps, rows, columns)
        Drawn on one scale for all maps.

    Returns
    -------
    Figure
        Three rows: filters, maps, pooled maps.

    Examples
    --------
    >>> figure = plot_maps_of(
    ...     np.ones((8, 8)), np.ones((2, 3, 3)), np.ones((2, 6, 6)), np.ones((2, 3, 3))
    ... )
    >>> len(figure.axes)
    9
    """
    n_maps = len(filters)
    side = WIDTH / (n_maps + 1.3)
    fig, axes = plt.subplots(
        3,
        n_maps + 1,
        squeeze=False,
        figsize=(WIDTH, 3.1 * side + 0.2),
        width_ratios=[1.3] + n_maps * [1],
    )
    _tile(image, axes[1, 0], amounts=True)
    axes[1, 0].set_title("digit", fontsize=9)
    for ax in axes[[0, 2], 0]:
        ax.set_axis_off()
    for row, values in zip(axes[:, 1:], (filters, maps, pooled), strict=True):
        limit = np.abs(np.asarray(values)).max()
        for ax, value in zip(row, values, strict=True):
            _tile(value, ax, limit=limit)
    for ax, name in zip(axes[:, 1], ("filter", "map", "pooled"), strict=True):
        ax.set_ylabel(name, fontsize=9)
    return fig


@checks.arguments(
    images="n pixels", image_shape="positive 2 -> pixels", titles="n", columns="positive"
)
def plot_gallery(
    images: ArrayLike, image_shape: tuple[int, int], titles: Sequence[str], *, columns: int = 11
) -> Figure:
    """Draw digits in rows, each with a short title.

    Parameters
    ----------
    images : array of shape (n, pixels), in [0, 1]
    image_shape : (height, width)
    titles : sequence of str
        One an image.
    columns : int
        Images in a row.

    Returns
    -------
    Figure
        As many rows as it takes.

    Examples
    --------
    >>> len(plot_gallery(np.zeros((5, 64)), (8, 8), list("01234"), columns=3).axes)
    6
    """
    images = np.asarray(images)
    rows = -(-len(images) // columns)
    side = WIDTH / columns
    fig, axes = plt.subplots(
        rows, columns, squeeze=False, layout="constrained", figsize=(WIDTH, rows * (side + 0.2))
    )
    for ax in axes.flat[len(images) :]:
        ax.set_axis_off()
    for ax, image, title in zip(axes.flat, images, titles, strict=False):
        plot_tile(image, image_shape, amounts=True, ax=ax)
        ax.set_title(title, fontsize=8, pad=2)
    fig.get_layout_engine().set(w_pad=0.02, h_pad=0.02)
    return fig


def _tile(values: ArrayLike, ax: plt.Axes, **how) -> None:
    plot_tile(np.ravel(values), np.shape(values), ax=ax, **how)
