"""Digits: every way a file can be wrong is said, and none is half-loaded."""

import functools
import gzip
import http.server
import os
import socket
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from tinynets import data
from tinynets.data import mnist

NAMES = list(mnist.FILES)
SMALL_SHAPES = {
    "train-images-idx3-ubyte": (6, 28, 28),
    "train-labels-idx1-ubyte": (6,),
    "t10k-images-idx3-ubyte": (4, 28, 28),
    "t10k-labels-idx1-ubyte": (4,),
}


def idx(array):
    header = bytes([0, 0, 8, array.ndim])
    sizes = np.array(array.shape, ">u4").tobytes()
    return header + sizes + array.astype(np.uint8).tobytes()


@pytest.fixture
def arrays():
    draws = np.random.default_rng(3)
    return {
        name: draws.integers(0, 256 if len(shape) == 3 else 10, shape)
        for name, shape in SMALL_SHAPES.items()
    }


@pytest.fixture
def folder(tmp_path, arrays, monkeypatch):
    """Four small files in MNIST's format, and a table that expects them."""
    expected = {}
    for name, array in arrays.items():
        payload = idx(array)
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(payload))
        expected[name] = mnist.File(array.shape, mnist.hashlib.sha256(payload).hexdigest())
    monkeypatch.setattr(mnist, "FILES", expected)
    monkeypatch.setenv("TINYNETS_DATA", str(tmp_path))
    return tmp_path


def test_files_become_tensors(folder, arrays):
    digits = data.load_digits()
    assert digits.name == "MNIST" and digits.image_shape == (28, 28)
    images = arrays["train-images-idx3-ubyte"].reshape(6, 784)
    np.testing.assert_allclose(digits.train.images, images / 255, atol=1e-7)
    labels = arrays["t10k-labels-idx1-ubyte"]
    assert digits.test.labels.tolist() == labels.tolist()
    assert digits.train.images.dtype == torch.float32
    assert digits.train.labels.dtype == torch.int64
    assert digits.n_pixels == 784


def test_plain_files_do_as_well_as_gzipped(folder, arrays):
    gzipped = data.load_digits()
    for name in NAMES:
        packed = folder / f"{name}.gz"
        (folder / name).write_bytes(gzip.decompress(packed.read_bytes()))
        packed.unlink()
    plain = data.load_digits()
    assert torch.equal(plain.train.images, gzipped.train.images)


def test_compression_settings_do_not_matter(folder, arrays):
    name = "train-images-idx3-ubyte"
    packed = gzip.compress(idx(arrays[name]), compresslevel=1, mtime=7)
    (folder / f"{name}.gz").write_bytes(packed)
    assert len(data.load_digits().train.images) == 6


def truncate(payload):
    return payload[:-5]


def lengthen(payload):
    return payload + b"\0"


def alter(payload):
    return payload[:-1] + bytes([(payload[-1] + 1) % 10])


def label_twelve(payload):
    return payload[:-1] + bytes([12])


def float_type(payload):
    return payload[:2] + b"\x0d" + payload[3:]


def not_idx(payload):
    return b"<html>404</html>"


def empty(payload):
    return b""


def header_only(payload):
    return payload[:6]


@pytest.mark.parametrize(
    "change, found",
    [
        (truncate, "bytes"),
        (lengthen, "bytes"),
        (alter, "SHA-256"),
        (label_twelve, "the label 12"),
        (float_type, "type 0x0d"),
        (not_idx, "the bytes 3c 68 74 6d"),
        (empty, "(none)"),
        (header_only, "6 bytes in all"),
    ],
)
def test_damage_is_named(folder, arrays, change, found):
    name = "t10k-labels-idx1-ubyte"
    payload = change(idx(arrays[name]))
    (folder / f"{name}.gz").write_bytes(gzip.compress(payload))
    with pytest.raises(data.DataError) as caught:
        data.load_digits()
    message = str(caught.value)
    for part in (str(folder), name, "expected", "found", found, "TINYNETS_DATA=8x8"):
        assert part in message


def test_a_cut_gzip_file_is_named(folder):
    path = folder / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(data.DataError, match="whole gzip file"):
        data.load_digits()


def test_swapped_files_are_named(folder):
    labels = folder / "t10k-labels-idx1-ubyte.gz"
    images = folder / "t10k-images-idx3-ubyte.gz"
    labels.write_bytes(images.read_bytes())
    with pytest.raises(data.DataError, match=r"shape \(4,\).*\(4, 28, 28\)"):
        data.load_digits()


