"""What must hold of a right sampler; each check raises AssertionError.

They are functions of their own so that tests/test_samplers_mutations.py can
break a part of a sampler and see them fail.
"""

import math

import scipy.stats
import torch

from tinynets import diagnostics, rng, targets
from tinynets.samplers import base, hmc, mala, metropolis, nuts, sample
from tinynets.samplers.leapfrog import trajectory

SAMPLERS = {
    "metropolis": lambda f, e: metropolis(f, step_size=2.0 * e),
    "mala": lambda f, e: mala(f, step_size=1.2 * e),
    "hmc": lambda f, e: hmc(f, step_size=1.2 * e, n_leapfrog=3, jitter=0.7),
    "nuts": lambda f, e: nuts(f, step_size=0.8 * e, max_depth=6),
}

# Steps for a draw: a random walk needs more of them.
THIN = {"metropolis": 5, "mala": 2, "hmc": 1, "nuts": 1}

# Chains of a joint test: a step of NUTS costs ten of the others'.
JOINT = {"metropolis": 50_000, "mala": 50_000, "hmc": 50_000, "nuts": 30_000}

# Each with the step size that its narrowest direction allows.
TARGETS = {
    "gaussian": (
        1.0,
        lambda: targets.gaussian(
            torch.tensor([1.0, -2.0], dtype=torch.float64),
            torch.tensor([[2.0, 0.9], [0.9, 1.5]], dtype=torch.float64),
        ),
    ),
    "ill conditioned": (1.0, lambda: targets.ill_conditioned(4, condition=9.0)),
    "skewed": (0.8, lambda: targets.skewed(2, slant=4.0)),
    "banana": (0.6, lambda: targets.banana(bend=0.3, width=1.5)),
    "funnel": (0.6, lambda: targets.funnel(2, neck_std=0.7)),
    "mixture": (
        1.0,
        lambda: targets.mixture(
            torch.tensor([0.3, 0.7], dtype=torch.float64),
            torch.tensor([[-1.0, 0.5], [1.5, 0.0]], dtype=torch.float64),
            torch.tensor([0.7, 1.0], dtype=torch.float64),
        ),
    ),
    "quartic": (0.8, lambda: targets.quartic(2)),
}


def agree(values, expected, *, min_ess=1_000):
    """Means of (chains, draws, dim) are within 5 sd/√ESS of `expected`."""
    assert values.abs().max() < 1e9, "draws that ran away"
    ess = diagnostics.effective_sample_size(values, kind="mean")
    assert ess.min() > min_ess, f"ESS {ess.min():.0f} says too little"
    flat = values.flatten(0, 1)
    error = (flat.mean(0) - expected) / (flat.std(0) / ess.sqrt())
    assert error.abs().max() < 5, f"off by {error.tolist()} standard errors"


def moments(sampler_name, target_name, *, n_chains=640, n_draws=75):
    """Mean and variance of an analytic target, started from exact draws."""
    scale, make = TARGETS[target_name]
    target = make()
    generator = rng.generator(4, sampler_name, target_name)
    draws = sample(
        SAMPLERS[sampler_name](target.log_density, scale),
        target.draw(n_chains, generator=generator),
        n_draws=n_draws,
        thin=THIN[sampler_name],
        generator=generator,
    )
    away = draws.position - target.mean
    agree(away, torch.zeros_like(target.mean))
    agree(away**2, target.variance)


def quartic_held(step_size, *, n_chains=16_384, length=6.0):
    """MALA holds E q² = 0.676 of exp(-q⁴/4) within 1 per cent."""
    target = targets.quartic()
    generator = rng.generator(5, "quartic")
    sampler = mala(target.log_density, step_size=step_size)
    state = sampler.init(target.draw(n_chains, generator=generator))
    squares = []
    for i in range(round(length / step_size**2)):
        state, _ = sampler.step(state, generator=generator)
        if i * step_size**2 > length / 3:
            squares.append((state.position**2).mean().item())
    mean = sum(squares) / len(squares)
    assert abs(mean / 0.6759782 - 1) < 0.01, f"E q² = {mean:.4f}"


def gaussian_held(step_size):
    """MALA holds the variance of a Gaussian within 1 per cent."""
    generator = rng.generator(5, "gaussian")
    sampler = mala(lambda q: -0.5 * (q**2).sum(-1), step_size=step_size)
    state = sampler.init(torch.randn(100_000, 1, dtype=torch.float64, generator=generator))
    for _ in range(round(4 / step_size**2)):
        state, _ = sampler.step(state, generator=generator)
    variance = (state.position**2).mean().item()
    assert abs(variance - 1) < 0.02, f"variance {variance:.4f}"


