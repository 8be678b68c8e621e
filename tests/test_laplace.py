import math

import pytest
import torch
from torch import nn
from torch.distributions import HalfNormal

from tinynets import bnn, laplace, tempering
from tinynets.nets import MLP
from tinynets.rng import generator

F64 = torch.float64


def linear_problem():
    """Posterior of a net without hidden layer, its mean, cov, evidence."""
    net = MLP([2, 1])
    g = generator(4)
    x = torch.randn(9, 2, dtype=F64, generator=g)
    y = torch.randn(9, 1, dtype=F64, generator=g)
    std = bnn.prior_std(net, weight_std=1.5)
    posterior = bnn.Posterior(net, x, y, std, 0.4)
    design = torch.cat([x, torch.ones(9, 1, dtype=F64)], 1)
    cov = torch.linalg.inv(design.mT @ design / 0.16 + std.square().reciprocal().diag())
    evidence = torch.distributions.MultivariateNormal(
        torch.zeros(9, dtype=F64), (design * std.square()) @ design.mT + 0.16 * torch.eye(9)
    ).log_prob(y[:, 0])
    return posterior, (cov @ design.mT @ y / 0.16)[:, 0], cov, evidence


def test_laplace_is_exact_where_the_model_is_linear():
    posterior, mean, cov, evidence = linear_problem()
    approximation = laplace.fit(posterior, mean)
    torch.testing.assert_close(
        approximation.factor @ approximation.factor.mT, cov, rtol=1e-6, atol=1e-9
    )
    torch.testing.assert_close(approximation.log_evidence, evidence, rtol=1e-6, atol=1e-6)
    x = torch.randn(5, 2, dtype=F64, generator=generator(2))
    design = torch.cat([x, torch.ones(5, 1, dtype=F64)], 1)
    f_mean, f_std = laplace.linearised(posterior, approximation, x)
    torch.testing.assert_close(f_mean, design @ mean)
    torch.testing.assert_close(
        f_std.square(), (design @ cov @ design.mT).diagonal(), rtol=1e-6, atol=1e-9
    )


def test_laplace_draws_have_its_covariance():
    posterior, mean, cov, _ = linear_problem()
    draws = laplace.fit(posterior, mean).sample(50_000, generator=generator(3))
    scale = cov.diagonal().sqrt()
    error = (draws.mT.cov() - cov).abs() / (scale[:, None] * scale)
    assert error.max() < 5 * math.sqrt(2 / 50_000)


def test_jacobian_is_finite_differences():
    net = MLP([1, 4, 1])
    x = torch.linspace(-1, 1, 6, dtype=F64)[:, None]
    posterior = bnn.Posterior(net, x, x, bnn.prior_std(net), 0.1)
    theta = torch.randn(13, dtype=F64, generator=generator(1))
    step = 1e-5 * torch.eye(13, dtype=F64)
    difference = (posterior.functions(theta + step, x) - posterior.functions(theta - step, x))[
        ..., 0
    ].mT / 2e-5
    torch.testing.assert_close(
        laplace.jacobian_of(posterior, theta, x), difference, rtol=1e-7, atol=1e-8
    )


def test_laplace_needs_fixed_noise():
    posterior, mean, *_ = linear_problem()
    free = bnn.Posterior(
        posterior.net, posterior.x, posterior.y, posterior.prior_std, HalfNormal(1.0)
    )
    with pytest.raises(ValueError, match="noise must be fixed"):
        laplace.fit(free, mean)


class Square(nn.Module):
    """f = w^2 + w / 4, so that two weights explain an observation."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return (self.weight**2 + self.weight / 4).expand(len(x), 1)


def two_modes():
    x = torch.zeros(1, 1, dtype=F64)
    return bnn.Posterior(Square(), x, x + 1, torch.ones(1, dtype=F64), 0.1)


def test_annealing_weighs_both_modes():
    posterior = two_modes()
    grid = torch.linspace(-6, 6, 20_001, dtype=F64)
    density = posterior(grid[:, None]).exp()
    evidence = torch.trapezoid(density, grid)
    right = torch.trapezoid(density[10_000:], grid[10_000:]) / evidence
    runs = [
        tempering.anneal(posterior, n_particles=1000, generator=generator(seed))
        for seed in range(8)
    ]
    shares = torch.stack([(run.position > 0).double().mean() for run in runs])
    assert 0.2 < right < 0.8
    assert (shares.mean() - right).abs() < 5 * shares.std() / math.sqrt(8) + 1e-3
    assert shares.std() < 0.05
    log_evidence = torch.stack([run.log_evidence for run in runs])
    assert (log_evidence.mean() - evidence.log()).abs() < 5 * log_evidence.std() / math.sqrt(
        8
    ) + 1e-3


def test_annealing_gives_the_evidence_and_moments_of_a_linear_model():
    posterior, mean, cov, evidence = linear_problem()
    run = tempering.anneal(posterior, n_particles=2000, generator=generator(1))
    assert run.log_evidence.item() == pytest.approx(evidence.item(), abs=0.25)
    scale = cov.diagonal().sqrt()
    assert ((run.position.mean(0) - mean).abs() < 0.25 * scale).all()
    assert ((run.position.std(0) / scale - 1).abs() < 0.15).all()
    assert run.powers[-1] == 1 and (run.powers.diff() > 0).all()


def test_the_next_power_keeps_the_share_it_is_told():
    fit = -50 * torch.rand(1000, dtype=F64, generator=generator(1))
    power = tempering.next_power(fit, 0.0, 0.7)
    weight = (power * fit).exp()
    share = weight.sum() ** 2 / (1000 * weight.square().sum())
    assert share.item() == pytest.approx(0.7, abs=0.01)
    assert tempering.next_power(fit * 1e-6, 0.3, 0.7) == 1.0


def test_resampling_copies_in_proportion():
    weight = torch.tensor([0.05, 0.5, 0.0, 0.25, 0.2], dtype=F64)
    weight = weight.repeat(20) / 20
    counts = torch.bincount(tempering.resample(weight, generator=generator(1)), minlength=100)
    assert ((counts - 100 * weight).abs() < 1).all()


def test_annealing_follows_its_generator():
    before = torch.get_rng_state()
    a, b, c = (
        tempering.anneal(two_modes(), n_particles=20, generator=generator(seed)).position
        for seed in (1, 1, 2)
    )
    assert torch.equal(a, b) and not torch.equal(a, c)
    assert torch.equal(torch.get_rng_state(), before)
    with pytest.raises(TypeError):
        tempering.anneal(two_modes(), n_particles=20)


@pytest.mark.parametrize("change", [{"n_particles": 1}, {"step_size": 0.0}, {"efficiency": 1.0}])
def test_wrong_arguments_are_named(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        tempering.anneal(two_modes(), **{"n_particles": 20} | change, generator=generator(1))
