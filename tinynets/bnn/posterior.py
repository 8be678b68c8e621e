"""The posterior of a network's weights as a log density that samplers take."""

from collections.abc import Callable
from functools import cached_property, partial
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from tinynets import _fast, checks, threads
from tinynets.bnn._paths import Path, choose
from tinynets.bnn.gaussian import LOG_2PI, Gaussian
from tinynets.bnn.likelihoods import Likelihood, as_likelihood
from tinynets.bnn.priors import batched, draw_prior, stds_of
from tinynets.densities import value_and_grad


class Terms(NamedTuple):
    """The log density of a batch of positions, term by term, in nats."""

    log_likelihood: Tensor  # (chains,)
    log_prior: Tensor  # (chains,)


class Posterior:
    r"""The log density of a network's weights given data.

    Calling it gives $\log p(y \mid \theta) / T + \log p(\theta)$ with all
    constants, in nats: (chains, dim) -> (chains,). It works out gradients in
    the fastest way that fits net, data and likelihood, see `path`. Where the
    likelihood has unknowns, such as the noise, they are the last coordinates
    of a position.

    Parameters
    ----------
    net : nn.Module
        The network; only its shapes are used. `nets.MLP`s and
        `nn.Sequential`s of linear layers and activations are fast, any other
        module works.
    x : Tensor, (n, ...)
        Inputs, floating. Their dtype is that of all numbers.
    y : Tensor, (n,) or (n, outputs)
        What was observed, as the likelihood takes it.
    likelihood : Gaussian, Categorical or callable
        p(y | f(x)). A callable is `(outputs (chains, n, outputs), y) ->
        (chains, n)`: the log likelihood of each observation, in nats.
    prior_std : float or Tensor (weights,), optional
        Standard deviation of the Gaussian prior, of all weights and biases
        (1 if left out) or of each, see `prior_std`.
    temperature : float
        T above 0; the likelihood is raised to the power 1/T, so that 1 is
        the posterior and a large T gives the prior back.

    Raises
    ------
    ValueError, TypeError
        If shapes, dtypes or devices do not fit, the data are not finite, or
        a standard deviation or the temperature is not above 0.

    Examples
    --------
    >>> from tinynets.nets import MLP
    >>> x = torch.linspace(-1, 1, 5)
    >>> posterior = Posterior(MLP([1, 3, 1]), x[:, None], x**2, Gaussian(0.1))
    >>> posterior(torch.zeros(4, posterior.dim)).shape
    torch.Size([4])
    """

    def __init__(
        self,
        net: nn.Module,
        x: Tensor,
        y: Tensor,
        likelihood: Likelihood | Callable[[Tensor, Tensor], Tensor],
        prior_std: float | Tensor | None = None,
        *,
        temperature: float = 1.0,
    ):
        self.net, self.x, self.y = net, _inputs(x), y
        self.likelihood = as_likelihood(likelihood)
        self.prior_std = stds_of(net, prior_std, x)
        self.temperature = checks.positive("temperature", temperature)
        self.forward = batched(net)
        if not isinstance(y, Tensor) or y.shape[:1] != x.shape[:1]:
            raise ValueError(f"y must be a tensor of {len(x)} observations, one for each row of x")
        self.n_outputs = self._check_outputs()
        self.precision = 1 / self.prior_std.square()
        self.log_norm = self.prior_std.log().sum() + 0.5 * len(self.prior_std) * LOG_2PI

    def __repr__(self) -> str:
        return (
            f"Posterior({self.dim} coordinates, {len(self.x)} observations, "
            f"{self.likelihood}, {self.path.name})"
        )

    def __reduce__(self):
        """Copy and pickle the parts; what is compiled is found again."""
        parts = (self.net, self.x, self.y, self.likelihood, self.prior_std)
        return partial(Posterior, temperature=self.temperature), parts

    def parts(self) -> dict[str, object]:
        """Return what makes this posterior the one it is, for a checkpoint to tell it apart."""
        return {
            "net": " ".join(repr(self.net).split()),
            "x": self.x,
            "y": self.y,
            "likelihood": str(self.likelihood),
            "prior_std": self.prior_std,
            "temperature": self.temperature,
        }

    @property
    def dim(self) -> int:
        """Number of coordinates of a position: weights, then unknowns."""
        return len(self.prior_std) + self.likelihood.n_unknowns

    @property
    def path(self) -> Path:
        """How the gradient is computed, and why not in a faster way."""
        return self._engine[0]

    @property
    def trajectory(self) -> Callable | None:
        """Leapfrog steps in one call, or None; see `tinynets.samplers.base`."""
        return getattr(self._engine[1], "trajectory", None)

    @property
    def no_u_turn(self) -> Callable | None:
        """A step of NUTS in one call, or None; see `tinynets.samplers.base`."""
        return getattr(self._engine[1], "no_u_turn", None)

    @property
    def hamiltonian(self) -> Callable | None:
        """Draws of HMC in one call, or None; see `tinynets.samplers.base`."""
        return getattr(self._engine[1], "hamiltonian", None)

    def tempered(self, temperature: float) -> "Posterior":
        """Return the same posterior at another temperature."""
        parts = (self.net, self.x, self.y, self.likelihood, self.prior_std)
        return Posterior(*parts, temperature=temperature)

    def draw_prior(self, n_draws: int, *, generator: torch.Generator) -> Tensor:
        """Draw positions from the prior, (n_draws, dim): where chains may start."""
        weights = draw_prior(self.prior_std, n_draws, generator=generator)
        return torch.cat([weights, self.likelihood.draw_prior(weights, generator=generator)], 1)

    def functions(self, position: Tensor, x: Tensor) -> Tensor:
        """Return f(x) without noise, differentiable.

        Parameters
        ----------
        position : Tensor, (*chains, dim)
            Weights, with or without the unknowns behind them.
        x : Tensor, (n, ...)
            Where.

        Returns
        -------
        Tensor, (*chains, n), or (*chains, n, outputs) for several outputs
        """
        checks.like_x("x", x, self.x)
        if x.shape[1:] != self.x.shape[1:] or not len(x):
            raise ValueError(
                f"x must have rows of shape {tuple(self.x.shape[1:])}, as the data have, got "
                f"{tuple(x.shape)}"
            )
        weights = position[..., : len(self.prior_std)]
        outputs = self.forward(weights.reshape(-1, weights.shape[-1]), x)
        outputs = outputs.reshape(*position.shape[:-1], *outputs.shape[1:])
        return outputs.squeeze(-1) if self.n_outputs == 1 else outputs

    def noise_std(self, position: Tensor) -> Tensor:
        """Return the noise's standard deviation at each position.

        Parameters
        ----------
        position : Tensor, (*chains, dim)
            Positions.

        Returns
        -------
        Tensor, (*chains,), or (*chains, 1, outputs) with one for each output
        """
        if not isinstance(self.likelihood, Gaussian):
            raise TypeError(f"only a Gaussian likelihood has a noise_std, not {self.likelihood}")
        std = cast(Gaussian, self.likelihood.given(self.split(position)[1])).noise_std
        std = torch.as_tensor(std, dtype=position.dtype, device=position.device)
        if std.numel() == 1 or std.shape[-1] == 1:
            return std.reshape(-1).expand(position.shape[:-1].numel()).view(position.shape[:-1])
        return std.expand(*position.shape[:-1], 1, self.n_outputs)

    def terms(self, position: Tensor) -> Terms:
        """Return log likelihood (not tempered) and log prior apart.

        Parameters
        ----------
        position : Tensor, (chains, dim)
            Positions.
        """
        weights, unknowns = self.split(self._checked(position))
        likelihood = self.likelihood.given(unknowns)
        each = likelihood(self.forward(weights, self.x), self.y)  # (chains, n)
        return Terms(each.sum(-1), self._log_prior(weights, unknowns))

    def __call__(self, position: Tensor) -> Tensor:
        """Return the log density of each position, (chains,)."""
        terms = self.terms(position)
        return terms.log_likelihood / self.temperature + terms.log_prior

    def value_and_grad(self, position: Tensor) -> tuple[Tensor, Tensor]:
        """Return log density (chains,) and its gradient (chains, dim)."""
        engine = self._engine[1]
        if isinstance(engine, _fast.Compiled):  # checks what it is given
            return engine.value_and_grad(position)
        position = self._checked(position)
        if engine is not None:
            return engine.value_and_grad(position)
        with threads.one_if_small(position.numel() * len(self.x)):
            return value_and_grad(self.__call__)(position)

    @cached_property
    def _engine(self) -> tuple[Path, _fast.Compiled | _fast.Batched | None]:
        """The path, and what computes on it."""
        return choose(self)

    def split(self, position: Tensor) -> tuple[Tensor, Tensor]:
        """Return weights (*chains, weights) and unknowns (*chains, k)."""
        if not self.likelihood.n_unknowns:
            return position, position[..., :0]
        return position.split([len(self.prior_std), self.likelihood.n_unknowns], -1)

    def _checked(self, position: Tensor) -> Tensor:
        """Return positions that fit; refuse others."""
        checks.shape("position", position, ("chains", self.dim))
        checks.like_x("position", position, self.x)
        return position

    def _log_prior(self, weights: Tensor, unknowns: Tensor) -> Tensor:
        """Return the log prior density of each position."""
        log_p = -0.5 * (weights / self.prior_std).square().sum(-1) - self.log_norm
        return log_p + self.likelihood.log_prior(unknowns)

    def _check_outputs(self) -> int:
        """Hold the net's outputs against the data; return their number."""
        zero = self.prior_std.new_zeros(1, len(self.prior_std))
        try:
            with torch.no_grad():
                outputs = self.forward(zero, self.x[:2])
        except RuntimeError as error:
            raise ValueError(
                f"net can't be evaluated at x of shape {tuple(self.x.shape)}, for many "
                f"weights at once: {error}"
            ) from error
        if outputs.ndim < 3:
            raise ValueError(
                "net must give outputs of shape (n, outputs), got "
                f"{tuple(outputs.shape[1:])} for {outputs.shape[1]} rows of x"
            )
        self.likelihood.check(outputs[:, :1].expand(-1, len(self.x), *outputs.shape[2:]), self.y)
        return outputs.shape[-1]


def _inputs(x: Tensor) -> Tensor:
    """Return inputs that are floating, finite and more than none."""
    if not isinstance(x, Tensor):
        raise TypeError(f"x must be a torch.Tensor of shape (n, ...), got {type(x).__name__}")
    if not x.is_floating_point():
        raise TypeError(f"x must be floating, best torch.float64, got {x.dtype}; use x.double()")
    if x.ndim < 2 or not len(x):
        raise ValueError(f"x must have shape (n, ...) with n of 1 or more, got {tuple(x.shape)}")
    return checks.finite("x", x)
