"""Laplace's approximation: a Gaussian around a mode, and f linearised there."""

import math
from typing import NamedTuple

import torch

from tinynets import bnn, checks
from tinynets.linalg import JITTER, cholesky


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


@checks.arguments()
def fit(posterior: bnn.Posterior, mode: torch.Tensor) -> Laplace:
    r"""Approximate a posterior by a Gaussian at one of its modes.

    The precision is the generalised Gauss-Newton one,
    $\sum_i J_i^\top H_i J_i / T + \mathrm{diag}(1/p^2)$ with $J_i =
    \partial f_i / \partial\theta$ at the data, $T$ the temperature and $H_i$
    the Fisher information of the likelihood in the outputs: $1/s^2$ for a
    Gaussian, $\mathrm{diag}(\pi) - \pi\pi^\top$ for classes, the Hessian of
    $-\log p$ for a callable. It is exact for a Gaussian likelihood and a
    model that is linear in its weights. An unknown noise gets the Fisher
    information of $\log s$ beside it, and the curvature of its prior.

    Parameters
    ----------
    posterior : Posterior
        At any temperature.
    mode : torch.Tensor, (dim,)
        A maximum, as from `train.maximise`.

    Returns
    -------
    Laplace
        The Gaussian, and the log evidence that it gives, in nats.

    Raises
    ------
    torch.linalg.LinAlgError
        If the precision is not positive definite: `mode` is no maximum.

    References
    ----------
    MacKay (1992); Immer, Korzepa and Bauer (2021) for the linearisation.

    Examples
    --------
    >>> from tinynets.nets import MLP
    >>> x = torch.linspace(-1, 1, 5)[:, None].double()
    >>> line = bnn.Posterior(MLP([1, 1]), x, 2 * x, bnn.Gaussian(0.1))
    >>> fit(line, torch.tensor([2.0, 0.0]).double()).factor.diagonal().round(decimals=3)
    tensor([0.0630, 0.0450], dtype=torch.float64)
    """
    checks.shape("mode", mode, (posterior.dim,))
    checks.like_x("mode", mode, posterior.x)
    n_weights = len(posterior.prior_std)
    fisher = posterior.likelihood.given(mode[n_weights:]).fisher(
        _outputs(posterior, mode), posterior.y
    )  # (n, outputs, outputs)
    jacobian = jacobian_of(posterior, mode[:n_weights], posterior.x)
    jacobian = jacobian.unflatten(0, fisher.shape[:2])  # (n, outputs, weights)
    of_weights = torch.einsum("nkd,nkl,nle->de", jacobian, fisher, jacobian)
    precision = torch.block_diag(
        of_weights / posterior.temperature + posterior.prior_std.square().reciprocal().diag(),
        _precision_of_unknowns(posterior, mode[n_weights:]),
    )
    lower = cholesky(
        precision,
        "the precision at the mode",
        jitter=JITTER,
        remedy="find the maximum first, with train.maximise",
    )
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


@checks.arguments()
def linearised(
    posterior: bnn.Posterior, approximation: Laplace, x: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and standard deviation of f(x) with f linear around the mode.

    Parameters
    ----------
    posterior : Posterior
        The one that was approximated.
    approximation : Laplace
        From `fit`.
    x : torch.Tensor, (n, ...)
        Where.

    Returns
    -------
    Tensor, (n,) or (n, outputs)
        Mean of f(x).
    Tensor, (n,) or (n, outputs)
        Standard deviation of f(x), without the noise.

    Examples
    --------
    >>> from tinynets.nets import MLP
    >>> x = torch.linspace(-1, 1, 5)[:, None].double()
    >>> line = bnn.Posterior(MLP([1, 1]), x, 2 * x, bnn.Gaussian(0.1))
    >>> mean, std = linearised(line, fit(line, torch.tensor([2.0, 0.0]).double()), x[:1])
    >>> mean, std.round(decimals=3)
    (tensor([-2.], dtype=torch.float64), tensor([0.0770], dtype=torch.float64))
    """
    checks.shape("approximation.mode", approximation.mode, (posterior.dim,))
    n_weights = len(posterior.prior_std)
    mode = approximation.mode[:n_weights]
    mean = posterior.functions(mode, x)
    spread = jacobian_of(posterior, mode, x) @ approximation.factor[:n_weights]
    return mean, spread.square().sum(1).sqrt().view_as(mean)


@checks.arguments()
def jacobian_of(posterior: bnn.Posterior, theta: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Return the derivative of f(x) by the weights, (n * outputs, weights).

    Parameters
    ----------
    posterior : Posterior
        Whose network.
    theta : torch.Tensor, (weights,)
        Flat weights.
    x : torch.Tensor, (n, ...)
        Inputs.

    Returns
    -------
    torch.Tensor, (n * outputs, weights)
        Outputs of one input behind one another.

    Examples
    --------
    >>> from tinynets.nets import MLP
    >>> x = torch.linspace(-1, 1, 5)[:, None].double()
    >>> line = bnn.Posterior(MLP([1, 1]), x, 2 * x, bnn.Gaussian(0.1))
    >>> jacobian_of(line, torch.zeros(2).double(), x[:1])
    tensor([[-1.,  1.]], dtype=torch.float64)
    """
    checks.shape("theta", theta, (len(posterior.prior_std),))
    checks.like_x("theta", theta, posterior.x)
    return torch.autograd.functional.jacobian(
        lambda weights: posterior.functions(weights, x).flatten(), theta
    )


def _outputs(posterior: bnn.Posterior, mode: torch.Tensor) -> torch.Tensor:
    """Return f at the data, (n, outputs)."""
    values = posterior.functions(mode, posterior.x)
    return values.unsqueeze(-1) if posterior.n_outputs == 1 else values


def _precision_of_unknowns(posterior: bnn.Posterior, unknowns: torch.Tensor) -> torch.Tensor:
    """Return Fisher information less the curvature of the log prior, (k, k)."""
    if not len(unknowns):
        return unknowns.new_zeros(0, 0)
    curvature = torch.autograd.functional.hessian(posterior.likelihood.log_prior, unknowns)
    information = posterior.likelihood.fisher_of_unknowns(len(posterior.x), posterior.n_outputs)
    scale = information / posterior.temperature
    return scale * torch.ones_like(unknowns).diag() - curvature
