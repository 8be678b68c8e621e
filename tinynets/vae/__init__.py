"""The β-VAE: its terms in nats, and what it is trained by."""

from tinynets.vae.bound import (
    ACTIVE,
    VAE,
    ElboTerms,
    active_units,
    elbo,
    importance_weighted_bound,
    kl_to_prior,
    log_importance_weights,
    pixel_log_likelihood,
    sample_latents,
)
from tinynets.vae.descent import NegativeElbo

__all__ = [
    "ACTIVE",
    "VAE",
    "ElboTerms",
    "NegativeElbo",
    "active_units",
    "elbo",
    "importance_weighted_bound",
    "kl_to_prior",
    "log_importance_weights",
    "pixel_log_likelihood",
    "sample_latents",
]
