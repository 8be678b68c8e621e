r"""Gaussians over flat weights: mean-field, low-rank, full covariance.

Each has `sample`, `log_prob` and the closed-form KL to an independent
Gaussian prior N(0, diag(p^2)),

$KL = \tfrac12 \sum_j \frac{\Sigma_{jj} + m_j^2}{p_j^2}
      - \tfrac{d}{2} - \tfrac12 \log\det\Sigma + \sum_j \log p_j$.

Standard deviations are kept as `raw_std` with std = softplus(raw_std), so
that any real number is allowed while fitting.
"""

import math
from typing import NamedTuple, TypeAlias

import torch
from torch.nn.functional import softplus

from tinynets import checks


class MeanField(NamedTuple):
    """Independent weights."""

    mean: torch.Tensor             # (dim,)
    raw_std: torch.Tensor          # (dim,)

    @property
    def std(self) -> torch.Tensor:
        """Standard deviation of each weight, (dim,)."""
        return softplus(self.raw_std)

    def sample(self, n_samples: int, *,
               generator: torch.Generator) -> torch.Tensor:
        """Draw weights, (n_samples, dim), differentiable in q."""
        return self.mean + self.std * _normal(self.mean, n_samples,
                                              generator)

    def log_prob(self, theta: torch.Tensor) -> torch.Tensor:
        """Return the log density of each row of `theta`."""
        return torch.distributions.Normal(self.mean, self.std).log_prob(
            theta).sum(-1)

    def kl(self, prior_std: torch.Tensor) -> torch.Tensor:
        """Return KL(q || prior) in nats, ()."""
        return _kl(self.mean, self.std.square(), 2 * self.std.log().sum(),
                   prior_std)


class LowRank(NamedTuple):
    """Covariance F F' + diag(std^2), with F of a few columns."""

    mean: torch.Tensor             # (dim,)
    factor: torch.Tensor           # (dim, rank)
    raw_std: torch.Tensor          # (dim,), of the diagonal part

    @property
    def std(self) -> torch.Tensor:
        """Standard deviation of each weight, (dim,)."""
        return (self.factor.square().sum(1)
                + softplus(self.raw_std).square()).sqrt()

    def sample(self, n_samples: int, *,
               generator: torch.Generator) -> torch.Tensor:
        """Draw weights, (n_samples, dim), differentiable in q."""
        own = softplus(self.raw_std) * _normal(self.mean, n_samples,
                                               generator)
        shared = _normal(self.factor[0], n_samples, generator)
        return self.mean + own + shared @ self.factor.mT

    def log_prob(self, theta: torch.Tensor) -> torch.Tensor:
        """Return the log density of each row of `theta`."""
        return torch.distributions.LowRankMultivariateNormal(
            self.mean, self.factor,
            softplus(self.raw_std).square()).log_prob(theta)

    def kl(self, prior_std: torch.Tensor) -> torch.Tensor:
        """Return KL(q || prior) in nats, ()."""
        own = softplus(self.raw_std)
        scaled = self.factor / own[:, None]
        small = scaled.mT @ scaled + torch.eye(scaled.shape[1],
                                               dtype=scaled.dtype)
        log_det = 2 * own.log().sum() + torch.logdet(small)
        return _kl(self.mean, self.std.square(), log_det, prior_std)


class FullCovariance(NamedTuple):
    """Covariance L L'; `raw` holds L, its diagonal before the softplus."""

    mean: torch.Tensor             # (dim,)
    raw: torch.Tensor              # (dim, dim), below and on the diagonal

    @property
    def factor(self) -> torch.Tensor:
        """Lower-triangular L with a positive diagonal, (dim, dim)."""
        return self.raw.tril(-1) + softplus(self.raw.diagonal()).diag()

    @property
    def std(self) -> torch.Tensor:
        """Standard deviation of each weight, (dim,)."""
        return self.factor.square().sum(1).sqrt()

    def sample(self, n_samples: int, *,
               generator: torch.Generator) -> torch.Tensor:
        """Draw weights, (n_samples, dim), differentiable in q."""
        normal = _normal(self.mean, n_samples, generator)
        return self.mean + normal @ self.factor.mT

    def log_prob(self, theta: torch.Tensor) -> torch.Tensor:
        """Return the log density of each row of `theta`."""
        return torch.distributions.MultivariateNormal(
            self.mean, scale_tril=self.factor).log_prob(theta)

    def kl(self, prior_std: torch.Tensor) -> torch.Tensor:
        """Return KL(q || prior) in nats, ()."""
        log_det = 2 * softplus(self.raw.diagonal()).log().sum()
        return _kl(self.mean, self.factor.square().sum(1), log_det,
                   prior_std)


Family: TypeAlias = MeanField | LowRank | FullCovariance


def mean_field(mean: torch.Tensor, std: float) -> MeanField:
    """Start a mean-field Gaussian at `mean` with one `std` for all."""
    return MeanField(mean, torch.full_like(mean, inverse_softplus(std)))


def low_rank(mean: torch.Tensor, std: float, rank: int, *,
             generator: torch.Generator) -> LowRank:
    """Start a low-rank Gaussian: small random factors, `std` on top."""
    checks.count("rank", rank)
    factor = 0.1 * std * torch.randn(len(mean), rank, dtype=mean.dtype,
                                     generator=generator)
    return LowRank(mean, factor,
                   torch.full_like(mean, inverse_softplus(std)))


def full_covariance(mean: torch.Tensor, std: float) -> FullCovariance:
    """Start a full-covariance Gaussian at `mean`, independent at first."""
    raw = torch.full_like(mean, inverse_softplus(std)).diag()
    return FullCovariance(mean, raw)


def inverse_softplus(value: float) -> float:
    """Return x with log(1 + e^x) = `value`, which is above 0."""
    checks.positive("std", value)
    return value + math.log(-math.expm1(-value))


def _normal(like: torch.Tensor, n_samples: int,
            generator: torch.Generator) -> torch.Tensor:
    """Draw standard normals, (n_samples, len(like))."""
    checks.count("n_samples", n_samples)
    return torch.randn(n_samples, len(like), dtype=like.dtype,
                       generator=generator)


def _kl(mean: torch.Tensor, variance: torch.Tensor, log_det: torch.Tensor,
        prior_std: torch.Tensor) -> torch.Tensor:
    """Return the closed form at the head of this file."""
    ratio = (variance + mean.square()) / prior_std.square()
    return 0.5 * (ratio.sum() - len(mean) - log_det) + prior_std.log().sum()
