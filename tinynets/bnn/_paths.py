"""How a posterior computes its gradient: compiled, by hand, or by autograd.

`choose` goes down this list. C code covers the nets, data and likelihoods
that `_fast` names; a stack of linear layers and activations has a pullback
in batched matrix products; autograd takes any module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

import torch
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


def choose(posterior: Posterior) -> tuple[Path, object | None]:
    """Choose the path: what it is called, and what computes on it."""
    stack = _fast.recognise(posterior.net)
    if isinstance(stack, str):
        return Path("autograd", stack), None
    if posterior.x.ndim != 2:
        return Path("autograd", f"x has {posterior.x.ndim} dimensions, not (n, inputs)"), None
    reason = _not_compiled(posterior, stack)
    found = reason or _fast.compiled(_problem(posterior, stack))
    if isinstance(found, str):
        return Path("by hand", found), stack
    return Path("compiled", ""), found


def by_hand(posterior: Posterior, position: Tensor) -> tuple[Tensor, Tensor]:
    """Return value (chains,) and gradient (chains, dim) through the net's pullback."""
    weights, unknowns = posterior.split(position)
    likelihood, temperature = posterior.likelihood, posterior.temperature
    with torch.no_grad():
        outputs, pull = cast(_fast.Stack, posterior.forward).pullback(weights, posterior.x)
        fit, by_outputs, by_unknowns = likelihood.pull(outputs, posterior.y, unknowns)
        if temperature != 1:
            fit, by_outputs = fit / temperature, by_outputs / temperature
        pulled = weights * posterior.precision
        log_prior = -0.5 * torch.linalg.vecdot(weights, pulled) - posterior.log_norm
        gradient = pull(by_outputs) - pulled
    if by_unknowns is None:
        return fit + log_prior, gradient
    beside, slope = value_and_grad(likelihood.log_prior)(unknowns)
    slope = slope + by_unknowns / temperature
    return fit + log_prior + beside, torch.cat([gradient, slope], 1)


def _not_compiled(posterior: Posterior, stack: _fast.Stack) -> str:
    """Return why the C code does not cover a posterior."""
    if not isinstance(posterior.likelihood, (Gaussian, Categorical)):
        return "compiled are the likelihoods Gaussian and Categorical"
    prior = _unknown_prior(posterior.likelihood, posterior.x)
    return prior if isinstance(prior, str) else _fast.why_not(stack, posterior.x)


def _unknown_prior(likelihood: Likelihood, x: Tensor) -> Tensor | str:
    """Return the coefficients of a noise's prior, (k, 6), or why it has none."""
    if not likelihood.n_unknowns:
        return x.new_zeros(0, 6)
    return coefficients(cast(Distribution, cast(Gaussian, likelihood).noise_std), x)


def _problem(posterior: Posterior, stack: _fast.Stack) -> _fast.Problem:
    """Return a posterior as the C code takes it."""
    likelihood, m = posterior.likelihood, posterior.n_outputs
    categorical = isinstance(likelihood, Categorical)
    prior = cast(Tensor, _unknown_prior(likelihood, posterior.x))
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
