"""Networks for many weight vectors at once, and the prior of the weights."""

import math
from collections.abc import Callable
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn
from torch.func import vmap

from tinynets import _fast, checks, nets

Forward = Callable[[Tensor, Tensor], Tensor]


@checks.arguments()
def batched(net: nn.Module) -> Forward:
    """Return `forward(position, x)` of a network for many weight vectors.

    Parameters
    ----------
    net : nn.Module
        Any module with parameters; only its shapes are used, its own
        weights are not.

    Returns
    -------
    callable
        `position (chains, dim)` and `x (n, ...)` give f(x)
        `(chains, n, outputs)`, differentiable in both. The order of the
        weights is that of `net.parameters()`.

    Raises
    ------
    ValueError
        If the net has no parameters.

    Examples
    --------
    >>> forward = batched(nets.MLP([1, 3, 1]))
    >>> forward(torch.zeros(4, 10), torch.ones(5, 1)).shape
    torch.Size([4, 5, 1])
    """
    if not nets.n_parameters(net):
        raise ValueError("net must have parameters, got none: a posterior is a density of weights")
    stack = _fast.recognise(net)
    if not isinstance(stack, str):
        return cast(Forward, stack)
    return vmap(partial(nets.apply, net), in_dims=(0, None))


@checks.arguments()
def prior_std(
    net: nn.Module,
    *,
    weight_std: float = 1.0,
    bias_std: float = 1.0,
    fan_in: bool = False,
    dtype: torch.dtype = torch.float64,
) -> Tensor:
    r"""Return the prior standard deviation of each weight and bias.

    Parameters
    ----------
    net : nn.Module
        The network.
    weight_std, bias_std : float
        Standard deviations of weights (parameters of two dimensions and
        more) and of biases, above 0.
    fan_in : bool
        Whether a weight's is divided by the square root of the number of
        inputs of its unit, so that f keeps its spread as the net widens.
    dtype : torch.dtype
        That of the data.

    Returns
    -------
    Tensor, (dim,)
        In the order of `net.parameters()` and on their device.

    Examples
    --------
    >>> prior_std(nn.Linear(4, 1), fan_in=True)
    tensor([0.5000, 0.5000, 0.5000, 0.5000, 1.0000], dtype=torch.float64)
    """
    checks.positive("weight_std", weight_std)
    checks.positive("bias_std", bias_std)
    return torch.cat(
        [
            torch.full(
                (p.numel(),), _std_of(p, weight_std, bias_std, fan_in), dtype=dtype, device=p.device
            )
            for p in net.parameters()
        ]
    )


@checks.arguments(std="float positive dim")
def draw_prior(std: Tensor, n_draws: int, *, generator: torch.Generator) -> Tensor:
    """Draw weight vectors from the prior.

    Parameters
    ----------
    std : Tensor, (dim,)
        From `prior_std`.
    n_draws : int
        Number of weight vectors.
    generator : torch.Generator
        Source of the draws.

    Returns
    -------
    Tensor, (n_draws, dim)
        Flat weights, a network a row.

    Examples
    --------
    >>> draw_prior(torch.ones(3), 5, generator=torch.Generator().manual_seed(0)).shape
    torch.Size([5, 3])
    """
    checks.count("n_draws", n_draws)
    return std * torch.randn(
        n_draws, len(std), dtype=std.dtype, device=std.device, generator=generator
    )


@checks.arguments(position="float chains dim")
def relu_corners(net: nn.Module, position: Tensor) -> tuple[Tensor, Tensor]:
    """Return where each unit's ReLU bends, and to which side it is on.

    Parameters
    ----------
    net : nn.Module
        One hidden layer and one input.
    position : Tensor, (chains, dim)
        Flat weights.

    Returns
    -------
    Tensor, (chains, hidden)
        Corners -b1 / w1, ascending, so that networks which differ by a permutation of units
        get the same.
    Tensor, (chains, hidden)
        1 where a unit is on to the right of its corner, -1 to its left.

    Raises
    ------
    ValueError
        If the net has another shape.

    Examples
    --------
    >>> theta = torch.tensor([[1.0, -2.0, -0.5, -1.0, 1.0, 1.0, 0.0]])
    >>> relu_corners(nets.MLP([1, 2, 1], "relu"), theta)
    (tensor([[-0.5000,  0.5000]]), tensor([[-1.,  1.]]))
    """
    parts = list(nets.unflatten(position, nets.parameter_shapes(net)).values())
    if len(parts) != 4 or parts[0].shape[-1] != 1:
        raise ValueError(
            "net must have one input and one hidden layer: corners are points on a line, got "
            f"parameters of shapes {[tuple(p.shape[1:]) for p in parts]}"
        )
    slope, bias = parts[0][..., 0], parts[1]
    corner, order = (-bias / slope).sort(1)
    return corner, slope.sign().gather(1, order)


def stds_of(net: nn.Module, prior_std: float | Tensor | None, x: Tensor) -> Tensor:
    """Return the prior standard deviation of each weight, in the dtype of x.

    Parameters
    ----------
    net : nn.Module
        The network.
    prior_std : float or Tensor (weights,), optional
        One for all weights, or one for each; 1 if left out.
    x : Tensor
        Inputs, whose dtype and device count.

    Returns
    -------
    Tensor, (weights,)
        One for each weight.

    Raises
    ------
    TypeError
        If the dtype is not that of x.
    ValueError
        If the shape does not fit, or a value is not above 0.
    """
    n_weights = nets.n_parameters(net)
    if not isinstance(prior_std, Tensor) or not prior_std.ndim:
        value = 1.0 if prior_std is None else float(prior_std)
        return x.new_full((n_weights,), checks.positive("prior_std", value))
    checks.shape("prior_std", prior_std, (n_weights,))
    checks.like_x("prior_std", prior_std, x)
    if not (torch.isfinite(prior_std) & (prior_std > 0)).all():
        raise ValueError(
            f"prior_std must be finite and above 0, got a smallest value of {prior_std.min()}"
        )
    return prior_std


def _std_of(parameter: Tensor, weight_std: float, bias_std: float, fan_in: bool) -> float:
    """Return the prior standard deviation of one parameter's entries."""
    if parameter.ndim < 2:
        return bias_std
    return weight_std / math.sqrt(parameter[0].numel()) if fan_in else weight_std
