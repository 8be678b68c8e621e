"""The kernels of infinite networks, estimated from random finite ones."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from tinynets import checks
from tinynets.empirical.finite import nngp, ntk


class MonteCarlo(NamedTuple):
    """Means over networks, and the standard errors of these means."""

    nngp: Tensor  # (n1, n2)
    nngp_error: Tensor  # (n1, n2)
    ntk: Tensor  # (n1, n2), trace divided by the number of outputs
    ntk_error: Tensor  # (n1, n2)


@checks.arguments(x1="float finite n1 * ...", x2="float finite n2 * ...")
def monte_carlo(
    make: Callable[..., nn.Module],
    x1: Tensor,
    x2: Tensor | None = None,
    *,
    n_draws: int,
    generator: torch.Generator,
) -> MonteCarlo:
    """Average the NNGP kernel and the NTK over networks drawn at random.

    Each network counts once, so that the errors are right even where the outputs of
    one network depend on one another.

    Parameters
    ----------
    make : callable
        `make(generator=generator)` draws a network.
    x1, x2 : torch.Tensor, (n1, ...) and (n2, ...)
        Inputs; without `x2` they are the same.
    n_draws : int
        Number of networks, 2 or above.
    generator : torch.Generator
        Source of the draws.

    Returns
    -------
    MonteCarlo
        The mean over networks and its standard error, entry by entry. A finite network's
        expected NTK differs from the limit by a term of order 1 / width, which these
        errors do not contain.
    """
    checks.count("n_draws", n_draws, at_least=2)
    mean = squares = None
    for draw in range(1, n_draws + 1):
        net = make(generator=generator)
        both = torch.stack([nngp(net, x1, x2), ntk(net, x1, x2, outputs="trace")])
        if mean is None:
            mean, squares = torch.zeros_like(both), torch.zeros_like(both)
        away = both - mean
        mean += away / draw
        squares += away * (both - mean)  # Welford's update
    error = (squares / (n_draws - 1) / n_draws).sqrt()
    return MonteCarlo(mean[0], error[0], mean[1], error[1])
