"""Gaussian processes: draws, the exact posterior and its evidence."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch

from tinynets import checks
from tinynets.linalg import JITTER, cholesky

# New points whose variances are computed at a time: bounds the memory.
BLOCK = 512

Kernel = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class Regression(NamedTuple):
    """Noisy observations of a function drawn from a process."""

    x: torch.Tensor  # (n, 1), ascending
    y: torch.Tensor  # (n, 1)
    x_star: torch.Tensor  # (n_star, 1)
    f_star: torch.Tensor  # (n_star,), the function itself


class GPPosterior(NamedTuple):
    """What a Gaussian process says of f after seeing the data."""

    mean: torch.Tensor  # (n_star,), or (n_star, outputs) for several outputs
    covariance: torch.Tensor  # (n_star, n_star), that of each output
    log_evidence: torch.Tensor  # (), nats, summed over outputs

    @property
    def std(self) -> torch.Tensor:
        """Standard deviation of f at each point, without the noise, (n_star,)."""
        return self.covariance.diagonal().clamp(min=0).sqrt()

    def sample(self, n_draws: int, *, generator: torch.Generator) -> torch.Tensor:
        """Draw functions, (n_draws, n_star) or (n_draws, n_star, outputs)."""
        checks.count("n_draws", n_draws)
        factor = cholesky(self.covariance, "the posterior covariance", jitter=JITTER)
        normal = torch.randn(
            n_draws, *self.mean.shape, dtype=factor.dtype, device=factor.device, generator=generator
        )
        return self.mean + torch.einsum("ij,dj...->di...", factor, normal)


class Conditioned(NamedTuple):
    """A Gaussian process that has seen its data: one factorisation for all that follows."""

    factor: torch.Tensor  # (n, n), lower Cholesky factor of K + s^2 I
    weights: torch.Tensor  # (n,), or (n, outputs) for several outputs: (K + s^2 I)^-1 y
    log_evidence: torch.Tensor  # (), nats, summed over outputs

    def mean(self, k_star: torch.Tensor) -> torch.Tensor:
        """Return the posterior mean from covariances `k_star` (n_star, n) with the data."""
        return k_star @ self.weights

    def variance(self, k_star: torch.Tensor, prior_var: torch.Tensor) -> torch.Tensor:
        """Return the posterior variance of f at each point, without the full covariance.

        Parameters
        ----------
        k_star : torch.Tensor, (n_star, n)
            Covariances with the data.
        prior_var : torch.Tensor, (n_star,)
            Variances k(x*, x*) before the data.

        Returns
        -------
        torch.Tensor, (n_star,)
            Without the noise; the same for each output.
        """
        checks.shape("prior_var", prior_var, (len(k_star),))
        explained = [self._whiten(part).square().sum(0) for part in k_star.split(BLOCK)]
        return (prior_var - torch.cat(explained)).clamp(min=0)

    def posterior(self, k_star: torch.Tensor, k_star_star: torch.Tensor) -> GPPosterior:
        """Return mean and full covariance at new points.

        Parameters
        ----------
        k_star, k_star_star : torch.Tensor, (n_star, n) and (n_star, n_star)
            Covariances with the data, and among the new points.
        """
        cross = self._whiten(k_star)
        return GPPosterior(self.mean(k_star), k_star_star - cross.mT @ cross, self.log_evidence)

    def _whiten(self, k_star: torch.Tensor) -> torch.Tensor:
        """Return L^-1 k_star', (n, n_star)."""
        return torch.linalg.solve_triangular(self.factor, k_star.mT, upper=False)


