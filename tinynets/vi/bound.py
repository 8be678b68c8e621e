r"""Bayes by Backprop: Gaussians fitted to posteriors by gradient ascent.

$\mathrm{ELBO} = E_{q}[\log p(y \mid \theta)] - T\, KL(q \,\|\, p)$: what the
data say of draws from q, less what q costs to tell from the prior. At T = 1
it bounds the log evidence from below; a smaller T gives a cold posterior.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import nn

from tinynets import bnn, checks
from tinynets.train import ascend
from tinynets.vi.gaussians import Gaussian
from tinynets.vi.outputs import local_outputs, weight_outputs


class Elbo(NamedTuple):
    """The bound and its terms, in nats for the whole data set."""

    elbo: torch.Tensor  # (*nets,) or (*nets, steps)
    log_likelihood: torch.Tensor  # its expectation under q
    kl: torch.Tensor  # from q to the prior, not tempered


class Fit(NamedTuple):
    """A fitted Gaussian and the ELBO at each step on the way."""

    q: Gaussian
    history: Elbo  # each term (*nets, steps)


def gaussian(outputs: torch.Tensor, y: torch.Tensor, *, noise_std: float) -> torch.Tensor:
    """Return the Gaussian log likelihood of (n, outputs) data, (draws,)."""
    residual = ((y - outputs) / noise_std).square().flatten(1).sum(1)
    return -0.5 * residual - y.numel() * (math.log(noise_std) + 0.5 * bnn.LOG_2PI)


def categorical(outputs: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return the log likelihood of labels (n,) given logits, (draws,)."""
    log_p = outputs.log_softmax(-1)  # (draws, n, classes)
    return log_p.gather(2, y.expand(len(outputs), -1)[..., None]).sum((1, 2))


def expected_log_likelihood(
    net: nn.Module,
    x: torch.Tensor,
    y: torch.Tensor,
    log_likelihood: Callable,
    *,
    n_samples: int = 1,
    batch_size: int | None = None,
    local: bool = False,
) -> Callable:
    """Make the Monte Carlo estimator of E_q[log p(y | theta)].

    Parameters
    ----------
    net : nn.Module
        The network.
    x, y : torch.Tensor, (n, ...) and (n, ...)
        The data.
    log_likelihood : callable
        `(outputs (draws, n, outputs), y) -> (draws,)`, such as
        `categorical` or `partial(gaussian, noise_std=0.1)`.
    n_samples : int
        Draws of all weights for one estimate, evaluated in one batch.
    batch_size : int, optional
        Use that many examples, drawn anew each time, and scale up to n.
    local : bool
        Draw what enters each unit instead of the weights (mean field only):
        every example has noise of its own, which averages out over a batch.

    Returns
    -------
    callable
        `estimate(q, *, generator) -> (*nets,)`, in nats.

    References
    ----------
    Blundell et al. (2015); Kingma, Salimans and Welling (2015), section 2.3.
    """
    checks.count("n_samples", n_samples)
    if batch_size is not None:
        checks.count("batch_size", batch_size)
    forward = partial(local_outputs, net) if local else partial(weight_outputs, bnn.batched(net))

    def estimate(q, *, generator):
        inputs, targets, scale = x, y, 1.0
        if batch_size is not None:
            chosen = torch.randint(len(x), (batch_size,), device=x.device, generator=generator)
            inputs, targets = x[chosen], y[chosen]
            scale = len(x) / batch_size
        outputs = forward(q, inputs, n_samples=n_samples, generator=generator)
        draws = log_likelihood(outputs.flatten(0, -3), targets)
        return scale * draws.unflatten(0, outputs.shape[:-2]).mean(-1)

    return estimate


def monte_carlo_kl(
    q: Gaussian, prior_std: torch.Tensor, *, n_samples: int, generator: torch.Generator
) -> torch.Tensor:
    """Estimate KL(q || p) by the mean of log q - log p over draws of q.

    Returns
    -------
    torch.Tensor, (*nets,)
        Nats; `q.kl(prior_std)` is its exact value.
    """
    theta = q.sample(n_samples, generator=generator)
    log_prior = torch.distributions.Normal(0.0, prior_std).log_prob(theta)
    return (q.log_prob(theta) - log_prior.sum(-1)).mean(-1)


def elbo(
    q: Gaussian,
    estimate: Callable,
    prior_std: torch.Tensor,
    *,
    temperature: float | torch.Tensor = 1.0,
    generator: torch.Generator,
) -> Elbo:
    """Estimate the ELBO and its terms, differentiably.

    Parameters
    ----------
    q : MeanField, LowRank or FullCovariance
        The Gaussian q.
    estimate : callable
        From `expected_log_likelihood`, or any
        `(q, *, generator) -> (*nets,)`.
    prior_std : torch.Tensor, (dim,)
        Standard deviations of the prior, see `bnn.prior_std`.
    temperature : float or torch.Tensor, (*nets,)
        Weight T of the KL term, above 0.
    generator : torch.Generator
        Source of the draws.
    """
    log_likelihood = estimate(q, generator=generator)
    kl = q.kl(prior_std)
    return Elbo(log_likelihood - temperature * kl, log_likelihood, kl)


def fit(
    q: Gaussian,
    estimate: Callable,
    prior_std: torch.Tensor,
    *,
    n_steps: int,
    learning_rate: float,
    temperature: float | torch.Tensor = 1.0,
    generator: torch.Generator,
) -> Fit:
    """Maximise the ELBO with Adam, the learning rate falling along a cosine.

    A q with leading dimensions is as many fits side by side: seeds,
    temperatures, starts. They share minibatches, and nothing else.

    Parameters
    ----------
    q : MeanField, LowRank or FullCovariance
        Where to start.
    estimate, prior_std, temperature, generator
        As in `elbo`.
    n_steps : int
        Gradient steps.
    learning_rate : float
        Adam's, at the start.

    Returns
    -------
    Fit
        The fitted Gaussian, and the (noisy) ELBO of each step.

    Raises
    ------
    FloatingPointError
        If the ELBO is not finite at some step.
    """
    for value in torch.as_tensor(temperature).flatten().tolist():
        checks.positive("temperature", value)
    q = type(q)(*(part.detach().clone().requires_grad_() for part in q))

    def gradient(step: int) -> torch.Tensor:
        terms = elbo(q, estimate, prior_std, temperature=temperature, generator=generator)
        terms.elbo.sum().backward()
        values = torch.stack([term.detach() for term in terms])
        if not (finite := values[0].isfinite()).all():
            raise FloatingPointError(
                f"the ELBO is {values[0][~finite][0].item()} at step "
                f"{step} in {(~finite).sum()} of {finite.numel()} fits; start "
                f"narrower or lower learning_rate, now {learning_rate}"
            )
        return values

    history = ascend(list(q), gradient, n_steps=n_steps, learning_rate=learning_rate)
    return Fit(type(q)(*(part.detach() for part in q)), Elbo(*torch.stack(history, -1)))