def energy_error_order():
    """The leapfrog's energy error shrinks with the square of the step."""
    target = targets.banana(bend=0.3, width=1.5)
    generator = rng.generator(6)
    state = base.start(target.log_density, target.draw(2_000, generator=generator))
    momentum = torch.randn(2_000, 2, dtype=torch.float64, generator=generator)
    integrate = trajectory(target.log_density)

    def error(step_size):
        end, last = integrate(state, momentum, step_size, round(1.2 / step_size))
        grown = 0.5 * (last**2 - momentum**2).sum(-1) - end.log_density + state.log_density
        return grown.square().mean().sqrt().item()

    slope = math.log2(error(0.04) / error(0.02))
    assert abs(slope - 2) < 0.05, f"order {slope:.3f}"


def acceptance_matches_theory(step_size=1.2, n_leapfrog=3):
    """HMC accepts as it must on N(0, 1): (4/π) arctan(1/√λ).

    A trajectory is a linear map A of (q, p) with det 1, AᵀA has eigenvalues
    λ ≥ 1 and 1/λ, and the mean acceptance is 2 P(energy falls).
    """
    kick = torch.tensor([[1.0, 0.0], [-step_size / 2, 1.0]])
    drift = torch.tensor([[1.0, step_size], [0.0, 1.0]])
    whole = torch.linalg.matrix_power((kick @ drift @ kick).double(), n_leapfrog)
    largest = torch.linalg.svdvals(whole)[0].item()
    expected = 4 / math.pi * math.atan(1 / largest)
    generator = rng.generator(7)
    sampler = hmc(lambda q: -0.5 * (q**2).sum(-1), step_size=step_size, n_leapfrog=n_leapfrog)
    n_chains = 400_000
    state = sampler.init(torch.randn(n_chains, 1, dtype=torch.float64, generator=generator))
    state, info = sampler.step(state, generator=generator)
    acceptance = info.acceptance
    error = (acceptance.mean() - expected) / (acceptance.std() / math.sqrt(n_chains))
    assert abs(error) < 5, f"{acceptance.mean():.4f}, theory {expected:.4f}"


def observe(theta, generator):
    """Draw data of a small model that is neither linear nor Gaussian."""
    normal = torch.randn(len(theta), 3, dtype=theta.dtype, generator=generator)
    return _predict(theta) + normal


def posterior_given(data):
    """Log density of theta given data (chains, 3): one set a chain."""

    def log_density(theta):
        residual = data - _predict(theta)
        return -0.5 * ((theta**2).sum(-1) + (residual**2).sum(-1))

    return log_density


def _predict(theta):
    first, second = theta.unbind(-1)
    return torch.stack(
        [first + 0.1 * first**3, 0.5 * first * second, torch.tanh(2 * second)], dim=-1
    )


def joint_test(sampler_name, *, n_steps=16):
    """Geweke (2004): data given theta, theta given data, and so on.

    Started from the joint distribution, a right sampler stays in it; all
    chains are independent, so that plain standard errors hold.
    """
    generator, n_chains = rng.generator(8, sampler_name), JOINT[sampler_name]
    theta = torch.randn(n_chains, 2, dtype=torch.float64, generator=generator)
    for _ in range(n_steps):
        data = observe(theta, generator)
        sampler = SAMPLERS[sampler_name](posterior_given(data), 0.5)
        state, _ = sampler.step(sampler.init(theta), generator=generator)
        theta = state.position
        assert theta.abs().max() < 1e9, "draws that ran away"
    first, second = theta.unbind(-1)
    cubic, product, bent = observe(theta, generator).unbind(-1)
    for name, values, expected in [  # of theta ~ N(0, I) and its data
        ("q1", first, 0.0),
        ("q2", second, 0.0),
        ("q1²", first**2, 1.0),
        ("q2²", second**2, 1.0),
        ("q1 q2", first * second, 0.0),
        ("q1 y1", first * cubic, 1.3),
        ("y2²", product**2, 1.25),
        ("y3", bent, 0.0),
    ]:
        error = (values.mean() - expected) / values.std() * n_chains**0.5
        assert abs(error) < 5, f"{name} off by {error:.1f} standard errors"


def calibrated(sampler_name, *, n_sets=3_000, n_draws=15, thin=5):
    """Talts et al. (2018): ranks of the truth among draws are uniform."""
    generator = rng.generator(9, sampler_name)
    truth = torch.randn(n_sets, 2, dtype=torch.float64, generator=generator)
    log_density = posterior_given(observe(truth, generator))
    start = torch.randn(n_sets, 2, dtype=torch.float64, generator=generator)
    draws = sample(
        SAMPLERS[sampler_name](log_density, 0.45),
        start,
        n_draws=n_draws,
        n_burn_in=20 * THIN[sampler_name],
        thin=thin * THIN[sampler_name],
        generator=generator,
    )
    ranks = (draws.position < truth.unsqueeze(1)).sum(1)  # (sets, 2)
    for each in ranks.unbind(-1):
        histogram = torch.bincount(each, minlength=n_draws + 1)
        assert len(histogram) == n_draws + 1
        p_value = scipy.stats.chisquare(histogram.numpy()).pvalue
        assert p_value > 1e-4, f"ranks {histogram.tolist()}, p {p_value:.1e}"
