"""Classes in a latent space: Gaussians, mixtures, overlap, separation.

A class's aggregate posterior is the mixture of the encoder's Gaussians over
its images; its moment-matched Gaussian has the mixture's mean and covariance.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from scipy.optimize import linprog
from torch import Tensor

from tinynets import checks
from tinynets.linalg import cholesky


class Gaussian(NamedTuple):
    """One Gaussian, or many along leading dimensions."""

    mean: Tensor  # (*nets, d)
    covariance: Tensor  # (*nets, d, d)


class Scatter(NamedTuple):
    """Covariance of classes about their means, and of means about theirs."""

    within: Tensor  # (*nets, d, d)
    between: Tensor  # (*nets, d, d)


class Plane(NamedTuple):
    """The set normal · x + offset = 0, and how well it parts two classes."""

    normal: Tensor  # (d,)
    offset: float
    error_rate: float  # share of points not on their own side


def mixture_moments(means: Tensor, variances: Tensor) -> Gaussian:
    """Match a Gaussian to an equal mixture of diagonal Gaussians.

    Σ = mean of (diag σ² + μ μᵀ) − m mᵀ, with m the mean of the μ.

    Parameters
    ----------
    means, variances : (*nets, n, d)

    Returns
    -------
    Gaussian
    """
    mean = means.mean(-2)
    centred = means - mean.unsqueeze(-2)
    spread = centred.mT @ centred / means.shape[-2]
    return Gaussian(mean, spread + torch.diag_embed(variances.mean(-2)))


def class_gaussians(means: Tensor, variances: Tensor, labels: Tensor, n_classes: int) -> Gaussian:
    """Match one Gaussian to the aggregate posterior of each class.

    Parameters
    ----------
    means, variances : (*nets, n, d)
        The encoder's Gaussian of each image. With variances of zero this is
        the covariance of the points themselves.
    labels : (n,) int64
    n_classes : int

    Returns
    -------
    Gaussian
        Leading dimensions (*nets, n_classes).

    Raises
    ------
    ValueError
        If a class has no image.
    """
    rows = [_rows(labels, k) for k in range(n_classes)]
    parts = [mixture_moments(means[..., i, :], variances[..., i, :]) for i in rows]
    return Gaussian(
        torch.stack([part.mean for part in parts], -2),
        torch.stack([part.covariance for part in parts], -3),
    )


def mixture_log_density(
    points: Tensor, means: Tensor, variances: Tensor, chunk: int = 500
) -> Tensor:
    """Compute the log density of an equal mixture of diagonal Gaussians.

    Parameters
    ----------
    points : (m, d)
    means, variances : (n, d)
        One component an image.
    chunk : int
        Components evaluated at once, which bounds the memory.

    Returns
    -------
    (m,)
        Nats.
    """
    parts = []
    for mean, variance in zip(means.split(chunk), variances.split(chunk), strict=True):
        z = (points[:, None] - mean).square() / variance + variance.log()
        parts.append((-z.sum(-1) / 2).logsumexp(-1))
    constant = points.shape[-1] * math.log(2 * math.pi) / 2
    return torch.stack(parts).logsumexp(0) - math.log(len(means)) - constant


def region_level(density: Tensor, mass: float) -> Tensor:
    """Find the density above which a share `mass` of a gridded map lies.

    Where a map exceeds its level is its region of highest density, the
    smallest that holds this share.

    Parameters
    ----------
    density : (*nets, height, width)
        On an even grid; its sum need not be one.
    mass : float
        In [0, 1].

    Returns
    -------
    (*nets,)
    """
    checks.probability("mass", mass)
    ordered = density.flatten(-2).sort(-1, descending=True).values
    share = ordered.cumsum(-1) / ordered.sum(-1, keepdim=True)
    index = (share < mass).sum(-1, keepdim=True)
    last = ordered.shape[-1] - 1
    return ordered.gather(-1, index.clamp_max(last)).squeeze(-1)


def log_density(points: Tensor, gaussian: Gaussian) -> Tensor:
    """Compute log N(x; m, Σ), nats: points (m, d) give (*nets, m)."""
    factor = _cholesky(gaussian.covariance)
    centred = points - gaussian.mean.unsqueeze(-2)
    z = torch.linalg.solve_triangular(factor, centred.mT, upper=False)
    constant = points.shape[-1] * math.log(2 * math.pi)
    return -(z.square().sum(-2) + _log_det(factor).unsqueeze(-1) + constant) / 2


def bhattacharyya(a: Gaussian, b: Gaussian) -> Tensor:
    """Compute the Bhattacharyya distance −log ∫ √(p q), nats.

    ⅛ (m₁−m₂)ᵀ Σ⁻¹ (m₁−m₂) + ½ log(|Σ| / √(|Σ₁||Σ₂|)), Σ = (Σ₁+Σ₂)/2;
    leading dimensions broadcast.

    Raises
    ------
    ValueError
        If a covariance is singular.
    """
    middle = _cholesky((a.covariance + b.covariance) / 2)
    log_dets = _log_det(_cholesky(a.covariance)) + _log_det(_cholesky(b.covariance))
    return _mahalanobis(a.mean - b.mean, middle) / 8 + _log_det(middle) / 2 - log_dets / 4


def overlap(a: Gaussian, b: Gaussian) -> Tensor:
    """Compute the Bhattacharyya coefficient ∫ √(p q): 1 equal, 0 apart."""
    return torch.exp(-bhattacharyya(a, b))


def kl(a: Gaussian, b: Gaussian) -> Tensor:
    """Compute KL(a ‖ b) of two Gaussians, nats.

    ½ [tr(Σ_b⁻¹ Σ_a) + (m_b−m_a)ᵀ Σ_b⁻¹ (m_b−m_a) − d + log |Σ_b|/|Σ_a|];
    leading dimensions broadcast.

    Raises
    ------
    ValueError
        If a covariance is singular.
    """
    factor_a, factor_b = _cholesky(a.covariance), _cholesky(b.covariance)
    ratio = torch.linalg.solve_triangular(factor_b, factor_a, upper=False)
    return (
        ratio.square().sum((-2, -1))
        + _mahalanobis(b.mean - a.mean, factor_b)
        - a.mean.shape[-1]
        + _log_det(factor_b)
        - _log_det(factor_a)
    ) / 2


def pairwise(compare: Callable[[Gaussian, Gaussian], Tensor], classes: Gaussian) -> Tensor:
    """Compare each class with each: (*nets, n) give (*nets, n, n)."""
    rows = Gaussian(classes.mean.unsqueeze(-2), classes.covariance.unsqueeze(-3))
    columns = Gaussian(classes.mean.unsqueeze(-3), classes.covariance.unsqueeze(-4))
    return compare(rows, columns)


def log_volume(gaussian: Gaussian) -> Tensor:
    """Compute log √|Σ|, the log of an ellipse's size: (*nets,)."""
    return _log_det(_cholesky(gaussian.covariance)) / 2


