"""Which digits the pages compute with, and how they come onto the machine.

Pages load digits by the environment variable TINYNETS_DATA: a folder, `8x8`, or
nothing, which means the user's cache and, if it is empty, a download into it.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

VARIABLE, SMALL = "TINYNETS_DATA", "8x8"
LOADER = "tinynets/data/__init__.py"  # pages that reach it load digits
_FILES = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
_FETCH = "from tinynets import data; data.load_digits()"


def stamp() -> str:
    """Name the digits in use: by the contents of their four files, or as `8x8`."""
    chosen = os.environ.get(VARIABLE, "")
    folder = Path(chosen) if chosen else _cache()
    found = [_digest(path) for name in _FILES if (path := _file(folder, name))]
    return " ".join([chosen, *found] if len(found) < len(_FILES) else found)


def small() -> bool:
    """Tell whether pages get the 8 × 8 digits: asked for, or for want of MNIST in the cache."""
    chosen = os.environ.get(VARIABLE, "")
    return chosen == SMALL or not chosen and not all(_file(_cache(), name) for name in _FILES)


def fetch(root: Path) -> None:
    """Load the digits once before pages run, so that a download is over by then.

    What fails here fails, and is told, on the pages that need it.
    """
    if os.environ.get(VARIABLE) or not (root / LOADER).is_file():
        return
    if all(_file(_cache(), name) for name in _FILES):
        return
    quiet = subprocess.DEVNULL
    subprocess.run([sys.executable, "-c", _FETCH], cwd=root, stdout=quiet, stderr=quiet)


def _file(folder: Path, name: str) -> Path | None:
    paths = (folder / f"{name}-ubyte", folder / f"{name}-ubyte.gz")
    return next((path for path in paths if path.is_file()), None)


def _digest(path: Path) -> str:
    found = path.stat()
    return _hash(path, found.st_size, found.st_mtime_ns)


@lru_cache
def _hash(path: Path, _size: int, _time: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:24]


def _cache() -> Path:
    # where pooch.os_cache puts it, without importing pooch
    home = Path.home()
    if sys.platform == "darwin":
        base = home / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"))
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return base / "tinynets"
