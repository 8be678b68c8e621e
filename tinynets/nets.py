"""Multi-layer perceptrons, one or a stack of nets, and flat parameters.

Every weight may carry leading dimensions, one for each net, chain or
setting: `weight (*nets, out, in)`. A batch matrix product then runs all of
them in one call, which on a CPU is faster than `torch.func.vmap` over
stacked modules (`benchmarks/training.py` measures both).
"""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tinynets import checks

Net = TypeVar("Net", bound=nn.Module)

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": lambda z: z,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "silu": F.silu,
    "gelu": F.gelu,
    "elu": F.elu,
    "selu": F.selu,
    "softplus": F.softplus,
    "sine": torch.sin,
    "erf": torch.erf,
}

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


def affine(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Compute x Wᵀ + b, for one layer or a stack of them.

    Parameters
    ----------
    x : (n, in) or (*nets, n, in)
        Shared by the whole stack, or a batch for each of it.
    weight : (*nets, out, in)
    bias : (*nets, out), or None

    Returns
    -------
    (*nets, n, out)
    """
    if weight.ndim == 2:
        return F.linear(x, weight, bias)
    if bias is not None and weight.ndim == x.ndim == 3 and len(x) == len(weight):
        return torch.baddbmm(bias.unsqueeze(-2), x, weight.mT)
    z = x @ weight.mT
    return z if bias is None else z + bias.unsqueeze(-2)


class StackedLinear(nn.Module):
    """A layer x Wᵀ + b, or `n_nets` of them side by side.

    Parameters are NaN until `initialise` has drawn them, so that a net whose
    initialisation was forgotten can't pass for one that learns badly.
    """

    def __init__(self, n_in: int, n_out: int, *, n_nets: int | None = None, bias: bool = True):
        super().__init__()
        self.bias: nn.Parameter | None
        stack = () if n_nets is None else (checks.count("n_nets", n_nets),)
        checks.count("n_in", n_in)
        checks.count("n_out", n_out)
        self.weight = nn.Parameter(torch.full((*stack, n_out, n_in), math.nan))
        self.register_parameter(
            "bias", nn.Parameter(torch.full((*stack, n_out), math.nan)) if bias else None
        )

    def forward(self, x: Tensor) -> Tensor:
        return affine(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"{tuple(self.weight.shape)}, bias={self.bias is not None}"


class MLP(nn.Module):
    """A multi-layer perceptron; the last layer is linear.

    Parameters
    ----------
    sizes : sequence of int
        Units a layer from input to output: `[784, 10, 3, 10]`.
    activation : str, or one str for each hidden layer
        A key of `ACTIVATIONS`.
    n_nets : int, optional
        Build this many nets side by side: inputs (n, in) or
        (n_nets, n, in), outputs (n_nets, n, out).
    bias : bool

    Raises
    ------
    ValueError
        If there are fewer than two sizes, or an activation is unknown.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: str | Sequence[str] = "tanh",
        *,
        n_nets: int | None = None,
        bias: bool = True,
    ):
        super().__init__()
        n_hidden = len(sizes) - 2
        if n_hidden < 0:
            raise ValueError(
                f"sizes must name an input and an output layer at least, got {list(sizes)}"
            )
        names = [activation] * n_hidden if isinstance(activation, str) else list(activation)
        if len(names) != n_hidden:
            raise ValueError(
                f"activation must be one name or one for each "
                f"of {n_hidden} hidden layers, got {names}"
            )
        for name in [activation] if isinstance(activation, str) else names:
            checks.choice("activation", name, ACTIVATIONS)
        self.sizes, self.activation_names, self.n_nets = (tuple(sizes), tuple(names), n_nets)
        self.layers = nn.ModuleList(
            StackedLinear(n_in, n_out, n_nets=n_nets, bias=bias)
            for n_in, n_out in itertools.pairwise(sizes)
        )

    @property
    def linears(self) -> list[StackedLinear]:
        """The linear layers, the last one included."""
        return [layer for layer in self.layers if isinstance(layer, StackedLinear)]

    def forward(self, x: Tensor) -> Tensor:
        *_, outputs = self.activations(x)
        return outputs

    def activations(self, x: Tensor) -> Iterator[Tensor]:
        """Yield the activations of each hidden layer, and the outputs last."""
        for layer, name in zip(self.layers, self.activation_names, strict=False):
            x = ACTIVATIONS[name](layer(x))
            yield x
        yield self.layers[-1](x)


class Residual(nn.Module):
    """A block x + body(x), or shortcut(x) + body(x).

    Parameters
    ----------
    body : nn.Module
        Its outputs have the shape of its inputs, or of the shortcut's outputs.
    shortcut : nn.Module, optional
    """

    def __init__(self, body: nn.Module, shortcut: nn.Module | None = None):
        super().__init__()
        self.body, self.shortcut = body, shortcut

    def forward(self, x: Tensor) -> Tensor:
        return (x if self.shortcut is None else self.shortcut(x)) + self.body(x)


class GaussianEncoder(MLP):
    """An MLP whose outputs are the mean and log-variance of a Gaussian.

    `sizes` ends in the number of latent dimensions; the last layer has twice
    as many units.
    """

    def __init__(
        self, sizes: Sequence[int], activation: str = "silu", *, n_nets: int | None = None
    ):
        super().__init__([*sizes[:-1], 2 * sizes[-1]], activation, n_nets=n_nets)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]  # two, where an MLP gives one
        mean, log_var = super().forward(x).chunk(2, dim=-1)
        return mean, log_var


