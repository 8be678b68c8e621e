"""A cloud of hidden activations in its cube, to turn and to watch learning."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from tinynets import checks
from tinynets.colours import themed_classes
from tinynets.explorables import Choice, Explorable, Slider, live
from tinynets.explorables.images import inks
from tinynets.plots.cubes import plot_cubes


@checks.arguments(
    clouds="finite frames n 3",
    labels="finite n",
    bounds="finite 2",
    steps="frames",
    accuracies="finite frames",
    images="finite n pixels",
    image_shape="positive 2 -> pixels",
)
def cloud_explorable(
    clouds: Mapping[str, ArrayLike],
    labels: ArrayLike,
    bounds: Mapping[str, tuple[float, float]],
    steps: Sequence[int],
    accuracies: Mapping[str, ArrayLike],
    images: ArrayLike,
    image_shape: tuple[int, int],
    *,
    name: str,
    alt_text: str,
) -> Explorable:
    """Let the reader turn a cloud in its cube, play its training, and see what a point is.

    Parameters
    ----------
    clouds : mapping of str to array of shape (frames, n, 3)
        One entry per kind of hidden layer, to choose from.
    labels : array of int of shape (n,)
        Classes from 0 to 9.
    bounds : mapping of str to (low, high)
        What the cube of each kind spans.
    steps : sequence of int
        Training steps done at each frame.
    accuracies : mapping of str to array of shape (frames,)
        On test digits, in [0, 1].
    images : array of shape (n, pixels), in [0, 1]
        What is shown of a point when the pointer is over it, perhaps shrunk.
    image_shape : (height, width)
        Of these images, pixels.
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
    >>> kind, images, frames = {"relu": np.full((2, 3, 3), 0.5)}, np.zeros((3, 4)), [0, 9]
    >>> how = {"name": "cloud", "alt_text": "Three digits in a cube.", "image_shape": (2, 2)}
    >>> box, share = {"relu": (0, 1)}, {"relu": [0.1, 0.9]}
    >>> cloud_explorable(kind, [0, 1, 2], box, frames, share, images, **how).html[:24]
    '<div class="explorable" '
    """
    kinds, labels = list(clouds), np.asarray(labels)
    says = {
        kind: [
            f"{kind} layer after {step:,} steps: {100 * share:.0f} % of test digits read rightly."
            for step, share in zip(steps, accuracies[kind], strict=True)
        ]
        for kind in kinds
    }
    still = plot_cubes([[np.asarray(clouds[kinds[0]])[-1]]], labels, [bounds[kinds[0]]])
    still.set_size_inches(4.4, 4.4)
    return live(
        name,
        module="cloud",
        heights=(320, 420),
        title="The cube of hidden activations",
        question="Drag to turn the cube, and play the training: where do the ten classes go? Which "
        "image is the lonely digit in another class's corner?",
        answer="All classes start in one heap; training pulls them apart towards corners, edges "
        "and faces, where units are saturated. Point at a digit in another's corner to see "
        "whether it is drawn like that other.",
        alt_text=alt_text,
        still=still,
        controls=[
            Choice("layer", "Hidden layer", kinds, kinds[0]),
            Slider.over_training(steps),
            Slider("turn", "Turn", 33, -180, 180, 1, unit="°"),
            Slider("tilt", "Tilt", 21, -90, 90, 1, unit="°"),
            Choice("digit", "Digits", ["all", *range(10)], "all"),
        ],
        data={
            "labels": labels.tolist(),
            "clouds": {
                kind: [
                    _thousandths(np.asarray(clouds[kind])[:, i], bounds[kind])
                    for i in range(len(labels))
                ]
                for kind in kinds
            },
            "frames": list(steps),
            "images": [inks(image) for image in np.asarray(images)],
            "shape": list(image_shape),
            "says": says,
            "palette": themed_classes(10),
        },
        play="time",
        every=600,
    )


def _thousandths(points, bounds) -> list[int]:
    """Points (frames, 3) as one flat list, -999 to 999 across the cube."""
    low, high = bounds
    unit = (np.asarray(points) - low) / (high - low) * 2 - 1
    return np.round(unit.clip(-1.2, 1.2) * 999).astype(int).ravel().tolist()
