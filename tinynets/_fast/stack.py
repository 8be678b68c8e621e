"""Stacks of linear layers: which nets are such, and their outputs for many weight vectors.

Outputs are differentiable here. `batched` writes the gradient out.
"""

import itertools
import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from tinynets import nets


class Activation(NamedTuple):
    """An element-wise function, and how a derivative goes back through it."""

    forward: Callable[[Tensor], Tensor]  # differentiable
    into: Callable  # (argument, out=value)
    backward: Callable  # (d by the value, what was kept, grad_input=d by the argument)
    in_place: Callable[[Tensor], Tensor] | None = None  # where the value is kept, else the argument


def _identity(d: Tensor, z: Tensor, *, grad_input: Tensor) -> Tensor:
    return grad_input.copy_(d)


def _relu(d: Tensor, value: Tensor, *, grad_input: Tensor) -> Tensor:
    return torch.mul(d, value.sign(), out=grad_input)  # two, but each a third of `_aten`'s


def _softplus(d: Tensor, z: Tensor, *, grad_input: Tensor) -> Tensor:
    return _aten.softplus_backward.grad_input(d, z, 1, 20, grad_input=grad_input)


def _erf(d: Tensor, z: Tensor, *, grad_input: Tensor) -> Tensor:
    slope = z.square().neg_().exp_().mul_(2 / math.sqrt(math.pi))
    return torch.mul(d, slope, out=grad_input)


def _sine(d: Tensor, z: Tensor, *, grad_input: Tensor) -> Tensor:
    return torch.mul(d, z.cos(), out=grad_input)


def _elu(scale: float, alpha: float) -> Activation:
    """Return scale z above 0 and scale alpha (e^z - 1) below."""

    def into(z: Tensor, *, out: Tensor) -> Tensor:
        return _aten.elu.out(z, alpha, scale, 1, out=out)

    def backward(d: Tensor, z: Tensor, *, grad_input: Tensor) -> Tensor:
        return _aten.elu_backward.grad_input(d, alpha, scale, 1, False, z, grad_input=grad_input)

    return Activation(nets.ACTIVATIONS["elu" if scale == 1 else "selu"], into, backward)


_aten = torch.ops.aten
ACTIVATIONS: dict[str, Activation] = {
    "identity": Activation(lambda z: z, lambda z, *, out: out.copy_(z), _identity, lambda z: z),
    "tanh": Activation(torch.tanh, torch.tanh, _aten.tanh_backward.grad_input, torch.tanh_),
    "relu": Activation(torch.relu, partial(torch.clamp, min=0), _relu, torch.relu_),
    "sigmoid": Activation(
        torch.sigmoid, torch.sigmoid, _aten.sigmoid_backward.grad_input, torch.sigmoid_
    ),
    "silu": Activation(nets.ACTIVATIONS["silu"], _aten.silu.out, _aten.silu_backward.grad_input),
    "gelu": Activation(nets.ACTIVATIONS["gelu"], _aten.gelu.out, _aten.gelu_backward.grad_input),
    "softplus": Activation(nets.ACTIVATIONS["softplus"], _aten.softplus.out, _softplus),
    "elu": _elu(1, 1),
    "selu": _elu(1.0507009873554805, 1.6732632423543772),
    "erf": Activation(torch.erf, torch.erf, _erf),
    "sine": Activation(torch.sin, torch.sin, _sine),
}
# Modules that are one of these, with the settings for which they are.
MODULES: dict[type[nn.Module], tuple[str, dict]] = {
    nn.Identity: ("identity", {}),
    nn.Tanh: ("tanh", {}),
    nn.ReLU: ("relu", {}),
    nn.Sigmoid: ("sigmoid", {}),
    nn.SiLU: ("silu", {}),
    nn.GELU: ("gelu", {"approximate": "none"}),
    nn.Softplus: ("softplus", {"beta": 1, "threshold": 20}),
    nn.ELU: ("elu", {"alpha": 1}),
    nn.SELU: ("selu", {}),
}


class Layer(NamedTuple):
    """Shape of one layer, activation(W x + b)."""

    n_in: int
    n_out: int
    activation: str = "identity"
    bias: bool = True


