"""MNIST's files: found, downloaded, parsed and verified."""

import gzip
import hashlib
import os
import sys
import tempfile
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pooch

from tinynets import checks

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

    problem = ""  # what was expected and found, without place and remedy


class File(NamedTuple):
    """What one of MNIST's files must be."""

    shape: tuple  # of the array, and so of the IDX header
    sha256: str  # of the payload, after decompression


FILES = {
    "train-images-idx3-ubyte": File(
        (60000, 28, 28), "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
    ),
    "train-labels-idx1-ubyte": File(
        (60000,), "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
    ),
    "t10k-images-idx3-ubyte": File(
        (10000, 28, 28), "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
    ),
    "t10k-labels-idx1-ubyte": File(
        (10000,), "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
    ),
}


@checks.arguments()
def parse_idx(payload: bytes, path: str | Path) -> np.ndarray:
    """Parse the bytes of an IDX file.

    Parameters
    ----------
    payload : bytes
        Header and numbers, after decompression.
    path : str or Path
        Named in the messages.

    Returns
    -------
    ndarray, of the shape in the header, uint8
        A view of the bytes.

    Raises
    ------
    DataError
        If the bytes are no IDX file of unsigned bytes, or too few or many.
    """
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


@checks.arguments()
def download_mnist(cache: str | Path) -> None:
    """Download what `cache` lacks of MNIST's files, each verified first.

    A file takes its place in the cache only once it is whole and right, so
    that a broken download leaves nothing behind.

    Parameters
    ----------
    cache : str or Path
        A folder, made if it is missing.

    Raises
    ------
    OSError
        If no mirror can be reached.
    DataError
        If what the mirrors sent is not MNIST.
    """
    cache = Path(cache)
    missing = [name for name in FILES if not _candidates(cache, name)]
    if missing:
        cache.mkdir(parents=True, exist_ok=True)
    for name in missing:
        _download(f"{name}.gz", name, cache)


def _download(file: str, name: str, cache: Path) -> None:
    fetch = pooch.HTTPDownloader(timeout=TIMEOUT, progressbar=sys.stderr.isatty())
    failures: list[Exception] = []
    for mirror in MIRRORS:
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            arriving = Path(scratch, file)
            try:
                fetch(mirror + file, str(arriving), None)
                load_file(arriving, name)
            except OSError as error:
                failures.append(error)
            except DataError as error:
                failures.append(_not_sent(mirror + file, error.problem))
            else:
                os.replace(arriving, cache / file)
                return
    raise next((error for error in failures if isinstance(error, DataError)), failures[-1])


@checks.arguments()
def find(folder: Path, name: str) -> Path:
    """Find a file of MNIST in a folder.

    Parameters
    ----------
    folder : Path
        Where the files are.
    name : str
        Of the file, without `.gz`.

    Returns
    -------
    Path
        The plain file, or the gzipped one.

    Raises
    ------
    DataError
        If neither is there.
    """
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


@checks.arguments()
def load_file(path: Path, name: str) -> np.ndarray:
    """Load one file, verified.

    Parameters
    ----------
    path : Path
        The file, plain or gzipped.
    name : str
        What it should be.

    Returns
    -------
    ndarray, uint8
        Of the shape that MNIST's file has.

    Raises
    ------
    DataError
        If it is damaged, or another than its name says.
    """
    payload = _payload(path)
    array = parse_idx(payload, path)
    expected = FILES[name]
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
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise _bad(path, "a file that may be read", str(error.strerror)) from error
    if path.suffix != ".gz":
        return raw
    try:
        return gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        raise _bad(
            path, "a whole gzip file", f"{len(raw):,} bytes that do not decompress ({error})"
        ) from error


def _bad(path: str | Path, expected: str, found: str) -> DataError:
    error = DataError(f"{path}: expected {expected}, found {found}. {_REMEDY}")
    error.problem = f"expected {expected}, found {found}"
    return error


def _not_sent(address: str, problem: str) -> DataError:
    return DataError(
        f"the download of {address}: {problem}. Does this network answer with a page of its own, "
        f"such as a sign-in? Open the address in a browser, or set TINYNETS_DATA={SMALL} to use "
        "scikit-learn's 8 x 8 digits."
    )
