"""A step size: the first guess of it, the search, and where it settles."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from tinynets import rng
from tinynets.samplers import base
from tinynets.samplers.mass import Mass


class StepSearch(NamedTuple):
    """A search for log ε; each field () or (chains,)."""

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


def settle(search: StepSearch, shortfall: Tensor) -> StepSearch:
    """Move log ε by -2/√n times the shortfall, and average it with weights about n².

    Robbins and Monro (1951), averaged as by Shamir and Zhang (2013), Eq. (4), with η = 2. With
    few chains dual averaging tries steps that differ by factors; the mean of their acceptance
    is the target, but that of their mean logarithm is larger, as acceptance falls faster above
    the target than it rises below. These steps are ten times as close to each other.
    """
    n_steps = search.n_steps + 1
    log_step = search.log_step - 2 / math.sqrt(n_steps) * shortfall
    weight = 3 / (n_steps + 2)
    return search._replace(
        log_step=log_step,
        log_average=weight * log_step + (1 - weight) * search.log_average,
        n_steps=n_steps,
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
