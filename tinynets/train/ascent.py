"""Adam with a learning rate along a cosine, and maxima of log densities."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from tinynets import checks
from tinynets.densities import LogDensity, value_and_grad


class Maximum(NamedTuple):
    """Where a batch of ascents ended, and the way there."""

    position: Tensor  # (n_starts, dim)
    history: Tensor  # (n_steps, n_starts), log density before each step


@checks.arguments(position="float starts dim")
def maximise(
    log_density: LogDensity, position: Tensor, *, n_steps: int, learning_rate: float
) -> Maximum:
    """Maximise a log density from many starts at once, with Adam.

    One start gives the MAP estimate of a posterior, several a deep ensemble:
    each moves as if it were alone. The learning rate falls along a cosine.

    Parameters
    ----------
    log_density : callable
        `(n_starts, dim) -> (n_starts,)`, such as a `bnn.Posterior`; its
        `value_and_grad` is used if there is one.
    position : Tensor, (n_starts, dim)
        Starts, such as draws from the prior.
    n_steps : int
        Gradient steps.
    learning_rate : float
        Adam's, at the start, above 0.

    Returns
    -------
    Maximum
        End points, and the log density at each step.

    References
    ----------
    Lakshminarayanan, Pritzel and Blundell (2017), Simple and scalable
    predictive uncertainty estimation using deep ensembles.

    Examples
    --------
    >>> peak = maximise(lambda q: -(q**2).sum(-1), torch.ones(3, 2), n_steps=200, learning_rate=0.1)
    >>> peak.position.abs().max() < 1e-2
    tensor(True)
    """
    checks.finite("position", position)
    both = value_and_grad(log_density)
    position = position.detach().clone()

    def gradient(_: int) -> Tensor:
        value, position.grad = both(position)
        return checks.shape("log_density(position)", value, (len(position),))

    history = ascend([position], gradient, n_steps=n_steps, learning_rate=learning_rate)
    return Maximum(position.detach(), torch.stack(history))


def ascend(
    parameters: Sequence[Tensor],
    gradient: Callable[[int], Tensor],
    *,
    n_steps: int,
    learning_rate: float,
) -> list[Tensor]:
    """Move parameters uphill with Adam, the learning rate along a cosine.

    Parameters
    ----------
    parameters : sequence of Tensor
        Changed in place.
    gradient : callable
        `gradient(step)` leaves the gradient of what is maximised in each
        parameter's `.grad`; what it returns is kept.
    n_steps : int
    learning_rate : float
        At the start, above 0; it falls to 0 after `n_steps`.

    Returns
    -------
    list
        What `gradient` returned, step by step.
    """
    checks.count("n_steps", n_steps)
    checks.positive("learning_rate", learning_rate)
    optimiser = torch.optim.Adam(parameters, learning_rate, maximize=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, n_steps)
    kept = []
    for step in range(n_steps):
        optimiser.zero_grad()
        kept.append(gradient(step))
        optimiser.step()
        schedule.step()
    return kept
