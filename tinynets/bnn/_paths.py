"""How a posterior computes its gradient: compiled, by hand, or by autograd.

`choose` goes down this list. C code covers the nets, data and likelihoods
that `_fast` names; a stack of linear layers and activations has its gradient
written out in PyTorch, in batched matrix products; autograd takes any module.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast

from torch import Tensor, nn
from torch.distributions import Distribution

from tinynets import _fast
from tinynets.bnn._unknowns import coefficients
from tinynets.bnn.gaussian import Gaussian
from tinynets.bnn.likelihoods import Categorical, Likelihood
from tinynets.densities import value_and_grad

if TYPE_CHECKING:
    from tinynets.bnn.posterior import Posterior


class Path(NamedTuple):
    """How a posterior computes its gradient."""

    name: str  # "compiled", "by hand" or "autograd"
    reason: str  # why not a faster one; empty if there is none

    def __str__(self) -> str:
        """Say both."""
        return f"{self.name}: {self.reason}" if self.reason else self.name


def choose(posterior: Posterior) -> tuple[Path, _fast.Compiled | _fast.Batched | None]:
    """Choose the path: what it is called, and what computes on it."""
    stack = _fast.recognise(posterior.net)
    if isinstance(stack, str):
        return Path("autograd", stack), None
    if posterior.x.ndim != 2:
        return Path("autograd", f"x has {posterior.x.ndim} dimensions, not (n, inputs)"), None
    problem = _problem(posterior, stack)
    reason = problem if isinstance(problem, str) else _fast.why_not(stack, posterior.x)
    found = reason or _fast.compiled(cast(_fast.Problem, problem))
    if isinstance(found, str):
        return Path("by hand", found), by_hand(posterior, stack, problem)
    return Path("compiled", ""), found


def by_hand(
    posterior: Posterior, stack: _fast.Stack, problem: _fast.Problem | str
) -> _fast.Batched:
    """Return what computes on a stack's gradient in PyTorch."""
    data = (
        _fast.pulled(partial(_pull, posterior))
        if isinstance(problem, str)
        else _fast.observed(problem)
    )
    return _fast.Batched(
        stack, posterior.x, posterior.precision, data, posterior.likelihood.n_unknowns
    )


def _pull(posterior: Posterior, outputs: Tensor, unknowns: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return a likelihood's value and derivatives, with the prior of its unknowns."""
    likelihood, temperature = posterior.likelihood, posterior.temperature
    value, by_outputs, by_unknowns = likelihood.pull(outputs, posterior.y, unknowns)
    value, by_outputs = value / temperature - posterior.log_norm, by_outputs / temperature
    if by_unknowns is None:
        return value, by_outputs, unknowns
    beside, slope = value_and_grad(likelihood.log_prior)(unknowns)
    return value + beside, by_outputs, slope + by_unknowns / temperature


def _unknown_prior(likelihood: Likelihood, x: Tensor) -> Tensor | str:
    """Return the coefficients of a noise's prior, (k, 6), or why it has none."""
    if not likelihood.n_unknowns:
        return x.new_zeros(0, 6)
    return coefficients(cast(Distribution, cast(Gaussian, likelihood).noise_std), x)


def _problem(posterior: Posterior, stack: _fast.Stack) -> _fast.Problem | str:
    """Return a posterior in numbers alone, or why it is not one."""
    likelihood, m = posterior.likelihood, posterior.n_outputs
    categorical = isinstance(likelihood, Categorical)
    if not isinstance(likelihood, (Gaussian, Categorical)):
        return "compiled are the likelihoods Gaussian and Categorical"
    prior = _unknown_prior(likelihood, posterior.x)
    if isinstance(prior, str):
        return prior
    zero = posterior.x.new_zeros(1, likelihood.n_unknowns)
    precision, constant = posterior.x.new_ones(m), likelihood.log_prior(zero) - prior[:, 2:].sum()
    if categorical:
        y = nn.functional.one_hot(posterior.y, m).to(posterior.x.dtype)
    else:
        y = posterior.y.reshape(-1, m)
        constant += likelihood.given(zero)(y[None], y).sum() / posterior.temperature
        if not likelihood.n_unknowns:
            std = cast("float | Tensor", cast(Gaussian, likelihood).noise_std)
            precision = precision / std**2
    return _fast.Problem(
        stack,
        posterior.x,
        y,
        categorical,
        precision,
        prior,
        (y.numel() if len(prior) < m else len(y)) / posterior.temperature,
        posterior.precision,
        posterior.temperature,
        float(constant - posterior.log_norm),
    )
