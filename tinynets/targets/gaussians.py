"""Gaussians, and mixtures of them."""

import math

import torch
from torch import Tensor

from tinynets import checks
from tinynets.linalg import cholesky
from tinynets.targets.base import LOG_2PI, Target, normal


@checks.arguments()
def gaussian(mean: Tensor, covariance: Tensor) -> Target:
    """Return N(mean, covariance).

    Parameters
    ----------
    mean : Tensor
        (dim,), float64.
    covariance : Tensor
        (dim, dim), symmetric and positive definite.

    Returns
    -------
    Target
        With its moments and draws.

    Raises
    ------
    ValueError
        If shapes do not fit, or the covariance is not positive definite.

    Examples
    --------
    >>> target = gaussian(torch.zeros(2), torch.eye(2))
    >>> target.log_density(torch.zeros(1, 2)).round(decimals=4)
    tensor([-1.8379])
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
        return mean + normal(mean, n_draws, generator=generator) @ root.mT

    return Target(log_density, mean, covariance.diagonal().clone(), draw)


@checks.arguments()
def ill_conditioned(dim: int, *, condition: float) -> Target:
    """Return N(0, diag(σ²)), σ² from 1 to `condition`, evenly in its log.

    Parameters
    ----------
    dim : int
        2 or above.
    condition : float
        Largest variance over smallest, 1 or above.

    Returns
    -------
    Target
        With its moments and draws.

    Raises
    ------
    ValueError
        If a number is out of its range.
    """
    checks.count("dim", dim, at_least=2)
    if checks.number("condition", condition) < 1:
        raise ValueError(f"condition must be 1 or above, got {condition}")
    variance = torch.logspace(0, math.log10(condition), dim, dtype=torch.float64)
    return gaussian(torch.zeros_like(variance), variance.diag())


@checks.arguments(weights="float components", means="float components dim")
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

    Returns
    -------
    Target
        With its moments and draws.

    Raises
    ------
    ValueError
        If shapes do not fit, or weights and standard deviations are out of range.

    Examples
    --------
    >>> two = mixture(torch.tensor([0.25, 0.75]), torch.tensor([[0.0], [4.0]]), torch.ones(2))
    >>> two.mean, two.variance
    (tensor([3.]), tensor([4.]))
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
        free = normal(means[0], n_draws, generator=generator)
        return means[which] + stds[which].unsqueeze(-1) * free

    mean = weights @ means
    second = weights @ (means**2 + stds.unsqueeze(-1) ** 2)
    return Target(log_density, mean, second - mean**2, draw)
