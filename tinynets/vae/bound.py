"""The β-VAE: Gaussian encoder, Bernoulli decoder, each term in nats.

Grey pixels x in [0, 1] enter the Bernoulli log-likelihood
x log p + (1 - x) log(1 - p) as they are, the usual shorthand for the mean
over images binarised with probability x.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tinynets import checks
from tinynets.nets import BernoulliDecoder, GaussianEncoder

ACTIVE = 0.01  # variance of a mean over images: Burda et al. (2016)


class VAE(nn.Module):
    """An encoder to a diagonal Gaussian and a decoder back to pixel logits.

    Parameters
    ----------
    sizes : sequence of int
        From pixels to latents, `[784, 256, 128, 2]`; the decoder mirrors it.
    activation : str
        Of all hidden layers.
    n_nets : int, optional
        Build this many side by side.

    Examples
    --------
    >>> net = VAE([64, 16, 2], n_nets=3)
    >>> net.encoder.sizes, net.decoder.sizes
    ((64, 16, 4), (2, 16, 64))
    """

    def __init__(
        self, sizes: Sequence[int], activation: str = "silu", *, n_nets: int | None = None
    ):
        super().__init__()
        self.n_nets, self.n_latents = n_nets, checks.layers("sizes", sizes)[-1]
        self.encoder = GaussianEncoder(sizes, activation, n_nets=n_nets)
        self.decoder = BernoulliDecoder(sizes[::-1], activation, n_nets=n_nets)


class ElboTerms(NamedTuple):
    """Each image's terms, nats: objective = log_likelihood - β kl."""

    objective: Tensor  # (*nets, n): the ELBO where β = 1
    log_likelihood: Tensor  # (*nets, n): of pixels, at one drawn latent
    kl: Tensor  # (*nets, n): of encoder to prior, closed form


@checks.arguments(images="float ... n pixels")
def elbo(
    net: VAE, images: Tensor, *, generator: torch.Generator, beta: float | Tensor = 1.0
) -> ElboTerms:
    """Estimate E_q[log p(x|z)] − β KL(q(z|x) ‖ N(0, I)) for each image.

    Parameters
    ----------
    net : VAE
        One, or a stack.
    images : (n, pixels) or (n_nets, n, pixels)
        In [0, 1]; `elbo` checks that.
    generator : torch.Generator
        Draws one latent an image.
    beta : float or (n_nets,)
        Weight of the KL, 0 or above; a tensor gives each net its own.

    Returns
    -------
    ElboTerms
        Nats, summed over pixels and latent dimensions, one value an image.

    Raises
    ------
    ValueError
        If an image is outside [0, 1] or does not fit the net, or beta is negative.

    Examples
    --------
    >>> from tinynets import nets
    >>> net = nets.initialise(VAE([4, 3, 2]), generator=torch.Generator().manual_seed(0))
    >>> terms = elbo(net, torch.ones(5, 4), generator=torch.Generator().manual_seed(1))
    >>> torch.allclose(terms.objective, terms.log_likelihood - terms.kl)
    True
    """
    beta = _check_beta(beta, net)
    checks.unit_interval("images", images)
    mean, log_var = net.encoder(images)
    latents = sample_latents(mean, log_var, generator=generator)
    log_likelihood = pixel_log_likelihood(net.decoder(latents), images)
    kl = kl_to_prior(mean, log_var).sum(-1)
    return ElboTerms(log_likelihood - beta * kl, log_likelihood, kl)


@checks.arguments(mean="float ... n dims", log_var="float ... n dims")
def sample_latents(mean: Tensor, log_var: Tensor, *, generator: torch.Generator) -> Tensor:
    """Draw z = μ + σ ε with ε ~ N(0, I), differentiable in μ and σ.

    Parameters
    ----------
    mean, log_var : Tensor, (*nets, n, n_latents)
        Of the encoder.
    generator : torch.Generator
        Draws ε.

    Returns
    -------
    Tensor, (*nets, n, n_latents)
        One latent an image.
    """
    noise = torch.empty_like(mean).normal_(generator=generator)
    return mean + torch.exp(log_var / 2) * noise


@checks.arguments(mean="float ... n dims", log_var="float ... n dims")
def kl_to_prior(mean: Tensor, log_var: Tensor) -> Tensor:
    """Compute KL(N(μ, σ²) ‖ N(0, 1)) = (μ² + σ² − 1 − log σ²) / 2, nats.

    Parameters
    ----------
    mean, log_var : Tensor, (*nets, n, n_latents)
        Of the encoder.

    Returns
    -------
    Tensor, (*nets, n, n_latents)
        Nats, one value for each latent dimension, not summed.
    """
    return (mean.square() + log_var.exp() - 1 - log_var) / 2


