"""What a target knows of itself."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from tinynets import checks

LOG_2PI = math.log(2 * math.pi)


class Target(NamedTuple):
    """A normalised density with all that a sampler should find."""

    log_density: Callable  # (chains, dim) -> (chains,), nats
    mean: Tensor  # (dim,)
    variance: Tensor  # (dim,)
    draw: Callable  # draw(n_draws, *, generator) -> (n_draws, dim)


def normal(like: Tensor, n_draws: int, *, generator: torch.Generator) -> Tensor:
    """Draw standard normals.

    Parameters
    ----------
    like : Tensor, (dim,)
        Whose dtype and device count.
    n_draws : int
        1 or above.
    generator : torch.Generator
        Source of the draws.

    Returns
    -------
    Tensor, (n_draws, dim)
        Standard normal.
    """
    checks.count("n_draws", n_draws)
    return torch.randn(
        n_draws, len(like), generator=generator, dtype=like.dtype, device=like.device
    )
