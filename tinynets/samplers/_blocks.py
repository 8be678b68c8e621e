"""Many steps of HMC, MALA or ULA in one call, where a target makes them itself."""

from collections.abc import Callable

import torch
from torch import Tensor

from tinynets.samplers import base
from tinynets.samplers.mass import Mass

BLOCK = 32  # draws of one call at most,
NUMBERS = 2**22  # and as many momenta fit, in numbers


def steps_by_target(
    log_density: Callable,
    step_size: float | Tensor,
    mass: Mass | None,
    lengths: tuple[int, int] = (1, 1),
    *,
    corrected: bool = True,
) -> Callable | None:
    """Return `Sampler.steps` of a target with a `hamiltonian` of its own, or None.

    The random numbers are those that as many single steps would draw. The target's
    `hamiltonian(position, log density, gradient, momentum (draws, chains, dim), step_size,
    variance, n_leapfrog (draws,), uniform (draws, chains) or None)` returns the last position,
    log density and gradient, then positions (chains, draws, dim), log densities (chains, draws)
    and a report (5, chains, draws): acceptance, accepted, energy, its error, divergent.

    Parameters
    ----------
    log_density : callable
        `(chains, dim) -> (chains,)`, nats.
    step_size : float or Tensor, (chains, 1)
        From `base.step_sizes`.
    mass : Mass, optional
        A dense one goes the way of PyTorch.
    lengths : tuple of int
        The fewest and the most leapfrog steps of a trajectory.
    corrected : bool
        Whether proposals are accepted by Metropolis, or always.
    """
    own = getattr(log_density, "hamiltonian", None)
    if own is None or mass and mass.dense:
        return None
    fewest, most = lengths

    def steps(state, n_steps, *, generator):
        normal = state.position.new_empty(n_steps, *state.position.shape)
        uniform = normal.new_empty(n_steps, len(state.position)) if corrected else None
        n_leapfrog = normal.new_full((n_steps,), fewest, dtype=torch.int64)
        for i, (momentum, length) in enumerate(zip(normal, n_leapfrog, strict=True)):
            if fewest < most:
                length.random_(fewest, most + 1, generator=generator)
            momentum.normal_(generator=generator)
            if uniform is not None:
                uniform[i].uniform_(generator=generator)
        if mass:
            normal.div_(mass.root)
        *end, position, value, report = own(
            state.position,
            state.log_density,
            base.gradient_of(state),
            normal,
            step_size,
            mass and mass.inverse,
            n_leapfrog,
            uniform,
        )
        acceptance, accepted, energy, error, divergent = report
        n_gradients = n_leapfrog.expand(len(value), -1).clone()
        info = base.Info(acceptance, accepted > 0, energy, error, divergent > 0, n_gradients)
        return base.State(*end), position, value, info

    return steps


def one_of(steps: Callable) -> Callable:
    """Return `Sampler.step` as the first of many steps.

    Parameters
    ----------
    steps : callable
        `Sampler.steps`.
    """

    def step(state, *, generator):
        state, _, _, info = steps(state, 1, generator=generator)
        return state, base.Info(*(part[:, 0] for part in info))

    return step


def draw(
    sampler: base.Sampler,
    state: base.ChainState,
    most: int,
    thin: int,
    *,
    generator: torch.Generator,
) -> tuple:
    """Return a state, and the position, log density and info of one draw or more.

    Parameters
    ----------
    sampler : Sampler
        What makes the steps.
    state : State
        Where the chains are.
    most : int
        Draws at most.
    thin : int
        Steps for each draw.
    generator : torch.Generator
        Source of the draws.

    Returns
    -------
    tuple
        State, position (chains, draws, dim), log density (chains, draws), Info.
    """
    if sampler.steps is not None and thin == 1:
        fitting = max(1, NUMBERS // state.position.numel())
        return sampler.steps(state, min(most, BLOCK, fitting), generator=generator)
    state, info = _thinned(sampler.step, state, thin, generator)
    return (
        state,
        *(part.unsqueeze(1) for part in (state.position, state.log_density)),
        base.Info(*(i.unsqueeze(1) for i in info)),
    )


def _thinned(
    step: Callable, state: base.ChainState, thin: int, generator: torch.Generator
) -> tuple[base.ChainState, base.Info]:
    """Make `thin` steps and sum up what they did."""
    state, info = step(state, generator=generator)
    if thin == 1:
        return state, info
    infos = [info]
    for _ in range(thin - 1):
        state, info = step(state, generator=generator)
        infos.append(info)
    every = base.Info(*map(torch.stack, zip(*infos, strict=True)))
    return state, info._replace(
        acceptance=every.acceptance.mean(0),
        accepted=every.accepted.any(0),
        divergent=every.divergent.any(0),
        n_gradients=every.n_gradients.sum(0),
    )
