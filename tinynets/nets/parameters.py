"""Flat parameters: of a net to a vector, and back."""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from tinynets import checks
from tinynets.nets.modules import Net


def n_nets_of(net: nn.Module) -> int | None:
    """Return how many nets a module is side by side; None for one alone.

    Parameters
    ----------
    net : nn.Module
        Any module.

    Returns
    -------
    int or None
        Its attribute `n_nets`.
    """
    return getattr(net, "n_nets", None)


def stack_dims(net: nn.Module) -> int:
    """Return how many dimensions come before those of one net: 0 or 1.

    Parameters
    ----------
    net : nn.Module
        Any module.

    Returns
    -------
    int
        1 for a stack.
    """
    return 0 if n_nets_of(net) is None else 1


@checks.arguments()
def parameter_shapes(net: nn.Module) -> dict[str, tuple[int, ...]]:
    """Name each parameter of a net, in order, with the shape in one net.

    The dimension of `n_nets` is left out.

    Parameters
    ----------
    net : nn.Module
        One net or a stack.

    Returns
    -------
    dict of str to tuple of int
        In the order of `net.named_parameters()`.

    Examples
    --------
    >>> parameter_shapes(nn.Linear(3, 2))
    {'weight': (2, 3), 'bias': (2,)}
    """
    skip = stack_dims(net)
    return {name: tuple(parameter.shape[skip:]) for name, parameter in net.named_parameters()}


@checks.arguments()
def n_parameters(net: nn.Module) -> int:
    """Count the weights and biases of one net.

    Parameters
    ----------
    net : nn.Module
        One net or a stack.

    Returns
    -------
    int
        Of one net.

    Examples
    --------
    >>> n_parameters(nn.Linear(3, 2))
    8
    """
    return sum(map(math.prod, parameter_shapes(net).values()))


@checks.arguments()
def flatten(net: nn.Module) -> Tensor:
    """Copy all parameters into one vector.

    Parameters
    ----------
    net : nn.Module
        One net or a stack.

    Returns
    -------
    Tensor, (dim,) or (n_nets, dim)
        In the order of `net.parameters()`, without gradients.

    Raises
    ------
    ValueError
        If the net has no parameters.

    Examples
    --------
    >>> flatten(nn.Linear(3, 2)).shape
    torch.Size([8])
    """
    skip = stack_dims(net)
    if not any(True for _ in net.parameters()):
        raise ValueError(f"net must have parameters, got {type(net).__name__} without any")
    return torch.cat([parameter.detach().flatten(skip) for parameter in net.parameters()], dim=-1)


@checks.arguments(theta="... dim")
def unflatten(theta: Tensor, shapes: Mapping[str, Sequence[int]]) -> dict[str, Tensor]:
    """Cut flat parameters into named tensors (views of `theta` where they can be).

    Parameters
    ----------
    theta : Tensor, (*nets, dim)
        One net, or one for each chain, draw or net of a stack.
    shapes : mapping of str to sequence of int
        From `parameter_shapes(net)`.

    Returns
    -------
    dict of str to Tensor, (*nets, *shape)
        Views of `theta` where they can be.

    Raises
    ------
    ValueError
        If `dim` is not the number of parameters.

    Examples
    --------
    >>> parts = unflatten(torch.arange(3), {"weight": (1, 2), "bias": (1,)})
    >>> parts["weight"], parts["bias"]
    (tensor([[0, 1]]), tensor([2]))
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
        name: part.reshape((*theta.shape[:-1], *shape))
        for (name, shape), part in zip(shapes.items(), parts, strict=True)
    }


@checks.arguments(theta="... dim")
def set_parameters(net: Net, theta: Tensor) -> Net:
    """Copy flat parameters into a net, and return the net.

    Parameters
    ----------
    net : nn.Module
        Changed in place.
    theta : Tensor, (dim,) or (n_nets, dim)
        Flat parameters, from `flatten`.

    Returns
    -------
    nn.Module
        The net.

    Raises
    ------
    ValueError
        If `theta` does not fit the net.

    Examples
    --------
    >>> net = set_parameters(nn.Linear(2, 1), torch.tensor([1.0, 2.0, 3.0]))
    >>> net(torch.ones(1, 2)).item()
    6.0
    """
    parts = unflatten(theta, parameter_shapes(net))
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            checks.shape(f"theta's {name}", parts[name], tuple(parameter.shape))
            parameter.copy_(parts[name])
    return net


@checks.arguments()
def apply(net: nn.Module, theta: Tensor, *inputs: Tensor):
    """Evaluate a net at flat parameters, differentiably.

    With `net = MLP([1, 20, 1])`, `theta (chains, dim)` and `x (n, 1)` the
    outputs are (chains, n, 1); the net's own parameters are not used.

    Parameters
    ----------
    net : nn.Module
        Only its shapes are used.
    theta : Tensor, (*nets, dim)
        Flat parameters.
    *inputs : Tensor
        What the net takes.

    Returns
    -------
    Tensor
        What the net gives; with leading dimensions of `theta` before it.

    Raises
    ------
    ValueError
        If `theta` does not fit the net.
    """
    parts = unflatten(theta, parameter_shapes(net))
    return torch.func.functional_call(net, parts, inputs)
