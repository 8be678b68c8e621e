"""Classes in a latent space: Gaussians, mixtures, overlap, separation.

A class's aggregate posterior is the mixture of the encoder's Gaussians over
its images; its moment-matched Gaussian has the mixture's mean and covariance.
"""

from tinynets.latents.alignment import orthogonal_fit
from tinynets.latents.distances import bhattacharyya, kl, log_volume, overlap, pairwise
from tinynets.latents.gaussians import (
    Gaussian,
    class_gaussians,
    ellipse,
    log_density,
    mixture_log_density,
    mixture_moments,
    region_level,
)
from tinynets.latents.separation import (
    Plane,
    Scatter,
    fisher_ratio,
    pairwise_error,
    scatter,
    separating_plane,
)

__all__ = [
    "Gaussian",
    "Plane",
    "Scatter",
    "bhattacharyya",
    "class_gaussians",
    "ellipse",
    "fisher_ratio",
    "kl",
    "log_density",
    "log_volume",
    "mixture_log_density",
    "mixture_moments",
    "orthogonal_fit",
    "overlap",
    "pairwise",
    "pairwise_error",
    "region_level",
    "scatter",
    "separating_plane",
]
