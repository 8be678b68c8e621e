"""Tempered sequential Monte Carlo: from prior to posterior, through all modes.

A chain that starts in one mode of a posterior can stay there for ever. Here
many particles start as draws from the prior; the likelihood is brought in by
small powers, particles that it favours are copied, and a few trajectories of
HMC spread the copies. How many end in a mode estimates how much probability
the mode holds.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch

from tinynets import bnn, checks
from tinynets.samplers._hmc import hmc


class Particles(NamedTuple):
    """Equally weighted draws, the evidence, and what each stage did."""

    position: torch.Tensor  # (particles, dim)
    log_evidence: torch.Tensor  # (), nats
    powers: torch.Tensor  # (stages,), of the likelihood, up to 1
    acceptance: torch.Tensor  # (stages,)
    ancestors: torch.Tensor  # (particles,) int64, index of the prior draw each descends from
    n_gradients: int  # of all particles together


@checks.arguments()
def tempered_smc(
    posterior: bnn.Posterior,
    *,
    n_particles: int,
    n_trajectories: int = 3,
    n_leapfrog: int = 10,
    step_size: float = 0.3,
    efficiency: float = 0.7,
    generator: torch.Generator,
) -> Particles:
    r"""Draw from a posterior by tempered sequential Monte Carlo.

    Stage by stage $p_\beta(\theta) \propto p(y \mid \theta)^\beta
    p(\theta)$ with β from 0 to 1, each β as large as keeps the effective
    share of the particles at `efficiency`.

    Parameters
    ----------
    posterior : Posterior
        With any likelihood.
    n_particles : int
        How many, all moved in one batch.
    n_trajectories, n_leapfrog : int
        HMC moves after each resampling, and steps of each.
    step_size : float
        Of the first stage; from then on it follows the acceptance. Each
        particle takes it times a factor of its own, between 1/4 and 2, as
        modes differ in width.
    efficiency : float
        In (0, 1): higher means more stages.
    generator : torch.Generator
        Source of the draws.

    Returns
    -------
    Particles
        Draws; particles with one ancestor are not independent, so compare
        several runs for an error.

    Raises
    ------
    ValueError
        If a number is out of its range.

    References
    ----------
    Del Moral, Doucet and Jasra (2006); the choice of β as in Jasra et al.
    (2011).

    Examples
    --------
    >>> from tinynets import nets
    >>> x = torch.linspace(-1, 1, 5)[:, None]
    >>> posterior = bnn.Posterior(nets.MLP([1, 1]), x, 2 * x, bnn.Gaussian(0.5))
    >>> drawn = tempered_smc(posterior, n_particles=50, generator=torch.Generator().manual_seed(0))
    >>> drawn.position.shape, drawn.powers[-1]
    (torch.Size([50, 2]), tensor(1.))
    """
    checks.count("n_particles", n_particles, at_least=2)
    checks.generator("generator", generator)
    checks.count("n_trajectories", n_trajectories)
    checks.count("n_leapfrog", n_leapfrog)
    checks.positive("step_size", step_size)
    if not 0 < checks.number("efficiency", efficiency) < 1:
        raise ValueError(f"efficiency must lie between 0 and 1, got {efficiency}")
    position = posterior.draw_prior(n_particles, generator=generator)
    ancestors = torch.arange(n_particles, device=position.device)
    power, log_evidence = 0.0, position.new_zeros(())
    powers: list[float] = []
    acceptances: list[float] = []
    while power < 1:
        fit = posterior.terms(position).log_likelihood
        following = next_power(fit, power, efficiency)
        log_weight = (following - power) * fit
        log_evidence = log_evidence + torch.logsumexp(log_weight - math.log(n_particles), 0)
        chosen = resample(log_weight.softmax(0), generator=generator)
        position, ancestors = position[chosen], ancestors[chosen]
        power = following
        target = posterior.tempered(1 / power)
        acceptance = 0.0
        for _ in range(n_trajectories):
            position, accepted = _move(target, position, step_size, n_leapfrog, generator)
            acceptance += accepted / n_trajectories
        step_size *= 2 ** (2 * (acceptance - 0.65))
        powers.append(power)
        acceptances.append(acceptance)
    return Particles(
        position,
        log_evidence,
        torch.tensor(powers, device=position.device),
        torch.tensor(acceptances, device=position.device),
        ancestors,
        len(powers) * n_trajectories * n_leapfrog * n_particles,
    )


def next_power(log_likelihood: torch.Tensor, power: float, efficiency: float) -> float:
    """Return the largest power, up to 1, that keeps the weights even.

    The effective share (sum w)^2 / (n sum w^2) of w = exp((new - old) *
    log likelihood) stays at `efficiency`; found by bisection.

    Parameters
    ----------
    log_likelihood : torch.Tensor, (particles,)
        Nats.
    power : float
        The present one, in [0, 1).
    efficiency : float
        Effective share that is kept, in (0, 1).

    Returns
    -------
    float
        Above `power`.
    """

    def share(step: float) -> float:
        weight = (step * log_likelihood).softmax(0)
        return 1 / (len(weight) * weight.square().sum().item())

    if share(1 - power) >= efficiency:
        return 1.0
    low, high = 0.0, 1 - power
    while high - low > 1e-3 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if share(middle) >= efficiency else (low, middle)
    return power + high


def resample(weight: torch.Tensor, *, generator: torch.Generator) -> torch.Tensor:
    """Draw n indices with these probabilities, by systematic resampling.

    A particle of weight w is drawn floor(n w) or ceil(n w) times.

    Parameters
    ----------
    weight : torch.Tensor, (n,)
        0 or above, with sum 1.
    generator : torch.Generator
        Draws the one offset that all share.

    Returns
    -------
    torch.Tensor, (n,) int64
        Ascending.

    Raises
    ------
    ValueError
        If a weight is negative or not finite, or all are 0.
    """
    if not (checks.finite("weight", weight) >= 0).all() or not weight.any():
        raise ValueError("weight must be 0 or above, and above it somewhere")
    n = len(weight)
    place = torch.arange(n, dtype=weight.dtype, device=weight.device)
    points = (
        place + torch.rand((), dtype=weight.dtype, device=weight.device, generator=generator)
    ) / n
    return torch.searchsorted(weight.cumsum(0), points).clamp(max=n - 1)


def _move(
    target: Callable,
    position: torch.Tensor,
    step_size: float,
    n_leapfrog: int,
    generator: torch.Generator,
) -> tuple[torch.Tensor, float]:
    """Make one trajectory of each particle with a step size of its own."""
    factor = 2 ** (
        3
        * torch.rand(
            len(position), dtype=position.dtype, device=position.device, generator=generator
        )
        - 2
    )
    sampler = hmc(target, step_size=step_size * factor, n_leapfrog=n_leapfrog)
    state, info = sampler.step(sampler.init(position), generator=generator)
    return state.position, info.acceptance.mean().item()