class Stack(NamedTuple):
    r"""Shape of a net of linear layers, each with an activation.

    The flat weights are in the order of `net.parameters()`: W1, b1, W2, …
    """

    layers: tuple[Layer, ...]

    @property
    def dim(self) -> int:
        """Number of weights and biases."""
        return sum(self.part_sizes)

    @property
    def part_sizes(self) -> list[int]:
        """Numbers of entries of W1, b1, W2 and so on."""
        return [
            size
            for layer in self.layers
            for size in [layer.n_out * layer.n_in, *[layer.n_out] * layer.bias]
        ]

    def unflatten(self, position: Tensor) -> list[tuple[Tensor, Tensor | None]]:
        """Return W (chains, out, in) and b (chains, out) of each layer, as views."""
        parts = iter(position.split(self.part_sizes, 1))
        return [
            (
                next(parts).unflatten(1, (layer.n_out, layer.n_in)),
                next(parts) if layer.bias else None,
            )
            for layer in self.layers
        ]

    def __call__(self, position: Tensor, x: Tensor) -> Tensor:
        """Return f(x), (chains, n, outputs), differentiable.

        Parameters
        ----------
        position : Tensor, (chains, dim)
            Flat weights.
        x : Tensor, (n, ..., inputs)
            Inputs; dimensions between the first and the last stay.
        """
        h = x.reshape(-1, x.shape[-1])
        for layer, (weight, bias) in zip(self.layers, self.unflatten(position), strict=True):
            h = _activate(layer.activation, self._affine(layer, weight, bias, h))
        return h if x.ndim == 2 else h.unflatten(1, x.shape[:-1])

    def _affine(self, layer: Layer, weight: Tensor, bias: Tensor | None, h: Tensor) -> Tensor:
        """Return W h + b, (chains, n, out), the longer of n and out last in memory.

        Vectors of 3 units are too short to be fast; the values are the same.
        The outputs of the net always lie side by side.
        """
        if layer.n_out >= h.shape[-2] or layer is self.layers[-1]:
            return _add_product(None if bias is None else bias[:, None], h, weight.mT)
        return _add_product(None if bias is None else bias[..., None], weight, h.mT).mT


def recognise(net: nn.Module) -> Stack | str:
    """Return the shape of a net that this path can take, or why it can't.

    Taken are `nets.MLP` and `nn.Sequential` (nested ones too) of `nn.Linear`,
    each followed by at most one activation out of `MODULES`.
    """
    if type(net).forward is nets.MLP.forward:
        layers = _of_mlp(cast(nets.MLP, net))
    elif type(net) in (nn.Sequential, nn.Linear):
        layers = _of_modules(list(_flat(net)))
    else:
        return f"{type(net).__name__} is neither nets.MLP nor nn.Sequential of linear layers"
    if isinstance(layers, str):
        return layers
    if any(module._forward_hooks or module._forward_pre_hooks for module in net.modules()):
        return "the net has forward hooks"
    stack = Stack(tuple(layers))
    if stack.part_sizes != [p.numel() for p in net.parameters()]:
        return "layers of the net share parameters"
    return stack


def _of_mlp(net: nets.MLP) -> list[Layer] | str:
    """Return the layers of an `MLP`."""
    names = [*net.activation_names, "identity"]
    if net.n_nets is not None:
        return "the net is a stack of several nets"
    if unknown := set(names) - ACTIVATIONS.keys():
        return f"the activation {sorted(unknown)[0]} has no gradient by hand"
    return [
        Layer(n_in, n_out, name, layer.bias is not None)
        for (n_in, n_out), name, layer in zip(
            itertools.pairwise(net.sizes), names, net.layers, strict=True
        )
    ]


def _flat(net: nn.Module):
    """Yield the modules of nested `nn.Sequential`s in order."""
    for module in net if type(net) is nn.Sequential else [net]:
        yield from _flat(module) if type(module) is nn.Sequential else [module]


def _of_modules(modules: list[nn.Module]) -> list[Layer] | str:
    """Return the layers of linear modules and activations."""
    layers: list[Layer] = []
    for module in modules:
        name, settings = MODULES.get(type(module), (None, {}))
        if type(module) is nn.Linear:
            bias = module.bias is not None
            layers.append(Layer(module.in_features, module.out_features, bias=bias))
        elif name is None:
            return f"{type(module).__name__} has no gradient by hand"
        elif any(getattr(module, key) != value for key, value in settings.items()):
            return f"{module} has no gradient by hand with these settings"
        elif not layers or name != "identity" and layers[-1].activation != "identity":
            return f"{type(module).__name__} does not follow a linear layer"
        elif name != "identity":
            layers[-1] = layers[-1]._replace(activation=name)
    return layers or "the net has no linear layer"


def _activate(name: str, z: Tensor) -> Tensor:
    """Return the activation's values, in place of the arguments if nobody needs these."""
    activation = ACTIVATIONS[name]
    function = activation.forward if z.requires_grad else activation.in_place
    return (function or activation.forward)(z)


def _add_product(bias: Tensor | None, left: Tensor, right: Tensor) -> Tensor:
    """Return bias + left @ right for each chain, either of them shared."""
    chains = max(len(side) if side.ndim == 3 else 1 for side in (left, right))
    if left.shape[-1] == 1:  # an outer product: no matrix to multiply
        return left * right if bias is None else torch.addcmul(bias, left, right)
    left, right = (side.expand(chains, *side.shape[-2:]) for side in (left, right))
    return torch.bmm(left, right) if bias is None else torch.baddbmm(bias, left, right)
