"""Real digits: MNIST where it can be had, scikit-learn's 8 x 8 where not."""

from tinynets.data.digits import Digits, Labelled, load_digits, load_mnist, load_small_digits
from tinynets.data.mnist import N_CLASSES, SMALL, DataError, download_mnist, parse_idx

__all__ = [
    "DataError",
    "Digits",
    "Labelled",
    "N_CLASSES",
    "SMALL",
    "download_mnist",
    "load_digits",
    "load_mnist",
    "load_small_digits",
    "parse_idx",
]
