import math

import pytest
import torch
from bnn_checks import F64, linear_problem
from torch.distributions import LogNormal

from tinynets import bnn, laplace
from tinynets.nets import MLP
from tinynets.rng import generator


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
    posterior = bnn.Posterior(net, x, x, bnn.Gaussian(0.1))
    theta = torch.randn(13, dtype=F64, generator=generator(1))
    step = 1e-5 * torch.eye(13, dtype=F64)
    difference = (
        posterior.functions(theta + step, x) - posterior.functions(theta - step, x)
    ).mT / 2e-5
    torch.testing.assert_close(
        laplace.jacobian_of(posterior, theta, x), difference, rtol=1e-7, atol=1e-8
    )


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_precision_of_a_linear_classifier_is_the_hessian(temperature):
    """Gauss-Newton is exact where f is linear in the weights."""
    g = generator(5)
    x, y = torch.randn(12, 2, dtype=F64, generator=g), torch.arange(12) % 3
    posterior = bnn.Posterior(MLP([2, 3]), x, y, bnn.Categorical(), 1.5, temperature=temperature)
    mode = torch.randn(posterior.dim, dtype=F64, generator=g)
    hessian = -torch.autograd.functional.hessian(lambda t: posterior(t[None])[0], mode)
    found = laplace.fit(posterior, mode)
    torch.testing.assert_close(
        torch.linalg.inv(found.factor @ found.factor.mT), hessian, rtol=1e-6, atol=1e-7
    )
    mean, std = laplace.linearised(posterior, found, x[:5])
    assert mean.shape == std.shape == (5, 3)


def test_a_likelihood_of_ones_own_is_curved_as_autograd_says():
    x = torch.linspace(-1, 1, 6, dtype=F64)[:, None]

    def poisson(outputs, y):
        return (y * outputs - outputs.exp()).sum(-1)

    posterior = bnn.Posterior(MLP([1, 1]), x, x.exp().round(), poisson)
    mode = torch.tensor([0.4, -0.2], dtype=F64)
    hessian = -torch.autograd.functional.hessian(lambda t: posterior(t[None])[0], mode)
    found = laplace.fit(posterior, mode)
    torch.testing.assert_close(
        torch.linalg.inv(found.factor @ found.factor.mT), hessian, rtol=1e-6, atol=1e-7
    )


@pytest.mark.parametrize("n_outputs", [1, 2])
@pytest.mark.parametrize("per_output", [False, True])
def test_an_unknown_noise_is_approximated_beside_the_weights(n_outputs, per_output):
    """Its expected curvature: that of the log density, averaged over data of the model."""
    g = generator(6)
    x = torch.randn(9, 2, dtype=F64, generator=g)
    prior = LogNormal(*torch.tensor([-1.0, 0.5], dtype=F64))
    prior = prior.expand((n_outputs,)) if per_output else prior
    net = MLP([2, n_outputs])
    mode = torch.randn(3 * n_outputs + (n_outputs if per_output else 1), dtype=F64, generator=g)
    theta = mode[: 3 * n_outputs]
    f = bnn.batched(net)(theta[None], x)[0]
    noise = mode[3 * n_outputs :].exp() * torch.randn(500, 9, n_outputs, dtype=F64, generator=g)
    noise = torch.cat([noise, -noise])  # whose mean is 0
    noise = noise / noise.square().mean((0, 1)).sqrt() * mode[3 * n_outputs :].exp()
    curvatures = []
    for y in f + noise[::50]:
        posterior = bnn.Posterior(net, x, y, bnn.Gaussian(prior))
        curvatures.append(
            -torch.autograd.functional.hessian(lambda t, p=posterior: p(t[None])[0], mode)
        )
    found = laplace.fit(posterior, mode)
    precision = torch.linalg.inv(found.factor @ found.factor.mT)
    torch.testing.assert_close(
        precision, torch.stack(curvatures).mean(0), rtol=0.25, atol=0.15 * precision.max().item()
    )
    assert found.sample(3, generator=g).shape == (3, len(mode))
