"""Distances between Gaussians, in closed form."""

from collections.abc import Callable

import torch
from torch import Tensor

from tinynets import checks
from tinynets.latents.gaussians import Gaussian, factor_of, log_det


@checks.arguments()
def bhattacharyya(a: Gaussian, b: Gaussian) -> Tensor:
    """Compute the Bhattacharyya distance −log ∫ √(p q), nats.

    ⅛ (m₁−m₂)ᵀ Σ⁻¹ (m₁−m₂) + ½ log(|Σ| / √(|Σ₁||Σ₂|)), Σ = (Σ₁+Σ₂)/2;
    leading dimensions broadcast.

    Parameters
    ----------
    a, b : Gaussian
        One or many each.

    Returns
    -------
    Tensor, of the broadcast leading dimensions
        Nats.

    Raises
    ------
    ValueError
        If a covariance is singular.

    Examples
    --------
    >>> from tinynets.latents.gaussians import Gaussian
    >>> a, b = (Gaussian(torch.full((2,), m), torch.eye(2)) for m in (0.0, 2.0))
    >>> bhattacharyya(a, b)
    tensor(1.)
    """
    _same_dims(a, b)
    middle = factor_of((a.covariance + b.covariance) / 2)
    log_dets = log_det(factor_of(a.covariance)) + log_det(factor_of(b.covariance))
    return _mahalanobis(a.mean - b.mean, middle) / 8 + log_det(middle) / 2 - log_dets / 4


def _same_dims(a: Gaussian, b: Gaussian) -> None:
    if a.mean.shape[-1] != b.mean.shape[-1]:
        raise ValueError(
            f"b must have the {a.mean.shape[-1]} dimensions of a, got {b.mean.shape[-1]}"
        )


@checks.arguments()
def overlap(a: Gaussian, b: Gaussian) -> Tensor:
    """Compute the Bhattacharyya coefficient ∫ √(p q): 1 equal, 0 apart.

    Parameters
    ----------
    a, b : Gaussian
        One or many each.

    Returns
    -------
    Tensor, of the broadcast leading dimensions
        In [0, 1].

    Raises
    ------
    ValueError
        If a covariance is singular.
    """
    return torch.exp(-bhattacharyya(a, b))


@checks.arguments()
def kl(a: Gaussian, b: Gaussian) -> Tensor:
    """Compute KL(a ‖ b) of two Gaussians, nats.

    ½ [tr(Σ_b⁻¹ Σ_a) + (m_b−m_a)ᵀ Σ_b⁻¹ (m_b−m_a) − d + log |Σ_b|/|Σ_a|];
    leading dimensions broadcast.

    Parameters
    ----------
    a, b : Gaussian
        One or many each.

    Returns
    -------
    Tensor, of the broadcast leading dimensions
        Nats.

    Raises
    ------
    ValueError
        If a covariance is singular.

    Examples
    --------
    >>> from tinynets.latents.gaussians import Gaussian
    >>> a, b = (Gaussian(torch.full((2,), m), torch.eye(2)) for m in (0.0, 2.0))
    >>> kl(a, b)
    tensor(4.)
    """
    _same_dims(a, b)
    factor_a, factor_b = factor_of(a.covariance), factor_of(b.covariance)
    ratio = torch.linalg.solve_triangular(factor_b, factor_a, upper=False)
    return (
        ratio.square().sum((-2, -1))
        + _mahalanobis(b.mean - a.mean, factor_b)
        - a.mean.shape[-1]
        + log_det(factor_b)
        - log_det(factor_a)
    ) / 2


@checks.arguments()
def pairwise(compare: Callable[[Gaussian, Gaussian], Tensor], classes: Gaussian) -> Tensor:
    """Compare each class with each: (*nets, n) give (*nets, n, n).

    Parameters
    ----------
    compare : callable
        Such as `overlap` or `kl`.
    classes : Gaussian
        With leading dimensions (*nets, n).

    Returns
    -------
    Tensor, (*nets, n, n)
        Row i, column j: `compare(i, j)`.

    Raises
    ------
    ValueError
        If there is one Gaussian only.

    Examples
    --------
    >>> from tinynets.latents.gaussians import Gaussian
    >>> classes = Gaussian(torch.tensor([[0.0], [2.0]]), torch.ones(2, 1, 1))
    >>> pairwise(kl, classes)
    tensor([[0., 2.],
            [2., 0.]])
    """
    if classes.mean.ndim < 2:
        raise ValueError(f"classes must be several, got mean of shape {tuple(classes.mean.shape)}")
    rows = Gaussian(classes.mean.unsqueeze(-2), classes.covariance.unsqueeze(-3))
    columns = Gaussian(classes.mean.unsqueeze(-3), classes.covariance.unsqueeze(-4))
    return compare(rows, columns)


@checks.arguments()
def log_volume(gaussian: Gaussian) -> Tensor:
    """Compute log √|Σ|, the log of an ellipse's size: (*nets,).

    Parameters
    ----------
    gaussian : Gaussian
        One or many.

    Returns
    -------
    Tensor, (*nets,)
        Nats.

    Raises
    ------
    ValueError
        If a covariance is singular.
    """
    return log_det(factor_of(gaussian.covariance)) / 2


def _mahalanobis(difference: Tensor, factor: Tensor) -> Tensor:
    shape = torch.broadcast_shapes(difference.shape, factor.shape[:-1])
    z = torch.linalg.solve_triangular(factor, difference.expand(shape).unsqueeze(-1), upper=False)
    return z.square().sum((-2, -1))
