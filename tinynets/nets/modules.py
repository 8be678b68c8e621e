"""Modules that may be many nets side by side."""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
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


@checks.arguments(x="float ... n in", weight="float ... out in", bias="float ... out")
def affine(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Compute x Wᵀ + b, for one layer or a stack of them.

    Parameters
    ----------
    x : Tensor, (n, in) or (*nets, n, in)
        Shared by the whole stack, or a batch for each of it.
    weight : Tensor, (*nets, out, in)
        One matrix a net.
    bias : Tensor, (*nets, out), or None
        One vector a net.

    Returns
    -------
    Tensor, (*nets, n, out)
        Differentiable in all three.

    Examples
    --------
    >>> affine(torch.tensor([[1.0, 2.0]]), torch.eye(2), torch.ones(2))
    tensor([[2., 3.]])
    """
    return _affine(x, weight, bias)


def _affine(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Compute it, unchecked: this is in every step of every loop."""
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
        """Return x Wᵀ + b, (*nets, n, out)."""
        if not isinstance(x, Tensor):
            raise TypeError(f"inputs must be a torch.Tensor, got {type(x).__name__}")
        if x.shape[-1:] != self.weight.shape[-1:] or x.dtype != self.weight.dtype:
            raise ValueError(
                f"inputs must be {self.weight.dtype} of shape (..., {self.weight.shape[-1]}), "
                f"got {x.dtype} of shape {tuple(x.shape)}"
            )
        if self.weight.ndim == 3 and x.ndim == 3 and len(x) not in (1, len(self.weight)):
            raise ValueError(
                f"inputs must be (n, in), or (nets, n, in) of {len(self.weight)} nets, got "
                f"shape {tuple(x.shape)}"
            )
        return _affine(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Say the shape, for printed nets."""
        return f"{tuple(self.weight.shape)}, bias={self.bias is not None}"


class StackedConv2d(nn.Module):
    """The convolutions of `n_nets` nets side by side: one grouped convolution.

    Maps of the nets stand one after another. Parameters are NaN until
    `initialise` has drawn them.

    Parameters
    ----------
    n_in, n_out : int
        Maps of one net.
    kernel, padding : int
        Width of the square receptive field; zeros added around each map.
    n_nets : int
        Nets of the stack.

    Examples
    --------
    >>> layer = StackedConv2d(1, 4, 3, n_nets=5)
    >>> layer.weight.shape, layer(torch.zeros(7, 5, 8, 8)).shape
    (torch.Size([5, 4, 1, 3, 3]), torch.Size([7, 20, 6, 6]))
    """

    def __init__(self, n_in: int, n_out: int, kernel: int, *, padding: int = 0, n_nets: int):
        super().__init__()
        for name, size in {"n_in": n_in, "n_out": n_out, "kernel": kernel}.items():
            checks.count(name, size)
        self.n_nets = checks.count("n_nets", n_nets)
        self.padding = checks.count("padding", padding, at_least=0)
        weight = torch.full((n_nets * n_out, n_in, kernel, kernel), math.nan)
        weight = weight.to(memory_format=torch.channels_last)  # as oneDNN is fastest
        self.weight = nn.Parameter(weight.unflatten(0, (n_nets, n_out)))
        self.bias = nn.Parameter(torch.full((n_nets, n_out), math.nan))

    def forward(self, maps: Tensor) -> Tensor:
        """Convolve (n, n_nets × in, rows, columns) to (n, n_nets × out, ...)."""
        weight, bias = self.weight.flatten(0, 1), self.bias.flatten()
        return F.conv2d(maps, weight, bias, padding=self.padding, groups=self.n_nets)


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
        Whether layers have biases.

    Raises
    ------
    ValueError
        If there are fewer than two sizes, or an activation is unknown.

    Examples
    --------
    >>> MLP([784, 30, 10], n_nets=5).layers[0].weight.shape
    torch.Size([5, 30, 784])
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
        n_hidden = len(checks.layers("sizes", sizes)) - 2
        if not isinstance(activation, str | list | tuple):
            raise TypeError(
                f"activation must be a str, or one for each hidden layer, got {activation!r}"
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
        """Return the outputs, (*nets, n, out)."""
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
        for name, part in (("body", body), ("shortcut", shortcut)):
            if part is not None and not isinstance(part, nn.Module):
                raise TypeError(f"{name} must be a torch.nn.Module, got {type(part).__name__}")
        self.body, self.shortcut = body, shortcut

    def forward(self, x: Tensor) -> Tensor:
        """Return the sum, of the shape of the inputs."""
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
        """Return mean and log-variance, (*nets, n, latents) each."""
        mean, log_var = super().forward(x).chunk(2, dim=-1)
        return mean, log_var


class BernoulliDecoder(MLP):
    """An MLP from latents to the logit of each pixel."""

    def __init__(
        self, sizes: Sequence[int], activation: str = "silu", *, n_nets: int | None = None
    ):
        super().__init__(sizes, activation, n_nets=n_nets)
