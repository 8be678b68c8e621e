"""Trajectories of stacks of linear layers in PyTorch, all chains at once and in place.

What costs time in a small network is the overhead of each operation, one or
two microseconds. So a gradient is a list of few operations on buffers that
stay, see `buffers`, and a leapfrog step adds three.
"""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from tinynets import threads
from tinynets._fast.buffers import Buffers, prepare
from tinynets._fast.fits import Observed
from tinynets._fast.stack import Stack

MOST_ENERGY_ERROR = 1000.0  # DIVERGENCE of samplers/base.py, in nats
NUMBERS = 2**22  # of the widest layer's units and examples that are computed at once


class Rates(NamedTuple):
    """By what the parts of a leapfrog step are multiplied, all flat."""

    drift: Tensor  # momentum to position
    by_fit: Tensor  # slope to momentum
    by_prior: Tensor  # position to momentum
    half: Tensor  # gradient to momentum, in a half step


class Batched:
    """A log density whose gradient and trajectories are lists of operations."""

    def __init__(self, stack: Stack, x: Tensor, prior_precision: Tensor, data: Observed, k: int):
        """Take a net, its inputs and data with k unknowns."""
        self._stack, self._x, self._data = stack, x, data
        self._precision = torch.cat([prior_precision, prior_precision.new_zeros(k)])
        self._widest = len(x) * max(layer.n_out for layer in stack.layers)
        self._kept = threading.local()

    def value_and_grad(self, position: Tensor) -> tuple[Tensor, Tensor]:
        """Return log density (chains,) and its gradient (chains, dim)."""
        return self._in_groups(self._value_and_grad, position)

    def trajectory(
        self,
        position: Tensor,
        momentum: Tensor,
        gradient: Tensor,
        step_size: float | Tensor,
        variance: Tensor | None,
        n_leapfrog: int,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Make leapfrog steps; see `tinynets.samplers.base`."""
        steps = _speeds(step_size, variance, position)
        run = partial(self._trajectory, n_leapfrog)
        return self._in_groups(run, position, momentum, gradient, *steps)

    def hamiltonian(
        self,
        position: Tensor,
        log_density: Tensor,
        gradient: Tensor,
        momentum: Tensor,
        step_size: float | Tensor,
        variance: Tensor | None,
        n_leapfrog: Tensor,
        uniform: Tensor | None,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Make steps of HMC, MALA or ULA; see `tinynets.samplers._blocks`."""
        walk = partial(self._hamiltonian, n_leapfrog.tolist(), uniform is not None)
        numbers = momentum[:, :, 0] if uniform is None else uniform
        found = self._in_groups(
            walk,
            position,
            log_density,
            gradient,
            *_speeds(step_size, variance, position),
            momentum.transpose(0, 1),
            numbers.T,
        )
        end, (drawn, report) = found[:3], found[3:]
        return *end, drawn, report[..., 0], report[..., 1:].permute(2, 0, 1)

    def _value_and_grad(self, position: Tensor) -> tuple[Tensor, Tensor]:
        b = self._buffers(len(position))
        torch.take(position, b.pack, out=b.position)
        for step in b.steps:
            step()
        return self._value(b, position), torch.take(_gradient(b), b.unpack)

    def _trajectory(
        self,
        n_leapfrog: int,
        position: Tensor,
        momentum: Tensor,
        gradient: Tensor,
        step_size: Tensor,
        variance: Tensor,
    ) -> tuple[Tensor, ...]:
        b = self._buffers(len(position))
        rates = _rates(b, step_size, variance)
        return self._follow(b, rates, n_leapfrog, position, momentum, gradient)

    def _hamiltonian(
        self,
        lengths: list[int],
        corrected: bool,
        position: Tensor,
        value: Tensor,
        gradient: Tensor,
        step_size: Tensor,
        variance: Tensor,
        momentum: Tensor,
        uniform: Tensor,
    ) -> tuple[Tensor, ...]:
        """Make a step of each length; momentum (chains, draws, dim), uniform (chains, draws)."""
        b = self._buffers(len(position))
        rates, kinetic = _rates(b, step_size, variance), _kinetic(momentum, variance[:, None])
        drawn = torch.empty_like(momentum), momentum.new_empty(*uniform.shape, 6)
        for i, n_leapfrog in enumerate(lengths):
            there, after, new_value, slope = self._follow(
                b, rates, n_leapfrog, position, momentum[:, i], gradient
            )
            energy = kinetic[:, i] - value
            error = _kinetic(after, variance) - new_value - energy
            acceptance = (-error).clamp_(max=0.0).exp_().nan_to_num_(0.0)
            if corrected:
                accepted, stays = uniform[:, i] < acceptance, error < MOST_ENERGY_ERROR
            else:
                accepted = stays = torch.isfinite(new_value + slope.sum(1))
            position = torch.where(accepted[:, None], there, position)
            gradient = torch.where(accepted[:, None], slope, gradient)
            value = torch.where(accepted, new_value, value)
            energy = torch.where(accepted, energy + error, energy)
            drawn[0][:, i] = position
            report = value, acceptance, accepted, energy, error, ~stays
            drawn[1][:, i] = torch.stack([one.to(value.dtype) for one in report], 1)
        return position, value, gradient, *drawn

    def _follow(
        self,
        b: Buffers,
        rates: Rates,
        n_leapfrog: int,
        position: Tensor,
        momentum: Tensor,
        gradient: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return position, momentum, log density and gradient after some steps."""
        torch.take(position, b.pack, out=b.position)
        flat = torch.take(momentum, b.pack)
        after = _leapfrog(b, rates, flat, torch.take(gradient, b.pack), n_leapfrog)
        position, momentum, gradient = (
            torch.take(one, b.unpack) for one in (b.position, flat, after)
        )
        return position, momentum, self._value(b, position), gradient

    def _value(self, b: Buffers, position: Tensor) -> Tensor:
        """Return the log density where the steps were run."""
        return b.fit.value() - 0.5 * (position.square() @ self._precision)

    def _in_groups(self, run: Callable, *tensors: Tensor) -> Any:
        """Run with as many chains at once as there is room for, and join what it returns.

        Inside, nothing is kept for autograd, which saves a tenth of the time; copies leave.
        """
        size = max(1, NUMBERS // self._widest)
        groups = zip(*(one.split(size) for one in tensors), strict=True)
        n_products = min(size, len(tensors[0])) * self._stack.dim * len(self._x)
        with threads.one_if_small(n_products), torch.inference_mode():
            parts = [run(*group) for group in groups]
        return tuple(map(torch.cat, zip(*parts, strict=True)))

    def _buffers(self, chains: int) -> Buffers:
        """Return the buffers of this thread, those of two numbers of chains being kept."""
        kept = vars(self._kept).setdefault("buffers", {})
        if chains not in kept:
            while len(kept) > 1:
                kept.pop(next(iter(kept)))
            kept[chains] = prepare(self._stack, self._x, self._precision, self._data, chains)
        return kept[chains]


def _speeds(step_size: float | Tensor, variance: Tensor | None, like: Tensor) -> list[Tensor]:
    """Return step sizes (chains, 1) and inverse masses (chains, dim)."""
    variance = torch.ones_like(like) if variance is None else variance.to(like.dtype)
    if isinstance(step_size, Tensor):
        step_size = step_size.to(like.dtype).expand(len(like), 1)
    else:
        step_size = like.new_full((len(like), 1), step_size)
    return [step_size, variance.expand_as(like)]


def _rates(b: Buffers, step_size: Tensor, variance: Tensor) -> Rates:
    """Lay out by what a leapfrog step multiplies."""
    drift = torch.take(step_size * variance, b.pack)
    step = torch.take(step_size.expand_as(variance), b.pack)
    return Rates(drift, step * b.scale, -step * b.prior_precision, step / 2)


def _leapfrog(b: Buffers, rates: Rates, momentum: Tensor, gradient: Tensor, n: int) -> Tensor:
    """Change position and momentum by n steps; return the gradient there, all flat."""
    momentum.addcmul_(gradient, rates.half)
    for left in reversed(range(n)):
        b.position.addcmul_(momentum, rates.drift)
        for step in b.steps:
            step()
        if left:
            momentum.addcmul_(b.slope, rates.by_fit).addcmul_(b.position, rates.by_prior)
    gradient = _gradient(b)
    momentum.addcmul_(gradient, rates.half)
    return gradient


def _gradient(b: Buffers) -> Tensor:
    """Return the gradient of the log density where the steps were run, flat."""
    return (b.slope * b.scale).addcmul_(b.position, b.prior_precision, value=-1)


def _kinetic(momentum: Tensor, variance: Tensor) -> Tensor:
    """Return the kinetic energy of each row."""
    return 0.5 * torch.linalg.vecdot(momentum * variance, momentum)
