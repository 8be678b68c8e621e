"""Samplers draw from what they should: closed forms and self-consistency."""

import math

import pytest
import sampler_checks as check
import torch

from tinynets import rng, targets
from tinynets.samplers import hmc, mala, metropolis, nuts, sample, sgld, ula


@pytest.mark.parametrize("target", check.TARGETS)
@pytest.mark.parametrize("sampler", check.SAMPLERS)
def test_moments_of_analytic_targets(sampler, target):
    check.moments(sampler, target)


@pytest.mark.parametrize("step_size", [0.05, 0.2, math.sqrt(2 * 0.05), math.sqrt(2 * 0.2)])
def test_mala_holds_the_quartic(step_size):
    # Both readings of a step of 0.05 or 0.2: as ε and as τ = ε²/2.
    check.quartic_held(step_size)


@pytest.mark.parametrize("sampler", check.SAMPLERS)
def test_joint_distribution_is_kept(sampler):
    check.joint_test(sampler)


@pytest.mark.parametrize("sampler", check.SAMPLERS)
def test_truth_has_uniform_ranks(sampler):
    check.calibrated(sampler)


@pytest.mark.parametrize("step_size, n_leapfrog", [(1.2, 3), (0.5, 1), (1.8, 5)])
def test_hmc_accepts_as_theory_says(step_size, n_leapfrog):
    check.acceptance_matches_theory(step_size, n_leapfrog)


def test_metropolis_accepts_as_theory_says():
    generator = rng.generator(10)
    sampler = metropolis(lambda q: -0.5 * (q**2).sum(-1), step_size=2.4)
    state = sampler.init(torch.randn(200_000, 1, dtype=torch.float64, generator=generator))
    _, info = sampler.step(state, generator=generator)
    error = info.acceptance.std() / math.sqrt(200_000)
    assert abs(info.acceptance.mean() - 2 / math.pi * math.atan(2 / 2.4)) < 5 * error


@pytest.mark.parametrize(
    "make",
    [
        lambda f: mala(f, step_size=0.17),
        lambda f: hmc(f, step_size=0.12, n_leapfrog=10, jitter=0.5),
        lambda f: nuts(f, step_size=0.15),
    ],
)
def test_exact_posterior_of_linear_regression(make):
    generator = rng.generator(11)
    x = torch.randn(20, 3, dtype=torch.float64, generator=generator)
    y = x @ torch.tensor([1.0, -2.0, 0.5]).double() + 0.5 * torch.randn(
        20, dtype=torch.float64, generator=generator
    )
    covariance = torch.linalg.inv(x.mT @ x / 0.5**2 + torch.eye(3, dtype=x.dtype))
    mean = covariance @ x.mT @ y / 0.5**2

    def log_density(theta):
        residual = (y - theta @ x.mT) / 0.5
        return -0.5 * ((residual**2).sum(-1) + (theta**2).sum(-1))

    draws = sample(
        make(log_density),
        torch.zeros(100, 3).double(),
        n_draws=300,
        n_burn_in=100,
        generator=generator,
    )
    away = draws.position - mean
    check.agree(away, torch.zeros_like(mean))
    check.agree((away.unsqueeze(-1) * away.unsqueeze(-2)).flatten(2), covariance.flatten())


def test_nuts_agrees_with_hmc():
    target = targets.funnel(3, neck_std=1.0)
    squares = {}
    for name, sampler in {
        "nuts": nuts(target.log_density, step_size=0.3),
        "hmc": hmc(target.log_density, step_size=0.3, n_leapfrog=8, jitter=0.5),
    }.items():
        generator = rng.generator(12, name)
        draws = sample(
            sampler, target.draw(256, generator=generator), n_draws=125, generator=generator
        )
        squares[name] = torch.cat([draws.position, draws.position.abs()], dim=-1)
        check.agree(squares[name][..., 0], target.mean[0])
    check.agree(squares["nuts"], squares["hmc"].flatten(0, 1).mean(0), min_ess=2_000)


def test_nuts_goes_further_where_the_target_is_wider():
    def mean_leaves(std):
        generator = rng.generator(13)
        sampler = nuts(lambda q: -0.5 * ((q / std) ** 2).sum(-1), step_size=0.3)
        start = std * torch.randn(64, 3, dtype=torch.float64, generator=generator)
        info = sample(sampler, start, n_draws=20, generator=generator).info
        return info.n_gradients.double().mean().item()

    # Half an orbit, π std / ε, overshot by less than a doubling each way.
    for std in (1.0, 4.0):
        assert 0.5 < mean_leaves(std) / (math.pi * std / 0.3) < 2


@pytest.mark.parametrize("step_size", [0.3, 1.0])
def test_ula_has_the_bias_that_theory_says(step_size):
    # q' = (1 - ε²/2) q + ε ξ has variance 1 / (1 - ε²/4), not 1.
    generator = rng.generator(14)
    expected = 1 / (1 - step_size**2 / 4)
    start = math.sqrt(expected) * torch.randn(128, 1, dtype=torch.float64, generator=generator)
    draws = sample(
        ula(lambda q: -0.5 * (q**2).sum(-1), step_size=step_size),
        start,
        n_draws=500,
        generator=generator,
    )
    check.agree(draws.position**2, torch.tensor(expected))


@pytest.mark.parametrize("batch_size", [4, 20])
def test_sgld_widens_by_what_its_minibatches_add(batch_size):
    generator = rng.generator(15)
    n_examples, step_size = 20, 0.15
    y = 1 + torch.randn(n_examples, dtype=torch.float64, generator=generator)

    def log_density(theta, examples):  # y ~ N(theta, 1), flat prior
        scale = n_examples / len(examples)
        return -0.5 * scale * ((y[examples] - theta) ** 2).sum(-1)

    sampler = sgld(log_density, n_examples=n_examples, batch_size=batch_size, step_size=step_size)
    draws = sample(
        sampler,
        y.mean() + 0.2 * torch.randn(16, 1, dtype=torch.float64, generator=generator),
        n_draws=12_000,
        n_burn_in=50,
        generator=generator,
    )
    noise = n_examples**2 / batch_size * y.var() * (1 - batch_size / n_examples)
    shrink = 1 - 0.5 * step_size**2 * n_examples
    expected = (step_size**2 + 0.25 * step_size**4 * noise) / (1 - shrink**2)
    # Chains share their minibatches: what they have in common is no chance
    # to average over, so that one chain's worth of draws counts.
    square = ((draws.position - y.mean()) ** 2).mean(0, keepdim=True)
    check.agree(square, expected, min_ess=500)
