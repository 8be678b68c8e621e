"""Full-batch training on the square loss, in closed form."""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from scipy.sparse.linalg import eigsh
from torch import Tensor

from tinynets import checks, linalg
from tinynets.predict.shapes import Times, as_matrix, stack, times

# Eigenvalues below this multiple of n * eps * the largest are rounding errors: directions
# that training doesn't move.
RANK_TOLERANCE = 10.0


class Ensemble(NamedTuple):
    """Networks trained from independent draws: their distribution at one or many times."""

    mean: Tensor  # (*times, n_star) or (*times, n_star, outputs)
    variance: Tensor  # (*times, n_star), of each output
    covariance: Tensor | None  # (*times, n_star, n_star) where it was asked for

    @property
    def std(self) -> Tensor:
        """Standard deviation at each point, (*times, n_star)."""
        return self.variance.sqrt()


@dataclass(frozen=True, eq=False)
class GradientFlow:
    r"""Full-batch training on the square loss, solved once for all times and targets.

    With $\Theta = U \Lambda U^\top$ a network that starts at $f_0$ is, at time t,

    $f_t(x_*) = f_0(x_*) + \Theta_* U \frac{1 - e^{-\Lambda t / N}}{\Lambda} U^\top (y - f_0)$.

    Parameters
    ----------
    ntk : torch.Tensor, (n, n) or (n, n, outputs, outputs)
        At the training inputs; float64 is advised.
    y : torch.Tensor, (n,) or (n, outputs)
        Targets; N is their number of entries.
    only_end : bool
        Factorise by Cholesky instead of by eigenvectors: some 30 times cheaper, serves
        t = infinity alone, and needs a kernel that is positive definite.

    Raises
    ------
    torch.linalg.LinAlgError
        If the kernel is not positive semi-definite, or with `only_end` not definite.

    Examples
    --------
    >>> import math, torch
    >>> flow = GradientFlow(torch.eye(2), torch.tensor([1.0, 2.0]))
    >>> flow.train([0.0, math.inf])
    tensor([[0., 0.],
            [1., 2.]])
    """

    ntk: Tensor
    y: Tensor
    only_end: bool = False
    _values: Tensor = field(init=False, repr=False)
    _vectors: Tensor = field(init=False, repr=False)

    def __post_init__(self):
        several = getattr(self.y, "ndim", 1) == 2
        checks.shape("y", self.y, ("n", "outputs") if several else ("n",))
        outputs = self.y.shape[1:]
        blocks = (*outputs, *outputs) if getattr(self.ntk, "ndim", 2) == 4 else ()
        checks.shape("ntk", self.ntk, (len(self.y), len(self.y), *blocks))
        checks.like_x("ntk", self.ntk, self.y)
        matrix = as_matrix(self.ntk)
        if self.only_end:
            values, vectors = (
                torch.ones(0, device=matrix.device),
                linalg.cholesky(matrix, "the NTK", jitter=linalg.JITTER),
            )
        else:
            values, vectors = _positive_eigenvectors(matrix)
        object.__setattr__(self, "_values", values)
        object.__setattr__(self, "_vectors", vectors)

    @property
    def n_targets(self) -> int:
        """N, the number of target entries."""
        return self.y.numel()

    def train(self, t: Times, f0: Tensor | None = None) -> Tensor:
        """Return a network's outputs at the training inputs.

        Parameters
        ----------
        t : float or sequence of float
            Times, 0 or above, infinity included.
        f0 : torch.Tensor, as y
            Outputs at time 0; by default 0, which gives the ensemble's mean.

        Returns
        -------
        torch.Tensor, (*times, n) or (*times, n, outputs)
        """
        return self.test(t, self.ntk, f0, f0)

    def test(
        self, t: Times, ntk_star: Tensor, f0_star: Tensor | None = None, f0: Tensor | None = None
    ) -> Tensor:
        """Return a network's outputs at new inputs.

        Parameters
        ----------
        t : float or sequence of float
            Times, 0 or above, infinity included.
        ntk_star : torch.Tensor, (n_star, n) or (n_star, n, outputs, outputs)
            NTK between new and training inputs.
        f0_star, f0 : torch.Tensor, (n_star,) or (n_star, outputs), and as y
            Outputs at time 0, at new and at training inputs; by default 0, which gives
            the mean of the ensemble.

        Returns
        -------
        torch.Tensor, (*times, n_star) or (*times, n_star, outputs)
        """
        star = self._star(ntk_star)
        start = torch.zeros_like(self.y) if f0 is None else f0
        checks.shape("f0", start, tuple(self.y.shape))
        shape = (len(ntk_star), *self.y.shape[1:])
        at_start = torch.zeros((), dtype=self.y.dtype, device=self.y.device)
        if f0_star is not None:
            at_start = checks.shape("f0_star", f0_star, shape)
        columns = self._columns(self.y - start)
        moved = [(star @ self._solve(time, columns)).reshape(shape) + at_start for time in times(t)]
        return stack(moved, t)

    def ensemble(
        self,
        t: Times,
        ntk_star: Tensor,
        *,
        nngp: Tensor,
        nngp_star: Tensor,
        prior: Tensor,
        covariance: bool = False,
    ) -> Ensemble:
        r"""Return mean and spread of infinitely wide networks, trained from random starts.

        With $A_t = \Theta_* \Theta^{-1} (1 - e^{-\Theta t/N})$ the mean is $A_t\, y$ and the
        covariance $K_{**} - A_t K_{x*} - K_{*x} A_t^\top + A_t K_{xx} A_t^\top$. With the
        NNGP kernel in place of the NTK, only the last layer is trained, and at
        $t = \infty$ this is the noiseless Bayesian posterior.

        Parameters
        ----------
        t : float or sequence of float
            Times, 0 or above, infinity included.
        ntk_star : torch.Tensor, (n_star, n)
            NTK between new and training inputs.
        nngp, nngp_star : torch.Tensor, (n, n) and (n_star, n)
            NNGP kernel among training inputs, and between new and training inputs.
        prior : torch.Tensor, (n_star, n_star) or (n_star,)
            NNGP kernel among new inputs; its diagonal is enough for the variance.
        covariance : bool
            Whether the full covariance is wanted too.

        Returns
        -------
        Ensemble
            Of functions, without observation noise.
        """
        if self.ntk.ndim == 4:
            raise ValueError("ntk must be (n, n) for an ensemble: its outputs are independent")
        star = self._star(ntk_star)
        n, n_star = len(self.y), len(ntk_star)
        checks.shape("nngp", nngp, (n, n))
        checks.shape("nngp_star", nngp_star, (n_star, n))
        full = covariance or prior.ndim == 2
        checks.shape("prior", prior, (n_star, n_star) if full else (n_star,))
        columns = self._columns(self.y)
        means, variances, covariances = [], [], []
        for time in times(t):
            weights = self._solve(time, star.mT).mT  # A_t, (n_star, n)
            means.append((weights @ columns).reshape(n_star, *self.y.shape[1:]))
            half = weights @ nngp - 2 * nngp_star
            if covariance:
                spread = prior + half @ weights.mT
                covariances.append((spread + spread.mT) / 2)
                variances.append(covariances[-1].diagonal().clamp(min=0))
            else:
                own = prior.diagonal() if prior.ndim == 2 else prior
                variances.append((own + (half * weights).sum(1)).clamp(min=0))
        return Ensemble(
            stack(means, t), stack(variances, t), stack(covariances, t) if covariance else None
        )

    def _star(self, ntk_star: Tensor) -> Tensor:
        checks.shape("ntk_star", ntk_star, ("n_star", *self.ntk.shape[1:]))
        return as_matrix(ntk_star)

    def _columns(self, y: Tensor) -> Tensor:
        """Return targets as columns that the kernel's matrix acts on."""
        return y.reshape(len(self._vectors), -1)

    def _solve(self, time: float, columns: Tensor) -> Tensor:
        r"""Return $\Theta^{-1} (1 - e^{-\Theta t/N})$ times columns."""
        if self.only_end:
            if time != math.inf:
                raise ValueError(f"t must be math.inf with only_end=True, got {time!r}")
            return torch.cholesky_solve(columns, self._vectors)
        grown = -torch.expm1(-self._values * (time / self.n_targets)) / self._values
        return self._vectors @ (grown[:, None] * (self._vectors.mT @ columns))


