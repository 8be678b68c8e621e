r"""Gaussians over flat weights: mean-field, low-rank, full covariance.

Each has `sample`, `log_prob` and the closed-form KL to an independent prior N(0, diag(p^2)),

$KL = \tfrac12 \sum_j \frac{\Sigma_{jj} + m_j^2}{p_j^2}
      - \tfrac{d}{2} - \tfrac12 \log\det\Sigma + \sum_j \log p_j$.

Standard deviations are kept as `raw_std` with std = softplus(raw_std), any real number. Every part
may have leading dimensions: as many Gaussians side by side, fitted in one run by `vi.fit`.
"""

import math
from typing import Any, NamedTuple, TypeAlias

import torch
from torch.nn.functional import softplus

from tinynets import checks


class MeanField(NamedTuple):
    """Independent weights.

    Examples
    --------
    >>> q = mean_field(torch.zeros(3), 0.1)
    >>> q.sample(5, generator=torch.Generator().manual_seed(0)).shape
    torch.Size([5, 3])
    """

    mean: torch.Tensor  # (*nets, dim)
    raw_std: torch.Tensor  # (*nets, dim)

    @property
    def std(self) -> torch.Tensor:
        """Standard deviation of each weight, (*nets, dim)."""
        return softplus(self.raw_std)

    def sample(self, n_samples: int, *, generator: torch.Generator) -> torch.Tensor:
        """Draw weights, (*nets, n_samples, dim), differentiable in q."""
        return _rows(self.mean) + _rows(self.std) * _normal(self.mean, n_samples, generator)

    def log_prob(self, theta: torch.Tensor) -> torch.Tensor:
        """Return the log density of `theta` (*nets, n, dim), (*nets, n)."""
        return torch.distributions.Normal(_rows(self.mean), _rows(self.std)).log_prob(theta).sum(-1)

    def kl(self, prior_std: torch.Tensor) -> torch.Tensor:
        """Return KL(q || prior) in nats, (*nets,)."""
        return _kl(self.mean, self.std.square(), 2 * self.std.log().sum(-1), prior_std)


class LowRank(NamedTuple):
    """Covariance F F' + diag(std^2), with F of a few columns."""

    mean: torch.Tensor  # (*nets, dim)
    factor: torch.Tensor  # (*nets, dim, rank)
    raw_std: torch.Tensor  # (*nets, dim), of the diagonal part

    @property
    def std(self) -> torch.Tensor:
        """Standard deviation of each weight, (*nets, dim)."""
        return (self.factor.square().sum(-1) + softplus(self.raw_std).square()).sqrt()

    def sample(self, n_samples: int, *, generator: torch.Generator) -> torch.Tensor:
        """Draw weights, (*nets, n_samples, dim), differentiable in q."""
        own = _rows(softplus(self.raw_std)) * _normal(self.mean, n_samples, generator)
        shared = _normal(self.factor[..., 0, :], n_samples, generator)
        return _rows(self.mean) + own + shared @ self.factor.mT

    def log_prob(self, theta: torch.Tensor) -> torch.Tensor:
        """Return the log density of `theta` (*nets, n, dim), (*nets, n)."""
        return torch.distributions.LowRankMultivariateNormal(
            _rows(self.mean), self.factor.unsqueeze(-3), _rows(softplus(self.raw_std).square())
        ).log_prob(theta)

    def kl(self, prior_std: torch.Tensor) -> torch.Tensor:
        """Return KL(q || prior) in nats, (*nets,)."""
        own = softplus(self.raw_std)
        scaled = self.factor / own[..., None]
        small = scaled.mT @ scaled + torch.eye(
            scaled.shape[-1], dtype=scaled.dtype, device=scaled.device
        )
        log_det = 2 * own.log().sum(-1) + torch.logdet(small)
        return _kl(self.mean, self.std.square(), log_det, prior_std)


class FullCovariance(NamedTuple):
    """Covariance L L'; `raw` holds L, its diagonal before the softplus."""

    mean: torch.Tensor  # (*nets, dim)
    raw: torch.Tensor  # (*nets, dim, dim), lower triangle

    @property
    def factor(self) -> torch.Tensor:
        """Lower-triangular L, diagonal above 0, (*nets, dim, dim)."""
        return self.raw.tril(-1) + self._diagonal.diag_embed()

    @property
    def _diagonal(self) -> torch.Tensor:
        return softplus(self.raw.diagonal(dim1=-2, dim2=-1))

    @property
    def std(self) -> torch.Tensor:
        """Standard deviation of each weight, (*nets, dim)."""
        return self.factor.square().sum(-1).sqrt()

    def sample(self, n_samples: int, *, generator: torch.Generator) -> torch.Tensor:
        """Draw weights, (*nets, n_samples, dim), differentiable in q."""
        normal = _normal(self.mean, n_samples, generator)
        return _rows(self.mean) + normal @ self.factor.mT

    def log_prob(self, theta: torch.Tensor) -> torch.Tensor:
        """Return the log density of `theta` (*nets, n, dim), (*nets, n)."""
        return torch.distributions.MultivariateNormal(
            _rows(self.mean), scale_tril=self.factor.unsqueeze(-3)
        ).log_prob(theta)

    def kl(self, prior_std: torch.Tensor) -> torch.Tensor:
        """Return KL(q || prior) in nats, (*nets,)."""
        log_det = 2 * self._diagonal.log().sum(-1)
        return _kl(self.mean, self.factor.square().sum(-1), log_det, prior_std)


