"""Multi-layer perceptrons, one or a stack of nets, and flat parameters.

Every weight may carry leading dimensions, one for each net, chain or
setting: `weight (*nets, out, in)`. A batch matrix product then runs all of
them in one call, which on a CPU is faster than `torch.func.vmap` over
stacked modules (`benchmarks/training.py` measures both).
"""

from tinynets.nets.initialisation import INITIALISATIONS, initialise
from tinynets.nets.modules import (
    ACTIVATIONS,
    MLP,
    BernoulliDecoder,
    GaussianEncoder,
    Net,
    Residual,
    StackedConv2d,
    StackedLinear,
    affine,
)
from tinynets.nets.parameters import (
    apply,
    flatten,
    n_nets_of,
    n_parameters,
    parameter_shapes,
    set_parameters,
    stack_dims,
    unflatten,
)

__all__ = [
    "ACTIVATIONS",
    "BernoulliDecoder",
    "GaussianEncoder",
    "INITIALISATIONS",
    "MLP",
    "Net",
    "Residual",
    "StackedConv2d",
    "StackedLinear",
    "affine",
    "apply",
    "flatten",
    "initialise",
    "n_nets_of",
    "n_parameters",
    "parameter_shapes",
    "set_parameters",
    "stack_dims",
    "unflatten",
]
