"""Kernels as matrices, and times as lists."""

from collections.abc import Sequence

import torch
from torch import Tensor

from tinynets import checks

Times = float | Sequence[float] | Tensor


def as_matrix(kernel: Tensor) -> Tensor:
    """Return a kernel as a matrix.

    Parameters
    ----------
    kernel : Tensor, (n1, n2) or (n1, n2, outputs, outputs)
        A kernel of one output, or of all.

    Returns
    -------
    Tensor, (n1, n2) or (n1 * outputs, n2 * outputs)
        Outputs of one input behind one another.
    """
    if kernel.ndim == 2:
        return kernel
    checks.shape("kernel", kernel, ("n1", "n2", "outputs", "outputs"))
    return kernel.transpose(1, 2).flatten(2).flatten(0, 1)


def times(t: Times) -> list[float]:
    """Return times as numbers.

    Parameters
    ----------
    t : float, sequence of float or Tensor
        Times of 0 or above.

    Returns
    -------
    list of float
        One or more.

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
    """Whether one time is meant.

    Parameters
    ----------
    t : float, sequence of float or Tensor
        Times.

    Returns
    -------
    bool
        True for a number.
    """
    return not isinstance(t, Sequence) and (not isinstance(t, Tensor) or t.ndim == 0)


def stack(values: list[Tensor], t: Times) -> Tensor:
    """Return what belongs to each time, along a first axis if there are many.

    Parameters
    ----------
    values : list of Tensor
        One a time.
    t : float, sequence of float or Tensor
        The times.

    Returns
    -------
    Tensor, (*times, ...)
        Without the first axis for one time.
    """
    return values[0] if scalar(t) else torch.stack(values)
