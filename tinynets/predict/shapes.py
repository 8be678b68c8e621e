"""Kernels as matrices, and times as lists."""

from collections.abc import Sequence

import torch
from torch import Tensor

from tinynets import checks

Times = float | Sequence[float] | Tensor


def as_matrix(kernel: Tensor) -> Tensor:
    """Return a kernel as a matrix: (n1, n2), or (n1 * outputs, n2 * outputs) of a whole one."""
    if kernel.ndim == 2:
        return kernel
    checks.shape("kernel", kernel, ("n1", "n2", "outputs", "outputs"))
    return kernel.transpose(1, 2).flatten(2).flatten(0, 1)


def times(t: Times) -> list[float]:
    """Return times as numbers.

    Raises
    ------
    ValueError
        If one is negative or NaN, or there is none.
    """
    every = torch.as_tensor(t, dtype=torch.float64).flatten().tolist()
    if not every or any(not time >= 0 for time in every):
        raise ValueError(f"t must be times of 0 or above, got {t!r}")
    return every


def scalar(t: Times) -> bool:
    """Whether one time is meant."""
    return not isinstance(t, Sequence) and (not isinstance(t, Tensor) or t.ndim == 0)


def stack(values: list[Tensor], t: Times) -> Tensor:
    """Return what belongs to each time, along a first axis if there are many."""
    return values[0] if scalar(t) else torch.stack(values)