@checks.arguments(x="float n | float n inputs")
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

    Examples
    --------
    >>> from tinynets.kernels import exponentiated_quadratic as kernel
    >>> x = torch.linspace(-1, 1, 5, dtype=torch.float64)[:, None]
    >>> draw(x, kernel, n_draws=3, generator=torch.Generator().manual_seed(0)).shape
    torch.Size([3, 5])
    """
    checks.count("n_draws", n_draws)
    factor = cholesky(kernel(x, x), "the kernel matrix", jitter=JITTER)
    normal = torch.randn(n_draws, len(x), dtype=x.dtype, device=x.device, generator=generator)
    return normal @ factor.mT


@checks.arguments(x_star="float m 1")
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

    Returns
    -------
    Regression
        Observations, and the function itself at `x_star`.

    Raises
    ------
    ValueError
        If a number is out of its range, or the gap lies outside (low, high).

    Examples
    --------
    >>> from tinynets.kernels import exponentiated_quadratic as kernel
    >>> x_star = torch.linspace(-2, 2, 5, dtype=torch.float64)[:, None]
    >>> options = {"noise_std": 0.1, "generator": torch.Generator()}
    >>> draw_regression(8, kernel, x_star, **options).y.shape
    torch.Size([8, 1])
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


@checks.arguments(k="float n n", y="float finite n outputs | float n")
def condition(k: torch.Tensor, y: torch.Tensor, *, noise_std: float) -> Conditioned:
    r"""Factorise a kernel matrix once, for every prediction from the same data.

    Parameters
    ----------
    k : torch.Tensor, (n, n)
        Covariances of f at the data, such as an NNGP kernel; float64 is advised.
    y : torch.Tensor, (n,) or (n, outputs)
        Observations; outputs are independent and share the kernel.
    noise_std : float
        Standard deviation $s$ of the observation noise, 0 or above.

    Returns
    -------
    Conditioned
        With mean, variance, covariance and draws at new points, and
        $\log p(y) = -\tfrac12 y^\top (K + s^2 I)^{-1} y
        - \tfrac12 \log\det(K + s^2 I) - \tfrac n2 \log 2\pi$.

    Raises
    ------
    torch.linalg.LinAlgError
        If $K + s^2 I$ is not positive definite; says why and what to do.

    References
    ----------
    Rasmussen and Williams (2006), Algorithm 2.1.

    Examples
    --------
    >>> k, y = torch.eye(2, dtype=torch.float64), torch.ones(2, dtype=torch.float64)
    >>> condition(k, y, noise_std=1.0).weights
    tensor([0.5000, 0.5000], dtype=torch.float64)
    """
    checks.non_negative("noise_std", noise_std)
    checks.shape("k", k, ("n", "n"))
    checks.shape("y", y, (len(k), "outputs") if y.ndim == 2 else (len(k),))
    factor = cholesky(  # line 2
        k, "the kernel matrix plus noise", add=noise_std**2, jitter=JITTER
    )
    columns = y.reshape(len(y), -1)
    weights = torch.cholesky_solve(columns, factor)  # line 3
    log_evidence = (
        -0.5 * (columns * weights).sum()  # line 7
        - columns.shape[1] * (factor.diagonal().log().sum() + 0.5 * len(y) * math.log(2 * math.pi))
    )
    # One output has no dimension of its own, however y was given.
    weights = weights[:, 0] if columns.shape[1] == 1 else weights
    return Conditioned(factor, weights, log_evidence)


@checks.arguments(
    x="float n inputs | float n",
    y="float finite n outputs | float n",
    x_star="float m inputs | float m",
)
def posterior(
    x: torch.Tensor, y: torch.Tensor, x_star: torch.Tensor, kernel: Kernel, *, noise_std: float
) -> GPPosterior:
    r"""Condition a zero-mean Gaussian process on noisy observations.

    $m_* = K_{*x} (K_{xx} + s^2 I)^{-1} y$ and
    $C_* = K_{**} - K_{*x} (K_{xx} + s^2 I)^{-1} K_{x*}$

    Parameters
    ----------
    x, y : torch.Tensor, (n, inputs) and (n,) or (n, outputs)
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

    Raises
    ------
    ValueError
        If shapes do not fit, or `noise_std` is not above 0.

    Examples
    --------
    >>> from tinynets.kernels import exponentiated_quadratic as kernel
    >>> x, y = torch.zeros(1, 1, dtype=torch.float64), torch.ones(1, dtype=torch.float64)
    >>> posterior(x, y, x, kernel, noise_std=1.0).mean
    tensor([0.5000], dtype=torch.float64)
    """
    checks.positive("noise_std", noise_std)
    checks.shape("x", x, ("n", "inputs"))
    checks.shape("y", y, (len(x), "outputs") if y.ndim == 2 else (len(x),))
    data = condition(kernel(x, x), y, noise_std=noise_std)
    return data.posterior(kernel(x_star, x), kernel(x_star, x_star))
