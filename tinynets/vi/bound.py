r"""Bayes by Backprop: Gaussians fitted to posteriors by gradient ascent.

$\mathrm{ELBO} = E_{q}[\log p(y \mid \theta)] - T\, KL(q \,\|\, p)$: what the
data say of draws from q, less what q costs to tell from the prior. At T = 1
it bounds the log evidence from below; a smaller T gives a cold posterior.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch

from tinynets import bnn, checks, threads
from tinynets.train import ascend
from tinynets.vi.gaussians import Gaussian, check_dim
from tinynets.vi.outputs import draw_outputs

N_NODES = 32  # of the quadrature over an unknown


class Elbo(NamedTuple):
    """The bound and its terms, in nats for the whole data set."""

    elbo: torch.Tensor  # (*nets,) or (*nets, steps)
    log_likelihood: torch.Tensor  # its expectation under q
    kl: torch.Tensor  # from q to the prior, not tempered


class Fit(NamedTuple):
    """A fitted Gaussian and the ELBO at each step on the way."""

    q: Gaussian
    history: Elbo  # each term (*nets, steps)


@checks.arguments()
def expected_log_likelihood(
    posterior: bnn.Posterior,
    *,
    n_samples: int = 1,
    batch_size: int | None = None,
    local: bool = False,
) -> Callable:
    """Make the Monte Carlo estimator of E_q[log p(y | theta)].

    Parameters
    ----------
    posterior : Posterior
        Network, data and likelihood; neither its prior nor its temperature
        is used.
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
        `estimate(q, *, generator) -> (*nets,)`, in nats, for a Gaussian
        over the coordinates of the posterior.

    Raises
    ------
    ValueError
        If there are more draws asked for than observations.

    References
    ----------
    Blundell et al. (2015); Kingma, Salimans and Welling (2015), section 2.3.

    Examples
    --------
    >>> from tinynets import nets, vi
    >>> x = torch.linspace(-1, 1, 5)[:, None]
    >>> posterior = bnn.Posterior(nets.MLP([1, 1]), x, 2 * x, bnn.Gaussian(0.5))
    >>> estimate = expected_log_likelihood(posterior, n_samples=4)
    >>> estimate(vi.mean_field(torch.zeros(2), 0.1), generator=torch.Generator()).shape
    torch.Size([])
    """
    checks.count("n_samples", n_samples)
    if batch_size is not None:
        checks.count("batch_size", batch_size)
        if batch_size > len(posterior.x):
            raise ValueError(
                f"batch_size must be at most {len(posterior.x)}, all data, got {batch_size}"
            )
    settings = {"n_samples": n_samples, "local": local}

    def estimate(q, *, generator):
        check_dim(q, posterior)
        x, y, scale = posterior.x, posterior.y, 1.0
        if batch_size is not None:
            chosen = torch.randint(len(x), (batch_size,), device=x.device, generator=generator)
            x, y, scale = x[chosen], y[chosen], len(x) / batch_size
        outputs, unknowns = draw_outputs(posterior, q, x, **settings, generator=generator)
        likelihood = posterior.likelihood.given(unknowns.flatten(0, -2))
        draws = likelihood(outputs.flatten(0, -3), y).sum(-1)
        return scale * draws.unflatten(0, outputs.shape[:-2]).mean(-1)

    return estimate


N_NODES = 32  # of the quadrature over an unknown


@checks.arguments(prior_std="float dim")
def monte_carlo_kl(
    q: Gaussian, prior_std: torch.Tensor, *, n_samples: int, generator: torch.Generator
) -> torch.Tensor:
    """Estimate KL(q || p) by the mean of log q - log p over draws of q.

    Parameters
    ----------
    q : MeanField, LowRank or FullCovariance
        The Gaussian q.
    prior_std : torch.Tensor, (dim,)
        Standard deviations of the Gaussian prior.
    n_samples : int
        Draws of q.
    generator : torch.Generator
        Source of the draws.

    Returns
    -------
    torch.Tensor, (*nets,)
        Nats; `q.kl(prior_std)` is its exact value.

    Examples
    --------
    >>> from tinynets import vi
    >>> q, one = vi.mean_field(torch.zeros(2), 1.0), torch.ones(2)
    >>> monte_carlo_kl(q, one, n_samples=5, generator=torch.Generator()).abs() < 1e-5
    tensor(True)
    """
    check_dim(q, prior_std)
    theta = q.sample(n_samples, generator=generator)
    log_prior = torch.distributions.Normal(0.0, prior_std).log_prob(theta)
    return (q.log_prob(theta) - log_prior.sum(-1)).mean(-1)


@checks.arguments()
def exact_kl(q: Gaussian, prior: torch.Tensor | bnn.Posterior) -> torch.Tensor:
    """Return KL(q || p) to the prior of a posterior.

    The closed form for the weights. For unknowns of the likelihood, whose
    prior may be any, E_q[log p] is integrated by Gauss-Hermite quadrature.

    Parameters
    ----------
    q : MeanField, LowRank or FullCovariance
        The Gaussian q.
    prior : torch.Tensor (dim,) or Posterior
        Standard deviations of an independent Gaussian prior, or the posterior
        whose prior is meant.

    Returns
    -------
    torch.Tensor, (*nets,)
        Nats.
    """
    check_dim(q, prior)
    if isinstance(prior, torch.Tensor):
        return q.kl(prior)
    n_unknowns = prior.likelihood.n_unknowns
    if not n_unknowns:
        return q.kl(prior.prior_std)
    # KL(q || N x p) = KL(q || N x N(0, 1)) + E_q[log N(u | 0, 1) - log p(u)].
    mean, std = q.mean[..., -n_unknowns:], q.std[..., -n_unknowns:]
    nodes, weights = (
        torch.as_tensor(part, dtype=mean.dtype, device=mean.device)
        for part in np.polynomial.hermite_e.hermegauss(N_NODES)
    )
    points = torch.stack([mean + std * node for node in nodes])  # (nodes, *nets, k)
    log_p = torch.tensordot(weights / weights.sum(), prior.likelihood.log_prior(points), 1)
    log_normal = -0.5 * (mean.square() + std.square() + math.log(2 * math.pi)).sum(-1)
    both = torch.cat([prior.prior_std, prior.prior_std.new_ones(n_unknowns)])
    return q.kl(both) + log_normal - log_p


@checks.arguments()
def elbo(
    q: Gaussian,
    estimate: Callable,
    prior: torch.Tensor | bnn.Posterior,
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
    prior : torch.Tensor (dim,) or Posterior
        Standard deviations of an independent Gaussian prior, or the posterior whose prior
        is meant.
    temperature : float or torch.Tensor, (*nets,)
        Weight T of the KL term, above 0.
    generator : torch.Generator
        Source of the draws.

    Returns
    -------
    Elbo
        Each term (*nets,), nats.

    Examples
    --------
    >>> from tinynets import vi
    >>> q, generator = vi.mean_field(torch.zeros(2), 1.0), torch.Generator()
    >>> terms = elbo(q, lambda q, generator: q.mean.sum(-1), torch.ones(2), generator=generator)
    >>> terms.kl.abs() < 1e-5
    tensor(True)
    """
    for one in torch.as_tensor(temperature).flatten().tolist():
        checks.positive("temperature", one)
    value = estimate(q, generator=generator)
    log_likelihood = checks.shape("estimate(q)", value, tuple(q.mean.shape[:-1]))
    kl = exact_kl(q, prior)
    return Elbo(log_likelihood - temperature * kl, log_likelihood, kl)


