"""Mass matrices: which directions a sampler takes for long ones."""

from typing import NamedTuple

import torch
from torch import Tensor

from tinynets import checks
from tinynets.linalg import cholesky


class Mass(NamedTuple):
    """A mass matrix, by its inverse: an estimate of the covariance."""

    inverse: Tensor  # variance (dim,) or (chains, dim); or covariance
    root: Tensor  # (co)variance = root rootᵀ
    dense: bool


@checks.arguments()
def diagonal_mass(variance: Tensor) -> Mass:
    """Make a mass matrix from the variance of each coordinate.

    Parameters
    ----------
    variance : Tensor
        (dim,), or (chains, dim) for one mass matrix a chain; above 0.

    Returns
    -------
    Mass
        Diagonal.

    Raises
    ------
    ValueError
        If the shape does not fit, or a variance is not finite and above 0.
    """
    if variance.ndim not in (1, 2):
        raise ValueError(
            f"variance must have shape (dim,) or (chains, dim), got {tuple(variance.shape)}"
        )
    checks.finite("variance", variance)
    if not (variance > 0).all():
        raise ValueError(
            "variance must be above 0 in every coordinate, got "
            f"a minimum of {variance.min().item()}"
        )
    return Mass(variance, variance.sqrt(), dense=False)


@checks.arguments()
def dense_mass(covariance: Tensor) -> Mass:
    """Make a mass matrix from a covariance.

    Parameters
    ----------
    covariance : Tensor
        (dim, dim), or (chains, dim, dim) for one mass matrix a chain;
        symmetric and positive definite.

    Returns
    -------
    Mass
        Dense.

    Raises
    ------
    ValueError
        If the shape does not fit, or the covariance is not positive definite.
    """
    if covariance.ndim not in (2, 3) or (covariance.shape[-1] != covariance.shape[-2]):
        raise ValueError(
            "covariance must have shape (dim, dim) or (chains, "
            f"dim, dim), got {tuple(covariance.shape)}"
        )
    if not torch.allclose(covariance, covariance.mT, rtol=1e-4, atol=1e-6):
        raise ValueError("covariance must be symmetric; take (covariance + covariance.mT) / 2")
    root = cholesky(covariance, "covariance", remedy="add a small multiple of the identity")
    return Mass(covariance, root, dense=True)


def checked(mass: Mass | None) -> Mass | None:
    """Return a mass matrix, if it is one.

    Parameters
    ----------
    mass : Mass or None
        What was given.

    Returns
    -------
    Mass or None

    Raises
    ------
    TypeError
        If it is something else, such as a tensor.
    """
    if mass is not None and not isinstance(mass, Mass):
        raise TypeError(
            f"mass must be a Mass, from diagonal_mass or dense_mass, got {type(mass).__name__}"
        )
    return mass


def draw_momentum(mass: Mass | None, position: Tensor, *, generator: torch.Generator) -> Tensor:
    """Draw p ~ N(0, M), of the shape of the position.

    Parameters
    ----------
    mass : Mass or None
        The identity if None.
    position : Tensor, (chains, dim)
        Whose shape, dtype and device count.
    generator : torch.Generator
        Source of the draws.

    Returns
    -------
    Tensor, (chains, dim)
        Momenta.

    Raises
    ------
    TypeError, ValueError
        If the mass is none, or of another number of coordinates.
    """
    mass = checked(mass)
    if mass is not None and mass.inverse.shape[-1] != position.shape[-1]:
        raise ValueError(
            f"mass must be of {position.shape[-1]} coordinates, as position is, got "
            f"{mass.inverse.shape[-1]}"
        )
    normal = torch.randn(
        position.shape, generator=generator, dtype=position.dtype, device=position.device
    )
    if mass is None:
        return normal
    if not mass.dense:
        return normal.div_(mass.root)
    return torch.linalg.solve_triangular(mass.root.mT, normal.unsqueeze(-1), upper=True).squeeze(-1)


def velocity(mass: Mass | None, momentum: Tensor) -> Tensor:
    """Return M⁻¹ p.

    Parameters
    ----------
    mass : Mass or None
        The identity if None.
    momentum : Tensor, (chains, dim)
        p.

    Returns
    -------
    Tensor, (chains, dim)
        dq/dt.
    """
    if mass is None:
        return momentum
    if not mass.dense:
        return momentum * mass.inverse
    return (mass.inverse @ momentum.unsqueeze(-1)).squeeze(-1)


def kinetic_energy(mass: Mass | None, momentum: Tensor) -> Tensor:
    """Return pᵀ M⁻¹ p / 2 in nats, (chains,).

    Parameters
    ----------
    mass : Mass or None
        The identity if None.
    momentum : Tensor, (chains, dim)
        p.

    Returns
    -------
    Tensor, (chains,)
        Nats.
    """
    return torch.linalg.vecdot(velocity(mass, momentum), momentum).mul_(0.5)
