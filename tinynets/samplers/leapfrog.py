"""The leapfrog integrator: trajectories of a Hamiltonian, end or whole path."""

import functools
from collections.abc import Callable

import torch
from torch import Tensor

from tinynets.densities import LogDensity
from tinynets.samplers import base
from tinynets.samplers.mass import Mass, velocity


def trajectory(log_density: LogDensity, mass: Mass | None = None) -> Callable:
    """Give `(state, momentum, step_size, n_leapfrog) -> (state, momentum)`.

    Neighbouring half steps of the momentum are one: n leapfrog steps take n
    gradients, the first being in the state. A log density's own `trajectory`
    is used where it has one and the mass matrix is diagonal.

    Parameters
    ----------
    log_density : callable
        `(chains, dim) -> (chains,)`, nats.
    mass : Mass, optional
        The identity if left out.

    Returns
    -------
    callable
        `(state, momentum, step_size, n_leapfrog) -> (state, momentum)`.
    """
    own = getattr(log_density, "trajectory", None)
    if own is not None and not (mass and mass.dense):
        return functools.partial(_by_target, own, mass and mass.inverse)
    value_and_grad = base.value_and_grad(log_density)

    def integrate(state, momentum, step_size, n_leapfrog):
        position, value, gradient = state.position, state.log_density, base.gradient_of(state)
        momentum = momentum + 0.5 * step_size * gradient
        for i in range(n_leapfrog):
            position = position + step_size * velocity(mass, momentum)
            value, gradient = value_and_grad(position)
            whole = 1.0 if i + 1 < n_leapfrog else 0.5
            momentum = momentum + whole * step_size * gradient
        return base.State(position, value, gradient), momentum

    return integrate


def path(log_density: LogDensity, mass: Mass | None = None) -> Callable:
    """Give what `trajectory` gives, but for every step on the way.

    The states and momenta have a leading dimension, the steps.

    Parameters
    ----------
    log_density : callable
        `(chains, dim) -> (chains,)`, nats.
    mass : Mass, optional
        The identity if left out.

    Returns
    -------
    callable
        `(state, momentum, step_size, n_leapfrog) -> (states, momenta)`.
    """
    integrate = trajectory(log_density, mass)

    def follow(state, momentum, step_size, n_leapfrog):
        steps = []
        for _ in range(n_leapfrog):
            state, momentum = integrate(state, momentum, step_size, 1)
            steps.append((*state, momentum))
        *states, momenta = map(torch.stack, zip(*steps, strict=True))
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
