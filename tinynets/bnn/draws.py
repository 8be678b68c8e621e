"""What draws of the weights predict, and how likely they find data."""

from collections.abc import Callable

import torch
from torch import Tensor

from tinynets import checks, threads
from tinynets.bnn.posterior import Posterior

NUMBERS = 2**24  # in the widest layer of the draws that are evaluated at once


@checks.arguments()
def predictions(posterior: Posterior, position: Tensor, x: Tensor) -> Tensor:
    """Return f(x) of every draw of every chain, in parts that fit into memory.

    Parameters
    ----------
    posterior : Posterior
        Of the network.
    position : Tensor, (*chains, draws, dim)
        As `sample` gives them, or `vi` or `laplace`.
    x : Tensor, (n, ...)
        Where f is wanted.

    Returns
    -------
    Tensor, (*chains, draws, n), or (*chains, draws, n, outputs) for several outputs
        Without noise; logits for a classifier.

    Examples
    --------
    >>> from tinynets import bnn, nets
    >>> x = torch.linspace(-1, 1, 5)[:, None]
    >>> posterior = bnn.Posterior(nets.MLP([1, 3, 1]), x, x**2, bnn.Gaussian(0.1))
    >>> predictions(posterior, torch.zeros(2, 4, posterior.dim), x).shape
    torch.Size([2, 4, 5])
    """
    return _in_parts(lambda part: posterior.functions(part, x), posterior, position, x)


@checks.arguments()
def log_likelihood(posterior: Posterior, position: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Return log p(y_i | weights) of each observation, for every draw.

    Parameters
    ----------
    posterior : Posterior
        Of the network; its own data are not used.
    position : Tensor, (*chains, draws, dim)
        As `sample` gives them.
    x, y : Tensor, (n, ...) and (n, ...)
        Data, perhaps new ones.

    Returns
    -------
    Tensor, (*chains, draws, n)
        Nats; for `scores.log_predictive_density`.
    """
    inputs, outputs = posterior.x.shape[1:], posterior.y.shape[1:]
    checks.shape("x", x, ("n", *inputs))
    checks.shape("y", y, (len(x), *outputs))

    def each(part):
        weights, unknowns = posterior.split(part)
        return posterior.likelihood.given(unknowns)(posterior.forward(weights, x), y)

    return _in_parts(each, posterior, position, x)


@checks.arguments(
    grid="float points | float points 1",
    functions="float ... draws points",
    x="float n | float n 1",
)
def interpolate(grid: Tensor, functions: Tensor, x: Tensor) -> Tensor:
    """Return functions that are known on a grid between its points, linearly.

    Parameters
    ----------
    grid : Tensor, (points,) or (points, 1)
        Ascending.
    functions : Tensor, (*chains, draws, points)
        Values on the grid.
    x : Tensor, (n,) or (n, 1)
        Where they are wanted, inside the grid.

    Returns
    -------
    Tensor, (*chains, draws, n)
        In the unit of the functions.

    Raises
    ------
    ValueError
        If the grid is not ascending, or x lies outside it.

    Examples
    --------
    >>> import torch
    >>> interpolate(torch.tensor([0.0, 2.0]), torch.tensor([[1.0, 5.0]]), torch.tensor([0.5]))
    tensor([[2.]])
    """
    grid, x = grid.flatten(), x.flatten()
    checks.shape("functions", functions, (*functions.shape[:-1], len(grid)))
    if (grid.diff() <= 0).any():
        raise ValueError("grid must be ascending; sort it, and the functions with it")
    if x.min() < grid[0] or x.max() > grid[-1]:
        raise ValueError(
            f"x must lie inside the grid, from {grid[0].item()} to {grid[-1].item()}, got "
            f"{x.min().item()} to {x.max().item()}"
        )
    right = torch.searchsorted(grid, x).clamp(1, len(grid) - 1)
    share = (x - grid[right - 1]) / (grid[right] - grid[right - 1])
    return torch.lerp(functions[..., right - 1], functions[..., right], share)


def _in_parts(function: Callable, posterior: Posterior, position: Tensor, x: Tensor) -> Tensor:
    """Apply a function of positions (draws, dim) to parts of them."""
    if position.ndim < 2 or position.shape[-1] != posterior.dim:
        raise ValueError(
            f"position must have shape (*chains, draws, {posterior.dim}), got "
            f"{tuple(position.shape)}"
        )
    checks.like_x("position", position, posterior.x)
    checks.like_x("x", x, posterior.x)
    if x.ndim != posterior.x.ndim:
        raise ValueError(f"x must have {posterior.x.ndim} dimensions, got shape {tuple(x.shape)}")
    widest = max(x[:1].numel(), *(parameter.shape[0] for parameter in posterior.net.parameters()))
    n_draws = max(1, NUMBERS // (len(x) * widest + posterior.dim))
    with torch.no_grad(), threads.one_if_small(n_draws * posterior.dim * len(x)):
        values = [function(part) for part in position.flatten(0, -2).split(n_draws)]
    return torch.cat(values).unflatten(0, position.shape[:-1])