class BernoulliDecoder(MLP):
    """An MLP from latents to the logit of each pixel."""

    def __init__(
        self, sizes: Sequence[int], activation: str = "silu", *, n_nets: int | None = None
    ):
        super().__init__(sizes, activation, n_nets=n_nets)


def initialise(net: Net, *, generator: torch.Generator, scheme: str = "torch") -> Net:
    """Draw every weight and bias of a net, and return the net.

    Handles `StackedLinear`, `nn.Linear` and `nn.Conv2d` (build those with
    `torch.nn.utils.skip_init`); the global random state stays as it was.

    Parameters
    ----------
    net : nn.Module
    generator : torch.Generator
    scheme : str
        "torch": U(-1/sqrt(n_in), 1/sqrt(n_in)) for weights and biases;
        "lecun": N(0, 1/n_in), biases 0; "he": N(0, 2/n_in), biases 0;
        "glorot": uniform of variance 2/(n_in + n_out), biases 0;
        "nielsen": N(0, 1/n_in), biases N(0, 1); "nielsen-large": N(0, 1)
        for both.

    Raises
    ------
    ValueError
        If `scheme` is unknown.
    TypeError
        If a module of the net has parameters that none of these rules fit.
    """
    scales = INITIALISATIONS[checks.choice("scheme", scheme, INITIALISATIONS)]
    for module in net.modules():
        if isinstance(module, (StackedLinear, nn.Linear, nn.Conv2d)):
            kind, weight_scale, bias_scale = scales(*_fans(module))
            _draw(module.weight, kind, weight_scale, generator)
            if module.bias is not None:
                _draw(module.bias, kind, bias_scale, generator)
        elif next(module.parameters(recurse=False), None) is not None:
            raise TypeError(
                f"initialise handles StackedLinear, nn.Linear and nn.Conv2d, got "
                f"{type(module).__name__}: draw its parameters yourself"
            )
    return net


def _fans(module: StackedLinear | nn.Linear | nn.Conv2d) -> tuple[int, int]:
    weight = module.weight
    if isinstance(module, nn.Conv2d):
        field = weight[0, 0].numel()
        return weight.shape[1] * field, weight.shape[0] * field
    return weight.shape[-1], weight.shape[-2]


def _draw(tensor: Tensor, kind: str, scale: float, generator: torch.Generator) -> None:
    if scale == 0:
        nn.init.zeros_(tensor)
    elif kind == "normal":
        nn.init.normal_(tensor, 0.0, scale, generator=generator)
    else:
        nn.init.uniform_(tensor, -scale, scale, generator=generator)


def n_nets_of(net: nn.Module) -> int | None:
    """Return how many nets a module is side by side; None for one alone."""
    return getattr(net, "n_nets", None)


def stack_dims(net: nn.Module) -> int:
    """Return how many dimensions come before those of one net: 0 or 1."""
    return 0 if n_nets_of(net) is None else 1


def parameter_shapes(net: nn.Module) -> dict[str, tuple[int, ...]]:
    """Name each parameter of a net, in order, with the shape in one net.

    The dimension of `n_nets` is left out.
    """
    skip = stack_dims(net)
    return {name: tuple(parameter.shape[skip:]) for name, parameter in net.named_parameters()}


def n_parameters(net: nn.Module) -> int:
    """Count the weights and biases of one net."""
    return sum(map(math.prod, parameter_shapes(net).values()))


def flatten(net: nn.Module) -> Tensor:
    """Copy all parameters into one vector: (dim,) or (n_nets, dim)."""
    skip = stack_dims(net)
    return torch.cat([parameter.detach().flatten(skip) for parameter in net.parameters()], dim=-1)


def unflatten(theta: Tensor, shapes: Mapping[str, Sequence[int]]) -> dict[str, Tensor]:
    """Cut flat parameters into named tensors (views of `theta` where they can be).

    Parameters
    ----------
    theta : (*nets, dim)
        One net, or one for each chain, draw or member of a stack.
    shapes : mapping of str to sequence of int
        As `parameter_shapes(net)` gives them.

    Returns
    -------
    dict of str to (*nets, *shape)

    Raises
    ------
    ValueError
        If `dim` is not the number of parameters.
    """
    sizes = [math.prod(shape) for shape in shapes.values()]
    if theta.shape[-1] != sum(sizes):
        raise ValueError(
            f"theta must have {sum(sizes)} values in its last "
            f"dimension, one a parameter, got shape "
            f"{tuple(theta.shape)}"
        )
    parts = theta.split(sizes, dim=-1)
    return {
        name: part.reshape(*theta.shape[:-1], *shape)
        for (name, shape), part in zip(shapes.items(), parts, strict=True)
    }


def set_parameters(net: Net, theta: Tensor) -> Net:
    """Copy flat parameters into a net, and return the net."""
    parts = unflatten(theta, parameter_shapes(net))
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            checks.shape(f"theta's {name}", parts[name], tuple(parameter.shape))
            parameter.copy_(parts[name])
    return net


def apply(net: nn.Module, theta: Tensor, *inputs: Tensor):
    """Evaluate a net at flat parameters, differentiably.

    With `net = MLP([1, 20, 1])`, `theta (chains, dim)` and `x (n, 1)` the
    outputs are (chains, n, 1); the net's own parameters are not used.
    """
    parts = unflatten(theta, parameter_shapes(net))
    return torch.func.functional_call(net, parts, inputs)
