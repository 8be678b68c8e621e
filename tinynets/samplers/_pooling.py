"""Whether chains can share a step size: how far apart their acceptances lie."""

from typing import NamedTuple

import torch
from torch import Tensor

APART = 0.1  # standard deviation between chains of the acceptance, from which on they part


class Halves(NamedTuple):
    """Sums over the two halves of a window."""

    acceptance: Tensor  # (2, chains)
    n_steps: tuple[int, int]


def no_halves(like: Tensor) -> Halves:
    """Start the sums, for chains as many as entries of a tensor."""
    return Halves(like.new_zeros(2, len(like)), (0, 0))


def add_step(halves: Halves, acceptance: Tensor, half: int) -> Halves:
    """Add the acceptance (chains,) of a step to one half."""
    total, counts = halves.acceptance.clone(), list(halves.n_steps)
    total[half] += acceptance
    counts[half] += 1
    return Halves(total, (counts[0], counts[1]))


def are_apart(halves: Halves) -> bool:
    """Tell whether chains differ in acceptance by more than chance, and by much.

    What a chain has in common with itself over both halves is the chain's; what it has not is
    noise. So the covariance, across chains, of their means in the halves estimates the variance
    between chains, without the noise within them. It must be above `APART` squared.
    """
    if halves.acceptance.shape[1] < 2 or 0 in halves.n_steps:
        return False
    counts = halves.acceptance.new_tensor(halves.n_steps)
    return torch.cov(halves.acceptance / counts[:, None])[0, 1].item() > APART**2
