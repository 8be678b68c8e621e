"""Digits as tensors."""

import os
import warnings
from pathlib import Path
from typing import NamedTuple

import pooch
import torch

from tinynets import checks
from tinynets.data.mnist import SMALL, download_mnist, find, load_file


class Labelled(NamedTuple):
    """Images and what they show: the pair that `train.train` takes as data."""

    images: torch.Tensor  # (n, n_pixels) float32 in [0, 1]
    labels: torch.Tensor  # (n,) int64 in 0..9


class Digits(NamedTuple):
    """Images of handwritten digits, to train on and to test with."""

    name: str  # "MNIST" or "scikit-learn digits"
    train: Labelled
    test: Labelled
    image_shape: tuple[int, int]  # (height, width) in pixels

    @property
    def n_pixels(self) -> int:
        """Pixels of one image: the inputs of a net."""
        return self.train.images.shape[1]

    def describe(self) -> str:
        """Say in one phrase which digits these are and how many."""
        height, width = self.image_shape
        return (
            f"{self.name}: {len(self.train.images):,} training and "
            f"{len(self.test.images):,} test images of "
            f"{height} × {width} pixels"
        )


def load_digits() -> Digits:
    """Load real digits from the first place that has them.

    1. The folder named by the environment variable `TINYNETS_DATA`, with
       the four MNIST files in IDX format, plain or gzipped (the value
       `8x8` goes to step 4 at once).
    2. The user's cache.
    3. A download from MNIST's public mirrors into that cache.
    4. The 1,797 digits of 8 x 8 pixels that scikit-learn ships, every
       fifth of them for testing. A warning says why it came to this.

    Each file is checked after decompression: header, size and SHA-256.

    Returns
    -------
    Digits
        Images flattened row by row, 0 is paper and 1 is ink.

    Raises
    ------
    DataError
        If a file of steps 1 to 3 is missing from the folder that was asked
        for, is damaged, or is another than its name says. The message names
        the file, what was expected, what was found and what to do.

    References
    ----------
    LeCun, Cortes and Burges, the MNIST database of handwritten digits.
    Alpaydin and Kaynak, Optical recognition of handwritten digits, UCI.

    Examples
    --------
    >>> digits = load_digits()
    >>> digits.train.images.shape[1] == digits.n_pixels
    True
    """
    place = os.environ.get("TINYNETS_DATA", "")
    if place == SMALL:
        return load_small_digits()
    if place:
        return load_mnist(place)
    cache = Path(pooch.os_cache("tinynets"))
    try:
        download_mnist(cache)
    except OSError as error:
        warnings.warn(
            f"MNIST is neither in {cache} nor can it be downloaded "
            f"({error}); using scikit-learn's 8 x 8 digits. Point "
            "TINYNETS_DATA at a folder with MNIST's four files, or set it "
            f"to {SMALL} to silence this.",
            stacklevel=2,
        )
        return load_small_digits()
    return load_mnist(cache)


def load_small_digits() -> Digits:
    """Load scikit-learn's digits: 1,437 to train, 360 to test, 8 x 8.

    Every fifth image is for testing, so that each of the writers, who come
    one after another in the set, is in both parts.

    Returns
    -------
    Digits
        Images (n, 64) in [0, 1].
    """
    from sklearn.datasets import load_digits as bundled

    images, labels = bundled(return_X_y=True)
    images = torch.tensor(images / 16, dtype=torch.float32)  # (1797, 64)
    labels = torch.tensor(labels, dtype=torch.int64)
    test = torch.arange(len(images)) % 5 == 0
    return Digits(
        "scikit-learn digits",
        Labelled(images[~test], labels[~test]),
        Labelled(images[test], labels[test]),
        (8, 8),
    )


@checks.arguments()
def load_mnist(folder: str | Path) -> Digits:
    """Load MNIST from the four IDX files in `folder`, plain or gzipped.

    Parameters
    ----------
    folder : str or Path
        Where the four files are.

    Returns
    -------
    Digits
        Images (n, 784) in [0, 1].

    Raises
    ------
    DataError
        If a file is missing, damaged, or another than its name says.
    """
    train, test = (_labelled(Path(folder), part) for part in ("train", "t10k"))
    return Digits("MNIST", train, test, (28, 28))


def _labelled(folder: Path, part: str) -> Labelled:
    names = f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"
    images, labels = (torch.from_numpy(load_file(find(folder, name), name)) for name in names)
    return Labelled(images.flatten(1).float().div_(255), labels.long())
