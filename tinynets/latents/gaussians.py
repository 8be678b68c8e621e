"""Gaussians of classes: their moments, densities and outlines."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from tinynets import checks
from tinynets.linalg import cholesky


class Gaussian(NamedTuple):
    """One Gaussian, or many along leading dimensions.

    Examples
    --------
    >>> Gaussian(torch.zeros(10, 2), torch.eye(2).expand(10, 2, 2)).mean.shape
    torch.Size([10, 2])
    """

    mean: Tensor  # (*nets, d)
    covariance: Tensor  # (*nets, d, d)


@checks.arguments(means="float ... n dims", variances="float ... n dims")
def mixture_moments(means: Tensor, variances: Tensor) -> Gaussian:
    """Match a Gaussian to an equal mixture of diagonal Gaussians.

    Σ = mean of (diag σ² + μ μᵀ) − m mᵀ, with m the mean of the μ.

    Parameters
    ----------
    means, variances : Tensor, (*nets, n, d)
        Of the components.

    Returns
    -------
    Gaussian
        With leading dimensions (*nets,).
    """
    _check_sign("variances", variances, variances >= 0)
    mean = means.mean(-2)
    centred = means - mean.unsqueeze(-2)
    spread = centred.mT @ centred / means.shape[-2]
    return Gaussian(mean, spread + torch.diag_embed(variances.mean(-2)))


@checks.arguments(means="float ... n dims", variances="float ... n dims", labels="int n")
def class_gaussians(means: Tensor, variances: Tensor, labels: Tensor, n_classes: int) -> Gaussian:
    """Match one Gaussian to the aggregate posterior of each class.

    Parameters
    ----------
    means, variances : (*nets, n, d)
        The encoder's Gaussian of each image. With variances of zero this is
        the covariance of the points themselves.
    labels : Tensor, (n,) int64
        Classes from 0 up.
    n_classes : int
        Number of classes.

    Returns
    -------
    Gaussian
        Leading dimensions (*nets, n_classes).

    Raises
    ------
    ValueError
        If a class has no image, or a label is none of the classes.
    """
    checks.classes("labels", labels, n_classes)
    rows = [rows_of(labels, k) for k in range(n_classes)]
    parts = [mixture_moments(means[..., i, :], variances[..., i, :]) for i in rows]
    return Gaussian(
        torch.stack([part.mean for part in parts], -2),
        torch.stack([part.covariance for part in parts], -3),
    )


@checks.arguments(points="float points dims", means="float n dims", variances="float n dims")
def mixture_log_density(
    points: Tensor, means: Tensor, variances: Tensor, chunk: int = 500
) -> Tensor:
    """Compute the log density of an equal mixture of diagonal Gaussians.

    Parameters
    ----------
    points : Tensor, (m, d)
        Where the density is wanted.
    means, variances : (n, d)
        One component an image.
    chunk : int
        Components evaluated at once, which bounds the memory.

    Returns
    -------
    Tensor, (m,)
        Nats.

    Examples
    --------
    >>> zero = torch.zeros(1, 2)
    >>> mixture_log_density(zero, zero, torch.ones(1, 2)).round(decimals=4)
    tensor([-1.8379])
    """
    _check_sign("variances", variances, variances > 0)
    checks.count("chunk", chunk)
    parts = []
    for mean, variance in zip(means.split(chunk), variances.split(chunk), strict=True):
        z = (points[:, None] - mean).square() / variance + variance.log()
        parts.append((-z.sum(-1) / 2).logsumexp(-1))
    constant = points.shape[-1] * math.log(2 * math.pi) / 2
    return torch.stack(parts).logsumexp(0) - math.log(len(means)) - constant


@checks.arguments(density="float ... height width")
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
    Tensor, (*nets,)
        In the unit of the density.

    Raises
    ------
    ValueError
        If the mass is none, or a density is negative.

    Examples
    --------
    >>> region_level(torch.tensor([[0.5, 0.3], [0.1, 0.1]]), 0.75)
    tensor(0.3000)
    """
    checks.probability("mass", mass)
    if not (density >= 0).all():
        raise ValueError(f"density must be 0 or above, got a least value of {density.min():g}")
    ordered = density.flatten(-2).sort(-1, descending=True).values
    if not (ordered[..., 0] > 0).all():
        raise ValueError("density must be above 0 somewhere, got zeros alone")
    share = ordered.cumsum(-1) / ordered.sum(-1, keepdim=True)
    index = (share < mass).sum(-1, keepdim=True)
    last = ordered.shape[-1] - 1
    return ordered.gather(-1, index.clamp_max(last)).squeeze(-1)


