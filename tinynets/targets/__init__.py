"""Analytic targets: log densities whose moments and draws are known."""

from tinynets.targets.base import Target
from tinynets.targets.curved import banana, funnel, quartic, skewed
from tinynets.targets.gaussians import gaussian, ill_conditioned, mixture

__all__ = [
    "Target",
    "banana",
    "funnel",
    "gaussian",
    "ill_conditioned",
    "mixture",
    "quartic",
    "skewed",
]
