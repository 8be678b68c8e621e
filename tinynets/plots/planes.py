"""Still pictures of a latent plane, as those of `stills`."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from tinynets import checks
from tinynets.colours import VERMILION, class_colours
from tinynets.plots import WIDTH
from tinynets.plots.latents import plot_digits, plot_ellipses, plot_mosaic


@checks.arguments(
    at="finite 2", decoded="pixels", image_shape="positive 2 -> pixels", limit="positive"
)
def plot_walk(
    points: ArrayLike,
    labels: ArrayLike,
    at: tuple[float, float],
    decoded: ArrayLike,
    image_shape: tuple[int, int],
    *,
    limit: float,
) -> Figure:
    """Draw a latent plane with a point in it, and beside it what it decodes to.

    Parameters
    ----------
    points : array of shape (n, 2)
        Latents of images.
    labels : array of int of shape (n,)
        Their classes.
    at : (float, float)
        The point.
    decoded : array of shape (pixels,), in [0, 1]
        What the decoder makes of it.
    image_shape : (height, width)
        Pixels.
    limit : float
        Half the width of the plane.

    Returns
    -------
    Figure
        The plane, and the image.
    """
    fig, (plane, side) = plt.subplots(
        1, 2, figsize=(WIDTH, 4.1), gridspec_kw={"width_ratios": (1.6, 1)}
    )
    plot_digits(points, labels, size=5, ax=plane)
    plane.plot(*at, "o", color=VERMILION, markersize=9, fillstyle="none", markeredgewidth=2)
    plane.set(xlim=(-limit, limit), ylim=(-limit, limit), xlabel="latent 1", ylabel="latent 2")
    plot_mosaic(np.asarray(decoded)[None, None], image_shape, ax=side)
    side.set_title("decoded")
    return fig


@checks.arguments(rings="classes n 2", centres="finite classes 2", limit="positive")
def plot_rings(rings: Sequence[ArrayLike], centres: ArrayLike, *, limit: float) -> Figure:
    """Draw one ring about each class in the latent plane.

    Parameters
    ----------
    rings : array of shape (classes, n, 2)
        Polygons.
    centres : array of shape (classes, 2)
        Where the class's number stands.
    limit : float
        Half the width of the plane.

    Returns
    -------
    Figure
        One panel.
    """
    fig, ax = plt.subplots(figsize=(4.4, 4.4))
    plot_ellipses(np.zeros((0, 2)), np.zeros(0, int), [rings], centres, limit=limit, ax=ax)
    return fig


@checks.arguments(limit="positive")
def plot_outlines(panels: Mapping[str, Sequence[Mapping]], *, limit: float) -> Figure:
    """Draw regions of classes in planes side by side.

    Parameters
    ----------
    panels : mapping of str to sequence of mappings
        For each class its `pieces`, outlines as rows of x and y in hundredths, and the
        `middle` at which it is named.
    limit : float
        Half the width of the plane.

    Returns
    -------
    Figure
        A panel for each entry.
    """
    fig, axes = plt.subplots(1, len(panels), figsize=(WIDTH, WIDTH / 2), squeeze=False)
    for ax, (title, regions) in zip(axes.flat, panels.items(), strict=True):
        for k, region in enumerate(regions):
            colour = class_colours(10)[k % 10]
            for piece in region["pieces"]:
                x, y = np.reshape(piece, (-1, 2)).T / 100
                ax.fill(x, y, facecolor=(*to_rgb(colour), 0.2), edgecolor=colour)
            style = {"color": colour, "weight": "bold", "ha": "center", "va": "center"}
            ax.text(*region["middle"], str(k), clip_on=True, **style)
        ax.set(xlim=(-limit, limit), ylim=(-limit, limit), xticks=[], yticks=[], title=title)
        ax.set_aspect("equal")
        ax.spines[:].set_visible(True)
    return fig
