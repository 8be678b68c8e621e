"""What the figures share in which a digit is drawn: paper, masks, and how they are stored."""

import base64
import math

import numpy as np
from torch import Tensor

from tinynets.explorables.controls import Choice, Control, Points, Switch
from tinynets.explorables.weights import halves
from tinynets.nets import MLP

MOST_POINTS = 900  # of a drawing; a digit takes about 60
LABELS = {
    "paper": "Paper to draw on",
    "fed": "The small image, boxed and centred",
    "masks": "The ten masks, with the ink on them and a bar for each probability",
}


def pens(start: int) -> list[Control]:
    """Return the controls of a drawing."""
    names = ["blank paper", *map(str, range(10))]
    ends = (111, 111, 2)  # of the paper, and of what the pen does
    return [
        Choice("from", "Start from", ["blank", *range(10)], start, names),
        Switch("rub", "Rub out"),
        Points("ink", "Drawing", [], (0, 0, 0), ends, 1, least=0, most=MOST_POINTS),
    ]


def scored(net: MLP, examples: Tensor) -> dict:
    """Return what the page stores of ten masks, and of digits to begin with."""
    return {
        "side": math.isqrt(examples.shape[1]),
        "most": MOST_POINTS,
        "masks": layer_data(net.layers[0], "identity"),
        "examples": [grey(image) for image in examples],
    }


def layer_data(layer, activation: str) -> dict:
    """Return a layer as the page stores it, its numbers in half precision."""
    return {
        "inputs": layer.weight.shape[1],
        "weight": halves(layer.weight),
        "bias": halves(layer.bias),
        "activation": activation,
    }


def grey(image: Tensor) -> str:
    """Return an image's bytes, 0 is paper and 255 is ink, as base64."""
    grey = (255 * image.detach().ravel()).round().cpu().numpy().astype(np.uint8)
    return base64.b64encode(grey.tobytes()).decode()
