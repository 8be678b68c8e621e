"""What a network is made of, as far as its gradients go."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import BackwardCFunction
from torch.func import functional_call

from tinynets import checks
from tinynets.empirical import record
from tinynets.linearize import Taylor

Parameters = dict[str, Tensor]


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
    without_vmap: tuple[str, ...]  # custom autograd functions that torch.func can't batch,
    without_jvp: tuple[str, ...]  # or not differentiate forwards

    @property
    def flops(self) -> int:
        """Multiplications and additions of a forward pass of one example, roughly."""
        return 2 * (
            sum(layer.positions * layer.n_in * layer.n_out for layer in self.layers)
            + self.n_parameters
        )


def trainable(net: nn.Module) -> Parameters:
    """Return the parameters that require a gradient, detached, by name.

    Parameters
    ----------
    net : nn.Module
        The network.

    Returns
    -------
    dict of str to Tensor
        In the order of `net.named_parameters()`.
    """
    return {name: p.detach() for name, p in net.named_parameters() if p.requires_grad}


def evaluate(net: nn.Module, parameters: Parameters, x: Tensor) -> Tensor:
    """Return the outputs as (n, outputs).

    Parameters
    ----------
    net : nn.Module
        The network.
    parameters : dict of str to Tensor
        Those that take the place of the network's own.
    x : Tensor, (n, ...)
        Inputs.

    Returns
    -------
    Tensor, (n, outputs)
        Differentiable in parameters and inputs.
    """
    outputs = functional_call(net, parameters, (x,))
    return outputs.reshape(len(x), -1)


@checks.arguments(x="... features")
@torch.enable_grad()
def survey(net: nn.Module, x: Tensor) -> Survey:
    """Find the layers whose gradients are outer products, by trying one example.

    A layer counts if the outer products of a recorded pass equal autograd's gradient. A
    weight that is used in another place too, or a subclass that does something of its own,
    doesn't, and is left to `rest`.

    Parameters
    ----------
    net : nn.Module
        The network.
    x : Tensor, (n, ...)
        Inputs, of which the first is tried.

    Returns
    -------
    Survey
        Layers, and the parameters that none of them explains.
    """
    parameters = {name: p.requires_grad_() for name, p in trainable(net).items()}
    modules, expanded = {}, ()
    for path, module in net.named_modules():
        if isinstance(module, Taylor):  # what is in it runs inside a derivative
            expanded = (*expanded, f"{path}.".lstrip("."))
        elif isinstance(module, record.KNOWN) and not path.startswith(expanded):
            names = (f"{path}.weight".lstrip("."), f"{path}.bias".lstrip("."))
            modules[module] = tuple(name for name in names if name in parameters)
    modules = {module: names for module, names in modules.items() if names}
    one = x[:1].detach().clone()
    if one.is_floating_point():  # so that the graph shows what is done to the inputs alone, too
        one = one.requires_grad_().clone()
    outputs, calls = record.run(net, parameters, one, modules)
    custom = _custom_functions(outputs)
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
        a = record.join([record.rows(module, a) for a, _, _ in made], 1)[0]  # (positions, n_in)
        d = record.join([record.columns(module, of_z[id(z)][None]) for _, z, _ in made], 2)[0, 0]
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
        tuple(sorted(f.__name__ for f in custom if not _can_be_batched(f))),
        tuple(sorted(f.__name__ for f in custom if f.jvp is Function.jvp)),
    )


def _explains(module: nn.Module, a: Tensor, d: Tensor, name: str, gradient: Tensor) -> bool:
    """Whether d' a, or the sum of d for a bias, is the gradient: held against one vector."""
    weight_scale, bias_scale = record.scales(module)
    if name.endswith("bias"):
        ours, theirs = bias_scale * d.sum(0), gradient
    elif gradient.shape[0] != d.shape[1] or gradient[0].numel() != a.shape[1]:
        return False
    else:
        vector = torch.arange(a.shape[1], dtype=a.dtype, device=a.device).cos()
        ours, theirs = weight_scale * (d.mT @ (a @ vector)), gradient.flatten(1) @ vector
    return torch.allclose(ours, theirs, rtol=1e-3, atol=1e-4 * float(theirs.abs().max()))


def _custom_functions(outputs: Tensor) -> set[type[Function]]:
    """Return the user's `torch.autograd.Function`s in the graph of some outputs."""
    found: set[type[Function]] = set()
    seen, todo = set(), [outputs.grad_fn]
    while todo:
        node = todo.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if isinstance(node, BackwardCFunction):
            found.add(type(node)._forward_cls)
        todo.extend(before for before, _ in node.next_functions)
    return found


def _can_be_batched(function: type[Function]) -> bool:
    """Whether `torch.func.vmap` takes it: a set-up of its own, and a rule for batches."""
    has_rule = function.generate_vmap_rule or function.vmap is not Function.vmap
    return has_rule and function.setup_context is not Function.setup_context
