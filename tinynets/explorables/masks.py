"""Hold a mask against a digit: image × mask = product, and all ten scores."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from tinynets import checks
from tinynets.explorables import Explorable, Slider, live
from tinynets.explorables.images import inks
from tinynets.plots.masks import plot_held, plot_tiles, robust_limit


@checks.arguments(
    images="finite images pixels",
    labels="finite images",
    masks="finite classes pixels",
    scores="finite images classes",
    image_shape="positive 2 -> pixels",
)
def match_explorable(
    images: ArrayLike,
    labels: ArrayLike,
    masks: ArrayLike,
    scores: ArrayLike,
    image_shape: tuple[int, int],
    *,
    name: str,
    alt_text: str,
) -> Explorable:
    """Let the reader pick a digit and a mask.

    Parameters
    ----------
    images : array of shape (images, pixels), in [0, 1]
    labels : array of int of shape (images,)
        Their classes.
    masks : array of shape (classes, pixels)
        Weights.
    scores : array of shape (images, classes)
        Of the classifier the masks belong to, biases included.
    image_shape : (height, width)
        Pixels.
    name : str
        Lower-case letters, digits and hyphens; unique on its page.
    alt_text : str
        What the eye sees at the start.

    Returns
    -------
    Explorable
        To end a cell with.

    Examples
    --------
    >>> images, scores = np.eye(4)[:2], np.array([[1.0, -1.0], [-1.0, 1.0]])
    >>> how = {"name": "match", "alt_text": "An image, a mask and their product."}
    >>> match_explorable(images, [0, 1], images, scores, (2, 2), **how).html[:24]
    '<div class="explorable" '
    """
    images, labels, masks = map(np.asarray, (images, labels, masks))
    scores = np.asarray(scores, float)
    first = int(labels[0])
    shares = np.clip(masks / robust_limit(masks), -1, 1)
    still = plot_held(images[0], shares, scores[0], first, image_shape)
    return live(
        name,
        module="match",
        heights=(286, 374),
        title="An image held against a mask",
        question="Which mask scores each image highest, and which pixels decide it?",
        answer="The score is the sum of the product: orange pixels are ink where the mask "
        "wants it, blue ones ink where it does not. The net reads the class with the largest sum.",
        alt_text=alt_text,
        still=still,
        controls=[
            Slider("image", "Test image", 1, 1, len(images), 1),
            Slider("mask", "Mask of class", first, 0, len(masks) - 1, 1),
        ],
        data={
            "images": [inks(image) for image in images],
            "masks": [inks((share + 1) / 2) for share in shares],
            "shape": list(image_shape),
            "scores": np.round(scores, 2).tolist(),
            "read": _read(labels, scores),
        },
        play="mask",
        every=700,
    )


def _read(labels: np.ndarray, scores: np.ndarray) -> list[str]:
    """Say of each image what it is, and what it is read as."""
    odds = np.exp(scores - scores.max(1, keepdims=True))
    return [
        f"A {label}, read as {share.argmax()} with probability {share.max():.2f}"
        for label, share in zip(labels, odds / odds.sum(1, keepdims=True), strict=True)
    ]


@checks.arguments(
    frames="finite moments classes pixels",
    image_shape="positive 2 -> pixels",
    steps="moments",
    accuracies="finite moments",
)
def growth_explorable(
    frames: ArrayLike,
    image_shape: tuple[int, int],
    steps: Sequence[int],
    accuracies: Sequence[float],
    *,
    name: str,
    alt_text: str,
) -> Explorable:
    """Let the reader watch masks grow out of noise.

    Parameters
    ----------
    frames : array of shape (moments, classes, pixels)
        Weights; colours are on one scale, that of the last moment.
    image_shape : (height, width)
        Pixels.
    steps : sequence of int
        Training steps done at each moment.
    accuracies : sequence of float
        Of the classifier then, in [0, 1].
    name : str
        Lower-case letters, digits and hyphens; unique on its page.
    alt_text : str
        What the eye sees at the start.

    Returns
    -------
    Explorable
        To end a cell with.

    Examples
    --------
    >>> how = {"name": "growth", "alt_text": "Two masks."}
    >>> growth_explorable(np.ones((2, 2, 4)), (2, 2), [0, 9], [0.1, 0.9], **how).html[:24]
    '<div class="explorable" '
    """
    frames = np.asarray(frames)
    share = np.clip(frames / robust_limit(frames[-1]), -1, 1)
    return live(
        name,
        module="masks",
        heights=(166, 300),
        title="Masks growing",
        question="Play the training: which mask can you read first, and does the accuracy wait "
        "until you can read them all?",
        answer="Which comes first is for your eye to say, but the accuracy does not wait. Most of "
        "it is there after the first few per cent of the steps, when the masks still look like "
        "blurred means; what follows sharpens the places where two classes are confused.",
        alt_text=alt_text,
        still=_moments(share, image_shape, steps, accuracies),
        controls=[Slider.over_training(steps)],
        data={
            "masks": [[inks((mask + 1) / 2) for mask in frame] for frame in share],
            "shape": list(image_shape),
            "steps": list(steps),
            "says": [
                f"After {step:,} steps {100 * rate:.1f} % of test images are read rightly."
                for step, rate in zip(steps, accuracies, strict=True)
            ],
        },
        play="time",
        every=500,
    )


def _moments(shares, image_shape, steps, accuracies):
    """Draw all moments, which is what a page that does not move needs."""
    return plot_tiles(
        list(shares),
        image_shape,
        limits="all",
        titles=[list(map(str, range(shares.shape[1])))],
        row_titles=[
            f"step {step:,}\n{100 * rate:.0f} %"
            for step, rate in zip(steps, accuracies, strict=True)
        ],
    )
