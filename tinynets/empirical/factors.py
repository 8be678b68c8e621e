"""What each example adds to an empirical NTK, in a form that is cheap to multiply.

The gradient of output o by the weights of a Linear layer is an outer product of the layer's
input a and of the cotangent d = df_o / dz of what it puts out, summed over positions (the
pixels of a convolution's image, the tokens of a sequence):

    grad_W f_o(x_i) = sum_s d[i, o, s] a[i, s]'.

So the layer's part of the NTK is a product of two Gram matrices, one of inputs and one of
cotangents, and no gradient is ever formed (Novak, Sohl-Dickstein and Schoenholz 2022).
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call, jacrev, vmap
from torch.nn import functional as F

from tinynets import nets
from tinynets.linearize import Taylor

Parameters = dict[str, Tensor]


class Dense(NamedTuple):
    """Gradients written out."""

    jacobian: Tensor  # (n, outputs, parameters)

    def take(self, rows: slice) -> "Dense":
        """Return the part of some examples."""
        return Dense(self.jacobian[rows])


class Product(NamedTuple):
    """Gradients as outer products: a layer's inputs, and its outputs' cotangents."""

    inputs: Tensor  # (n, positions, n_in)
    cotangents: Tensor | None  # (n, outputs, positions, n_out); None: the net's last layer
    bias: float  # what a bias adds to the inputs' Gram matrix: its scale squared

    def take(self, rows: slice) -> "Product":
        """Return the part of some examples."""
        cotangents = None if self.cotangents is None else self.cotangents[rows]
        return Product(self.inputs[rows], cotangents, self.bias)


Factor = Dense | Product


class Layer(NamedTuple):
    """A module whose gradients are outer products, and its sizes for one example."""

    module: nn.Module
    names: tuple[str, ...]  # of its trainable parameters
    positions: int
    n_in: int
    n_out: int
    is_last: bool


class Survey(NamedTuple):
    """What a network is made of, as far as its gradients go."""

    layers: tuple[Layer, ...]
    rest: tuple[str, ...]  # trainable parameters that no layer explains
    n_outputs: int
    n_parameters: int
    dtype: torch.dtype  # of the outputs

    @property
    def flops(self) -> int:
        """Multiplications and additions of a forward pass of one example, roughly."""
        return 2 * (
            sum(layer.positions * layer.n_in * layer.n_out for layer in self.layers)
            + self.n_parameters
        )


def trainable(net: nn.Module) -> Parameters:
    """Return the parameters that require a gradient, detached, by name."""
    return {name: p.detach() for name, p in net.named_parameters() if p.requires_grad}


def evaluate(net: nn.Module, parameters: Parameters, x: Tensor) -> Tensor:
    """Return the outputs as (n, outputs)."""
    outputs = functional_call(net, parameters, (x,))
    return outputs.reshape(len(x), -1)


@torch.enable_grad()
def survey(net: nn.Module, x: Tensor) -> Survey:
    """Find the layers whose gradients are outer products, by trying one example.

    A layer counts if the outer products of a recorded pass equal autograd's gradient. A
    weight that is used in another place too, or a subclass that does something of its own,
    doesn't, and is left to `rest`.
    """
    parameters = {name: p.requires_grad_() for name, p in trainable(net).items()}
    modules, expanded = {}, ()
    for path, module in net.named_modules():
        if isinstance(module, Taylor):  # what is in it runs inside a derivative
            expanded = (*expanded, f"{path}.".lstrip("."))
        elif isinstance(module, KNOWN) and not path.startswith(expanded):
            names = (f"{path}.weight".lstrip("."), f"{path}.bias".lstrip("."))
            modules[module] = tuple(name for name in names if name in parameters)
    modules = {module: names for module, names in modules.items() if names}
    outputs, calls = _record(net, parameters, x[:1], modules)
    zs = [z for made in calls.values() for _, z, _ in made]
    cotangent = torch.linspace(
        0.5, 1.0, outputs.numel(), dtype=outputs.dtype, device=outputs.device
    )
    gradients = torch.autograd.grad(
        outputs.flatten() @ cotangent,
        [*zs, *parameters.values()],
        allow_unused=True,
        materialize_grads=True,
    )
    of_parameter = dict(zip(parameters, gradients[len(zs) :], strict=True))
    of_z = dict(zip(map(id, zs), gradients[: len(zs)], strict=True))
    layers = []
    for module, names in modules.items():
        made = calls[module]
        if not made or any(len(a) != 1 for a, _, _ in made):
            continue
        a = _join([_rows(module, a) for a, _, _ in made], 1)[0]  # (positions, n_in)
        d = _join([_columns(module, of_z[id(z)][:, None]) for _, z, _ in made], 2)[0, 0]
        if all(_explains(module, a, d, name, of_parameter[name]) for name in names):
            is_last = len(made) == 1 and made[0][2] is outputs and outputs.ndim == 2
            layers.append(Layer(module, names, *a.shape, d.shape[1], is_last))
    explained = {name for layer in layers for name in layer.names}
    return Survey(
        tuple(layers),
        tuple(name for name in parameters if name not in explained),
        outputs.numel(),
        sum(p.numel() for p in parameters.values()),
        outputs.dtype,
    )


@torch.enable_grad()
def products(net: nn.Module, found: Survey, x: Tensor) -> list[Product]:
    """Return each layer's inputs and cotangents at some examples.

    One forward pass, and one backward pass for each output of the network.
    """
    if not found.layers:
        return []
    parameters = {name: p.requires_grad_() for name, p in trainable(net).items()}
    outputs, calls = _record(net, parameters, x, [layer.module for layer in found.layers])
    outputs = outputs.reshape(len(x), -1)
    made = [calls[layer.module] for layer in found.layers]
    zs = [
        z
        for layer, parts in zip(found.layers, made, strict=True)
        if not layer.is_last
        for _, z, _ in parts
    ]
    gradients = iter(_each_output(outputs, zs))
    result = []
    for layer, parts in zip(found.layers, made, strict=True):
        inputs = _join([_rows(layer.module, a) for a, _, _ in parts], 1)
        cotangents = None
        if not layer.is_last:
            cotangents = _join([_columns(layer.module, next(gradients)) for _ in parts], 2)
        kinds = {name.split(".")[-1] for name in layer.names}
        weight_scale, bias_scale = _scales(layer.module)
        inputs = inputs[..., :0] if "weight" not in kinds else inputs
        if weight_scale != 1:
            inputs = weight_scale * inputs
        result.append(Product(inputs, cotangents, bias_scale**2 if "bias" in kinds else 0.0))
    return result


def dense(net: nn.Module, names: Sequence[str], x: Tensor) -> list[Dense]:
    """Return the gradients by some parameters, written out."""
    if not names:
        return []
    parameters = trainable(net)
    chosen = {name: parameters.pop(name) for name in names}

    def of_one(chosen: Parameters, one: Tensor) -> Tensor:
        return evaluate(net, parameters | chosen, one[None])[0]

    jacobians = vmap(jacrev(of_one), in_dims=(None, 0))(chosen, x)
    return [Dense(torch.cat([jacobian.flatten(2) for jacobian in jacobians.values()], 2))]


def written_out(product: Product, n_outputs: int) -> Dense:
    """Multiply outer products out: worth it where positions are many and weights few."""
    inputs, cotangents = product.inputs, product.cotangents
    if cotangents is None:
        eye = torch.eye(n_outputs, dtype=inputs.dtype, device=inputs.device)
        cotangents = eye[None, :, None].expand(len(inputs), -1, -1, -1)
    if product.bias:
        inputs = F.pad(inputs, (0, 1), value=product.bias**0.5)
    return Dense(torch.einsum("isa,iosb->ioba", inputs, cotangents).flatten(2))


KNOWN = (nn.Linear, nets.StackedLinear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


def _record(net, parameters, x, modules):
    """Run a net; note what goes into each module and what comes out."""
    calls = {module: [] for module in modules if getattr(module, "groups", 1) == 1}

    def note(module, args, z):
        passed_on = z.clone()  # an activation that works in place leaves z as it is
        if args:
            calls[module].append((args[0].detach(), z, passed_on))
        return passed_on

    handles = [module.register_forward_hook(note) for module in calls]
    try:
        outputs = functional_call(net, parameters, (x,))
    finally:
        for handle in handles:
            handle.remove()
    return outputs, {module: calls.get(module, []) for module in modules}


def _each_output(outputs: Tensor, zs: list[Tensor]) -> list[Tensor]:
    """Return d outputs[:, o] / dz for each o, (n, outputs, *z)."""
    if not zs:
        return []
    each = torch.eye(outputs.shape[1], dtype=outputs.dtype, device=outputs.device)
    gradients = torch.autograd.grad(
        outputs,
        zs,
        each[:, None].expand(-1, len(outputs), -1),
        is_grads_batched=True,
        allow_unused=True,
        materialize_grads=True,
    )
    return [gradient.transpose(0, 1).contiguous() for gradient in gradients]


def _rows(module: nn.Module, a: Tensor) -> Tensor:
    """Return what a layer's weights are multiplied with, (n, positions, n_in)."""
    if not isinstance(module, CONVOLUTIONS):
        return a.reshape(len(a), -1, a.shape[-1])
    mode = "constant" if module.padding_mode == "zeros" else module.padding_mode
    a = F.pad(a, _padding(module), mode=mode)
    dims = len(module.kernel_size)
    for i, (size, stride, dilation) in enumerate(
        zip(module.kernel_size, module.stride, module.dilation, strict=True)
    ):
        a = a.unfold(i + 2, dilation * (size - 1) + 1, stride)[..., ::dilation]
    # (n, channels, *positions, *kernel), in the end in the order of the weights
    return a.movedim(1, dims + 1).flatten(dims + 1).flatten(1, dims)


