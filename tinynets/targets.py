"""Analytic targets: log densities whose moments and draws are known."""

import math
from collections.abc import Callable
from typing import NamedTuple

import scipy.special
import torch
from torch import Tensor

from tinynets import checks
from tinynets.linalg import cholesky

LOG_2PI = math.log(2 * math.pi)


class Target(NamedTuple):
    """A normalised density with all that a sampler should find."""

    log_density: Callable  # (chains, dim) -> (chains,), nats
    mean: Tensor  # (dim,)
    variance: Tensor  # (dim,)
    draw: Callable  # draw(n_draws, *, generator) -> (n_draws, dim)


def gaussian(mean: Tensor, covariance: Tensor) -> Target:
    """Return N(mean, covariance).

    Parameters
    ----------
    mean : Tensor
        (dim,), float64.
    covariance : Tensor
        (dim, dim), symmetric and positive definite.
    """
    checks.shape("mean", mean, ("dim",))
    checks.shape("covariance", covariance, (len(mean), len(mean)))
    root = cholesky(covariance, "covariance", remedy="give a symmetric one of full rank")
    precision = torch.cholesky_inverse(root)
    constant = root.diagonal().log().sum() + 0.5 * len(mean) * LOG_2PI

    def log_density(position):
        away = position - mean
        return -0.5 * torch.linalg.vecdot(away @ precision, away) - constant

    def draw(n_draws, *, generator):
        return mean + _normal(mean, n_draws, generator) @ root.mT

    return Target(log_density, mean, covariance.diagonal().clone(), draw)


def ill_conditioned(dim: int, *, condition: float) -> Target:
    """Return N(0, diag(σ²)), σ² from 1 to `condition`, evenly in its log.

    Parameters
    ----------
    dim : int
        2 or above.
    condition : float
        Largest variance over smallest, 1 or above.
    """
    checks.count("dim", dim, at_least=2)
    if checks.number("condition", condition) < 1:
        raise ValueError(f"condition must be 1 or above, got {condition}")
    variance = torch.logspace(0, math.log10(condition), dim, dtype=torch.float64)
    return gaussian(torch.zeros_like(variance), variance.diag())


def skewed(dim: int, *, slant: float = 4.0) -> Target:
    """Return independent skew normals, each 2 φ(q) Φ(slant q).

    References
    ----------
    Azzalini (1985), A class of distributions which includes the normal ones.
    """
    checks.count("dim", dim)
    checks.number("slant", slant)
    delta = slant / math.sqrt(1 + slant**2)
    mean = torch.full((dim,), delta * math.sqrt(2 / math.pi), dtype=torch.float64)

    def log_density(position):
        each = (
            math.log(2) - 0.5 * (position**2 + LOG_2PI) + torch.special.log_ndtr(slant * position)
        )
        return each.sum(-1)

    def draw(n_draws, *, generator):
        slanted = _normal(mean, n_draws, generator).abs()
        free = _normal(mean, n_draws, generator)
        return delta * slanted + math.sqrt(1 - delta**2) * free

    return Target(log_density, mean, 1 - mean**2, draw)


def banana(*, bend: float = 0.5, width: float = 2.0) -> Target:
    """Return q₁ ~ N(0, width²), q₂ | q₁ ~ N(bend (q₁² - width²), 1).

    References
    ----------
    Haario, Saksman and Tamminen (1999), section 4.
    """
    checks.number("bend", bend)
    checks.positive("width", width)
    constant = math.log(width) + LOG_2PI

    def log_density(position):
        first, second = position.unbind(-1)
        straight = second - bend * (first**2 - width**2)
        return -0.5 * ((first / width) ** 2 + straight**2) - constant

    def draw(n_draws, *, generator):
        first, second = _normal(mean, n_draws, generator).unbind(-1)
        first = width * first
        return torch.stack([first, second + bend * (first**2 - width**2)], dim=-1)

    mean = torch.zeros(2, dtype=torch.float64)
    variance = torch.tensor([width**2, 1 + 2 * bend**2 * width**4], dtype=torch.float64)
    return Target(log_density, mean, variance, draw)


