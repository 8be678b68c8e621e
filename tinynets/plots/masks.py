"""Pictures of masks: weights as images, and what they do to an image."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from tinynets import checks
from tinynets.colours import BLUE, VERMILION
from tinynets.plots import AMOUNTS, WEIGHTS, WIDTH
from tinynets.text import number


@checks.arguments(values="finite pixels", image_shape="positive 2 -> pixels", limit="positive")
def plot_tile(
    values: ArrayLike,
    image_shape: tuple[int, int],
    *,
    limit: float | None = None,
    amounts: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw one vector of pixels as a framed image.

    Parameters
    ----------
    values : array of shape (pixels,)
        Weights, or ink.
    image_shape : (height, width)
    limit : float, optional
        The weight drawn in full colour; the largest one if not given.
    amounts : bool
        Draw ink from 0 to 1 instead of weights below and above zero.
    ax : Axes, optional

    Returns
    -------
    Axes
        With a thin frame.
    """
    ax = plt.gca() if ax is None else ax
    image = np.asarray(values, float).reshape(image_shape)
    if limit is None:
        limit = 1.0 if amounts else float(np.abs(image).max())
    ax.imshow(
        image, cmap=AMOUNTS if amounts else WEIGHTS, vmin=0 if amounts else -limit, vmax=limit
    )
    ax.set(xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set(visible=True, alpha=0.35, linewidth=0.6)
    return ax


@checks.arguments(weights="...")
def robust_limit(weights: ArrayLike) -> float:
    """Return the weight to draw in full colour: the 99.5 % quantile of sizes.

    Parameters
    ----------
    weights : array
        Of any shape.

    Returns
    -------
    float
        In the unit of the weights; 1 where all are 0.
    """
    return float(np.quantile(np.abs(np.asarray(weights, float)), 0.995)) or 1.0


@checks.arguments(rows="rows ...", image_shape="positive 2 -> pixels")
def plot_tiles(
    rows: Sequence[ArrayLike],
    image_shape: tuple[int, int],
    *,
    titles: Sequence[Sequence[str]] = (),
    row_titles: Sequence[str] = (),
    limits: str = "row",
) -> Figure:
    """Draw rows of weights as tiles, such as one row a moment of training.

    Parameters
    ----------
    rows : sequence of arrays of shape (columns, pixels)
    image_shape : (height, width)
    titles : sequence of sequences of str
        Above the tiles of the first row, the second, ...
    row_titles : sequence of str
        Left of each row.
    limits : str
        "row" gives each row a scale of its own; "all" has one for all.
        Full colour is the weight that `robust_limit` names.

    Returns
    -------
    Figure
        A row of tiles for each of `rows`.

    Examples
    --------
    >>> figure = plot_tiles([np.eye(4), np.eye(4)], (2, 2), row_titles=["start", "end"])
    >>> len(figure.axes)
    8
    """
    checks.choice("limits", limits, ("row", "all"))
    checks.fitting(
        {"image_shape": image_shape, "rows": dict(enumerate(rows))},
        {"image_shape": "2 -> pixels", "rows": "* pixels"},
    )
    rows = [np.asarray(row, float) for row in rows]
    n_columns = max(map(len, rows))
    margin = 0.95 if row_titles else 0
    height = (WIDTH - margin) / n_columns * image_shape[0] / image_shape[1]
    fig, axes = plt.subplots(
        len(rows),
        n_columns,
        squeeze=False,
        layout="constrained",
        figsize=(WIDTH, len(rows) * height * 1.02 + 0.26 * len(titles)),
    )
    peaks = [robust_limit(row) for row in rows]
    for row_axes, row, peak in zip(axes, rows, peaks, strict=True):
        for ax, values in zip(row_axes, row, strict=False):
            plot_tile(values, image_shape, ax=ax, limit=peak if limits == "row" else max(peaks))
    for row_axes, row_of_titles in zip(axes, titles, strict=False):
        for ax, title in zip(row_axes, row_of_titles, strict=False):
            ax.set_title(title, pad=4)
    for ax, title in zip(axes[:, 0], row_titles, strict=False):
        ax.set_ylabel(title, rotation=0, ha="right", va="center", labelpad=6, fontsize=9)
    fig.get_layout_engine().set(w_pad=0.02, h_pad=0.02)
    return fig


@checks.arguments(means="means pixels", masks="masks pixels", image_shape="positive 2 -> pixels")
def plot_means_and_masks(
    means: ArrayLike, masks: ArrayLike, image_shape: tuple[int, int], *, titles: Sequence[str]
) -> Figure:
    """Draw mean images and masks of two classes in one row, on two scales.

    Parameters
    ----------
    means : array of shape (means, pixels)
    masks : array of shape (masks, pixels)
    image_shape : (height, width)
    titles : sequence of str
        One a tile.

    Returns
    -------
    Figure
        One row of tiles.

    Raises
    ------
    ValueError
        If there are not as many titles as tiles.

    Examples
    --------
    >>> figure = plot_means_and_masks(np.eye(4)[:1], np.eye(4)[:1], (2, 2), titles=["mean", "mask"])
    >>> [ax.get_title() for ax in figure.axes]
    ['mean', 'mask']
    """
    parts = [np.asarray(means, float), np.asarray(masks, float)]
    n_tiles = sum(map(len, parts))
    if len(titles) != n_tiles:
        raise ValueError(f"titles must be {n_tiles}, one for each tile, got {len(titles)}")
    fig, axes = plt.subplots(1, n_tiles, figsize=(WIDTH, WIDTH / n_tiles + 0.25))
    tiles = [(values, robust_limit(part)) for part in parts for values in part]
    for ax, (values, limit), title in zip(axes, tiles, titles, strict=True):
        plot_tile(values, image_shape, limit=limit, ax=ax)
        ax.set_title(title, fontsize=9)
    return fig


@checks.arguments(
    image="pixels", masks="classes pixels", scores="classes", image_shape="positive 2 -> pixels"
)
def plot_held(
    image: ArrayLike, masks: ArrayLike, scores: ArrayLike, held: int, image_shape: tuple[int, int]
) -> Figure:
    """Draw an image, the mask held against it and their product, above a bar for each score.

    Parameters
    ----------
    image : array of shape (pixels,), in [0, 1]
    masks : array of shape (classes, pixels), in [-1, 1]
    scores : array of shape (classes,)
    held : int
        The class of the mask that is shown.
    image_shape : (height, width)
        Pixels.

    Returns
    -------
    Figure
        Three tiles and the bars.
    """
    image, mask, scores = np.asarray(image), np.asarray(masks)[held], np.asarray(scores)
    fig = plt.figure(figsize=(WIDTH, 4.6))
    grid = fig.add_gridspec(2, 3, height_ratios=(1.6, 1))
    tiles = (("Image", image), ("× mask", mask), ("= product", image * mask))
    for place, (title, values) in enumerate(tiles):
        ax = fig.add_subplot(grid[0, place])
        plot_tile(values, image_shape, limit=1, amounts=not place, ax=ax).set_title(title)
    ax = fig.add_subplot(grid[1, :])
    bars = ax.bar(range(len(scores)), scores, color=np.where(scores > 0, VERMILION, BLUE))
    for k, bar in enumerate(bars):
        bar.set_alpha(1 if k == held else 0.35)
    ax.bar_label(bars, [number(score, "{:+.1f}") for score in scores], padding=2, fontsize=9)
    ax.set(xticks=range(len(scores)), yticks=[], title="Scores")
    ax.margins(y=0.2)
    ax.spines[:].set_visible(False)
    return fig
