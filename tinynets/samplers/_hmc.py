"""Hamiltonian Monte Carlo: follow the gradient's flow, then correct."""

import math

import torch
from torch import Tensor

from tinynets import checks
from tinynets.densities import LogDensity
from tinynets.samplers import base
from tinynets.samplers._blocks import one_of, steps_by_target
from tinynets.samplers.description import described
from tinynets.samplers.leapfrog import trajectory
from tinynets.samplers.mass import Mass, draw_momentum, kinetic_energy


@described
def hmc(
    log_density: LogDensity,
    *,
    step_size: float | Tensor,
    n_leapfrog: int,
    jitter: float = 0.0,
    mass: Mass | None = None,
) -> base.Sampler:
    """Draw a momentum, follow H(q, p) = -log π(q) + pᵀM⁻¹p/2, accept or not.

    Parameters
    ----------
    log_density : callable
        `(chains, dim) -> (chains,)`, nats; see `densities.LogDensity`.
    step_size : float or Tensor
        ε, above 0: one, or (chains,) one for each chain.
    mass : Mass, optional
        From `diagonal_mass` or `dense_mass`; the identity by default.
    n_leapfrog : int
        Leapfrog steps in a trajectory, 1 or above.
    jitter : float
        In [0, 1]: the number of steps is drawn anew for each trajectory,
        uniformly within `n_leapfrog * (1 ± jitter)`, the same for all chains.
        It breaks the resonance of a fixed length with the target's periods.

    Returns
    -------
    Sampler
        `init(position)` and `step(state, *, generator)`.

    Raises
    ------
    ValueError
        If an option is out of its range.

    References
    ----------
    Neal (2011), MCMC using Hamiltonian dynamics, sections 2 to 5.

    Examples
    --------
    >>> sampler = hmc(lambda q: -0.5 * (q**2).sum(-1), step_size=0.5, n_leapfrog=4)
    >>> state = sampler.init(torch.zeros(3, 2))
    >>> state, info = sampler.step(state, generator=torch.Generator().manual_seed(0))
    >>> state.position.shape, info.n_gradients
    (torch.Size([3, 2]), tensor([4, 4, 4]))
    """
    step_size = base.step_sizes(step_size)
    checks.count("n_leapfrog", n_leapfrog)
    checks.probability("jitter", jitter)
    fewest = max(1, math.ceil(n_leapfrog * (1 - jitter)))
    most = math.floor(n_leapfrog * (1 + jitter))
    integrate = trajectory(log_density, mass)

    def init(position):
        return base.start(log_density, position, step_size)

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

    steps = steps_by_target(log_density, step_size, mass, (fewest, most))
    return base.Sampler(init, one_of(steps) if steps else step, steps=steps)