def ellipse(gaussian: Gaussian, n_std: float, n_points: int = 64) -> Tensor:
    """Trace (x−m)ᵀ Σ⁻¹ (x−m) = n_std² of a Gaussian in the plane.

    Returns
    -------
    (*nets, n_points, 2)
        The last point is the first.
    """
    checks.positive("n_std", n_std)
    if gaussian.mean.shape[-1] != 2:
        raise ValueError(
            "gaussian must be two-dimensional to have an "
            f"ellipse, got {gaussian.mean.shape[-1]} dimensions"
        )
    angle = torch.linspace(
        0, 2 * math.pi, n_points, dtype=gaussian.mean.dtype, device=gaussian.mean.device
    )
    circle = torch.stack([angle.cos(), angle.sin()], -1)
    factor = _cholesky(gaussian.covariance)
    return gaussian.mean.unsqueeze(-2) + n_std * circle @ factor.mT


def orthogonal_fit(points: Tensor, reference: Tensor) -> Tensor:
    """Find the rotation, perhaps with a mirror, that brings points nearest to others.

    Minimises ‖points R − reference‖ over orthogonal R. Planes of nets that
    were trained apart differ by such an R, since the prior looks the same
    from all sides.

    Parameters
    ----------
    points, reference : Tensor
        (n, d), row by row the same things.

    Returns
    -------
    Tensor
        (d, d), orthogonal.

    References
    ----------
    Schönemann (1966), A generalized solution of the orthogonal Procrustes
    problem.
    """
    checks.shape("points", points, ("n", "d"))
    checks.shape("reference", reference, tuple(points.shape))
    u, _, vh = torch.linalg.svd(points.mT @ reference)
    return u @ vh