def _padding(module: nn.Module) -> list[int]:
    """Return the padding of a convolution as `F.pad` takes it, last axis first."""
    pairs = []
    for i, size in reversed(list(enumerate(module.kernel_size))):
        if module.padding == "same":
            total = module.dilation[i] * (size - 1)
            pairs += [total // 2, total - total // 2]
        else:
            pairs += [0, 0] if module.padding == "valid" else [module.padding[i]] * 2
    return pairs


def _columns(module: nn.Module, gradient: Tensor) -> Tensor:
    """Return cotangents as (n, outputs, positions, n_out)."""
    if isinstance(module, CONVOLUTIONS):
        return gradient.flatten(3).mT
    return gradient.reshape(*gradient.shape[:2], -1, gradient.shape[-1])


def _join(parts: list[Tensor], axis: int) -> Tensor:
    """Concatenate, without a copy where there is nothing to do."""
    return parts[0] if len(parts) == 1 else torch.cat(parts, axis)


def _scales(module: nn.Module) -> tuple[float, float]:
    """Return what a layer multiplies its weights and its bias with."""
    return getattr(module, "weight_scale", 1.0), getattr(module, "bias_scale", 1.0)


def _explains(module: nn.Module, a: Tensor, d: Tensor, name: str, gradient: Tensor) -> bool:
    """Whether d' a, or the sum of d for a bias, is the gradient: held against one vector."""
    weight_scale, bias_scale = _scales(module)
    if name.endswith("bias"):
        ours, theirs = bias_scale * d.sum(0), gradient
    elif gradient.shape[0] != d.shape[1] or gradient[0].numel() != a.shape[1]:
        return False
    else:
        vector = torch.arange(a.shape[1], dtype=a.dtype, device=a.device).cos()
        ours, theirs = weight_scale * (d.mT @ (a @ vector)), gradient.flatten(1) @ vector
    return torch.allclose(ours, theirs, rtol=1e-3, atol=1e-4 * float(theirs.abs().max()))
