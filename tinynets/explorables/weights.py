"""Trained weights as a page stores them: half precision, or a byte and a scale.

A figure that runs a net in the browser needs the net's weights. Small ones
stand in the page as base64 of half-precision numbers; a large matrix is an
8-bit grey picture, one byte for each weight and one scale for each row, so
that it is also something to look at. In `explore/core/`, `digits.js` reads the
first and `autoencoder.js` the second.
"""

import base64
import struct
import zlib
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from tinynets import checks

ZERO = 128  # the byte of weight 0; bytes run from 1 to 255


class Rows(NamedTuple):
    """A matrix with one scale for each row: w = scale (byte − 128)."""

    bytes: np.ndarray  # (rows, columns) uint8
    scales: np.ndarray  # (rows,) float64

    def restored(self) -> Tensor:
        """Return the matrix that the browser will see, (rows, columns) float64."""
        whole = self.bytes.astype(np.float64) - ZERO
        return torch.from_numpy(self.scales[:, None] * whole)


@checks.arguments()
def int8_rows(weight: Tensor) -> Rows:
    """Round a matrix to 255 levels for each row.

    Parameters
    ----------
    weight : Tensor, (rows, columns)
        Finite.

    Returns
    -------
    Rows
        Off by at most half a scale, max|w| / 254 of the row.

    Raises
    ------
    ValueError
        If `weight` is no matrix, or not finite.
    """
    checks.shape("weight", weight, ("rows", "columns"))
    checks.finite("weight", weight)
    weight = weight.detach().double().cpu().numpy()
    scales = np.abs(weight).max(1) / 127
    levels = np.rint(weight / np.where(scales > 0, scales, 1)[:, None])
    return Rows((levels + ZERO).astype(np.uint8), scales)


@checks.arguments()
def halves(values: Tensor) -> str:
    """Return the base64 of little-endian half-precision numbers.

    Parameters
    ----------
    values : Tensor
        Of any shape; written in the order of memory.

    Returns
    -------
    str
        Four bytes of text for three of numbers.

    Raises
    ------
    ValueError
        If a value is not finite in half precision (above 65,504 in size).
    """
    values = values.detach()
    if not (values.abs() <= 65504).all():
        raise ValueError(
            "values must lie within half precision, ±65,504, got one of size "
            f"{float(values.abs().max()):g}: scale them down"
        )
    return base64.b64encode(values.cpu().numpy().astype("<f2").tobytes()).decode()


@checks.arguments()
def rounded_to_half(values: Tensor) -> Tensor:
    """Return the values that the browser will see, float64.

    Parameters
    ----------
    values : Tensor
        Of any shape.

    Returns
    -------
    Tensor, of the shape of values
        float64.
    """
    return values.detach().half().double()


@checks.arguments()
def grey_png(grey: np.ndarray) -> bytes:
    """Write an 8-bit grey picture as a PNG without row filters.

    Weights have no neighbours that predict them, so a filter saves nothing;
    without one, a reader needs nothing but `inflate`.

    Parameters
    ----------
    grey : np.ndarray, (height, width) uint8

    Returns
    -------
    bytes
        A PNG file.

    Raises
    ------
    ValueError
        If `grey` has another shape or dtype.

    References
    ----------
    W3C (2003). Portable Network Graphics specification, sections 5 and 9.
    """
    if grey.dtype != np.uint8 or grey.ndim != 2:
        raise ValueError(f"grey must be (height, width) uint8, got {grey.shape} {grey.dtype}")
    height, width = grey.shape
    rows = np.pad(grey, ((0, 0), (1, 0))).tobytes()  # filter 0 before each row
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )
