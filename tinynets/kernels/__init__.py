"""Covariance functions: a Gaussian process's, and those of infinitely wide networks.

    kernels = kernels_of(nn.Sequential(nn.Linear(784, 500), nn.ReLU(), nn.Linear(500, 10)))
    kernels(x1, x2).ntk

The layers of `tinynets.kernels.layers`, `combine`, `spatial` and `mixing` build the same from
functions.
"""

from tinynets.kernels.blocks import in_blocks
from tinynets.kernels.covariance import exponentiated_quadratic
from tinynets.kernels.infinite import KernelFunction, Limit
from tinynets.kernels.modules import kernels_of

__all__ = ["KernelFunction", "Limit", "exponentiated_quadratic", "in_blocks", "kernels_of"]
