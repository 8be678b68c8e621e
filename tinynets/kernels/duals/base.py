"""What is known of an activation under Gaussian inputs."""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor


class Moments(NamedTuple):
    """What comes out of an activation for pairs (u, v)."""

    gap: Tensor  # of f(u) and f(v)
    slopes: Tensor | None  # E[f'(u) f'(v)]
    error: float = 0.0  # relative, estimated, of a series cut short


# gap, ntk, s1, s2 -> gap and ntk after the activation in one pass, or None where there is none.
Compiled = Callable[[Tensor, Tensor | None, Tensor, Tensor], tuple[Tensor, Tensor | None] | None]


class Dual(NamedTuple):
    """Second moments of an activation under Gaussian inputs."""

    name: str
    variance: Callable[[Tensor], Tensor]  # q -> E[f(u)²]
    moments: Callable[[Tensor, Tensor, Tensor, bool], Moments]  # q1, q2, gap, slopes wanted
    compiled: Compiled | None = None


def gap_after(
    variance: Callable[[Tensor], Tensor], q1: Tensor, q2: Tensor, gap: Tensor, k: Tensor
) -> Tensor:
    """Turn a covariance after the activation into a gap, zero for equal inputs.

    Parameters
    ----------
    variance : callable
        Variance after the activation, of the one before.
    q1, q2 : Tensor
        Variances before.
    gap : Tensor
        sqrt(q1 q2) - E[u v] before.
    k : Tensor
        E[f(u) f(v)].

    Returns
    -------
    Tensor, of the broadcast shape
        0 or above.
    """
    new = (variance(q1).sqrt() * variance(q2).sqrt()).sub(k).clamp_(min=0)
    return new.masked_fill_((gap == 0) & (q1 == q2), 0)