@checks.arguments()
def fit(
    q: Gaussian,
    estimate: Callable,
    prior: torch.Tensor | bnn.Posterior,
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
    estimate : callable
        Of the expected log likelihood, from `expected_log_likelihood`.
    prior : torch.Tensor (dim,) or Posterior
        Standard deviations of the Gaussian prior, or the posterior.
    n_steps : int
        Gradient steps.
    learning_rate : float
        Adam's, at the start.
    temperature : float or torch.Tensor, (*nets,)
        Weight T of the KL term, above 0; 1 is Bayes.
    generator : torch.Generator
        Source of the draws.

    Returns
    -------
    Fit
        The fitted Gaussian, and the (noisy) ELBO of each step.

    Raises
    ------
    FloatingPointError
        If the ELBO is not finite at some step.

    Examples
    --------
    >>> from tinynets import vi
    >>> estimate, one = lambda q, generator: -(q.mean - 1).square().sum(-1), torch.ones(2)
    >>> how = {"n_steps": 10, "learning_rate": 0.1, "generator": torch.Generator()}
    >>> fit(vi.mean_field(torch.zeros(2), 1.0), estimate, one, **how).history.elbo.shape
    torch.Size([10])
    """
    q = type(q)(*(part.detach().clone().requires_grad_() for part in q))
    n_examples = len(prior.x) if isinstance(prior, bnn.Posterior) else 1

    def gradient(step: int) -> torch.Tensor:
        with threads.one_if_small(q.mean.numel() * n_examples):
            terms = elbo(q, estimate, prior, temperature=temperature, generator=generator)
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