@checks.arguments(ntk="float n n")
def largest_learning_rate(ntk: Tensor, n_targets: int, *, momentum: float = 0.0) -> float:
    r"""Return the learning rate above which full-batch gradient descent diverges.

    On the loss $\frac{1}{2N}\lVert f - y\rVert^2$ steps shrink the error as long as
    $\eta < 2 (1 + m) N / \lambda_{\max}(\Theta)$.

    Parameters
    ----------
    ntk : torch.Tensor, (n, n) or (n, n, outputs, outputs)
        At the training inputs.
    n_targets : int
        N, the number of target entries: n times outputs.
    momentum : float
        Heavy-ball momentum m, from 0 to below 1.

    Returns
    -------
    float
        In the unit of time of `GradientFlow` per step.

    Raises
    ------
    ValueError
        If a number is out of its range.

    References
    ----------
    Lee et al. (2019) without momentum; Goh (2017) with it.

    Examples
    --------
    >>> largest_learning_rate(torch.eye(2), 2)
    4.0
    """
    checks.count("n_targets", n_targets)
    if not 0 <= checks.number("momentum", momentum) < 1:
        raise ValueError(f"momentum must lie in [0, 1), got {momentum!r}")
    matrix = as_matrix(ntk).double().cpu().numpy()
    if len(matrix) < 3 or not matrix.any():
        largest = np.linalg.eigvalsh(matrix)[-1]
    else:  # Lanczos; any start will do that is not orthogonal to the eigenvector
        start = np.random.default_rng(0).standard_normal(len(matrix))
        largest = eigsh(matrix, k=1, which="LA", v0=start, return_eigenvectors=False)[0]
    if not largest > 0:
        raise ValueError(f"ntk must have an eigenvalue above 0, got a largest of {largest:g}")
    return float(2 * (1 + momentum) * n_targets / largest)


def _positive_eigenvectors(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Return eigenvalues above rounding errors, and their vectors as columns."""
    checks.finite("ntk", matrix)
    values, vectors = torch.linalg.eigh(matrix)
    floor = RANK_TOLERANCE * len(matrix) * torch.finfo(matrix.dtype).eps * values[-1].abs()
    if values[0] < -1e3 * floor or values[-1] <= 0:
        raise torch.linalg.LinAlgError(
            f"the NTK ({len(matrix)} rows, {matrix.dtype}) is not positive semi-definite: its "
            f"eigenvalues go from {values[0]:.2g} to {values[-1]:.2g}; compute it in float64, and "
            "between the same inputs on both sides"
        )
    kept = values > floor
    return values[kept], vectors[:, kept]
