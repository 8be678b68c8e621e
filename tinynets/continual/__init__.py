"""Continual backprop: gradient descent that keeps renewing idle units.

A net that learns one task after another slowly loses the ability to learn.
Continual backprop gives it fresh units all along: after each ordinary
update, a very small share of each hidden layer, the units that contribute
least, starts again from random weights.

References
----------
Dohare, Sutton, Mahmood (2021), arXiv:2108.06325, Algorithm 1: the loop.
Dohare et al. (2024), Nature 632, 768-774: the utility used here. The authors' code has
another that corrects activations for their mean and divides by the incoming weights.
"""

from tinynets.continual.plasticity import dead_share, effective_rank
from tinynets.continual.renewal import renew, step
from tinynets.continual.units import Units, contribution, init, observe, select

__all__ = [
    "Units",
    "contribution",
    "dead_share",
    "effective_rank",
    "init",
    "observe",
    "renew",
    "select",
    "step",
]
