"""ULA: the Langevin diffusion in steps, with the bias of each step."""

from collections.abc import Callable

import torch
from torch import Tensor

from tinynets.samplers import base
from tinynets.samplers._blocks import one_of, steps_by_target
from tinynets.samplers._mala import propose
from tinynets.samplers.description import described
from tinynets.samplers.mass import Mass


@described
def ula(
    log_density: Callable, *, step_size: float | Tensor, mass: Mass | None = None
) -> base.Sampler:
    """Move to q' = q + (ε²/2) M⁻¹ ∇log π(q) + ε M^{-1/2} ξ, always.

    Nothing corrects the discretisation: the draws are those of another
    distribution, whose distance from π shrinks with ε. `Info.acceptance` is
    what `mala` would have accepted with, a measure of that bias. A chain
    whose step ends where density or gradient is not finite stays where it
    was, and the step counts as divergent.

    Parameters
    ----------
    log_density : callable
        `(chains, dim) -> (chains,)`, nats; see `densities.LogDensity`.
    step_size : float or Tensor
        ε, above 0: one, or (chains,) one for each chain.
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
    Roberts and Tweedie (1996), section 1.4.1.

    Examples
    --------
    >>> sampler = ula(lambda q: -0.5 * (q**2).sum(-1), step_size=0.5)
    >>> state = sampler.init(torch.zeros(3, 2))
    >>> sampler.step(state, generator=torch.Generator().manual_seed(0))[1].accepted
    tensor([True, True, True])
    """
    step_size = base.step_sizes(step_size)
    value_and_grad = base.value_and_grad(log_density)

    def init(position):
        return base.start(log_density, position, step_size)

    def step(state, *, generator):
        proposal, energy, energy_error = propose(
            value_and_grad, state, step_size, mass, generator=generator
        )
        finite = torch.isfinite(proposal.log_density + proposal.gradient.sum(-1))
        moved = base.select(finite, proposal, state)
        return moved, base.Info(
            acceptance=base.acceptance_probability(energy_error),
            accepted=finite,
            energy=torch.where(finite, energy + energy_error, energy),
            energy_error=energy_error,
            divergent=~finite,
            n_gradients=torch.ones_like(finite, dtype=torch.int64),
        )

    steps = steps_by_target(log_density, step_size, mass, corrected=False)
    return base.Sampler(init, one_of(steps) if steps else step, steps=steps)
