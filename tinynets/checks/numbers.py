"""Checks of plain numbers."""

from __future__ import annotations

import math
import numbers
from collections.abc import Collection
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:  # what is NumPy's alone, such as tinynets.nielsen, needs no PyTorch
    pass


T = TypeVar("T")


def positive(name: str, value: float) -> float:
    """Return `value` if it is a finite number above zero.

    Parameters
    ----------
    name : str
        What the value is called in the message.
    value : float
        What was given.

    Returns
    -------
    float
        The value, as it was given.

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
    """Return `value` if it is a finite number, zero or above.

    Parameters
    ----------
    name : str
        What the value is called in the message.
    value : float
        What was given.

    Returns
    -------
    float
        The value, as it was given.

    Raises
    ------
    TypeError
        If it is not a real number.
    ValueError
        If it is negative, infinite or NaN.
    """
    if not (math.isfinite(number(name, value)) and value >= 0):
        raise ValueError(f"{name} must be a finite number, 0 or above, got {value!r}")
    return value


def probability(name: str, value: float) -> float:
    """Return `value` if it lies in [0, 1].

    Parameters
    ----------
    name : str
        What the value is called in the message.
    value : float
        What was given.

    Returns
    -------
    float
        The value, as it was given.

    Raises
    ------
    TypeError
        If it is not a real number.
    ValueError
        If it lies outside [0, 1], or is NaN.
    """
    if not 0 <= number(name, value) <= 1:
        raise ValueError(f"{name} must lie in [0, 1], got {value!r}")
    return value


def count(name: str, value: int, *, at_least: int = 1) -> int:
    """Return `value` if it is an integer, `at_least` or above.

    Parameters
    ----------
    name : str
        What the value is called in the message.
    value : int
        What was given.
    at_least : int
        Smallest value that is allowed.

    Returns
    -------
    int
        The value, as it was given.

    Raises
    ------
    TypeError
        If it is not an integer; a bool is none.
    ValueError
        If it is below `at_least`.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be an int, got {value!r} ({type(value).__name__})")
    if value < at_least:
        raise ValueError(f"{name} must be {at_least} or above, got {value}")
    return value


def number(name: str, value: float) -> float:
    """Return `value` if it is a real number (NaN and infinity included).

    Parameters
    ----------
    name : str
        What the value is called in the message.
    value : float
        What was given.

    Returns
    -------
    float
        The value, as it was given.

    Raises
    ------
    TypeError
        If it is not a real number; a bool is none.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, got {value!r} ({type(value).__name__})")
    return value


def choice(name: str, value: T, options: Collection[T]) -> T:
    """Return `value` if it is one of `options`.

    Parameters
    ----------
    name : str
        What the value is called in the message.
    value : object
        What was given.
    options : collection
        What is allowed.

    Returns
    -------
    object
        The value, as it was given.

    Raises
    ------
    ValueError
        If it is none of the options.
    """
    if value not in options:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, options))}, got {value!r}")
    return value
