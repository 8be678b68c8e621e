"""Pictures of masks: weights as images, and what they do to an image."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from tinynets import checks
from tinynets.colours import BLUE, INK, VERMILION
from tinynets.plots import AMOUNTS, WEIGHTS, WIDTH


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
    image_shape : (height, width)
    limit : float, optional
        The weight drawn in full colour; the largest one if not given.
    amounts : bool
        Draw ink from 0 to 1 instead of weights below and above zero.
    ax : Axes, optional
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


def robust_limit(weights: ArrayLike) -> float:
    """Return the weight to draw in full colour: the 99.5 % quantile of sizes."""
    return float(np.quantile(np.abs(weights), 0.995))


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
    """
    checks.choice("limits", limits, ("row", "all"))
    rows = [np.asarray(row, float) for row in rows]
    n_columns = max(map(len, rows))
    margin = 0.95 if row_titles else 0
    height = (WIDTH - margin) / n_columns * image_shape[0] / image_shape[1]
    fig, axes = plt.subplots(
        len(rows),
        n_columns,
        squeeze=False,
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
    """
    parts = [np.asarray(means, float), np.asarray(masks, float)]
    n_tiles = sum(map(len, parts))
    fig, axes = plt.subplots(1, n_tiles, figsize=(WIDTH, WIDTH / n_tiles + 0.25))
    tiles = [(values, robust_limit(part)) for part in parts for values in part]
    for ax, (values, limit), title in zip(axes, tiles, titles, strict=True):
        plot_tile(values, image_shape, limit=limit, ax=ax)
        ax.set_title(title, fontsize=9)
    return fig


def plot_mask_product(
    images: ArrayLike,
    masks: ArrayLike,
    scores: ArrayLike,
    image_shape: tuple[int, int],
    *,
    labels: Sequence[str],
) -> Figure:
    """Draw image × mask = product, and the scores of all classes beside it.

    Parameters
    ----------
    images : array of shape (rows, pixels)
    masks : array of shape (rows, pixels)
        The mask held against the image of the row.
    scores : array of shape (rows, classes)
    image_shape : (height, width)
    labels : sequence of str
        What each row's mask is called: "mask of 3".
    """
    images, masks, scores = map(np.asarray, (images, masks, scores))
    fig, axes = plt.subplots(
        len(images),
        4,
        figsize=(WIDTH, 1.62 * len(images) + 0.2),
        width_ratios=(1, 1, 1, 1.75),
        squeeze=False,
    )
    limit = robust_limit(masks)
    for row, image, mask, score, label in zip(axes, images, masks, scores, labels, strict=True):
        plot_tile(image, image_shape, amounts=True, ax=row[0])
        plot_tile(mask, image_shape, limit=limit, ax=row[1])
        plot_tile(image * mask, image_shape, limit=limit, ax=row[2])
        row[1].set_title(label, fontsize=9)
        row[2].set_title(f"sum {(image * mask).sum():+.1f}", fontsize=9)
        for ax, sign in zip(row[1:3], "×=", strict=True):
            ax.text(-0.09, 0.5, sign, transform=ax.transAxes, ha="center", va="center", fontsize=13)
        plot_scores(score, ax=row[3])
    axes[0, 0].set_title("image", fontsize=9)
    axes[0, 3].set_title("scores of all classes", fontsize=9)
    fig.get_layout_engine().set(wspace=0.06)
    return fig


def plot_scores(scores: ArrayLike, *, ax: Axes | None = None) -> Axes:
    """Draw one bar a class; the winner is filled, the others are outlined.

    Parameters
    ----------
    scores : array of shape (classes,)
    ax : Axes, optional
    """
    ax = plt.gca() if ax is None else ax
    scores = np.asarray(scores, float)
    colours = [VERMILION if score > 0 else BLUE for score in scores]
    bars = ax.bar(range(len(scores)), scores, 0.72, color=colours, alpha=0.3)
    winner = int(scores.argmax())
    bars[winner].set(alpha=1)
    ax.axhline(0, color=INK, linewidth=0.8)
    ax.set_xticks(range(len(scores)))
    ax.tick_params(axis="x", length=0)
    ax.get_xticklabels()[winner].set_fontweight("bold")
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.tick_params(axis="y", length=0, labelsize=8)
    return ax


def plot_matrix(
    matrix: ArrayLike,
    *,
    text: ArrayLike | None = None,
    limit: float | None = None,
    xlabel: str = "",
    ylabel: str = "",
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw a table of numbers as coloured cells with the numbers in them.

    Parameters
    ----------
    matrix : array of shape (classes, classes)
    text : array of str of the same shape, optional
        What to write; the values with two decimals if not given.
    limit : float, optional
        The value drawn in full colour; the largest one if not given.
    xlabel, ylabel, title : str
    ax : Axes, optional
    """
    ax = plt.gca() if ax is None else ax
    matrix = np.asarray(matrix, float)
    limit = float(np.abs(matrix).max()) if limit is None else limit
    # Half the strength at most: the numbers stay legible on both pages.
    ax.imshow(matrix, cmap=WEIGHTS, vmin=-2 * limit, vmax=2 * limit)
    for (i, j), value in np.ndenumerate(matrix):
        written = f"{value:.2f}".replace("-", "−") if text is None else text[i][j]
        ax.text(j, i, written, ha="center", va="center", fontsize=7.5)
    ax.set(
        xticks=range(matrix.shape[1]),
        yticks=range(matrix.shape[0]),
        xlabel=xlabel,
        ylabel=ylabel,
        title=title,
    )
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax


def plot_matrices(matrices: Sequence[ArrayLike], *, titles: Sequence[str]) -> Figure:
    """Draw correlation matrices side by side, without their diagonals."""
    fig, axes = plt.subplots(1, len(matrices), figsize=(WIDTH, 3.55))
    for ax, matrix, title in zip(axes, matrices, titles, strict=True):
        matrix = np.array(matrix, float)
        text = [
            ["" if i == j else f"{value:.1f}".replace("-", "−") for j, value in enumerate(row)]
            for i, row in enumerate(matrix.round(1) + 0.0)
        ]
        np.fill_diagonal(matrix, 0)
        plot_matrix(matrix, text=text, limit=1, title=title, ax=ax)
    return fig


def plot_confusion(counts: ArrayLike, *, ax: Axes | None = None) -> Axes:
    """Draw a confusion matrix as percentages of each true class.

    Correct answers are left out: they would drown the errors.

    Parameters
    ----------
    counts : array of shape (classes, classes)
        True classes in rows, predicted ones in columns.
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(WIDTH * 0.72, WIDTH * 0.66))
    counts = np.asarray(counts, float)
    shares = 100 * counts / counts.sum(1, keepdims=True)
    np.fill_diagonal(shares, 0)
    text = [
        ["" if i == j else "·" if value < 0.05 else f"{value:.1f}" for j, value in enumerate(row)]
        for i, row in enumerate(shares)
    ]
    return plot_matrix(shares, text=text, xlabel="read as", ylabel="is", ax=ax)


def plot_log_odds(
    odds: Sequence[ArrayLike], *, labels: Sequence[str], xlabel: str, ax: Axes | None = None
) -> Axes:
    """Draw the log odds of two classes as two histograms, one hanging.

    Parameters
    ----------
    odds : two arrays of shape (images,), nats
        First upwards, second downwards.
    labels : two str
    xlabel : str
    ax : Axes, optional
    """
    ax = plt.gca() if ax is None else ax
    edges = np.histogram_bin_edges(np.concatenate(odds), 41)
    for values, label, sign, colour in zip(odds, labels, (1, -1), (VERMILION, BLUE), strict=True):
        counts, _ = np.histogram(values, edges)
        ax.stairs(sign * counts, edges, fill=True, color=colour, alpha=0.85)
        x = np.median(values)
        ax.annotate(
            label,
            (x, sign * counts.max()),
            (0, 5 * sign),
            textcoords="offset points",
            color=colour,
            ha="center",
            va="bottom" if sign > 0 else "top",
        )
    ax.axvline(0, color=INK, linewidth=0.8, linestyle="--")
    ax.axhline(0, color=INK, linewidth=0.8)
    ax.margins(y=0.18)
    ax.set(xlabel=xlabel, ylabel="images")
    ax.yaxis.set_major_formatter(lambda value, _: f"{abs(value):.0f}")
    return ax
