"""Log densities: the shape that samplers and fits expect, and its gradient."""

from typing import Protocol

import torch
from torch import Tensor

from tinynets import checks


class LogDensity(Protocol):
    """A log density of a batch of positions, in nats.

    Row i of the answer depends on row i of the position alone. It may carry
    a faster gradient as an attribute `value_and_grad`, a `ValueAndGrad`;
    where it does not, autograd works it out.
    """

    def __call__(self, position: Tensor, /) -> Tensor:
        """Return the log density of each row: (chains, dim) to (chains,)."""


class ValueAndGrad(Protocol):
    """A log density and its gradient, both detached."""

    def __call__(self, position: Tensor, /) -> tuple[Tensor, Tensor]:
        """Return (chains,) and (chains, dim) at positions (chains, dim)."""


@checks.arguments()
def value_and_grad(log_density: LogDensity) -> ValueAndGrad:
    """Give the function that returns a log density and its gradient.

    Parameters
    ----------
    log_density : callable
        `(chains, dim) -> (chains,)`. If it has an attribute
        `value_and_grad`, that is returned as it is.

    Returns
    -------
    callable
        `(chains, dim) -> ((chains,), (chains, dim))`, both detached; rows
        are independent, so one backward pass serves all of them.

    Raises
    ------
    ValueError
        When what it gives is called, if the log density has no gradient.
    """
    by_hand = getattr(log_density, "value_and_grad", None)
    if by_hand is not None:
        return by_hand

    def by_autograd(position: Tensor) -> tuple[Tensor, Tensor]:
        with torch.enable_grad():
            position = position.detach().requires_grad_()
            value = log_density(position)
            if not value.requires_grad:
                raise ValueError(
                    "log_density must be differentiable by its position, got values without a "
                    "gradient: no detach(), no torch.no_grad(), no NumPy inside"
                )
            (gradient,) = torch.autograd.grad(value.sum(), position)
        return value.detach(), gradient

    return by_autograd
