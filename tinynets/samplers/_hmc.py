"""Hamiltonian Monte Carlo: follow the gradient's flow, then correct."""

import functools
import math
from collections.abc import Callable

import torch
from torch import Tensor

from tinynets import checks
from tinynets.samplers import base
from tinynets.samplers.mass import Mass, draw_momentum, kinetic_energy, velocity


def hmc(
    log_density: Callable,
    *,
    step_size: float | Tensor,
    n_leapfrog: int,
    jitter: float = 0.0,
    mass: Mass | None = None,
) -> base.Sampler:
    """Draw a momentum, follow H(q, p) = -log π(q) + pᵀM⁻¹p/2, accept or not.

    Parameters
    ----------
    log_density, step_size, mass
        As in `metropolis`.
    n_leapfrog : int
        Leapfrog steps in a trajectory, 1 or above.
    jitter : float
        In [0, 1]: the number of steps is drawn anew for each trajectory,
        uniformly within `n_leapfrog * (1 ± jitter)`, the same for all chains.
        It breaks the resonance of a fixed length with the target's periods.

    References
    ----------
    Neal (2011), MCMC using Hamiltonian dynamics, sections 2 to 5.
    """
    step_size = base.step_sizes(step_size)
    checks.count("n_leapfrog", n_leapfrog)
    checks.probability("jitter", jitter)
    fewest = max(1, math.ceil(n_leapfrog * (1 - jitter)))
    most = math.floor(n_leapfrog * (1 + jitter))
    integrate = trajectory(log_density, mass)

    def init(position):
        return base.start(log_density, position)

    def step(state, *, generator):
        n_steps = (
            n_leapfrog
            if fewest == most
            else int(
                torch.randint(fewest, most + 1, (), generator=generator, device=generator.device)
            )
        )
        momentum = draw_momentum(mass, state.position, generator=generator)
        proposal, momentum_end = integrate(state, momentum, step_size, n_steps)
        energy = kinetic_energy(mass, momentum) - state.log_density
        energy_error = kinetic_energy(mass, momentum_end) - proposal.log_density - energy
        return base.metropolis(
            state,
            proposal,
            energy,
            energy_error,
            base.is_divergent(energy_error),
            n_gradients=n_steps,
            generator=generator,
        )

    return base.Sampler(init, step)


def trajectory(log_density: Callable, mass: Mass | None = None) -> Callable:
    """Give `(state, momentum, step_size, n_leapfrog) -> (state, momentum)`.

    Neighbouring half steps of the momentum are one: n leapfrog steps take n
    gradients, the first being in the state. A log density's own `trajectory`
    is used where it has one and the mass matrix is diagonal.
    """
    own = getattr(log_density, "trajectory", None)
    if own is not None and not (mass and mass.dense):
        return functools.partial(_by_target, own, mass and mass.inverse)
    value_and_grad = base.value_and_grad(log_density)

    def integrate(state, momentum, step_size, n_leapfrog):
        position, value, gradient = state
        momentum = momentum + 0.5 * step_size * gradient
        for i in range(n_leapfrog):
            position = position + step_size * velocity(mass, momentum)
            value, gradient = value_and_grad(position)
            whole = 1.0 if i + 1 < n_leapfrog else 0.5
            momentum = momentum + whole * step_size * gradient
        return base.State(position, value, gradient), momentum

    return integrate


def path(log_density: Callable, mass: Mass | None = None) -> Callable:
    """Give what `trajectory` gives, but for every step on the way.

    The states and momenta have a leading dimension, the steps.
    """
    own = getattr(log_density, "trajectory_states", None)
    if own is not None and not (mass and mass.dense):
        return functools.partial(_by_target, own, mass and mass.inverse)
    integrate = trajectory(log_density, mass)

    def follow(state, momentum, step_size, n_leapfrog):
        steps = []
        for _ in range(n_leapfrog):
            state, momentum = integrate(state, momentum, step_size, 1)
            steps.append((*state, momentum))
        *states, momenta = map(torch.stack, zip(*steps))
        return base.State(*states), momenta

    return follow


def _by_target(
    own: Callable,
    variance: Tensor | None,
    state: base.State,
    momentum: Tensor,
    step_size: float | Tensor,
    n_leapfrog: int,
) -> tuple[base.State, Tensor]:
    position, momentum, value, gradient = own(
        state.position, momentum, state.gradient, step_size, variance, n_leapfrog
    )
    return base.State(position, value, gradient), momentum
