"""A step size by dual averaging, and the first guess of it."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from tinynets import rng
from tinynets.samplers import base
from tinynets.samplers.mass import Mass


class StepSearch(NamedTuple):
    """Dual averaging of log ε; each field () or (chains,)."""

    log_step: Tensor  # tried now
    log_average: Tensor  # used in the end
    shortfall: Tensor  # of acceptance, averaged
    attractor: Tensor  # log(10 ε) at the start
    n_steps: int


def search_from(step_size: Tensor) -> StepSearch:
    """Start the search at a step size."""
    zero = torch.zeros_like(step_size)
    return StepSearch(step_size.log(), zero, zero, (10 * step_size).log(), 0)


def dual_averaging(search: StepSearch, shortfall: Tensor) -> StepSearch:
    """Update by Hoffman and Gelman (2014), Eq. (6), with their γ, t₀ and κ."""
    n_steps = search.n_steps + 1
    weight = 1 / (n_steps + 10)
    mean = (1 - weight) * search.shortfall + weight * shortfall
    log_step = search.attractor - math.sqrt(n_steps) / 0.05 * mean
    weight = n_steps**-0.75
    return StepSearch(
        log_step,
        weight * log_step + (1 - weight) * search.log_average,
        mean,
        search.attractor,
        n_steps,
    )


def first_step_size(
    build: Callable[..., base.Sampler],
    state: base.State,
    step_size: Tensor,
    mass: Mass | None,
    target: float,
    *,
    generator: torch.Generator,
) -> Tensor:
    """Double or halve ε until the acceptance of one step crosses a target."""
    own = rng.spawn(generator)

    def too_small(step_size):
        _, info = build(step_size=step_size, mass=mass).step(state, generator=own)
        acceptance = info.acceptance
        return (acceptance if step_size.ndim else acceptance.mean()) > target

    direction = torch.where(too_small(step_size), 2.0, 0.5)
    searching = torch.ones_like(direction, dtype=torch.bool)
    for _ in range(50):
        step_size = torch.where(searching, step_size * direction, step_size)
        searching &= too_small(step_size) == (direction > 1)
        if not searching.any():
            return step_size
    raise ValueError(
        f"no step size found: at {step_size.tolist()} acceptance is still on "
        f"the same side of {target}; is the log density flat, or its gradient "
        "not the one of its values?"
    )
