"""Weights and biases as they are drawn at the start."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from tinynets import checks
from tinynets.nets.modules import Net, StackedConv2d, StackedLinear

# How wide the first weights are drawn, and the biases: each entry takes
# (n_in, n_out) and gives (kind, weight scale, bias scale); "normal" scales
# are standard deviations, "uniform" scales are half-widths.
INITIALISATIONS: dict[str, Callable[[int, int], tuple[str, float, float]]] = {
    "torch": lambda n_in, n_out: ("uniform", n_in**-0.5, n_in**-0.5),
    "lecun": lambda n_in, n_out: ("normal", n_in**-0.5, 0.0),
    "he": lambda n_in, n_out: ("normal", (2 / n_in) ** 0.5, 0.0),
    "glorot": lambda n_in, n_out: ("uniform", (6 / (n_in + n_out)) ** 0.5, 0.0),
    "nielsen": lambda n_in, n_out: ("normal", n_in**-0.5, 1.0),
    "nielsen-large": lambda n_in, n_out: ("normal", 1.0, 1.0),
}


@checks.arguments()
def initialise(net: Net, *, generator: torch.Generator, scheme: str = "torch") -> Net:
    """Draw every weight and bias of a net, and return the net.

    Handles `StackedLinear`, `StackedConv2d`, and `nn.Linear` and `nn.Conv2d`
    (build those with `torch.nn.utils.skip_init`); the global random state
    stays as it was.

    Parameters
    ----------
    net : nn.Module
        Changed in place.
    generator : torch.Generator
        Source of the draws.
    scheme : str
        "torch": U(-1/sqrt(n_in), 1/sqrt(n_in)) for weights and biases;
        "lecun": N(0, 1/n_in), biases 0; "he": N(0, 2/n_in), biases 0;
        "glorot": uniform of variance 2/(n_in + n_out), biases 0;
        "nielsen": N(0, 1/n_in), biases N(0, 1); "nielsen-large": N(0, 1)
        for both.

    Returns
    -------
    nn.Module
        The net.

    Raises
    ------
    ValueError
        If `scheme` is unknown.
    TypeError
        If a module of the net has parameters that none of these rules fit.

    Examples
    --------
    >>> from tinynets.nets.modules import MLP
    >>> net = initialise(MLP([2, 3, 1]), generator=torch.Generator().manual_seed(0))
    >>> bool(torch.isfinite(net(torch.ones(1, 2))))
    True
    """
    scales = INITIALISATIONS[checks.choice("scheme", scheme, INITIALISATIONS)]
    for module in net.modules():
        if isinstance(module, (StackedLinear, StackedConv2d, nn.Linear, nn.Conv2d)):
            kind, weight_scale, bias_scale = scales(*_fans(module))
            _draw(module.weight, kind, weight_scale, generator)
            if module.bias is not None:
                _draw(module.bias, kind, bias_scale, generator)
        elif next(module.parameters(recurse=False), None) is not None:
            raise TypeError(
                f"initialise handles StackedLinear, StackedConv2d, nn.Linear and nn.Conv2d, "
                f"got {type(module).__name__}: draw its parameters yourself"
            )
    return net


def _fans(module: StackedLinear | StackedConv2d | nn.Linear | nn.Conv2d) -> tuple[int, int]:
    weight = module.weight
    if isinstance(module, (StackedConv2d, nn.Conv2d)):
        n_out, n_in, rows, columns = weight.shape[-4:]
        return n_in * rows * columns, n_out * rows * columns
    return weight.shape[-1], weight.shape[-2]


def _draw(tensor: Tensor, kind: str, scale: float, generator: torch.Generator) -> None:
    if scale == 0:
        nn.init.zeros_(tensor)
    elif kind == "normal":
        nn.init.normal_(tensor, 0.0, scale, generator=generator)
    else:
        nn.init.uniform_(tensor, -scale, scale, generator=generator)