Gaussian: TypeAlias = MeanField | LowRank | FullCovariance


@checks.arguments(mean="float finite ... dim")
def mean_field(mean: torch.Tensor, std: float) -> MeanField:
    """Start a mean-field Gaussian at `mean` with one `std` for all.

    Parameters
    ----------
    mean : torch.Tensor, (*nets, dim)
        Centres.
    std : float
        Above 0.

    Returns
    -------
    MeanField
        Of independent weights.

    Examples
    --------
    >>> mean_field(torch.zeros(2), 0.1).std
    tensor([0.1000, 0.1000])
    """
    return MeanField(mean, torch.full_like(mean, inverse_softplus(std)))


@checks.arguments(mean="float finite ... dim")
def low_rank(mean: torch.Tensor, std: float, rank: int, *, generator: torch.Generator) -> LowRank:
    """Start a low-rank Gaussian: small random factors, `std` on top.

    Parameters
    ----------
    mean : torch.Tensor, (*nets, dim)
        Centres.
    std : float
        Of the diagonal part, above 0; the factors get a tenth of it.
    rank : int
        Columns of F, 1 or above.
    generator : torch.Generator
        Draws the factors.

    Returns
    -------
    LowRank
        Of weakly correlated weights.

    Examples
    --------
    >>> low_rank(torch.zeros(4), 0.1, 2, generator=torch.Generator().manual_seed(0)).factor.shape
    torch.Size([4, 2])
    """
    checks.count("rank", rank)
    factor = (
        0.1
        * std
        * torch.randn(*mean.shape, rank, dtype=mean.dtype, device=mean.device, generator=generator)
    )
    return LowRank(mean, factor, torch.full_like(mean, inverse_softplus(std)))


@checks.arguments(mean="float ... dim")
def full_covariance(mean: torch.Tensor, std: float) -> FullCovariance:
    """Start a full-covariance Gaussian at `mean`, independent at first.

    Parameters
    ----------
    mean : torch.Tensor, (*nets, dim)
        Centres.
    std : float
        Above 0.

    Returns
    -------
    FullCovariance
        Of independent weights.

    Examples
    --------
    >>> full_covariance(torch.zeros(2), 0.1).factor.shape
    torch.Size([2, 2])
    """
    raw = torch.full_like(mean, inverse_softplus(std)).diag_embed()
    return FullCovariance(mean, raw)


@checks.arguments()
def pick(q: Gaussian, index: int) -> Gaussian:
    """Take one Gaussian out of those side by side.

    Parameters
    ----------
    q : MeanField, LowRank or FullCovariance
        With a leading dimension.
    index : int
        Which one.

    Returns
    -------
    MeanField, LowRank or FullCovariance
        Without that dimension.

    Examples
    --------
    >>> pick(mean_field(torch.zeros(3, 4), 0.1), 0).mean.shape
    torch.Size([4])
    """
    checks.choice("index", index, range(len(q.mean) if q.mean.ndim > 1 else 0))
    return type(q)(*(part[index] for part in q))


def check_dim(q: Gaussian, prior: Any) -> None:
    """Raise if a prior has another number of coordinates than q.

    Parameters
    ----------
    q : MeanField, LowRank or FullCovariance
        Over flat weights.
    prior : torch.Tensor (dim,) or Posterior

    Raises
    ------
    ValueError
        If they differ, or a standard deviation is not above 0.
    """
    dim = q.mean.shape[-1]
    if isinstance(prior, torch.Tensor):
        checks.shape("prior", prior, (dim,))
        if not (prior > 0).all():
            raise ValueError(f"prior must hold numbers above 0, got a least of {prior.min()}")
    elif prior.dim != dim:
        raise ValueError(f"q must have the posterior's {prior.dim} coordinates, got {dim}")


@checks.arguments()
def inverse_softplus(value: float) -> float:
    """Return x with log(1 + e^x) = `value`, which is above 0.

    Parameters
    ----------
    value : float
        Above 0.

    Returns
    -------
    float
        x.
    """
    checks.positive("std", value)
    return value + math.log(-math.expm1(-value))


def _normal(like: torch.Tensor, n_samples: int, generator: torch.Generator) -> torch.Tensor:
    """Draw standard normals, (*nets, n_samples, dim)."""
    checks.count("n_samples", n_samples)
    return torch.randn(
        *like.shape[:-1],
        n_samples,
        like.shape[-1],
        dtype=like.dtype,
        device=like.device,
        generator=generator,
    )


def _rows(parameter: torch.Tensor) -> torch.Tensor:
    """Make room for the draws, (*nets, 1, dim)."""
    return parameter.unsqueeze(-2)


def _kl(
    mean: torch.Tensor, variance: torch.Tensor, log_det: torch.Tensor, prior_std: torch.Tensor
) -> torch.Tensor:
    """Return the closed form at the head of this file."""
    ratio = (variance + mean.square()) / prior_std.square()
    return 0.5 * (ratio.sum(-1) - mean.shape[-1] - log_det) + prior_std.log().sum()
