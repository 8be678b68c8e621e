"""How a posterior computes its gradient: compiled, by hand, or by autograd.

`choose` goes down this list. C code covers the nets, data and likelihoods
that `_fast` names; a stack of linear layers and activations has a pullback
in batched matrix products; autograd takes any module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

import torch
from torch import Tensor

from tinynets import _fast
from tinynets.bnn.gaussian import Gaussian
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
    if not isinstance(posterior.likelihood, Gaussian) or posterior.likelihood.n_unknowns:
        return "compiled are Gaussian likelihoods of fixed noise_std"
    return _fast.why_not(stack, posterior.x)


def _problem(posterior: Posterior, stack: _fast.Stack) -> _fast.Problem:
    """Return a posterior as the C code takes it."""
    y = posterior.y.view(-1, 1)
    noise_std = float(cast(float, cast(Gaussian, posterior.likelihood).noise_std))
    residual_free = posterior.likelihood(y[None], posterior.y).sum() / posterior.temperature
    return _fast.Problem(
        stack,
        posterior.x,
        y,
        posterior.precision,
        1 / (noise_std**2 * posterior.temperature),
        float(residual_free - posterior.log_norm),
    )
