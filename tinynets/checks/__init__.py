"""Errors at the public boundary: name, rule, value got, what to do."""

from tinynets.checks.numbers import choice, count, non_negative, number, positive, probability
from tinynets.checks.tensors import finite, generator, like_x, shape

__all__ = [
    "choice",
    "count",
    "finite",
    "generator",
    "like_x",
    "non_negative",
    "number",
    "positive",
    "probability",
    "shape",
]
