"""Random-walk Metropolis: propose nearby, keep what the density allows."""

from collections.abc import Callable

import torch
from torch import Tensor

from tinynets.samplers import base
from tinynets.samplers.description import described
from tinynets.samplers.mass import Mass, draw_momentum, velocity


@described
def metropolis(
    log_density: Callable, *, step_size: float | Tensor, mass: Mass | None = None
) -> base.Sampler:
    """Propose q' = q + ε M^{-1/2} ξ, accept with min(1, π(q') / π(q)).

    Needs no gradient; `n_gradients` counts values of the density. The best
    acceptance in many dimensions is 0.234.

    Parameters
    ----------
    log_density : callable
        (chains, dim) -> (chains,), nats; see `tinynets.samplers.base`.
    step_size : float or Tensor
        ε, above 0: one, or (chains,) one a chain.
    mass : Mass, optional
        From `diagonal_mass` or `dense_mass`; the identity by default.

    Returns
    -------
    Sampler
        `init(position)` and `step(state, *, generator)`.

    Raises
    ------
    ValueError
        If the step size is not above 0.

    References
    ----------
    Metropolis et al. (1953), Equation of state calculations by fast
    computing machines. Roberts, Gelman and Gilks (1997).

    Examples
    --------
    >>> sampler = metropolis(lambda q: -0.5 * (q**2).sum(-1), step_size=0.5)
    >>> state = sampler.init(torch.zeros(3, 2))
    >>> sampler.step(state, generator=torch.Generator().manual_seed(0))[0].position.shape
    torch.Size([3, 2])
    """
    step_size = base.step_sizes(step_size)

    def init(position):
        return base.start(log_density, position, step_size, with_gradient=False)

    def step(state, *, generator):
        noise = velocity(mass, draw_momentum(mass, state.position, generator=generator))
        position = state.position + step_size * noise
        with torch.no_grad():
            proposal = base.State(position, log_density(position), None)
        energy_error = state.log_density - proposal.log_density
        return base.metropolis(
            state,
            proposal,
            -state.log_density,
            energy_error,
            torch.isnan(energy_error),
            n_gradients=1,
            generator=generator,
        )

    return base.Sampler(init, step)
