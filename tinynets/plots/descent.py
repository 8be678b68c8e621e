"""Pictures of gradient descent: to a mean, and on landscapes of two weights."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from tinynets import checks
from tinynets.colours import BLUE, GREEN, INK, PALETTE, VERMILION
from tinynets.landscapes import Landscape
from tinynets.plots import WIDTH

TINTS = (BLUE, VERMILION, GREEN, PALETTE[3])  # of the basins, deepest minimum first


@checks.arguments(points="n", path="steps", ylim="finite 2")
def plot_mean(
    points: ArrayLike, path: ArrayLike, truth: float, *, ylim: Sequence[float], most: int
) -> Axes:
    """Draw a descent to the mean of some points, step by step.

    Parameters
    ----------
    points : array of shape (n,)
    path : array of shape (steps + 1,)
    truth : float
        The mean of the distribution that the points were drawn from.
    ylim : pair of float
    most : int
        Steps that the axis has room for.

    Returns
    -------
    Axes
        The descent over steps, the points at its right.
    """
    _, ax = plt.subplots(figsize=(WIDTH, 3))
    points = np.asarray(points)
    ax.axhline(truth, color=GREEN, linestyle="--", label="true mean")
    ax.axhline(points.mean(), color=BLUE, label="mean of the points")
    ax.plot(path, "o-", color=VERMILION, markersize=3, label="descent")
    ax.plot(np.full(len(points), most + 1.5), points, "o", color=INK, alpha=0.5, markersize=3)
    ax.set(xlim=(0, most + 3), ylim=ylim, xlabel="steps")
    ax.legend(loc="lower right")
    return ax


@checks.arguments(path="steps 2", minima="minima 2")
def plot_path(landscape: Landscape, path: ArrayLike, minima: ArrayLike) -> Axes:
    """Draw one path over the contours of a landscape.

    Parameters
    ----------
    landscape : Landscape
    path : array of shape (steps + 1, 2)
    minima : array of shape (minima, 2)

    Returns
    -------
    Axes
        The landscape's box.
    """
    _, ax = plt.subplots(figsize=(WIDTH, 0.6 * WIDTH))
    across, up, height = _heights(landscape)
    rise = np.sqrt(height - height.min())
    ax.contourf(across, up, -rise, levels=14, cmap="Blues", alpha=0.6)
    ax.plot(*np.asarray(path).T, color=INK)
    ax.plot(*np.asarray(path)[-1], "o", color=VERMILION)
    ax.plot(*np.asarray(minima).T, "+", color=INK, markersize=9)
    ax.set(xlim=landscape.box[0], ylim=landscape.box[1])
    return ax


@checks.arguments(minima="minima 2")
def plot_basins(ends: Mapping[str, ArrayLike], minima: ArrayLike, landscape: Landscape) -> Axes:
    """Draw, for each optimiser, at which minimum a path from each place ends.

    Parameters
    ----------
    ends : mapping of str to array of int of shape (rows, columns)
        Index of the minimum, deepest first; −1 for none. Rows run down.
    minima : array of shape (minima, 2)
    landscape : Landscape

    Returns
    -------
    Axes
        The first of one panel per optimiser.

    Examples
    --------
    >>> from tinynets.landscapes import saddle
    >>> ends = {"Momentum": [[1, 0]], "Adam": [[1, 0]]}
    >>> ax = plot_basins(ends, [[1, 0], [-1, 0]], saddle())
    >>> ax.get_title()
    'Momentum'
    """
    _, axes = plt.subplots(1, len(ends), figsize=(WIDTH, 2.1), sharey=True)
    (x0, x1), (y0, y1) = landscape.box
    for ax, (name, found) in zip(axes, ends.items(), strict=True):
        picture = np.ones((*np.shape(found), 4))
        for index, tint in enumerate(TINTS):
            picture[np.asarray(found) == index] = plt.matplotlib.colors.to_rgba(tint, 0.6)
        picture[np.asarray(found) < 0, 3] = 0
        ax.imshow(picture, extent=(x0, x1, y0, y1), aspect="auto", interpolation="nearest")
        ax.plot(*np.asarray(minima).T, "+", color=INK, markersize=6)
        ax.set(title=name, xticks=[], yticks=[])
        ax.title.set_fontsize(7.5)  # five names in a line of a phone
    return axes[0]  # a figure returned would be shown twice


@torch.no_grad()
def _heights(landscape: Landscape) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    across, up = (np.linspace(*ends, 121) for ends in landscape.box)
    grid = torch.from_numpy(np.stack(np.meshgrid(across, up), -1))
    return across, up, landscape.loss(grid).numpy()
