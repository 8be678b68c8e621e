"""Empirical kernels: the NTK and the NNGP kernel of finite networks.

Conventions. The NTK of a network f with trainable parameters theta is

    ntk[i, j, o, p] = sum_k  d f_o(x1_i) / d theta_k  *  d f_p(x2_j) / d theta_k,

over parameters that require a gradient. Its trace over outputs is divided by the number of
outputs, so that it estimates the infinite network's kernel. Examples must not
influence one another: put batch normalisation and dropout into `eval` mode.
"""

from tinynets.empirical.compare import alignment, relative_change
from tinynets.empirical.finite import costs, nngp, ntk, ntk_vector_product
from tinynets.empirical.montecarlo import MonteCarlo, monte_carlo

__all__ = [
    "MonteCarlo",
    "alignment",
    "costs",
    "monte_carlo",
    "nngp",
    "ntk",
    "ntk_vector_product",
    "relative_change",
]
