"""Small posteriors for tests: data, positions, each kind of likelihood."""

import math

import torch
from torch.distributions import HalfNormal, LogNormal

from tinynets import bnn
from tinynets.nets import MLP
from tinynets.rng import generator

F64 = torch.float64


def data(n=7, n_inputs=1, n_outputs=1):
    g = generator(3, "data")
    return (
        torch.randn(n, n_inputs, dtype=F64, generator=g),
        torch.randn(n, n_outputs, dtype=F64, generator=g),
    )


def positions(posterior, chains=5):
    return torch.randn(chains, posterior.dim, dtype=F64, generator=generator(4, "positions"))


def posterior_of(net, *, noise_std=0.3, **settings):
    x, y = data(n_inputs=net.sizes[0], n_outputs=net.sizes[-1])
    return bnn.Posterior(net, x, y, bnn.Gaussian(noise_std), **settings)


def cauchy(outputs, y):
    """A likelihood of one's own: heavy tails, one number an observation."""
    return -torch.log1p((outputs - y).square()).sum(-1) - y.shape[1] * math.log(math.pi)


def likelihoods(n_outputs):
    """Each kind of likelihood with data of its own."""
    _, y = data(n_outputs=n_outputs)
    each = torch.linspace(0.2, 0.6, n_outputs, dtype=F64)
    return {
        "fixed": (bnn.Gaussian(0.3), y),
        "per output": (bnn.Gaussian(each), y),
        "inferred": (bnn.Gaussian(LogNormal(-1.0, 0.5)), y),
        "inferred per output": (bnn.Gaussian(HalfNormal(torch.ones(n_outputs).double())), y),
        "own": (cauchy, y),
        "categorical": (bnn.Categorical(), torch.arange(7) % max(n_outputs, 2)),
    }


def check_gradient(posterior, value_and_grad=None):
    """Hold `value_and_grad`, the posterior's own if not given, against autograd."""
    for chains in (1, 5, 19):
        position = positions(posterior, chains).requires_grad_()
        value = posterior(position)
        (grad,) = torch.autograd.grad(value.sum(), position)
        found = (value_and_grad or posterior.value_and_grad)(position.detach())
        torch.testing.assert_close(found[0], value.detach(), rtol=1e-12, atol=1e-10)
        torch.testing.assert_close(found[1], grad, rtol=1e-10, atol=1e-10)


def linear_problem():
    """Posterior of a net without hidden layer, its mean, cov, evidence."""
    net = MLP([2, 1])
    g = generator(4)
    x = torch.randn(9, 2, dtype=F64, generator=g)
    y = torch.randn(9, 1, dtype=F64, generator=g)
    std = bnn.prior_std(net, weight_std=1.5)
    posterior = bnn.Posterior(net, x, y, bnn.Gaussian(0.4), std)
    design = torch.cat([x, torch.ones(9, 1, dtype=F64)], 1)
    cov = torch.linalg.inv(design.mT @ design / 0.16 + std.square().reciprocal().diag())
    evidence = torch.distributions.MultivariateNormal(
        torch.zeros(9, dtype=F64), (design * std.square()) @ design.mT + 0.16 * torch.eye(9)
    ).log_prob(y[:, 0])
    return posterior, (cov @ design.mT @ y / 0.16)[:, 0], cov, evidence