def scatter(features: Tensor, labels: Tensor, n_classes: int) -> Scatter:
    """Compute within-class and between-class scatter, classes equal.

    Parameters
    ----------
    features : (*nets, n, d)
    labels : (n,) int64
    """
    classes = class_gaussians(features, torch.zeros_like(features), labels, n_classes)
    centred = classes.mean - classes.mean.mean(-2, keepdim=True)
    return Scatter(classes.covariance.mean(-3), centred.mT @ centred / n_classes)


def fisher_ratio(scatter: Scatter) -> Tensor:
    """Compute tr Σ_between / tr Σ_within: far apart and tight is large."""
    traces = [part.diagonal(dim1=-2, dim2=-1).sum(-1) for part in (scatter.between, scatter.within)]
    return traces[0] / traces[1]


def separating_plane(a: Tensor, b: Tensor) -> Plane:
    """Find the plane with the least sum of violations between two classes.

    Solves min Σ s subject to ±(w·x + c) ≥ 1 − s, s ≥ 0, averaged within each
    class, by linear programming. The error rate is zero if and only if the
    two sets can be separated by a plane.

    Parameters
    ----------
    a, b : (n_a, d), (n_b, d)

    References
    ----------
    Bennett, Mangasarian (1992), Eq. (2.11).
    """
    d = a.shape[-1]
    points = torch.cat([a, b]).double().cpu()  # where SciPy is
    centre, scale = points.mean(0), points.std(0).clamp_min(1e-12)
    sign = torch.cat([points.new_ones(len(a)), -points.new_ones(len(b))])
    rows = (
        torch.cat([(points - centre) / scale, points.new_ones(len(points), 1)], -1) * sign[:, None]
    )
    weights = torch.cat([points.new_full((len(s),), 1 / len(s)) for s in (a, b)])
    # The dual has d + 1 rows instead of n: max Σu, Σ u row = 0, 0 ≤ u ≤ 1/n
    answer = linprog(
        -points.new_ones(len(points)).numpy(),
        A_eq=rows.T.numpy(),
        b_eq=points.new_zeros(d + 1).numpy(),
        bounds=[(0, float(w)) for w in weights],
        method="highs",
    )
    w = -torch.from_numpy(answer.eqlin.marginals)
    wrong = rows @ w <= 1e-9
    normal = w[:d] / scale
    return Plane(normal, float(w[d] - normal @ centre), float(wrong.double().mean()))


def pairwise_error(features: Tensor, labels: Tensor, n_classes: int) -> Tensor:
    """Compute the error rate of the separating plane of each two classes.

    `features (n, d)` give (n_classes, n_classes), symmetric, diagonal 0.
    """
    errors = torch.zeros(n_classes, n_classes, device="cpu")
    sets = [features[_rows(labels, k)] for k in range(n_classes)]
    for i in range(n_classes):
        for j in range(i):
            errors[i, j] = errors[j, i] = separating_plane(sets[i], sets[j]).error_rate
    return errors


def _rows(labels: Tensor, k: int) -> Tensor:
    rows = (labels == k).nonzero().flatten()
    if not len(rows):
        raise ValueError(f"labels must hold each class, got none of class {k}: take more images")
    return rows


def _cholesky(covariance: Tensor) -> Tensor:
    return cholesky(
        covariance,
        "covariance",
        smallest_pivot=8 * torch.finfo(covariance.dtype).eps,
        remedy="its class needs more images than dimensions, or has collapsed onto a line or "
        "a point",
    )


def _log_det(factor: Tensor) -> Tensor:
    return 2 * factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def _mahalanobis(difference: Tensor, factor: Tensor) -> Tensor:
    shape = torch.broadcast_shapes(difference.shape, factor.shape[:-1])
    z = torch.linalg.solve_triangular(factor, difference.expand(shape).unsqueeze(-1), upper=False)
    return z.square().sum((-2, -1))
