"""Gaussian processes: draws, the exact posterior and its evidence."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch

from tinynets import checks

# Added to the diagonal of a covariance before it is factorised, relative to
# its largest entry: float64 loses positive definiteness below that.
JITTER = 1e-10

Kernel = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class Regression(NamedTuple):
    """Noisy observations of a function drawn from a process."""

    x: torch.Tensor  # (n, 1), ascending
    y: torch.Tensor  # (n, 1)
    x_star: torch.Tensor  # (n_star, 1)
    f_star: torch.Tensor  # (n_star,), the function itself


class GPPosterior(NamedTuple):
    """What a Gaussian process says of f after seeing the data."""

    mean: torch.Tensor  # (n_star,)
    covariance: torch.Tensor  # (n_star, n_star)
    log_evidence: torch.Tensor  # (), nats

    @property
    def std(self) -> torch.Tensor:
        """Standard deviation of f at each point, without the noise."""
        return self.covariance.diagonal().clamp(min=0).sqrt()


def draw(
    x: torch.Tensor, kernel: Kernel, *, n_draws: int = 1, generator: torch.Generator
) -> torch.Tensor:
    """Draw functions from a zero-mean Gaussian process.

    Parameters
    ----------
    x : torch.Tensor, (n, inputs)
        Where the functions are wanted, float64.
    kernel : callable
        `kernel(x1, x2)` gives the covariances `(n1, n2)`.
    n_draws : int
        Number of functions.
    generator : torch.Generator
        Source of the draws.

    Returns
    -------
    torch.Tensor, (n_draws, n)
        One function a row.
    """
    checks.count("n_draws", n_draws)
    factor = cholesky(kernel(x, x), "the kernel matrix")
    normal = torch.randn(n_draws, len(x), dtype=x.dtype, device=x.device, generator=generator)
    return normal @ factor.mT


def draw_regression(
    n_points: int,
    kernel: Kernel,
    x_star: torch.Tensor,
    *,
    noise_std: float,
    low: float = -2.0,
    high: float = 2.0,
    gap: tuple[float, float] | None = None,
    generator: torch.Generator,
) -> Regression:
    """Draw a function and noisy observations of it.

    Parameters
    ----------
    n_points : int
        Number of observations.
    kernel : callable
        Covariance of the function.
    x_star : torch.Tensor, (n_star, 1)
        Where the function itself is wanted too, float64.
    noise_std : float
        Standard deviation of the observation noise, above 0.
    low, high : float
        The inputs are uniform between them.
    gap : (float, float), optional
        No input falls into this interval inside (low, high).
    generator : torch.Generator
        Source of the draws.
    """
    checks.count("n_points", n_points)
    checks.positive("noise_std", noise_std)
    start, end = gap or (high, high)
    if not low <= start <= end <= high:
        raise ValueError(f"gap must be an interval inside ({low}, {high}), got {gap}")
    x = low + (high - low - (end - start)) * torch.rand(
        n_points, dtype=x_star.dtype, device=x_star.device, generator=generator
    )
    x = torch.where(x > start, x + end - start, x).sort().values[:, None]
    f = draw(torch.cat([x, x_star]), kernel, generator=generator)[0]
    y = f[:n_points, None] + noise_std * torch.randn(
        n_points, 1, dtype=f.dtype, device=f.device, generator=generator
    )
    return Regression(x, y, x_star, f[n_points:])


def posterior(
    x: torch.Tensor, y: torch.Tensor, x_star: torch.Tensor, kernel: Kernel, *, noise_std: float
) -> GPPosterior:
    r"""Condition a zero-mean Gaussian process on noisy observations.

    $m_* = K_{*x} (K_{xx} + s^2 I)^{-1} y$ and
    $C_* = K_{**} - K_{*x} (K_{xx} + s^2 I)^{-1} K_{x*}$

    Parameters
    ----------
    x, y : torch.Tensor, (n, inputs) and (n,)
        The data, float64.
    x_star : torch.Tensor, (n_star, inputs)
        Where the function is wanted.
    kernel : callable
        `kernel(x1, x2)` gives the covariances `(n1, n2)`.
    noise_std : float
        Standard deviation $s$ of the observation noise, above 0.

    Returns
    -------
    GPPosterior
        Mean and covariance of f at `x_star`, and log p(y) in nats.

    References
    ----------
    Rasmussen and Williams (2006), Algorithm 2.1.
    """
    checks.positive("noise_std", noise_std)
    checks.shape("x", x, ("n", "inputs"))
    checks.shape("y", y, (len(x),))
    noisy = kernel(x, x) + noise_std**2 * torch.eye(len(x), dtype=x.dtype, device=x.device)
    factor = cholesky(noisy, "the kernel matrix plus noise")  # line 2
    cross = torch.linalg.solve_triangular(  # line 5
        factor, kernel(x, x_star), upper=False
    )  # (n, n_star)
    white = torch.linalg.solve_triangular(factor, y[:, None], upper=False)  # (n, 1)
    log_evidence = (
        -0.5 * white.square().sum()  # line 7
        - factor.diagonal().log().sum()
        - 0.5 * len(x) * math.log(2 * math.pi)
    )
    return GPPosterior(
        (cross.mT @ white)[:, 0], kernel(x_star, x_star) - cross.mT @ cross, log_evidence
    )


def cholesky(matrix: torch.Tensor, name: str) -> torch.Tensor:
    """Factorise a covariance, a relative `JITTER` added to its diagonal.

    Raises
    ------
    torch.linalg.LinAlgError
        If it is not positive definite; the message says what to do.
    """
    jitter = JITTER * matrix.diagonal().max()
    try:
        return torch.linalg.cholesky(
            matrix + jitter * torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device)
        )
    except torch.linalg.LinAlgError as error:
        raise torch.linalg.LinAlgError(
            f"{name} ({len(matrix)} points, {matrix.dtype}) is not positive "
            "definite; use float64, drop points that coincide or add noise"
        ) from error