def funnel(dim: int, *, neck_std: float = 3.0) -> Target:
    """Return q₁ ~ N(0, neck_std²) and the others ~ N(0, exp(q₁)).

    With the customary 3 no sampler with one step size reaches the neck; 1
    is easy. The variance of the others is exp(neck_std² / 2).

    References
    ----------
    Neal (2003), Slice sampling, section 8.
    """
    checks.count("dim", dim, at_least=2)
    checks.positive("neck_std", neck_std)
    mean = torch.zeros(dim, dtype=torch.float64)
    variance = torch.full_like(mean, math.exp(neck_std**2 / 2))
    variance[0] = neck_std**2
    constant = math.log(neck_std) + 0.5 * dim * LOG_2PI

    def log_density(position):
        neck, others = position[:, 0], position[:, 1:]
        squares = (others**2).sum(-1) * (-neck).exp()
        return -0.5 * ((neck / neck_std) ** 2 + squares + (dim - 1) * neck) - constant

    def draw(n_draws, *, generator):
        position = _normal(mean, n_draws, generator)
        position[:, 0] *= neck_std
        position[:, 1:] *= (0.5 * position[:, :1]).exp()
        return position

    return Target(log_density, mean, variance, draw)


def mixture(weights: Tensor, means: Tensor, stds: Tensor) -> Target:
    """Return Σ wᵢ N(meanᵢ, stdᵢ² I).

    Parameters
    ----------
    weights : Tensor
        (components,), above 0, with sum 1.
    means : Tensor
        (components, dim).
    stds : Tensor
        (components,), above 0.
    """
    checks.shape("means", means, ("components", "dim"))
    checks.shape("weights", weights, (len(means),))
    checks.shape("stds", stds, (len(means),))
    if not (
        (weights > 0).all() and (stds > 0).all() and math.isclose(weights.sum(), 1, abs_tol=1e-9)
    ):
        raise ValueError(
            "weights must be above 0 with sum 1 and stds above "
            f"0, got {weights.tolist()} and {stds.tolist()}"
        )
    dim = means.shape[1]
    constant = weights.log() - dim * (stds.log() + 0.5 * LOG_2PI)

    def log_density(position):
        away = (position.unsqueeze(1) - means) / stds.unsqueeze(-1)
        return torch.logsumexp(constant - 0.5 * (away**2).sum(-1), dim=-1)

    def draw(n_draws, *, generator):
        which = torch.multinomial(weights, n_draws, replacement=True, generator=generator)
        free = _normal(means[0], n_draws, generator)
        return means[which] + stds[which].unsqueeze(-1) * free

    mean = weights @ means
    second = weights @ (means**2 + stds.unsqueeze(-1) ** 2)
    return Target(log_density, mean, second - mean**2, draw)


def quartic(dim: int = 1) -> Target:
    """Return independent coordinates with density ∝ exp(-q⁴/4).

    E q² = 2 Γ(3/4) / Γ(1/4) = 0.676. Its gradient is not linear: mistakes in
    a proposal's correction that cancel on Gaussians show here.
    """
    checks.count("dim", dim)
    mean = torch.zeros(dim, dtype=torch.float64)
    square = 2 * math.gamma(0.75) / math.gamma(0.25)
    constant = dim * math.log(math.gamma(0.25) / math.sqrt(2))

    def log_density(position):
        return -0.25 * (position**4).sum(-1) - constant

    def draw(n_draws, *, generator):
        uniform = torch.rand(n_draws, dim, generator=generator, dtype=mean.dtype)
        size = scipy.special.gammaincinv(0.25, uniform.numpy())
        sign = torch.randint(2, (n_draws, dim), generator=generator) * 2 - 1
        return sign * (4 * torch.as_tensor(size)) ** 0.25

    return Target(log_density, mean, torch.full_like(mean, square), draw)


def _normal(like: Tensor, n_draws: int, generator: torch.Generator) -> Tensor:
    checks.count("n_draws", n_draws)
    return torch.randn(
        n_draws, len(like), generator=generator, dtype=like.dtype, device=like.device
    )
