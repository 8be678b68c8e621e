"""Checks of plain numbers."""

from __future__ import annotations

import math
import numbers
from collections.abc import Collection, Hashable, Sequence
from typing import TypeVar

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


def counts(name: str, value: tuple[int, int]) -> tuple[int, int]:
    """Return `value` if it is a range of whole numbers, its ends included.

    Parameters
    ----------
    name : str
        What the value is called in the message.
    value : tuple of two int
        The least, 1 or above, and the most.

    Returns
    -------
    (int, int)
        As they were given.

    Raises
    ------
    TypeError
        If they are not two int.
    ValueError
        If the least is below 1, or the most below it.
    """
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise TypeError(f"{name} must be two int, the least and the most, got {value!r}")
    least = count(f"the least of {name}", value[0])
    return least, count(f"the most of {name}", value[1], at_least=least)


def layers(name: str, value: Sequence[int]) -> Sequence[int]:
    """Return `value` if it lists the units of two layers or more.

    Parameters
    ----------
    name : str
        What the value is called in the message.
    value : sequence of int
        What was given.

    Returns
    -------
    sequence of int
        The value, as it was given.

    Raises
    ------
    TypeError
        If it is no list or tuple of int.
    ValueError
        If there are fewer than two, or one is below 1.
    """
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise TypeError(f"{name} must be a list of int such as [784, 30, 10], got {value!r}")
    if len(value) < 2:
        raise ValueError(
            f"{name} must name an input and an output layer at least, got {list(value)}"
        )
    for one in value:
        count(f"each of {name}", one)
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
    ValueError
        If its square is beyond what a float can hold.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, got {value!r} ({type(value).__name__})")
    size = abs(value if isinstance(value, int) else float(value))
    if 1e150 < size < math.inf:
        raise ValueError(f"{name} must be at most 1e150 in size, got {value!r}")
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
    if not isinstance(value, Hashable) or value not in options:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, options))}, got {value!r}")
    return value


def sequence(name: str, value: Sequence[T]) -> Sequence[T]:
    """Return `value` if it is a sequence, and no text.

    Parameters
    ----------
    name : str
        What the value is called in the message.
    value : sequence
        What was given.

    Returns
    -------
    sequence
        The value, as it was given.

    Raises
    ------
    TypeError
        If it is none.
    """
    if isinstance(value, str) or not hasattr(value, "__getitem__"):
        raise TypeError(f"{name} must be a sequence, such as a list, got {value!r}")
    return value
