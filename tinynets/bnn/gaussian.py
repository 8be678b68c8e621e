"""The Gaussian likelihood: noise of a known width, or of one to be inferred."""

import copy
import math
from typing import cast

import torch
from torch import Tensor
from torch.distributions import Distribution

from tinynets import checks
from tinynets.bnn.likelihoods import Likelihood, Pull

LOG_2PI = math.log(2 * math.pi)


class Gaussian(Likelihood):
    r"""Observations are the outputs plus independent Gaussian noise.

    $\log p(y_i \mid f_i) = \sum_k \log N(y_{ik} \mid f_{ik}, s_k^2)$.

    Parameters
    ----------
    noise_std : float, Tensor (outputs,) or torch.distributions.Distribution
        Standard deviation $s$ of the noise in the unit of `y`: one, one for
        each output, or the prior of it. A distribution makes it an unknown,
        $u = \log s$ with the prior $\log p(e^u) + u$; one of batch shape
        (outputs,) makes it one unknown for each output.

    Raises
    ------
    ValueError, TypeError
        If it is not above 0.

    Examples
    --------
    >>> import torch
    >>> Gaussian(1.0)(torch.zeros(3, 5, 1), torch.zeros(5, 1)).shape
    torch.Size([3, 5])
    """

    def __init__(self, noise_std: float | Tensor | Distribution):
        if isinstance(noise_std, Distribution):
            # Out of its support the density is 0, which is no error while sampling.
            self._prior = copy.copy(noise_std)
            self._prior._validate_args = False
            self.n_unknowns = noise_std.batch_shape.numel()
        elif isinstance(noise_std, Tensor) and noise_std.ndim:
            checks.shape("noise_std", noise_std, ("outputs",))
            if not (torch.isfinite(noise_std) & (noise_std > 0)).all():
                raise ValueError(f"noise_std must be finite and above 0, got {noise_std.tolist()}")
        else:
            noise_std = noise_std.item() if isinstance(noise_std, Tensor) else noise_std
            noise_std = float(checks.positive("noise_std", noise_std))
        self.noise_std = noise_std

    @property
    def _known_std(self) -> float | Tensor:
        return cast("float | Tensor", self.noise_std)

    def __repr__(self) -> str:
        return f"Gaussian(noise_std={self.noise_std})"

    def __call__(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return the log density of each observation, (*chains, n).

        Parameters
        ----------
        outputs : Tensor, (*chains, n, outputs)
            Outputs of the net.
        y : Tensor, (n, outputs), or (n,) for one output
            Observations.
        """
        if self.n_unknowns:
            raise TypeError(
                f"the noise_std of {self} is unknown; fill it in with "
                "likelihood.given(unknowns), or give it a number"
            )
        return _log_normal(_residual(outputs, y), self._known_std)

    def check(self, outputs: Tensor, y: Tensor) -> None:
        """Raise if `y` is not of the outputs' shape, dtype or number."""
        checks.like_x("y", y, outputs)
        checks.finite("y", y)
        checks.shape("outputs of the net", outputs, ("chains", "n", "outputs"))
        n, n_outputs = outputs.shape[1:]
        checks.shape("y", y, (n,) if y.ndim == n_outputs == 1 else (n, n_outputs))
        if isinstance(self.noise_std, Tensor):
            checks.shape("noise_std", self.noise_std, (n_outputs,))
            checks.like_x("noise_std", self.noise_std, outputs)
        if self.n_unknowns not in (0, 1, n_outputs):
            raise ValueError(
                f"noise_std must be one distribution or {n_outputs}, one for each "
                f"output, got {self.n_unknowns}"
            )

    def given(self, unknowns: Tensor) -> Likelihood:
        """Return the Gaussian with the noise of each chain, (*chains, k)."""
        if not self.n_unknowns:
            return self
        return _GaussianOfChains(unknowns.exp().unsqueeze(-2))

    def log_prior(self, unknowns: Tensor) -> Tensor:
        """Return the log density of log noise_std, summed, (*chains,)."""
        if not self.n_unknowns:
            return super().log_prior(unknowns)
        std = unknowns.exp()
        ran_away = ~((std > 0) & std.isfinite())
        log_p = self._prior.log_prob(std.masked_fill(ran_away, 1.0)) + unknowns
        return log_p.masked_fill(ran_away, torch.nan).sum(-1)

    def draw_prior(self, like: Tensor, *, generator: torch.Generator) -> Tensor:
        """Draw log noise_std, (draws, k), by inverting its distribution function.

        On a grid of log noise_std from -20 to 20, whose steps are 0.001.
        """
        if not self.n_unknowns:
            return super().draw_prior(like, generator=generator)
        grid = torch.linspace(-20, 20, 40_001, dtype=torch.float64, device=like.device)
        columns = grid[:, None].expand(-1, self.n_unknowns)
        density = (self._prior.log_prob(columns.exp()) + columns).exp().nan_to_num_(0.0)
        total = torch.cumulative_trapezoid(density, dim=0)
        uniform = torch.rand(
            self.n_unknowns, len(like), generator=generator, dtype=grid.dtype, device=like.device
        )
        place = torch.searchsorted(total.mT.contiguous(), uniform * total[-1:].mT)
        return grid[place + 1].mT.to(like.dtype)

    def pull(self, outputs: Tensor, y: Tensor, unknowns: Tensor) -> Pull:
        """Return the log density of all data and its derivatives."""
        residual = _residual(outputs, y)
        if not self.n_unknowns:
            scaled = residual / self._known_std**2
            squares = (residual * scaled).flatten(1).sum(1)
            return Pull(-0.5 * squares - self._log_scale(residual), scaled, None)
        scaled = residual * (-2 * unknowns).exp().unsqueeze(-2)
        squares = (residual * scaled).sum(-2)  # (chains, outputs)
        n = residual.shape[-2] if self.n_unknowns > 1 else residual[0].numel()
        squares = squares if self.n_unknowns > 1 else squares.sum(-1, keepdim=True)
        value = -(0.5 * squares + n * (unknowns + 0.5 * LOG_2PI)).sum(-1)
        return Pull(value, scaled, squares - n)

    def fisher(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return 1 / s^2 on the diagonal, (n, outputs, outputs)."""
        return (torch.ones_like(outputs) / self._known_std**2).diag_embed()

    def fisher_of_unknowns(self, n: int, n_outputs: int) -> float:
        """Return the Fisher information of n observations in each log noise_std."""
        return 2.0 * n * (n_outputs if self.n_unknowns == 1 else 1)

    def _log_scale(self, residual: Tensor) -> float | Tensor:
        """Return the part of -log p that the residuals don't enter."""
        log_std = torch.log(torch.as_tensor(self.noise_std, dtype=residual.dtype))
        return residual[0].numel() * (log_std.mean() + 0.5 * LOG_2PI)


class _GaussianOfChains(Likelihood):
    """A Gaussian with a noise of each chain, (*chains, 1, outputs or 1)."""

    def __init__(self, noise_std: Tensor):
        self.noise_std = noise_std

    def __call__(self, outputs: Tensor, y: Tensor) -> Tensor:
        return _log_normal(_residual(outputs, y), self.noise_std)

    def fisher(self, outputs: Tensor, y: Tensor) -> Tensor:
        return (torch.ones_like(outputs) / self.noise_std.square()[0]).diag_embed()


def _log_normal(residual: Tensor, std: float | Tensor) -> Tensor:
    """Return log N(residual | 0, std^2) summed over the outputs, (*chains, n)."""
    log_std = torch.log(torch.as_tensor(std, dtype=residual.dtype, device=residual.device))
    return (-0.5 * (residual / std).square() - log_std - 0.5 * LOG_2PI).sum(-1)


def _residual(outputs: Tensor, y: Tensor) -> Tensor:
    """Return y - outputs, (*chains, n, outputs), for y (n,) or (n, outputs)."""
    return (y.unsqueeze(-1) if y.ndim == 1 else y) - outputs
