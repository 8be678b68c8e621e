"""Bayesian networks: module, data, prior and noise give a log density.

The posterior of the weights theta of a network f, given n observations
y_i = f(x_i) + noise_std * normal, is known up to a constant,

log p(theta | data) = sum_i log N(y_i | f(x_i), noise_std^2)
                      + sum_j log N(theta_j | 0, prior_std_j^2) + const,

for a batch of flat weight vectors at once, (chains, dim) -> (chains,).
"""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

import torch
from torch import nn
from torch.distributions import Distribution
from torch.func import vmap

from tinynets import checks, nets, onelayer

LOG_2PI = math.log(2 * math.pi)

Forward = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def batched(net: nn.Module) -> Forward:
    """Return `forward(position, x)` of a network for many weight vectors.

    Parameters
    ----------
    net : nn.Module
        Any module with parameters; only its shapes are used, its own
        weights are not.

    Returns
    -------
    callable
        `position (chains, dim)` and `x (n, ...)` give f(x)
        `(chains, n, outputs)`, differentiable in both. The order of the
        weights is that of `net.parameters()`.
    """
    if not nets.n_parameters(net):
        raise ValueError("net must have parameters, got none: a posterior is a density of weights")
    if type(net) is nets.MLP and net.n_nets is None:
        return onelayer.recognise(net) or partial(nets.apply, net)
    return vmap(partial(nets.apply, net), in_dims=(0, None))


def prior_std(
    net: nn.Module, *, weight_std: float = 1.0, bias_std: float = 1.0, fan_in: bool = False
) -> torch.Tensor:
    r"""Return the prior standard deviation of each weight and bias.

    Parameters
    ----------
    net : nn.Module
        The network.
    weight_std, bias_std : float
        Standard deviations of weights (parameters of two dimensions and
        more) and of biases, above 0.
    fan_in : bool
        Whether a weight's is divided by the square root of the number of
        inputs of its unit, so that f keeps its spread as the net widens.

    Returns
    -------
    torch.Tensor, (dim,)
        float64, in the order of `net.parameters()` and on their device.
    """
    checks.positive("weight_std", weight_std)
    checks.positive("bias_std", bias_std)
    return torch.cat(
        [
            torch.full(
                (p.numel(),),
                _std_of(p, weight_std, bias_std, fan_in),
                dtype=torch.float64,
                device=p.device,
            )
            for p in net.parameters()
        ]
    )


def draw_prior(std: torch.Tensor, n_draws: int, *, generator: torch.Generator) -> torch.Tensor:
    """Draw weight vectors from the prior.

    Parameters
    ----------
    std : torch.Tensor, (dim,)
        From `prior_std`.
    n_draws : int
        Number of weight vectors.
    generator : torch.Generator
        Source of the draws.

    Returns
    -------
    torch.Tensor, (n_draws, dim)
        Flat weights, a network a row.
    """
    checks.count("n_draws", n_draws)
    return std * torch.randn(
        n_draws, len(std), dtype=std.dtype, device=std.device, generator=generator
    )


class Terms(NamedTuple):
    """The log density of a batch of positions, term by term, in nats."""

    log_likelihood: torch.Tensor  # (chains,)
    log_prior: torch.Tensor  # (chains,)


