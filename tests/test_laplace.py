import math

import pytest
import torch
from torch.distributions import HalfNormal

from tinynets import bnn, laplace
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
