"""Pictures of a drawn digit, and of what nets make of it."""

import math

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from numpy.typing import ArrayLike
from torch import Tensor

from tinynets import checks
from tinynets.colours import INK, VERMILION
from tinynets.drawing import Looks, typical
from tinynets.nets import MLP
from tinynets.plots import AMOUNTS, WEIGHTS, WIDTH
from tinynets.plots.cubes import EDGES, projected
from tinynets.plots.latents import plot_digits
from tinynets.plots.masks import plot_tile, robust_limit
from tinynets.plots.phone import PHONE


@checks.arguments(mean_image="side side", shares="places places")
def plot_turned(
    mean_image: ArrayLike, shares: ArrayLike, patch: int, *, legend: bool = True
) -> Axes:
    """Draw how often a rubbed-out patch changes the answer, over the mean image.

    Parameters
    ----------
    mean_image : array of shape (side, side)
        Ink in [0, 1].
    shares : array of shape (side - patch + 1, side - patch + 1)
        In [0, 1], by the upper left corner of the patch.
    patch : int
        Pixels of its side.
    legend : bool
        Whether a bar says which tint is which share.

    Returns
    -------
    Axes
        Of a new figure.

    Examples
    --------
    >>> len(plot_turned(np.zeros((8, 8)), np.full((7, 7), 0.4), 2).images)
    1
    """
    image, shares = np.asarray(mean_image, float), np.asarray(shares, float)
    figure, ax = plt.subplots(figsize=(4.2, 3.4))
    ax.imshow(image, cmap=AMOUNTS, vmin=0, vmax=1.6)
    place = (patch - 1) / 2 + np.arange(len(shares))
    levels = [0.1, 0.3, 0.5, 0.7, 0.9]
    drawn = ax.contourf(place, place, shares, [*levels, 1.0], cmap=WEIGHTS, vmin=-1, vmax=1)
    if legend:
        bar = figure.colorbar(drawn, ax=ax, shrink=0.8, ticks=levels)
        bar.ax.set_yticklabels([f"{100 * level:.0f} %" for level in levels])
        bar.outline.set_visible(False)
    ax.set(xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set(visible=True, alpha=0.35, linewidth=0.6)
    return ax


@checks.arguments()
@torch.no_grad()
def plot_looks(
    looks: Looks, images: Tensor, labels: Tensor, *, start: int, narrow: bool = False
) -> Figure:
    """Draw what the nets of the drawing figure make of one digit.

    Parameters
    ----------
    looks : Looks
        The nets, and the β of each VAE.
    images : Tensor, (n, pixels)
        In [0, 1]; each class at least once.
    labels : Tensor, (n,) int64
        Their classes.
    start : int
        The class of the digit.
    narrow : bool
        Whether it is for a phone.

    Returns
    -------
    Figure
        The image, ten masks, the cube and a plane for each VAE.

    Examples
    --------
    >>> from tinynets.nets import MLP, initialise
    >>> ten, drawer = torch.rand(10, 64, generator=torch.Generator()), torch.Generator()
    >>> masks, cube = (initialise(MLP(s), generator=drawer) for s in ([64, 10], [64, 4, 3, 10]))
    >>> figure = plot_looks(Looks(masks, cube, [], []), ten, torch.arange(10), start=3)
    >>> len(figure.axes)
    12
    """
    checks.choice("start", start, range(10))
    image, side = images[typical(images, labels)[start]][None], math.isqrt(images.shape[1])
    n_each = 8 if narrow else 18  # of a class; their shapes weigh most
    some = torch.cat([(labels == k).nonzero()[:n_each, 0] for k in range(10)])
    figure = plt.figure(figsize=(PHONE, 1.72 * PHONE) if narrow else (WIDTH, 0.78 * WIDTH))
    given, masks, cube, *planes = _on_phone(figure) if narrow else _in_column(figure)
    ax = figure.add_subplot(given)
    plot_tile(image[0], (side, side), amounts=True, ax=ax)
    ax.set_title("What nets are given")
    _masks(figure, masks.subgridspec(2, 5), looks.masks, image, (side, side))
    _cube(figure.add_subplot(cube), looks, image, images[some], labels[some])
    for k, (net, beta) in enumerate(zip(looks.vaes, looks.betas, strict=True)):
        ax = figure.add_subplot(planes[k])
        plot_digits(net.encoder(images[some])[0], labels[some], size=5, ax=ax)
        ax.plot(*net.encoder(image)[0][0], "o", color=VERMILION, markersize=8)
        ax.set(title=f"Plane, β = {beta:g}", xticks=[], yticks=[], box_aspect=1)
    return figure


@checks.arguments()
@torch.no_grad()
def plot_scored(
    net: MLP, images: Tensor, labels: Tensor, *, start: int, narrow: bool = False
) -> Figure:
    """Draw a digit, and ten masks that score it.

    Parameters
    ----------
    net : MLP
        {pixels, 10}.
    images : Tensor, (n, pixels)
    labels : Tensor, (n,)
        The most typical image of class `start` is looked at.
    start : int
    narrow : bool
        Whether it is for a phone.

    Returns
    -------
    Figure
        The digit, and two rows of masks at its right; on a phone, below it.

    Examples
    --------
    >>> from tinynets import data, nets, rng
    >>> net = nets.initialise(MLP([64, 10]), generator=rng.generator(1))
    >>> figure = plot_scored(net, *data.load_small_digits().test, start=4)
    >>> len(figure.axes)
    11
    """
    checks.choice("start", start, range(10))
    image, side = images[typical(images, labels)[start]][None], math.isqrt(images.shape[1])
    figure = plt.figure(figsize=(PHONE, 1.05 * PHONE) if narrow else (WIDTH, 0.36 * WIDTH))
    grid = figure.add_gridspec(2, 1) if narrow else figure.add_gridspec(1, 2, width_ratios=[1, 2])
    plot_tile(image[0], (side, side), amounts=True, ax=figure.add_subplot(grid[0]))
    _masks(figure, grid[1].subgridspec(2, 5), net, image, (side, side))
    return figure


def _in_column(figure: Figure) -> tuple[SubplotSpec, ...]:
    """Return the places of the image, the masks, the cube and two planes."""
    grid = figure.add_gridspec(2, 6, height_ratios=[1, 1.15])
    return grid[0, :2], grid[0, 2:], grid[1, :2], grid[1, 2:4], grid[1, 4:]


def _on_phone(figure: Figure) -> tuple[SubplotSpec, ...]:
    """Return the same places, image and cube above the masks, planes below them."""
    grid = figure.add_gridspec(3, 2, height_ratios=[1, 1.05, 1.1])
    return grid[0, 0], grid[1, :], grid[0, 1], grid[2, 0], grid[2, 1]


def _masks(figure, grid, net: MLP, image: Tensor, shape: tuple[int, int]) -> None:
    layer, scores = net.layers[0], net(image)[0]
    limit = robust_limit(layer.weight.detach().numpy())
    for k, weights in enumerate(layer.weight):
        ax = figure.add_subplot(grid[k // 5, k % 5])
        plot_tile(weights * (0.25 + 0.75 * image[0]), shape, limit=limit, ax=ax)
        best = k == int(scores.argmax())
        ax.set_title(f"{k}: {float(scores.softmax(0)[k]):.2f}", fontsize=9)
        for spine in ax.spines.values() if best else ():
            spine.set(alpha=1, linewidth=1.6, color=INK)


def _cube(ax: Axes, looks: Looks, image: Tensor, images: Tensor, labels: Tensor) -> None:
    points, (point,) = (list(looks.cube.activations(x))[1] for x in (images, image))
    for edge in EDGES:
        ax.plot(*projected(np.array(edge)).T, color=INK, alpha=0.4, linewidth=0.7)
    plot_digits(projected(points), labels, size=5, ax=ax)
    ax.plot(*projected(point[None])[0], "o", color=VERMILION, markersize=8)
    ax.set(aspect="equal", title="The cube")
    ax.set_axis_off()
