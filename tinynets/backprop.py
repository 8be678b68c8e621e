"""Back-propagation through an MLP, written out: no graph, gradients in place.

`densities.value_and_grad` is autograd for log densities of any net; this is for
training, where the parameters' `.grad` are buffers that last. Both functions are
called in each step, under `torch.no_grad()`, and trust what they get: a
decorator costs as much as a small layer.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from tinynets import nets
from tinynets._fast.stack import ACTIVATIONS
from tinynets.nets.modules import _affine


class Kept(NamedTuple):
    """What `backward` needs of one layer."""

    inputs: Tensor  # (*nets, n, in)
    activated: Tensor  # what the derivative of the activation behind it needs; last, the outputs


def forward(net: nets.MLP, x: Tensor) -> tuple[Tensor, list[Kept]]:
    """Compute the outputs of an MLP, and keep what `backward` needs.

    Parameters
    ----------
    net : nets.MLP
        One, or a stack.
    x : Tensor, (n, in) or (n_nets, n, in)

    Returns
    -------
    Tensor, (*nets, n, out)
        Outputs, without a graph.
    list of Kept
        One a layer.
    """
    layers = net.linears
    kept, z = [], layers[0](x)  # which says if x does not fit
    for layer, name in zip(layers[1:], net.activation_names, strict=True):
        activation = ACTIVATIONS[name]
        value = activation.forward(z)
        kept.append(Kept(x, z if activation.in_place is None else value))
        x, z = value, _affine(value, layer.weight, layer.bias)
    return z, [*kept, Kept(x, z)]


def backward(
    net: nets.MLP, kept: Sequence[Kept], by_outputs: Tensor, *, to_inputs: bool = True
) -> Tensor:
    """Set the gradients of an MLP's parameters, in place where there are any.

    Layer l computes z = W h + b; d is the derivative of the loss by z. Then
    dW = dᵀ h, db = Σ d over the examples, and d W goes on to layer l − 1.

    Parameters
    ----------
    net : nets.MLP
        Its parameters' `.grad` are overwritten.
    kept : sequence of Kept
        From `forward`.
    by_outputs : Tensor, (*nets, n, out)
        Derivative of the loss by the outputs.
    to_inputs : bool
        Whether the derivative by the inputs is wanted.

    Returns
    -------
    Tensor, (*nets, n, in)
        Derivative by the inputs; by the first z if `to_inputs` is false.
    """
    d, layers = by_outputs, net.linears
    for i in reversed(range(len(kept))):
        layer = layers[i]
        torch.matmul(d.mT, kept[i].inputs, out=_gradient(layer.weight))
        if layer.bias is not None:
            torch.sum(d, -2, out=_gradient(layer.bias))
        if i or to_inputs:
            d = d @ layer.weight
        if i:
            behind = ACTIVATIONS[net.activation_names[i - 1]].backward
            d = behind(d, kept[i - 1].activated, grad_input=torch.empty_like(d))
    return d


def _gradient(parameter: nn.Parameter) -> Tensor:
    """Return the buffer of a parameter's gradient, made if there is none."""
    if parameter.grad is None:
        parameter.grad = torch.empty_like(parameter)
    return parameter.grad