@dataclass(frozen=True, eq=False)
class Posterior:
    r"""The log density of a network's weights given data.

    Calling it gives $\log p(y \mid \theta) / T + \log p(\theta)$ with all
    constants, in nats: (chains, dim) -> (chains,).
    With a distribution for the noise the last coordinate of a position is
    $u = \log$ noise_std, whose prior is $\log p(e^u) + u$: the Jacobian is
    included.

    Parameters
    ----------
    net : nn.Module
        The network. An `MLP` with one hidden layer of tanh or ReLU units
        takes a path with its gradient written out, any other autograd's.
    x, y : torch.Tensor, (n, inputs) and (n, outputs)
        The data, in the dtype of the positions.
    prior_std : torch.Tensor, (weights,)
        Standard deviation of each weight, see `prior_std`.
    noise : float or torch.distributions.Distribution
        Standard deviation of the observation noise, or the prior of it.
    temperature : float
        T above 0; the likelihood is raised to the power 1/T, so that 1 is
        the posterior and a large T gives the prior back.

    Raises
    ------
    ValueError
        If shapes do not fit or the data are not finite.
    """

    net: nn.Module
    x: torch.Tensor
    y: torch.Tensor
    prior_std: torch.Tensor
    noise: float | Distribution
    temperature: float = 1.0
    forward: Forward = field(init=False, repr=False)
    _prior_precision: torch.Tensor = field(init=False, repr=False)
    _constant: float = field(init=False, repr=False)

    def __post_init__(self):
        """Check the parts, choose the path and keep what is constant."""
        checks.shape("x", self.x, ("n", "inputs"))
        checks.shape("y", self.y, (len(self.x), "outputs"))
        checks.finite("x", self.x)
        checks.finite("y", self.y)
        checks.shape("prior_std", self.prior_std, (nets.n_parameters(self.net),))
        checks.positive("temperature", self.temperature)
        if isinstance(self.noise, Distribution):
            # A diverging chain gets a NaN density, never an exception.
            noise = copy.copy(self.noise)
            noise._validate_args = False
            self._set(noise=noise)
        else:
            checks.positive("noise", self.noise)
        # A residual of 0 at theta = 0 leaves the constants of the density.
        nothing = self.prior_std.new_zeros(1, len(self.prior_std))
        constant = self._log_prior_of_weights(nothing)
        if not isinstance(self.noise, Distribution):
            constant = (
                constant + _gaussian(constant * 0, self.y.numel(), self.noise) / self.temperature
            )
        self._set(
            forward=batched(self.net),
            _prior_precision=1 / self.prior_std.square(),
            _constant=float(constant),
        )

    def _set(self, **fields):
        """Set fields of the frozen instance while it is made."""
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    @property
    def dim(self) -> int:
        """Number of coordinates of a position."""
        return len(self.prior_std) + isinstance(self.noise, Distribution)

    def tempered(self, temperature: float) -> "Posterior":
        """Return the same posterior at another temperature."""
        return replace(self, temperature=temperature)

    def functions(self, position: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Return f(x), (chains, n, outputs), without noise."""
        return self.forward(position[:, : len(self.prior_std)], x)

    def noise_std(self, position: torch.Tensor) -> torch.Tensor:
        """Return the noise's standard deviation of each chain, (chains,)."""
        if isinstance(self.noise, Distribution):
            return position[:, -1].exp()
        return position.new_full((len(position),), self.noise)

    def terms(self, position: torch.Tensor) -> Terms:
        """Return log likelihood (not tempered) and log prior apart."""
        checks.shape("position", position, ("chains", self.dim))
        residual = self.y - self.functions(position, self.x)
        log_likelihood = _gaussian(
            residual.flatten(1).square().sum(1), self.y.numel(), self.noise_std(position)
        )
        return Terms(log_likelihood, self._log_prior(position))

    def __call__(self, position: torch.Tensor) -> torch.Tensor:
        """Return the log density of each position, (chains,)."""
        terms = self.terms(position)
        return terms.log_likelihood / self.temperature + terms.log_prior

    def value_and_grad(self, position: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return log density (chains,) and its gradient (chains, dim)."""
        if not isinstance(self.forward, onelayer.OneLayer):
            return by_autograd(self, position)
        if isinstance(self.noise, Distribution):
            return self._grad_with_noise(position)
        with torch.no_grad():
            outputs, pull = self.forward.pullback(position, self.x)
            residual = self.y - outputs  # (chains, n, outputs)
            scaled = residual / (self.noise**2 * self.temperature)
            pulled = position * self._prior_precision
            flat = (len(position), -1)
            twice = torch.linalg.vecdot(
                residual.view(flat), scaled.view(flat)
            ) + torch.linalg.vecdot(position, pulled)
            return self._constant - 0.5 * twice, pull(scaled) - pulled

    def _grad_with_noise(self, position: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return value and gradient where the noise is a coordinate."""
        theta = position[:, :-1]
        outputs, pull = self.forward.pullback(theta, self.x)
        residual = self.y - outputs
        squared = residual.flatten(1).square().sum(1)

        def rest(log_std):
            likelihood = _gaussian(squared, self.y.numel(), log_std.exp())
            return likelihood / self.temperature + _log_noise_prior(self.noise, log_std)

        value, d_log_std = by_autograd(rest, position[:, -1])
        precision = (-2 * position[:, -1]).exp() / self.temperature
        d_theta = pull(residual * precision[:, None, None]) - theta / self.prior_std.square()
        return (
            value + self._log_prior_of_weights(theta),
            torch.cat([d_theta, d_log_std[:, None]], 1),
        )

    def _log_prior(self, position: torch.Tensor) -> torch.Tensor:
        """Return the log prior density of each position."""
        weights = self._log_prior_of_weights(position[:, : len(self.prior_std)])
        if isinstance(self.noise, Distribution):
            return weights + _log_noise_prior(self.noise, position[:, -1])
        return weights

    def _log_prior_of_weights(self, theta: torch.Tensor) -> torch.Tensor:
        """Return the Gaussian log density of the weights."""
        norm = self.prior_std.log().sum() + 0.5 * len(self.prior_std) * LOG_2PI
        return -0.5 * (theta / self.prior_std).square().sum(1) - norm


def predictions(posterior: Posterior, position: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Return f(x) of every draw of every chain, (chains, draws, n).

    Parameters
    ----------
    posterior : Posterior
        Of a network with one output.
    position : torch.Tensor, (chains, draws, dim)
        As `sample` gives them.
    x : torch.Tensor, (n, inputs)
        Where f is wanted.
    """
    checks.shape("position", position, ("chains", "draws", posterior.dim))
    parts = position.flatten(0, 1).split(1000)  # bounds the memory
    with torch.no_grad():
        values = [posterior.functions(part, x)[..., 0] for part in parts]
    return torch.cat(values).unflatten(0, position.shape[:2])


def _gaussian(squared: torch.Tensor, n: int, std: float | torch.Tensor) -> torch.Tensor:
    """Return the log density of n residuals from their sum of squares."""
    log_std = torch.log(torch.as_tensor(std, dtype=squared.dtype))
    return -0.5 * squared / std**2 - n * (log_std + 0.5 * LOG_2PI)


def _log_noise_prior(noise: Distribution, log_std: torch.Tensor) -> torch.Tensor:
    """Return the density of log noise_std: that of noise_std, times it."""
    return noise.log_prob(log_std.exp()) + log_std


def by_autograd(log_density: Callable, position: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return values and gradients of independent rows in one backward."""
    position = position.detach().requires_grad_()
    value = log_density(position)
    (grad,) = torch.autograd.grad(value.sum(), position)
    return value.detach(), grad


def _std_of(parameter: torch.Tensor, weight_std: float, bias_std: float, fan_in: bool) -> float:
    """Return the prior standard deviation of one parameter's entries."""
    if parameter.ndim < 2:
        return bias_std
    return weight_std / math.sqrt(parameter[0].numel()) if fan_in else weight_std
