"""What each example adds to an empirical NTK, in a form that is cheap to multiply.

The gradient of output o by the weights of a Linear layer is an outer product of the layer's
input a and of the cotangent d = df_o / dz of what it puts out, summed over positions (the
pixels of a convolution's image, the tokens of a sequence):

    grad_W f_o(x_i) = sum_s d[i, o, s] a[i, s]'.

So the layer's part of the NTK is a product of two Gram matrices, one of inputs and one of
cotangents, and no gradient is ever formed (Novak, Sohl-Dickstein and Schoenholz 2022).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.func import jacrev, vmap
from torch.nn import functional as F

from tinynets.empirical import record
from tinynets.empirical.survey import Parameters, Survey, evaluate, trainable


class Dense(NamedTuple):
    """Gradients written out."""

    jacobian: Tensor  # (outputs, n, parameters)

    def take(self, rows: slice) -> "Dense":
        """Return the part of some examples."""
        return Dense(self.jacobian[:, rows])

    def of(self, outputs: slice) -> "Dense":
        """Return the part of some outputs."""
        return Dense(self.jacobian[outputs])


class Product(NamedTuple):
    """Gradients as outer products: a layer's inputs, and its outputs' cotangents."""

    inputs: Tensor  # (n, positions, n_in)
    cotangents: Tensor | None  # (outputs, n, positions, n_out); None: the net's last layer
    bias: float  # what a bias adds to the inputs' Gram matrix: its scale squared

    def take(self, rows: slice) -> "Product":
        """Return the part of some examples."""
        cotangents = None if self.cotangents is None else self.cotangents[:, rows]
        return Product(self.inputs[rows], cotangents, self.bias)

    def of(self, outputs: slice) -> "Product":
        """Return the part of some outputs."""
        return (
            self if self.cotangents is None else self._replace(cotangents=self.cotangents[outputs])
        )


Factor = Dense | Product


@torch.enable_grad()
def products(net: nn.Module, found: Survey, x: Tensor) -> list[Product]:
    """Return each layer's inputs and cotangents at some examples.

    One forward pass, and one backward pass for each output of the network: all at once, or one
    by one where a custom autograd function can't be batched.

    Parameters
    ----------
    net : nn.Module
        The network.
    found : Survey
        From `survey`.
    x : Tensor, (n, ...)
        Inputs.

    Returns
    -------
    list of Product
        One a layer of `found`.
    """
    if not found.layers:
        return []
    parameters = {name: p.requires_grad_() for name, p in trainable(net).items()}
    outputs, calls = record.run(net, parameters, x, [layer.module for layer in found.layers])
    outputs = outputs.reshape(len(x), -1)
    made = [calls[layer.module] for layer in found.layers]
    zs = [
        z
        for layer, parts in zip(found.layers, made, strict=True)
        if not layer.is_last
        for _, z, _ in parts
    ]
    gradients = iter(_each_output(outputs, zs, batched=not found.without_vmap))
    result = []
    for layer, parts in zip(found.layers, made, strict=True):
        inputs = record.join([record.rows(layer.module, a) for a, _, _ in parts], 1)
        cotangents = None
        if not layer.is_last:
            cotangents = record.join(
                [record.columns(layer.module, next(gradients)) for _ in parts], 2
            )
        kinds = {name.split(".")[-1] for name in layer.names}
        weight_scale, bias_scale = record.scales(layer.module)
        inputs = inputs[..., :0] if "weight" not in kinds else inputs
        if weight_scale != 1:
            inputs = weight_scale * inputs
        result.append(Product(inputs, cotangents, bias_scale**2 if "bias" in kinds else 0.0))
    return result


def dense(net: nn.Module, found: Survey, x: Tensor) -> list[Dense]:
    """Return the gradients by the parameters that no layer explains, written out.

    Parameters
    ----------
    net : nn.Module
        The network.
    found : Survey
        From `survey`; the parameters that no layer explains.
    x : Tensor, (n, ...)
        Inputs.

    Returns
    -------
    list of Dense
        One, of all these parameters; none where there are none.
    """
    if not found.rest:
        return []
    parameters = trainable(net)
    chosen = {name: parameters.pop(name) for name in found.rest}

    def of_one(chosen: Parameters, one: Tensor) -> Tensor:
        return evaluate(net, parameters | chosen, one[None])[0]

    if found.without_vmap:
        return [Dense(torch.stack([_jacobian(of_one, chosen, one) for one in x], 1))]
    jacobians = vmap(jacrev(of_one), in_dims=(None, 0), out_dims=1)(chosen, x)
    return [Dense(torch.cat([jacobian.flatten(2) for jacobian in jacobians.values()], 2))]


def written_out(product: Product, n_outputs: int) -> Dense:
    """Multiply outer products out: worth it where positions are many and weights few.

    Parameters
    ----------
    product : Product
        A layer's inputs and cotangents.
    n_outputs : int
        Outputs of the network.

    Returns
    -------
    Dense
        The same gradients, written out.
    """
    inputs, cotangents = product.inputs, product.cotangents
    if cotangents is None:
        eye = torch.eye(n_outputs, dtype=inputs.dtype, device=inputs.device)
        cotangents = eye[:, None, None].expand(-1, len(inputs), -1, -1)
    if product.bias:
        inputs = F.pad(inputs, (0, 1), value=product.bias**0.5)
    return Dense(torch.einsum("isa,oisb->oiba", inputs, cotangents).flatten(2))


@torch.enable_grad()
def _jacobian(function: Callable, chosen: Parameters, one: Tensor) -> Tensor:
    """Return the gradients of one example's outputs one by one, (outputs, parameters)."""
    chosen = {name: parameter.requires_grad_() for name, parameter in chosen.items()}
    rows = [
        torch.autograd.grad(
            output, list(chosen.values()), retain_graph=True, materialize_grads=True
        )
        for output in function(chosen, one)
    ]
    return torch.stack([torch.cat([part.flatten() for part in row]) for row in rows])


def _each_output(outputs: Tensor, zs: list[Tensor], *, batched: bool) -> Sequence[Tensor]:
    """Return d outputs[:, o] / dz for each o, (outputs, *z)."""
    if not zs:
        return []
    if not batched:
        rows = [
            torch.autograd.grad(output.sum(), zs, retain_graph=True, materialize_grads=True)
            for output in outputs.unbind(1)
        ]
        return [torch.stack(every) for every in zip(*rows, strict=True)]
    each = torch.eye(outputs.shape[1], dtype=outputs.dtype, device=outputs.device)
    return torch.autograd.grad(
        outputs,
        zs,
        each[:, None].expand(-1, len(outputs), -1),
        is_grads_batched=True,
        allow_unused=True,
        materialize_grads=True,
    )
