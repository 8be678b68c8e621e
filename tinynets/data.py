"""Real digits: MNIST where it can be had, scikit-learn's 8 x 8 where not."""

import gzip
import hashlib
import os
import sys
import tempfile
import warnings
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pooch
import torch

SMALL = "8x8"  # the value of TINYNETS_DATA that asks for scikit-learn's set
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
TIMEOUT = 10  # seconds without an answer from a mirror
N_CLASSES = 10
_REMEDY = (
    "Replace the file by a fresh copy, or set TINYNETS_DATA="
    f"{SMALL} to use scikit-learn's 8 x 8 digits."
)


class DataError(ValueError):
    """A data file that is missing, damaged, or not what its name says."""


class _File(NamedTuple):
    shape: tuple  # of the array, and so of the IDX header
    sha256: str  # of the payload, after decompression


_FILES = {
    "train-images-idx3-ubyte": _File(
        (60000, 28, 28), "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
    ),
    "train-labels-idx1-ubyte": _File(
        (60000,), "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
    ),
    "t10k-images-idx3-ubyte": _File(
        (10000, 28, 28), "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
    ),
    "t10k-labels-idx1-ubyte": _File(
        (10000,), "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
    ),
}


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


def load_mnist(folder: str | Path) -> Digits:
    """Load MNIST from the four IDX files in `folder`, plain or gzipped.

    Raises
    ------
    DataError
        As `load_digits`.
    """
    train, test = (_labelled(Path(folder), part) for part in ("train", "t10k"))
    return Digits("MNIST", train, test, (28, 28))


def _labelled(folder: Path, part: str) -> Labelled:
    names = f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"
    images, labels = (torch.from_numpy(_load(_find(folder, name), name)) for name in names)
    return Labelled(images.flatten(1).float().div_(255), labels.long())


def parse_idx(payload: bytes, path: str | Path) -> np.ndarray:
    """Parse the bytes of an IDX file; `path` is for the messages."""
    if len(payload) < 4 or payload[:2] != b"\0\0":
        raise _bad(
            path,
            "an IDX file, which starts with two zero bytes",
            f"the bytes {payload[:4].hex(' ') or '(none)'}",
        )
    kind, rank = payload[2], payload[3]
    if kind != 0x08 or not 1 <= rank <= 3:
        raise _bad(
            path,
            "unsigned bytes (type 0x08) of 1 to 3 dimensions",
            f"type 0x{kind:02x} of {rank} dimensions",
        )
    start = 4 + 4 * rank
    if len(payload) < start:
        raise _bad(path, f"a header of {start} bytes", f"{len(payload)} bytes in all")
    shape = tuple(np.frombuffer(payload, ">u4", rank, 4).tolist())
    size = start + int(np.prod(shape, dtype=object))
    if len(payload) != size:
        raise _bad(
            path, f"{size:,} bytes for the shape {shape} in the header", f"{len(payload):,} bytes"
        )
    return np.frombuffer(payload, np.uint8, offset=start).reshape(shape)


def download_mnist(cache: str | Path) -> None:
    """Download what `cache` lacks of MNIST's files, each verified first.

    A file takes its place in the cache only once it is whole and right, so
    that a broken download leaves nothing behind.

    Raises
    ------
    OSError
        If no mirror can be reached.
    DataError
        If what the mirrors sent is not MNIST.
    """
    cache = Path(cache)
    missing = [name for name in _FILES if not _candidates(cache, name)]
    if missing:
        cache.mkdir(parents=True, exist_ok=True)
    for name in missing:
        _download(f"{name}.gz", name, cache)


def _download(file: str, name: str, cache: Path) -> None:
    fetch = pooch.HTTPDownloader(timeout=TIMEOUT, progressbar=sys.stderr.isatty())
    failures = []
    for mirror in MIRRORS:
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            arriving = Path(scratch, file)
            try:
                fetch(mirror + file, str(arriving), None)
                _load(arriving, name)
            except (OSError, DataError) as error:
                failures.append(error)
            else:
                os.replace(arriving, cache / file)
                return
    raise next((error for error in failures if isinstance(error, DataError)), failures[-1])


def _find(folder: Path, name: str) -> Path:
    found = _candidates(folder, name)
    if not found:
        what = "no such file in it" if folder.is_dir() else "no such folder"
        raise DataError(
            f"{folder}: expected {name} or {name}.gz, found {what}. Put "
            "MNIST's four IDX files there, unset TINYNETS_DATA to download "
            f"them, or set TINYNETS_DATA={SMALL} to use scikit-learn's "
            "8 x 8 digits."
        )
    return found[0]


def _candidates(folder: Path, name: str) -> list[Path]:
    paths = folder / name, folder / f"{name}.gz"
    return [path for path in paths if path.is_file()]


def _load(path: Path, name: str) -> np.ndarray:
    payload = _payload(path)
    array = parse_idx(payload, path)
    expected = _FILES[name]
    if array.shape != expected.shape:
        raise _bad(path, f"an array of shape {expected.shape}", f"one of shape {array.shape}")
    if array.ndim == 1 and array.max() >= N_CLASSES:
        raise _bad(path, f"labels from 0 to {N_CLASSES - 1}", f"the label {array.max()}")
    found = hashlib.sha256(payload).hexdigest()
    if found != expected.sha256:
        raise _bad(
            path,
            f"a payload with SHA-256 {expected.sha256}",
            f"{found}: the file is altered, or not MNIST's",
        )
    return array.copy()  # torch wants memory that it may write to


def _payload(path: Path) -> bytes:
    raw = path.read_bytes()
    if path.suffix != ".gz":
        return raw
    try:
        return gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        raise _bad(
            path, "a whole gzip file", f"{len(raw):,} bytes that do not decompress ({error})"
        ) from error


def _bad(path: str | Path, expected: str, found: str) -> DataError:
    return DataError(f"{path}: expected {expected}, found {found}. {_REMEDY}")
