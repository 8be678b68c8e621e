"""A mass matrix from sums over draws."""

from typing import NamedTuple

import torch
from torch import Tensor

from tinynets.samplers.mass import Mass, dense_mass, diagonal_mass


class Moments(NamedTuple):
    """Sums over draws, about an origin that keeps the digits."""

    origin: Tensor  # (dim,) or (chains, dim)
    total: Tensor  # of the same shape
    squares: Tensor  # of the same shape, or with dim once more at the end
    n_draws: int


def empty_moments(position: Tensor, mass: str, pooled: bool) -> Moments:
    """Start the sums, of all chains or of each, about where they are now."""
    origin = position.mean(0) if pooled else position
    square = origin.unsqueeze(-1) * origin.unsqueeze(-2)
    return Moments(
        origin, torch.zeros_like(origin), torch.zeros_like(square if mass == "dense" else origin), 0
    )


def add_draws(moments: Moments, position: Tensor) -> Moments:
    """Add one draw of each chain to the sums."""
    away = position - moments.origin  # (chains, dim)
    dense = moments.squares.ndim > moments.total.ndim
    square = away.unsqueeze(-1) * away.unsqueeze(-2) if dense else away**2
    if moments.origin.ndim == 2:  # each chain by itself
        return moments._replace(
            total=moments.total + away,
            squares=moments.squares + square,
            n_draws=moments.n_draws + 1,
        )
    square = away.mT @ away if dense else square.sum(0)
    return moments._replace(
        total=moments.total + away.sum(0),
        squares=moments.squares + square,
        n_draws=moments.n_draws + len(away),
    )


def mass_from(moments: Moments, mass: str) -> Mass:
    """Shrink the sample (co)variance towards a small identity, as Stan."""
    n_draws = moments.n_draws
    mean = moments.total / n_draws
    shrink = n_draws / (n_draws + 5)
    if mass == "diagonal":
        variance = (moments.squares / n_draws - mean**2).clamp(min=0.0)
        return diagonal_mass(shrink * variance + 1e-3 * (1 - shrink))
    outer = mean.unsqueeze(-1) * mean.unsqueeze(-2)
    identity = torch.eye(mean.shape[-1], dtype=mean.dtype, device=mean.device)
    return dense_mass(shrink * (moments.squares / n_draws - outer) + 1e-3 * (1 - shrink) * identity)
