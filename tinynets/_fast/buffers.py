"""Buffers of a number of chains, and the operations on them that give the gradient.

A position is laid out flat, layer by layer: the weights of all chains side by
side, W_l | b_l of each (chains, out, in + 1). So leapfrog steps are element-wise
on one vector, and the first layer, whose inputs all chains share, is one product
of matrices. Values of units lie with the examples last, (chains, out, n), and
a row of ones below them takes the biases of the next layer into its product.
"""

import itertools
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from tinynets._fast.fits import Fit, Observed, Step
from tinynets._fast.stack import ACTIVATIONS, Stack


class Buffers(NamedTuple):
    """What a number of chains needs; flat is in the order of the layers."""

    pack: Tensor  # (chains * dim,), from which entry of (chains, dim)
    unpack: Tensor  # (chains, dim), and back
    position: Tensor  # flat
    slope: Tensor  # flat: the gradient but for the factor `scale` and the prior
    scale: Tensor  # flat
    prior_precision: Tensor  # flat
    steps: list[Step]  # leave the slope at the position
    fit: Fit


class Pass(NamedTuple):
    """What one layer leaves for the way back."""

    n_in: int
    inputs: Tensor  # (chains, in + 1, n), or in without bias; of the first layer (in + 1, n)
    activation: str
    kept: Tensor  # (chains, out, n), value or argument of the activation


def prepare(stack: Stack, x: Tensor, precision: Tensor, data: Observed, chains: int) -> Buffers:
    """Make the buffers of a number of chains; precision is the prior's, (dim,)."""
    place = torch.arange(chains * len(precision), device=x.device).view(chains, -1)
    weights, unknowns = place.tensor_split([stack.dim], 1)
    blocks = [*itertools.starmap(_block, stack.unflatten(weights)), unknowns]
    pack = torch.cat([block.flatten() for block in blocks])
    position, slope, scale = (x.new_ones(len(pack)) for _ in range(3))
    *flat, unknowns = _cut(position, blocks)
    *by_flat, by_unknowns = _cut(slope, blocks)
    inputs = torch.cat([x, x.new_ones(len(x), 1)], 1) if stack.layers[0].bias else x
    f, forward, passes = _forward(stack, flat, inputs.mT.contiguous())
    fit = data(f, unknowns, by_unknowns)
    scale[: len(scale) - unknowns.numel()] = fit.scale
    return Buffers(
        pack,
        pack.argsort().view_as(place),
        position,
        slope,
        scale,
        precision.repeat(chains)[pack],
        forward + fit.steps + _backward(passes, flat, by_flat, fit.slope),
        fit,
    )


def _block(weight: Tensor, bias: Tensor | None) -> Tensor:
    """Put biases beside weights, (chains, out, in + 1)."""
    return weight if bias is None else torch.cat([weight, bias[..., None]], 2)


def _cut(flat: Tensor, blocks: list[Tensor]) -> list[Tensor]:
    """Return views of a flat tensor, of the blocks' shapes."""
    parts = flat.split([block.numel() for block in blocks])
    return [part.view(block.shape) for part, block in zip(parts, blocks, strict=True)]


def _forward(
    stack: Stack, weights: list[Tensor], h: Tensor
) -> tuple[Tensor, list[Step], list[Pass]]:
    """Return the outputs' buffer, the operations that fill it, and what they leave."""
    steps: list[Step] = []
    passes: list[Pass] = []
    below = [layer.bias for layer in stack.layers[1:]]
    for layer, weight, one_more in zip(stack.layers, weights, [*below, None], strict=True):
        chains, (n_out, n) = len(weight), (layer.n_out, h.shape[-1])
        inputs, z = h, h.new_empty(chains, n_out, n)
        steps.append(_product(weight, inputs, z))
        activation, kept = ACTIVATIONS[layer.activation], z
        if one_more is None and layer.activation == "identity":
            h = z
        else:
            h = h.new_ones(chains, n_out + bool(one_more), n)
            steps.append(partial(activation.into, z, out=h[:, :n_out]))
            kept = h[:, :n_out] if activation.in_place else z
        passes.append(Pass(layer.n_in, inputs, layer.activation, kept))
    if h is z:
        return h, steps, passes
    f = torch.empty_like(h)  # the fit computes in it, but the way back needs the values
    return f, [*steps, partial(f.copy_, h)], passes


def _backward(
    passes: list[Pass], weights: list[Tensor], slopes: list[Tensor], d: Tensor
) -> list[Step]:
    """Return the operations that fill slopes of weights, from that of the outputs."""
    steps: list[Step] = []
    layers = list(zip(passes, weights, slopes, strict=True))
    for (n_in, inputs, name, kept), weight, slope in reversed(layers):
        if name != "identity":
            into = d if steps else torch.empty_like(d)  # what the fit compares stays
            steps.append(partial(ACTIVATIONS[name].backward, d, kept, grad_input=into))
            d = into
        steps.append(_product(d, inputs.mT, slope))
        if inputs.ndim == 3:
            back, d = d, d.new_empty(len(d), n_in, d.shape[-1])
            multiply = torch.mul if weight.shape[1] == 1 else torch.bmm
            steps.append(partial(multiply, weight[..., :n_in].mT, back, out=d))
    return steps


def _product(left: Tensor, right: Tensor, out: Tensor) -> Step:
    """Return the operation out = left @ right; right may be shared by all chains."""
    if right.ndim == 3:
        return partial(torch.bmm, left, right, out=out)
    return partial(torch.mm, left.flatten(0, 1), right, out=out.flatten(0, 1))
