"""Latent spaces that a reader turns, watches learning and walks about in."""

from tinynets.explorables.latents.betas import betas_explorable
from tinynets.explorables.latents.cloud import cloud_explorable
from tinynets.explorables.latents.plane import plane_explorable
from tinynets.explorables.latents.regions import training_explorable

__all__ = ["cloud_explorable", "plane_explorable", "betas_explorable", "training_explorable"]