def test_a_missing_file_is_named(folder):
    (folder / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(data.DataError, match="train-labels.*no such file"):
        data.load_digits()


def test_a_missing_folder_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("TINYNETS_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(data.DataError, match="no such folder"):
        data.load_digits()


@pytest.fixture
def mirror(folder, tmp_path_factory, monkeypatch):
    """`folder` served as the only mirror, and an empty cache."""
    cache = tmp_path_factory.mktemp("cache") / "tinynets"
    monkeypatch.delenv("TINYNETS_DATA")
    monkeypatch.setattr(mnist.pooch, "os_cache", lambda name: cache)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/"
    monkeypatch.setattr(mnist, "MIRRORS", (address,))
    yield cache
    server.shutdown()
    server.server_close()


def test_a_download_is_kept(mirror, folder):
    assert data.load_digits().name == "MNIST"
    assert {path.name for path in mirror.iterdir()} == {f"{name}.gz" for name in NAMES}
    for path in folder.iterdir():
        path.unlink()
    assert data.load_digits().name == "MNIST"


def test_a_sign_in_page_is_told_from_a_damaged_file(mirror, folder):
    name = "train-images-idx3-ubyte.gz"
    (folder / name).write_bytes(b"<html>sign in</html>")
    with pytest.raises(data.DataError) as caught:
        data.load_digits()
    message = str(caught.value)
    for part in (f"the download of {mnist.MIRRORS[0]}{name}", "sign-in", "TINYNETS_DATA=8x8"):
        assert part in message
    assert "Replace the file" not in message  # it is gone


def test_a_file_that_may_not_be_read_is_named(folder, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(data.DataError, match="may be read, found Permission denied.*TINYNETS_DATA"):
        data.load_digits()


def test_a_broken_download_does_not_stay(mirror, folder):
    path = folder / "t10k-images-idx3-ubyte.gz"
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    with pytest.raises(data.DataError, match="t10k-images"):
        data.load_digits()
    assert not (mirror / path.name).exists()
    assert not [entry for entry in mirror.iterdir() if entry.is_dir()]
    path.write_bytes(whole)
    assert data.load_digits().name == "MNIST"


def test_the_next_mirror_is_tried(mirror, monkeypatch):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        monkeypatch.setattr(mnist, "MIRRORS", (dead, *mnist.MIRRORS))
        assert data.load_digits().name == "MNIST"


def test_without_a_mirror_the_small_digits_are_used(mirror, monkeypatch):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        monkeypatch.setattr(mnist, "MIRRORS", (dead,))
        with pytest.warns(UserWarning, match="TINYNETS_DATA"):
            digits = data.load_digits()
    assert digits.name == "scikit-learn digits"


def test_small_labels_are_those_of_their_images(monkeypatch):
    monkeypatch.setenv("TINYNETS_DATA", "8x8")
    digits = data.load_digits()
    (images, labels), test = digits.train, digits.test
    means = torch.stack([images[labels == k].mean(0) for k in range(10)])
    guesses = torch.cdist(test.images, means).argmin(1)
    assert (guesses == test.labels).float().mean() > 0.8  # 0.9; by chance 0.1


def test_small_digits_have_every_class_in_both_parts(monkeypatch):
    monkeypatch.setenv("TINYNETS_DATA", "8x8")
    digits = data.load_digits()
    assert digits.image_shape == (8, 8) and digits.n_pixels == 64
    assert len(digits.train.images) == 1437
    assert len(digits.test.images) == 360
    for labels in (digits.train.labels, digits.test.labels):
        assert labels.unique().tolist() == list(range(10))
    assert digits.train.images.min() == 0 and digits.train.images.max() == 1
    assert digits.describe() == (
        "scikit-learn digits: 1,437 training and 360 test images of 8 × 8 pixels"
    )


def test_real_mnist_is_what_it_says():
    place = os.environ.get("TINYNETS_DATA", "")
    if not Path(place, "train-images-idx3-ubyte.gz").is_file():
        pytest.skip("needs MNIST: set TINYNETS_DATA to a folder with its four .gz files")
    digits = data.load_digits()
    assert digits.describe() == ("MNIST: 60,000 training and 10,000 test images of 28 × 28 pixels")
    assert digits.train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    counts = digits.test.labels.bincount().tolist()
    assert counts == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert abs(digits.train.images.mean().item() - 0.1307) < 1e-4
