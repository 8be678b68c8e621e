r"""What data say of outputs, for many nets at once, in place: the derivative first.

`Observed` takes the buffer f (chains, outputs, n) that nets write into, and
gives the operations that leave `slope` behind, which is dc/df but for a
factor: c is the log likelihood over the temperature, and dc/df = scale * slope.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from tinynets._fast.stack import Stack

Step = Callable[[], object]


class Problem(NamedTuple):
    """A posterior in numbers alone, all tensors of one dtype."""

    stack: Stack
    x: Tensor  # (n, inputs)
    y: Tensor  # (n, outputs): observations, or 1 for the class that was seen
    categorical: bool
    precision: Tensor  # (outputs,), of the noise where it is known
    unknown_prior: Tensor  # (unknowns, 6), see `bnn._unknowns`
    n_observed: float  # by one unknown, over the temperature
    prior_precision: Tensor  # (weights,)
    temperature: float
    constant: float  # what no coordinate changes


class Fit(NamedTuple):
    """How well nets fit, on buffers of their outputs."""

    steps: list[Step]  # leave the slope, and the gradient in the unknowns
    slope: Tensor  # (chains, outputs, n)
    scale: float
    value: Callable[[], Tensor]  # c and the log prior of the unknowns, (chains,)


# Takes f, the unknowns (chains, k) and where their gradient goes, (chains, k).
Observed = Callable[[Tensor, Tensor, Tensor], Fit]


def observed(problem: Problem) -> Observed:
    """Return classes, or numbers with Gaussian noise, as `Observed`."""
    if problem.categorical:
        return partial(_classes, problem)
    return partial(_inferred_noise if len(problem.unknown_prior) else _known_noise, problem)


def pulled(pull: Callable) -> Observed:
    """Return any data as `Observed`.

    Parameters
    ----------
    pull : callable
        Takes outputs (chains, n, outputs) and unknowns (chains, k), returns c
        and the log prior of the unknowns, summed, (chains,), and the
        derivative of that by either.
    """
    return partial(_pulled, pull)


def _known_noise(problem: Problem, f: Tensor, unknowns: Tensor, by_unknowns: Tensor) -> Fit:
    """Compare f - y, with one noise for all outputs or one for each."""
    first, *others = problem.precision.tolist()
    slope, scale = f, -first / problem.temperature
    steps: list[Step] = [partial(f.sub_, problem.y.mT.contiguous())]
    if any(one != first for one in others):
        slope, scale = torch.empty_like(f), -1 / problem.temperature
        steps.append(partial(torch.mul, f, problem.precision[:, None], out=slope))
    return Fit(steps, slope, scale, lambda: _inner(f, slope) * (scale / 2) + problem.constant)


def _inferred_noise(problem: Problem, f: Tensor, unknowns: Tensor, by_unknowns: Tensor) -> Fit:
    """Compare f - y, where a noise u = log noise_std is a coordinate."""
    c = problem.unknown_prior.to(f.dtype)
    linear, quadratic, powers = c[:, 0], c[:, 1], f.new_tensor([-2, -1, 1, 2])
    slope, precision = torch.empty_like(f), torch.empty_like(unknowns)
    scale = -1 / problem.temperature
    summed = (1, 2) if unknowns.shape[1] < f.shape[1] else 2

    def of_unknowns():
        squares = (f * slope).sum(summed).view_as(unknowns)
        each = c[:, 2:] * (unknowns[..., None] * powers).exp()
        prior = linear + 2 * quadratic * unknowns + (each * powers).sum(-1)
        torch.sub(prior - problem.n_observed, squares, alpha=scale, out=by_unknowns)

    def value():
        each = c[:, 2:] * (unknowns[..., None] * powers).exp()
        prior = (linear + quadratic * unknowns - problem.n_observed) * unknowns + each.sum(-1)
        return _inner(f, slope) * (scale / 2) + prior.sum(1) + problem.constant

    steps: list[Step] = [
        partial(f.sub_, problem.y.mT.contiguous()),
        partial(torch.mul, unknowns, -2, out=precision),
        precision.exp_,
        partial(torch.mul, f, precision[..., None], out=slope),
        of_unknowns,
    ]
    return Fit(steps, slope, scale, value)


def _classes(problem: Problem, f: Tensor, unknowns: Tensor, by_unknowns: Tensor) -> Fit:
    """Compare the probabilities of classes with those that were seen, p - 1[k = y]."""
    slope, seen = torch.empty_like(f), problem.y.mT.contiguous()

    def value():
        fit = (f * seen).sum((1, 2)) - f.logsumexp(1).sum(1)
        return fit / problem.temperature + problem.constant

    steps: list[Step] = [partial(torch.softmax, f, 1, out=slope), partial(slope.sub_, seen)]
    return Fit(steps, slope, -1 / problem.temperature, value)


def _pulled(pull: Callable, f: Tensor, unknowns: Tensor, by_unknowns: Tensor) -> Fit:
    """Leave the derivative to a function."""
    slope, value = torch.empty_like(f), f.new_empty(len(f))

    def step():
        with torch.inference_mode(False):  # it may use autograd, on copies
            found, by_outputs, by_unknown = pull(f.mT.clone(), unknowns.clone())
        value.copy_(found)
        slope.copy_(by_outputs.mT)
        by_unknowns.copy_(by_unknown)

    return Fit([step], slope, 1.0, value.clone)


def _inner(one: Tensor, other: Tensor) -> Tensor:
    """Return the inner product of each chain's, (chains,)."""
    return torch.linalg.vecdot(one.flatten(1), other.flatten(1))