@checks.arguments(points="float points dims")
def log_density(points: Tensor, gaussian: Gaussian) -> Tensor:
    """Compute log N(x; m, Σ), nats: points (m, d) give (*nets, m).

    Parameters
    ----------
    points : Tensor, (m, d)
        Where the density is wanted.
    gaussian : Gaussian
        One or many.

    Returns
    -------
    Tensor, (*nets, m)
        Nats.

    Raises
    ------
    ValueError
        If a covariance is singular.
    """
    checks.shape("points", points, ("points", gaussian.mean.shape[-1]))
    factor = factor_of(gaussian.covariance)
    centred = points - gaussian.mean.unsqueeze(-2)
    z = torch.linalg.solve_triangular(factor, centred.mT, upper=False)
    constant = points.shape[-1] * math.log(2 * math.pi)
    return -(z.square().sum(-2) + log_det(factor).unsqueeze(-1) + constant) / 2


@checks.arguments()
def ellipse(gaussian: Gaussian, n_std: float, n_points: int = 64) -> Tensor:
    """Trace (x−m)ᵀ Σ⁻¹ (x−m) = n_std² of a Gaussian in the plane.

    Parameters
    ----------
    gaussian : Gaussian
        In the plane, one or many.
    n_std : float
        Distance in standard deviations, above 0.
    n_points : int
        Of the polygon.

    Returns
    -------
    Tensor, (*nets, n_points, 2)
        The last point is the first.

    Raises
    ------
    ValueError
        If the Gaussian is not two-dimensional, or its covariance singular.

    Examples
    --------
    >>> one = Gaussian(torch.zeros(2), torch.eye(2))
    >>> ellipse(one, 2.0, n_points=3).round(decimals=4).abs()
    tensor([[2., 0.],
            [2., 0.],
            [2., 0.]])
    """
    checks.positive("n_std", n_std)
    checks.count("n_points", n_points)
    mean = gaussian.mean
    if mean.shape[-1] != 2:
        got = f"{mean.shape[-1]} dimensions"
        raise ValueError(f"gaussian must be two-dimensional to have an ellipse, got {got}")
    angle = torch.linspace(0, 2 * math.pi, n_points, dtype=mean.dtype, device=mean.device)
    circle = torch.stack([angle.cos(), angle.sin()], -1)
    return mean.unsqueeze(-2) + n_std * circle @ factor_of(gaussian.covariance).mT


def rows_of(labels: Tensor, k: int) -> Tensor:
    """Return which images are of class k; refuse a class without any.

    Parameters
    ----------
    labels : Tensor, (n,) int64
        Classes.
    k : int
        A class.

    Returns
    -------
    Tensor, (n_k,) int64
        Indices.

    Raises
    ------
    ValueError
        If there is none.
    """
    rows = (labels == k).nonzero().flatten()
    if not len(rows):
        raise ValueError(f"labels must hold each class, got none of class {k}: take more images")
    return rows


def factor_of(covariance: Tensor) -> Tensor:
    """Return the Cholesky factor of a class's covariance.

    Parameters
    ----------
    covariance : Tensor, (*nets, d, d)
        Symmetric.

    Returns
    -------
    Tensor, (*nets, d, d)
        Lower triangle L with Σ = L Lᵀ.

    Raises
    ------
    ValueError
        If a covariance is singular.
    """
    return cholesky(
        covariance,
        "covariance",
        smallest_pivot=8 * torch.finfo(covariance.dtype).eps,
        remedy="its class needs more images than dimensions, or lies on a line or a point",
    )


def log_det(factor: Tensor) -> Tensor:
    """Return log |Σ| from the Cholesky factor of Σ.

    Parameters
    ----------
    factor : Tensor, (*nets, d, d)
        Lower triangle L with Σ = L Lᵀ.

    Returns
    -------
    Tensor, (*nets,)
    """
    return 2 * factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def _check_sign(name: str, values: Tensor, holds: Tensor) -> None:
    if not holds.all():
        raise ValueError(f"{name} must be above 0 (0 only in moments), got {values.min():g}")
