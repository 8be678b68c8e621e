"""Tempered SMC: evidence, weights of modes, the choice of powers, resampling."""

import math

import pytest
import torch
from bnn_checks import F64, linear_problem
from torch import nn
from torch.distributions import HalfNormal

from tinynets import bnn
from tinynets.rng import generator
from tinynets.samplers import smc, tempered_smc


class Square(nn.Module):
    """f = w^2 + w / 4, so that two weights explain an observation."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return (self.weight**2 + self.weight / 4).expand(len(x), 1)


def two_modes():
    x = torch.zeros(1, 1, dtype=F64)
    return bnn.Posterior(Square(), x, x + 1, bnn.Gaussian(0.1))


def test_tempered_smc_weighs_both_modes():
    posterior = two_modes()
    grid = torch.linspace(-6, 6, 20_001, dtype=F64)
    density = posterior(grid[:, None]).exp()
    evidence = torch.trapezoid(density, grid)
    right = torch.trapezoid(density[10_000:], grid[10_000:]) / evidence
    runs = [
        tempered_smc(posterior, n_particles=1000, generator=generator(seed)) for seed in range(8)
    ]
    shares = torch.stack([(run.position > 0).double().mean() for run in runs])
    assert 0.2 < right < 0.8
    assert (shares.mean() - right).abs() < 5 * shares.std() / math.sqrt(8) + 1e-3
    assert shares.std() < 0.05
    log_evidence = torch.stack([run.log_evidence for run in runs])
    assert (log_evidence.mean() - evidence.log()).abs() < 5 * log_evidence.std() / math.sqrt(
        8
    ) + 1e-3


def test_tempered_smc_gives_the_evidence_and_moments_of_a_linear_model():
    posterior, mean, cov, evidence = linear_problem()
    run = tempered_smc(posterior, n_particles=2000, generator=generator(1))
    assert run.log_evidence.item() == pytest.approx(evidence.item(), abs=0.25)
    scale = cov.diagonal().sqrt()
    assert ((run.position.mean(0) - mean).abs() < 0.25 * scale).all()
    assert ((run.position.std(0) / scale - 1).abs() < 0.15).all()
    assert run.powers[-1] == 1 and (run.powers.diff() > 0).all()


def test_tempered_smc_integrates_over_an_unknown_noise():
    posterior, *_ = linear_problem()
    likelihood = bnn.Gaussian(HalfNormal(torch.ones((), dtype=F64)))
    posterior = bnn.Posterior(
        posterior.net, posterior.x, posterior.y, likelihood, posterior.prior_std
    )
    design = torch.cat([posterior.x, torch.ones(9, 1, dtype=F64)], 1)
    prior = (design * posterior.prior_std.square()) @ design.mT
    log_std = torch.linspace(-6, 3, 901, dtype=F64)
    covariance = prior + (2 * log_std).exp()[:, None, None] * torch.eye(9)
    log_p = torch.distributions.MultivariateNormal(torch.zeros(9, dtype=F64), covariance).log_prob(
        posterior.y[:, 0]
    ) + likelihood.log_prior(log_std[:, None])
    evidence = torch.trapezoid(log_p.exp(), log_std).log()
    run = tempered_smc(posterior, n_particles=2000, generator=generator(1))
    assert run.log_evidence.item() == pytest.approx(evidence.item(), abs=0.25)
    mean = log_p.softmax(0) @ log_std
    assert run.position[:, -1].mean().item() == pytest.approx(mean.item(), abs=0.05)


def test_the_next_power_keeps_the_share_it_is_told():
    fit = -50 * torch.rand(1000, dtype=F64, generator=generator(1))
    power = smc.next_power(fit, 0.0, 0.7)
    weight = (power * fit).exp()
    share = weight.sum() ** 2 / (1000 * weight.square().sum())
    assert share.item() == pytest.approx(0.7, abs=0.01)
    assert smc.next_power(fit * 1e-6, 0.3, 0.7) == 1.0


def test_resampling_copies_in_proportion():
    weight = torch.tensor([0.05, 0.5, 0.0, 0.25, 0.2], dtype=F64)
    weight = weight.repeat(20) / 20
    counts = torch.bincount(smc.resample(weight, generator=generator(1)), minlength=100)
    assert ((counts - 100 * weight).abs() < 1).all()


def test_tempered_smc_follows_its_generator():
    before = torch.get_rng_state()
    a, b, c = (
        tempered_smc(two_modes(), n_particles=20, generator=generator(seed)).position
        for seed in (1, 1, 2)
    )
    assert torch.equal(a, b) and not torch.equal(a, c)
    assert torch.equal(torch.get_rng_state(), before)
    with pytest.raises(TypeError):
        tempered_smc(two_modes(), n_particles=20)


@pytest.mark.parametrize("change", [{"n_particles": 1}, {"step_size": 0.0}, {"efficiency": 1.0}])
def test_wrong_arguments_are_named(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        tempered_smc(two_modes(), **{"n_particles": 20} | change, generator=generator(1))
