"""Laplace's approximation: a Gaussian around a mode, and f linearised there."""

import math
from typing import NamedTuple

import torch

from tinynets import bnn
from tinynets.gp import cholesky


class Laplace(NamedTuple):
    """A Gaussian around a mode, and f linearised there."""

    mode: torch.Tensor  # (dim,)
    factor: torch.Tensor  # (dim, dim): covariance = factor factor'
    log_evidence: torch.Tensor  # (), nats

    def sample(self, n_samples: int, *, generator: torch.Generator) -> torch.Tensor:
        """Draw weights, (n_samples, dim)."""
        normal = torch.randn(
            n_samples,
            len(self.mode),
            dtype=self.mode.dtype,
            device=self.mode.device,
            generator=generator,
        )
        return self.mode + normal @ self.factor.mT


def fit(posterior: bnn.Posterior, mode: torch.Tensor) -> Laplace:
    r"""Approximate a posterior by a Gaussian at one of its modes.

    The precision is the generalised Gauss-Newton one,
    $J^\top J / s^2 + \mathrm{diag}(1/p^2)$ with $J = \partial f /
    \partial\theta$ at the data: positive definite everywhere, and exact for
    a model that is linear in its weights.

    Parameters
    ----------
    posterior : Posterior
        With fixed noise and temperature 1.
    mode : torch.Tensor, (dim,)
        A maximum, as from `train.maximise`.

    References
    ----------
    MacKay (1992); Immer, Korzepa and Bauer (2021) for the linearisation.
    """
    if posterior.dim != len(posterior.prior_std):
        raise ValueError(
            f"noise must be fixed for a Laplace approximation, got a prior, {posterior.noise}"
        )
    jacobian = jacobian_of(posterior, mode, posterior.x)
    precision = (
        jacobian.mT @ jacobian / posterior.noise**2
        + posterior.prior_std.square().reciprocal().diag()
    )
    lower = cholesky(precision, "the precision at the mode")
    # precision = L L' gives covariance = L^-T L^-1.
    factor = torch.linalg.solve_triangular(
        lower.mT, torch.eye(len(mode), dtype=mode.dtype, device=mode.device), upper=True
    )
    log_evidence = (
        posterior(mode[None])[0]
        + 0.5 * len(mode) * math.log(2 * math.pi)
        - lower.diagonal().log().sum()
    )
    return Laplace(mode, factor, log_evidence)


def linearised(
    posterior: bnn.Posterior, approximation: Laplace, x: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and std of f(x) with f linear around the mode, (n,)."""
    spread = jacobian_of(posterior, approximation.mode, x) @ approximation.factor
    mean = posterior.functions(approximation.mode[None], x)[0, :, 0]
    return mean, spread.square().sum(1).sqrt()


def jacobian_of(posterior: bnn.Posterior, theta: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Return the derivative of f(x) by the weights, (n * outputs, dim)."""
    return torch.autograd.functional.jacobian(
        lambda t: posterior.functions(t[None], x)[0].flatten(), theta
    )
