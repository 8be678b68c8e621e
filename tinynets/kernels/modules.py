"""Kernels of infinitely wide networks, straight from a module."""

import functools
from collections.abc import Sequence

from torch import Tensor, nn

from tinynets.kernels import layers
from tinynets.kernels._reader import CONVOLUTIONS, Reader, flat, has_weights
from tinynets.kernels.infinite import KernelFunction
from tinynets.kernels.layers import Layer


def kernels_of(
    net: nn.Module | Layer,
    *,
    W_std: float | Sequence[float] = 1.0,
    b_std: float | Sequence[float] = 0.0,
    parameterisation: str = "ntk",
    elementwise: tuple[type[nn.Module], ...] = (),
) -> KernelFunction:
    """Return the NNGP and NTK of a network as all its hidden layers grow wide.

    Parameters
    ----------
    net : torch.nn.Module or Layer
        `nn.Sequential` (nested too), `nets.MLP` and `nets.Residual` of linear, convolutional,
        pooling, flattening and normalising layers, dropout (where the module is training) and
        activations; or a layer of `tinynets.kernels.layers`, which carries its own scales.
    W_std, b_std : float, or one for each layer with weights
        Scales of the weights, times √n_in, and of the biases. A layer without a bias has
        none. What the module's parameters are now does not matter.
    parameterisation : str
        "ntk": Θ' = W_std² Θ + K'; "standard": weights of standard deviation W_std / √n_in
        that are trained themselves.
    elementwise : tuple of types
        Classes of modules of your own that act on each number by itself.

    Returns
    -------
    KernelFunction
        `kernels(x1, x2)` gives both; `.nngp` and `.ntk` one of them.

    Raises
    ------
    ValueError
        If a layer has no limit of this kind; the message names it and says why.

    Examples
    --------
    >>> import torch
    >>> net = nn.Sequential(nn.Linear(2, 50), nn.ReLU(), nn.Linear(50, 1))
    >>> kernels = kernels_of(net, W_std=2**0.5)
    >>> kernels.nngp(torch.tensor([[3.0, 4.0]]))
    tensor([[25.]])
    """
    if isinstance(net, Layer):
        return KernelFunction(net)
    if not isinstance(net, nn.Module):
        raise TypeError(f"net must be a torch.nn.Module or a Layer, got {type(net).__name__}")
    parts = list(flat(net, ""))
    first = next((i for i, (_, m) in enumerate(parts) if has_weights(m)), None)
    if first is None:
        raise ValueError(
            f"net must have a layer with weights, got none in {type(net).__name__}: what is "
            "random in it?"
        )
    before = [module for _, module in parts[:first]]
    convolutional = any(isinstance(m, CONVOLUTIONS) for m in net.modules())
    reader = Reader(W_std, b_std, parameterisation, elementwise, convolutional)
    layer = layers.serial(*(reader.read(name, module) for name, module in parts[first:]))
    reader.finish()
    return KernelFunction(layer, functools.partial(_apply, before) if before else None)


def _apply(modules: Sequence[nn.Module], x: Tensor) -> Tensor:
    for module in modules:
        x = module(x)
    return x
