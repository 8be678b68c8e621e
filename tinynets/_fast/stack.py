"""Stacks of linear layers for many weight vectors at once, gradient by hand.

The cost of a small network in PyTorch is the overhead of each operation, so
this path uses few of them; layout and derivation stand at the head of the
package.
"""

import itertools
import math
from collections.abc import Callable
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from tinynets import nets

BackwardOf = Callable[[Tensor, Tensor], Tensor]


class Activation(NamedTuple):
    """An element-wise function, and how a derivative goes back through it."""

    forward: Callable[[Tensor], Tensor]
    backward: BackwardOf  # (d by the value, what was kept) -> d by the argument
    in_place: Callable[[Tensor], Tensor] | None = None  # where the value is kept


_aten = torch.ops.aten
ACTIVATIONS: dict[str, Activation] = {
    "identity": Activation(lambda z: z, lambda d, kept: d, lambda z: z),
    "tanh": Activation(torch.tanh, _aten.tanh_backward, torch.tanh_),
    "relu": Activation(torch.relu, lambda d, a: _aten.threshold_backward(d, a, 0), torch.relu_),
    "sigmoid": Activation(torch.sigmoid, _aten.sigmoid_backward, torch.sigmoid_),
    "silu": Activation(nets.ACTIVATIONS["silu"], _aten.silu_backward),
    "gelu": Activation(nets.ACTIVATIONS["gelu"], _aten.gelu_backward),
    "softplus": Activation(
        nets.ACTIVATIONS["softplus"], lambda d, z: _aten.softplus_backward(d, z, 1, 20)
    ),
    "elu": Activation(
        nets.ACTIVATIONS["elu"], lambda d, z: _aten.elu_backward(d, 1, 1, 1, False, z)
    ),
    "selu": Activation(
        nets.ACTIVATIONS["selu"],
        lambda d, z: _aten.elu_backward(d, 1.6732632423543772, 1.0507009873554805, 1, False, z),
    ),
    "erf": Activation(
        torch.erf, lambda d, z: d * z.square().neg().exp() * (2 / math.sqrt(math.pi))
    ),
    "sine": Activation(torch.sin, lambda d, z: d * z.cos()),
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
            h, _ = _activate(layer.activation, self._affine(layer, weight, bias, h))
        return h if x.ndim == 2 else h.unflatten(1, x.shape[:-1])

    def pullback(self, position: Tensor, x: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
        """Return f(x) and the map from df to its gradient in the weights.

        The map takes the derivative of a scalar by f, (chains, n, outputs),
        and returns its derivative by the flat weights, (chains, dim). Here
        x is (n, inputs).
        """
        parts, h, inputs, kept = self.unflatten(position), x, [], []
        for layer, (weight, bias) in zip(self.layers, parts, strict=True):
            inputs.append(h)
            h, keep = _activate(layer.activation, self._affine(layer, weight, bias, h))
            kept.append(keep)

        def pull(d: Tensor) -> Tensor:
            gradient = []
            for layer, (weight, _), h, keep in reversed(
                list(zip(self.layers, parts, inputs, kept, strict=True))
            ):
                d = ACTIVATIONS[layer.activation].backward(d, keep)
                if layer.bias:
                    gradient.append(d.sum(1))
                first = h is x
                h = x.expand(len(position), *x.shape) if first else h
                gradient.append(_by_weight(d, h).flatten(1))
                d = d if first else _by_input(d, weight, _units_last(h))
            return torch.cat(gradient[::-1], 1)

        return h, pull

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


def _activate(name: str, z: Tensor) -> tuple[Tensor, Tensor]:
    """Return the activation's values, and what its backward needs of them."""
    activation = ACTIVATIONS[name]
    if activation.in_place is None:
        return activation.forward(z), z
    value = activation.forward(z) if z.requires_grad else activation.in_place(z)
    return value, value


def _add_product(bias: Tensor | None, left: Tensor, right: Tensor) -> Tensor:
    """Return bias + left @ right for each chain, either of them shared."""
    chains = max(len(side) if side.ndim == 3 else 1 for side in (left, right))
    if left.shape[-1] == 1:  # an outer product: no matrix to multiply
        return left * right if bias is None else torch.addcmul(bias, left, right)
    left, right = (side.expand(chains, *side.shape[-2:]) for side in (left, right))
    return torch.bmm(left, right) if bias is None else torch.baddbmm(bias, left, right)


def _by_weight(d: Tensor, h: Tensor) -> Tensor:
    """Return the derivative by W, (chains, out, in): d' h summed over examples."""
    return torch.bmm(h.mT, d).mT if d.shape[-1] < h.shape[-1] else torch.bmm(d.mT, h)


def _by_input(d: Tensor, weight: Tensor, units_last: bool) -> Tensor:
    """Return the derivative by the layer's input, laid out as that input."""
    multiply = torch.mul if weight.shape[1] == 1 else torch.bmm
    return multiply(d, weight) if units_last else multiply(weight.mT, d.mT).mT


def _units_last(h: Tensor) -> bool:
    """Whether units, not examples, lie side by side in memory."""
    return h.stride(-1) == 1
