"""Targets that a Gaussian is not: skewed, bent, with a neck, with light tails."""

import math

import scipy.special
import torch

from tinynets import checks
from tinynets.targets.base import LOG_2PI, Target, normal


def skewed(dim: int, *, slant: float = 4.0) -> Target:
    """Return independent skew normals, each 2 φ(q) Φ(slant q).

    Parameters
    ----------
    dim : int
        1 or above.
    slant : float
        0 is normal, below 0 leans the other way.

    Returns
    -------
    Target
        With its moments and draws.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    Azzalini (1985), A class of distributions which includes the normal ones.

    Examples
    --------
    >>> skewed(1).mean.round(decimals=3)
    tensor([0.7740], dtype=torch.float64)
    """
    checks.count("dim", dim)
    if not math.isfinite(checks.number("slant", slant)):
        raise ValueError(f"slant must be finite, got {slant}")
    delta = slant / math.sqrt(1 + slant**2)
    mean = torch.full((dim,), delta * math.sqrt(2 / math.pi), dtype=torch.float64)

    def log_density(position):
        each = (
            math.log(2) - 0.5 * (position**2 + LOG_2PI) + torch.special.log_ndtr(slant * position)
        )
        return each.sum(-1)

    def draw(n_draws, *, generator):
        slanted = normal(mean, n_draws, generator=generator).abs()
        free = normal(mean, n_draws, generator=generator)
        return delta * slanted + math.sqrt(1 - delta**2) * free

    return Target(log_density, mean, 1 - mean**2, draw)


def banana(*, bend: float = 0.5, width: float = 2.0) -> Target:
    """Return q₁ ~ N(0, width²), q₂ | q₁ ~ N(bend (q₁² - width²), 1).

    Parameters
    ----------
    bend : float
        0 is Gaussian.
    width : float
        Standard deviation of the first coordinate, above 0.

    Returns
    -------
    Target
        With its moments and draws, in two dimensions.

    References
    ----------
    Haario, Saksman and Tamminen (1999), section 4.

    Examples
    --------
    >>> banana(bend=0.5, width=2.0).variance
    tensor([4., 9.], dtype=torch.float64)
    """
    checks.number("bend", bend)
    checks.positive("width", width)
    constant = math.log(width) + LOG_2PI

    def log_density(position):
        first, second = position.unbind(-1)
        straight = second - bend * (first**2 - width**2)
        return -0.5 * ((first / width) ** 2 + straight**2) - constant

    def draw(n_draws, *, generator):
        first, second = normal(mean, n_draws, generator=generator).unbind(-1)
        first = width * first
        return torch.stack([first, second + bend * (first**2 - width**2)], dim=-1)

    mean = torch.zeros(2, dtype=torch.float64)
    variance = torch.tensor([width**2, 1 + 2 * bend**2 * width**4], dtype=torch.float64)
    return Target(log_density, mean, variance, draw)


def funnel(dim: int, *, neck_std: float = 3.0) -> Target:
    """Return q₁ ~ N(0, neck_std²) and the others ~ N(0, exp(q₁)).

    With the customary 3 no sampler with one step size reaches the neck; 1
    is easy. The variance of the others is exp(neck_std² / 2).

    Parameters
    ----------
    dim : int
        2 or above.
    neck_std : float
        Standard deviation of the first coordinate, above 0, at most 30.

    Returns
    -------
    Target
        With its moments and draws.

    Raises
    ------
    ValueError
        If a number is out of its range.

    References
    ----------
    Neal (2003), Slice sampling, section 8.

    Examples
    --------
    >>> funnel(3, neck_std=1.0).draw(5, generator=torch.Generator().manual_seed(0)).shape
    torch.Size([5, 3])
    """
    checks.count("dim", dim, at_least=2)
    if checks.positive("neck_std", neck_std) > 30:
        raise ValueError(f"neck_std must be at most 30, for exp(neck_std²/2), got {neck_std}")
    mean = torch.zeros(dim, dtype=torch.float64)
    variance = torch.full_like(mean, math.exp(neck_std**2 / 2))
    variance[0] = neck_std**2
    constant = math.log(neck_std) + 0.5 * dim * LOG_2PI

    def log_density(position):
        neck, others = position[:, 0], position[:, 1:]
        squares = (others**2).sum(-1) * (-neck).exp()
        return -0.5 * ((neck / neck_std) ** 2 + squares + (dim - 1) * neck) - constant

    def draw(n_draws, *, generator):
        position = normal(mean, n_draws, generator=generator)
        position[:, 0] *= neck_std
        position[:, 1:] *= (0.5 * position[:, :1]).exp()
        return position

    return Target(log_density, mean, variance, draw)


def quartic(dim: int = 1) -> Target:
    """Return independent coordinates with density ∝ exp(-q⁴/4).

    E q² = 2 Γ(3/4) / Γ(1/4) = 0.676. Its gradient is not linear: mistakes in
    a proposal's correction that cancel on Gaussians show here.

    Parameters
    ----------
    dim : int
        1 or above.

    Returns
    -------
    Target
        With its moments and draws.
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
