"""Errors at the public boundary: name, rule, value got, what to do."""

from __future__ import annotations

import math
import numbers
from collections.abc import Collection
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:  # what is NumPy's alone, such as tinynets.nielsen, needs no PyTorch
    import torch

T = TypeVar("T")


def positive(name: str, value: float) -> float:
    """Return `value` if it is a finite number above zero.

    Raises
    ------
    TypeError
        If it is not a real number.
    ValueError
        If it is zero, negative, infinite or NaN.
    """
    if not (math.isfinite(number(name, value)) and value > 0):
        raise ValueError(f"{name} must be a finite number above 0, got {value!r}")
    return value


def non_negative(name: str, value: float) -> float:
    """Return `value` if it is a finite number, zero or above."""
    if not (math.isfinite(number(name, value)) and value >= 0):
        raise ValueError(f"{name} must be a finite number, 0 or above, got {value!r}")
    return value


def probability(name: str, value: float) -> float:
    """Return `value` if it lies in [0, 1]."""
    if not 0 <= number(name, value) <= 1:
        raise ValueError(f"{name} must lie in [0, 1], got {value!r}")
    return value


def count(name: str, value: int, *, at_least: int = 1) -> int:
    """Return `value` if it is an integer, `at_least` or above."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be an int, got {value!r} ({type(value).__name__})")
    if value < at_least:
        raise ValueError(f"{name} must be {at_least} or above, got {value}")
    return value


def number(name: str, value: float) -> float:
    """Return `value` if it is a real number (NaN and infinity included)."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, got {value!r} ({type(value).__name__})")
    return value


def choice(name: str, value: T, options: Collection[T]) -> T:
    """Return `value` if it is one of `options`."""
    if value not in options:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, options))}, got {value!r}")
    return value


def shape(name: str, tensor: torch.Tensor, expected: tuple) -> torch.Tensor:
    """Return `tensor` if its shape is `expected`.

    A size is an int that must match or a str that names a free size: in
    `("chains", 3)` the first may be any. The same str twice asks for equal
    sizes.
    """
    import torch

    if not isinstance(tensor, torch.Tensor):
        raise TypeError(
            f"{name} must be a torch.Tensor of shape {_text(expected)}, got {type(tensor).__name__}"
        )
    sizes = tuple(tensor.shape)
    free: dict[str, int] = {}
    fits = len(sizes) == len(expected) and all(
        size == (free.setdefault(want, size) if isinstance(want, str) else want)
        for size, want in zip(sizes, expected, strict=True)
    )
    if not fits:
        raise ValueError(f"{name} must have shape {_text(expected)}, got {_text(sizes)}")
    return tensor


def finite(name: str, tensor: torch.Tensor) -> torch.Tensor:
    """Return `tensor` if it holds neither NaN nor infinity."""
    bad = ~tensor.isfinite()
    if bad.any():
        where = tuple(bad.nonzero()[0].tolist())
        raise ValueError(
            f"{name} must be finite, got {int(bad.sum())} values that are "
            f"not, the first at index {where}"
        )
    return tensor


def like_x(name: str, tensor: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Return `tensor` if it has the dtype of the inputs x and is where they are."""
    if tensor.dtype != x.dtype:
        raise TypeError(
            f"{name} must be {x.dtype}, the dtype of x, got {tensor.dtype}; "
            f"convert it with {name}.to({x.dtype}), or x to {tensor.dtype}"
        )
    if tensor.device != x.device:
        raise ValueError(
            f"{name} must be on {x.device}, where x is, got one on {tensor.device}; "
            f"move it with {name}.to({str(x.device)!r})"
        )
    return tensor


def generator(name: str, value: torch.Generator) -> torch.Generator:
    """Return `value` if it is a generator of random numbers.

    Raises
    ------
    TypeError
        If it is a seed, or nothing.
    """
    import torch

    if not isinstance(value, torch.Generator):
        seed = value if isinstance(value, int) else 0
        raise TypeError(
            f"{name} must be a torch.Generator, got {value!r}: "
            f"make one by torch.Generator().manual_seed({seed})"
        )
    return value


def _text(sizes: tuple) -> str:
    return "(" + ", ".join(map(str, sizes)) + ("," if len(sizes) == 1 else "") + ")"
