"""Minibatches: shuffled indices without end."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from tinynets import checks


@checks.arguments()
def minibatches(
    n_examples: int, batch_size: int, *, generator: torch.Generator, n_nets: int | None = None
) -> Iterator[Tensor]:
    """Yield the indices of minibatches without end, shuffled each epoch.

    Parameters
    ----------
    n_examples : int
        Examples of an epoch.
    batch_size : int
        The last batch of an epoch may be smaller.
    generator : torch.Generator
        Orders the examples.
    n_nets : int, optional
        Nets with an order of their own each.

    Yields
    ------
    Tensor, (batch,) or (n_nets, batch) int64
        Each epoch shows each example once to each net.

    Examples
    --------
    >>> batches = minibatches(5, 2, generator=torch.Generator())
    >>> [len(next(batches)) for _ in range(4)]
    [2, 2, 1, 2]
    """
    checks.count("n_examples", n_examples)
    checks.count("batch_size", batch_size)
    while True:
        orders = [
            torch.randperm(n_examples, generator=generator, device=generator.device)
            for _ in range(n_nets or 1)
        ]
        order = orders[0] if n_nets is None else torch.stack(orders)
        yield from order.split(batch_size, dim=-1)


@checks.arguments()
def steps_in_epoch(n_examples: int, batch_size: int) -> int:
    """Count the minibatches that show each example once.

    Parameters
    ----------
    n_examples : int
        Examples of an epoch.
    batch_size : int
        The last batch may be smaller.

    Returns
    -------
    int
        Steps of an epoch.

    Examples
    --------
    >>> steps_in_epoch(60_000, 64)
    938
    """
    return math.ceil(
        checks.count("n_examples", n_examples) / checks.count("batch_size", batch_size)
    )
