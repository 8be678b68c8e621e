"""Errors at the public boundary: name, rule, value got, what to do."""

from tinynets.checks.arguments import arguments, fitting
from tinynets.checks.numbers import (
    choice,
    count,
    counts,
    layers,
    non_negative,
    number,
    positive,
    probability,
    sequence,
)
from tinynets.checks.tensors import (
    classes,
    distribution,
    finite,
    generator,
    like_x,
    shape,
    unit_interval,
)

__all__ = [
    "arguments",
    "choice",
    "classes",
    "count",
    "counts",
    "distribution",
    "finite",
    "fitting",
    "generator",
    "layers",
    "like_x",
    "non_negative",
    "number",
    "positive",
    "probability",
    "sequence",
    "shape",
    "unit_interval",
]