@checks.arguments(logits="float ... pixels", images="float ... pixels")
def pixel_log_likelihood(logits: Tensor, images: Tensor) -> Tensor:
    """Sum the Bernoulli log-likelihoods of all pixels, nats.

    Parameters
    ----------
    logits : Tensor, (*nets, n, pixels)
        Of the decoder.
    images : Tensor, (n, pixels)
        In [0, 1]; `elbo` checks that.

    Returns
    -------
    Tensor, (*nets, n)
        Nats, summed over pixels.

    Examples
    --------
    >>> pixel_log_likelihood(torch.zeros(1, 2), torch.ones(1, 2)).round(decimals=4)
    tensor([-1.3863])
    """
    # x l − softplus(l): nothing overflows, and half the passes over pixels
    return (images * logits - F.softplus(logits)).sum(-1)


@checks.arguments(images="float ... n pixels")
def log_importance_weights(
    net: VAE, images: Tensor, *, n_samples: int, generator: torch.Generator, chunk: int = 50
) -> Tensor:
    """Compute log p(x|z) p(z) / q(z|x) at latents drawn from the encoder.

    Parameters
    ----------
    net : VAE
        One, or a stack.
    images : (n, pixels)
    n_samples : int
        Latents drawn for each image.
    generator : torch.Generator
    chunk : int
        Latents decoded at once, which bounds the memory.

    Returns
    -------
    Tensor, (*nets, n, n_samples)
        Nats.

    Raises
    ------
    ValueError
        If an image is outside [0, 1] or does not fit the net.
    """
    checks.count("n_samples", n_samples)
    checks.unit_interval("images", images)
    with torch.no_grad():
        mean, log_var = net.encoder(images)
        parts = [
            _log_weights(net, images, mean, log_var, size, generator)
            for size in _chunks(n_samples, chunk)
        ]
    return torch.cat(parts, -1)


@checks.arguments(log_weights="float ... n drawn")
def importance_weighted_bound(log_weights: Tensor, n_samples: int) -> Tensor:
    """Average log (1/K) Σ_k w_k over disjoint groups of K weights.

    A lower bound of log p(x) in expectation; the ELBO at K = 1, and no
    looser as K grows.

    Parameters
    ----------
    log_weights : Tensor, (*nets, n, n_drawn)
        From `log_importance_weights`, nats.
    n_samples : int
        K, which must divide the number drawn.

    Returns
    -------
    Tensor, (*nets, n)
        Nats.

    Raises
    ------
    ValueError
        If K does not divide the number of weights.

    References
    ----------
    Burda, Grosse, Salakhutdinov (2016), Eq. (8).
    """
    n_drawn = log_weights.shape[-1]
    if n_drawn % checks.count("n_samples", n_samples):
        raise ValueError(
            f"n_samples must divide the {n_drawn} weights drawn for each image, got {n_samples}"
        )
    groups = log_weights.unflatten(-1, (-1, n_samples))
    return (groups.logsumexp(-1) - math.log(n_samples)).mean(-1)


@checks.arguments(mean="float ... n dims")
def active_units(mean: Tensor, threshold: float = ACTIVE) -> Tensor:
    """Count the latent dimensions whose mean varies over the images.

    Parameters
    ----------
    mean : Tensor, (*nets, n, n_latents)
        Of the encoder.
    threshold : float
        Variance over the images above which a dimension is active.

    Returns
    -------
    Tensor, (*nets,) int64
        Dimensions with Var_x E_q[z] above the threshold.

    Raises
    ------
    ValueError
        If there are fewer than two images.

    References
    ----------
    Burda, Grosse, Salakhutdinov (2016), section 5.2.
    """
    if mean.shape[-2] < 2:
        raise ValueError(f"mean must be of 2 images or more, to vary, got {mean.shape[-2]}")
    return (mean.var(-2) > checks.non_negative("threshold", threshold)).sum(-1)


def _check_beta(beta: float | Tensor, net: VAE) -> float | Tensor:
    if not isinstance(beta, Tensor):
        return checks.non_negative("beta", beta)
    if net.n_nets is None:
        raise ValueError(f"beta must be a number for one net, got shape {tuple(beta.shape)}")
    checks.shape("beta", beta, (net.n_nets,))
    if not (beta >= 0).all():
        raise ValueError(f"beta must be 0 or above, got {beta.tolist()}")
    return beta.unsqueeze(-1)


def _chunks(total: int, size: int) -> Iterator[int]:
    for start in range(0, total, checks.count("chunk", size)):
        yield min(size, total - start)


def _log_weights(
    net: VAE,
    images: Tensor,
    mean: Tensor,
    log_var: Tensor,
    n_samples: int,
    generator: torch.Generator,
) -> Tensor:
    std = torch.exp(log_var / 2).unsqueeze(-2)  # (*nets, n, 1, latents)
    drawn = (*mean.shape[:-1], n_samples, mean.shape[-1])
    noise = std.new_empty(drawn).normal_(generator=generator)
    latents = mean.unsqueeze(-2) + std * noise
    logits = net.decoder(latents.flatten(-3, -2))  # then (*nets, n, samples, pixels)
    logits = logits.unflatten(-2, latents.shape[-3:-1])
    log_prior_ratio = (noise.square() - latents.square() + log_var.unsqueeze(-2)).sum(-1) / 2
    return pixel_log_likelihood(logits, images.unsqueeze(-2)) + log_prior_ratio
