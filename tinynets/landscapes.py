"""Losses of two weights whose minima are known, and the paths of optimisers on them."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from tinynets import checks

N_EXAMPLES = 20


class Landscape(NamedTuple):
    """A loss of two weights, averaged over examples, and how the browser is told of it."""

    loss: Callable  # loss(q (..., 2), rows=None) -> (...,), of all examples or of some
    description: dict  # for `explore/core/landscapes.js`
    box: tuple  # what is shown of it: (low, high) of the first weight, of the second


def _tilts(strength: float) -> list[list[float]]:
    """Return one slope per example; together they cancel."""
    turns = [2 * math.pi * 7 * i / N_EXAMPLES for i in range(N_EXAMPLES)]
    return [[round(strength * f(turn), 12) for f in (math.cos, math.sin)] for turn in turns]


def _tilted(shape: Callable, kind: str, box: tuple, tilt: float, **settings) -> Landscape:
    """Let each example tilt a shape its own way."""
    tilts = _tilts(float(tilt))

    def loss(q: Tensor, rows: Sequence[int] | None = None) -> Tensor:
        slope = q.new_tensor([tilts[row] for row in rows]).mean(0) if rows else q.new_zeros(2)
        return shape(q) + q @ slope

    return Landscape(loss, {"kind": kind, "tilts": tilts, **settings}, _ascending(box))


def _ascending(box: tuple) -> tuple:
    if not all(low < high for low, high in box):
        raise ValueError(f"box must be two ranges, the lower end first, got {box}")
    return box


@checks.arguments(box="finite 2 2")
def quadratic(first: float, second: float, *, box: tuple, tilt: float = 1.0) -> Landscape:
    """Return ½ (first x² + second y²): one minimum, at 0.

    Parameters
    ----------
    first, second : float
        Curvatures, positive; the larger is L.
    box : pair of (float, float)
        What is shown of it.
    tilt : float
        Slope that one example adds.

    Returns
    -------
    Landscape
        Its only minimum is at 0.
    """
    curvatures = [checks.positive("first", first), checks.positive("second", second)]

    def shape(q):
        return (q**2 @ q.new_tensor(curvatures)) / 2

    return _tilted(shape, "quadratic", box, tilt, curvatures=curvatures)


@checks.arguments(box="finite 2 2")
def saddle(*, box: tuple = ((-2.0, 2.0), (-1.5, 1.5)), tilt: float = 0.5) -> Landscape:
    """Return x⁴/4 − x²/2 + y²/2: two minima as deep as each other, at (±1, 0), a saddle at 0.

    Parameters
    ----------
    box : pair of (float, float)
        What is shown of it.
    tilt : float
        Slope that one example adds.

    Returns
    -------
    Landscape
        Mean over examples as written above.
    """

    def shape(q):
        x, y = q.unbind(-1)
        return x**4 / 4 - x**2 / 2 + y**2 / 2

    return _tilted(shape, "saddle", box, tilt)


@checks.arguments(
    places="finite holes 2", depths="finite holes", widths="positive holes", box="finite 2 2"
)
def wells(
    places: Sequence[Sequence[float]],
    depths: Sequence[float],
    widths: Sequence[float],
    *,
    rise: float,
    box: tuple,
    tilt: float = 1.0,
) -> Landscape:
    """Return Gaussian holes in a wide bowl: ½ rise |q|² − Σ depthᵢ exp(−|q − placeᵢ|² / 2 widthᵢ²).

    Parameters
    ----------
    places : sequence of (float, float)
    depths, widths : sequence of float
        Of each hole, positive.
    rise : float
        Curvature of the bowl.
    box : pair of (float, float)
        What is shown of it.
    tilt : float
        Slope that one example adds.

    Returns
    -------
    Landscape
        Near each hole it has a minimum, if the hole is deep against the bowl.

    Raises
    ------
    ValueError
        If places, depths and widths are not equally many.
    """

    def shape(q):
        away = (q[..., None, :] - q.new_tensor(places)).square().sum(-1)  # (..., holes)
        holes = (-away / (2 * q.new_tensor(widths) ** 2)).exp()
        return rise * q.square().sum(-1) / 2 - holes @ q.new_tensor(depths)

    settings = {"places": places, "depths": depths, "widths": widths, "rise": rise}
    return _tilted(shape, "wells", box, tilt, **settings)


@checks.arguments(inputs="finite n", targets="finite n", box="finite 2 2")
def net(inputs: Sequence[float], targets: Sequence[float], *, box: tuple) -> Landscape:
    """Return half the mean squared error of the net v tanh(w x), weights q = (w, v).

    (w, v) and (−w, −v) are the same net.

    Parameters
    ----------
    inputs, targets : sequence of float
        The data, one target per input.
    box : pair of (float, float)
        What is shown of it.

    Returns
    -------
    Landscape
        Its minima come in pairs.
    """

    def loss(q: Tensor, rows: Sequence[int] | None = None) -> Tensor:
        chosen = list(range(len(inputs)) if rows is None else rows)
        x, y = (q.new_tensor([values[i] for i in chosen]) for values in (inputs, targets))
        w, v = q[..., None].unbind(-2)
        return (v * (w * x).tanh() - y).square().mean(-1) / 2

    description = {"kind": "net", "inputs": list(inputs), "targets": list(targets)}
    return Landscape(loss, description, _ascending(box))


OPTIMISERS = {  # what the browser calls them, and what PyTorch does
    "gradient": lambda q, rate: torch.optim.SGD([q], lr=rate),
    "momentum": lambda q, rate: torch.optim.SGD([q], lr=rate, momentum=0.9),
    "nesterov": lambda q, rate: torch.optim.SGD([q], lr=rate, momentum=0.9, nesterov=True),
    "rmsprop": lambda q, rate: torch.optim.RMSprop([q], lr=rate),
    "adam": lambda q, rate: torch.optim.Adam([q], lr=rate),
}


@checks.arguments(start="float starts 2")
def descend(
    landscape: Landscape,
    start: Tensor,
    *,
    optimiser: str,
    rate: float,
    n_steps: int,
    batches: Sequence[Sequence[int]] | None = None,
) -> Tensor:
    """Follow an optimiser of `torch.optim` from many starts at once.

    Parameters
    ----------
    landscape : Landscape
    start : Tensor, (starts, 2), float64
    optimiser : str
        Of `OPTIMISERS`; each works on every number by itself, so starts don't meet.
    rate : float
        Learning rate, positive.
    n_steps : int
    batches : sequence of sequence of int, optional
        Which examples each step looks at; all, if not given.

    Returns
    -------
    Tensor, (n_steps + 1, starts, 2)
        The starts first. What ran away is infinite or not a number.

    Examples
    --------
    >>> bowl = quadratic(1.0, 3.0, box=((-1, 1), (-1, 1)))
    >>> start = torch.ones(1, 2, dtype=torch.float64)
    >>> path = descend(bowl, start, optimiser="gradient", rate=0.5, n_steps=2)
    >>> path[:, 0].tolist()
    [[1.0, 1.0], [0.5, -0.5], [0.25, 0.25]]
    """
    checks.choice("optimiser", optimiser, tuple(OPTIMISERS))
    checks.positive("rate", rate)
    q = checks.shape("start", start, ("starts", 2)).clone().requires_grad_(True)
    stepper, path = OPTIMISERS[optimiser](q, rate), [start]
    for step in range(checks.count("n_steps", n_steps)):
        stepper.zero_grad()
        landscape.loss(q, batches[step] if batches else None).sum().backward()
        stepper.step()
        path.append(q.detach().clone())
    return torch.stack(path)


@checks.arguments(start="float starts 2")
def minima(landscape: Landscape, start: Tensor, *, n_steps: int = 60) -> Tensor:
    """Find the minima that Newton's method reaches from many starts, deepest first.

    Parameters
    ----------
    landscape : Landscape
    start : Tensor, (starts, 2), float64
        A grid over the landscape, so that no minimum is far from all.
    n_steps : int
        Of Newton's method; where the Hessian is not positive definite, of descent.

    Returns
    -------
    Tensor, (minima, 2)
    """
    q, gradient = start, torch.func.grad(landscape.loss)
    hessian = torch.func.vmap(torch.func.hessian(landscape.loss))
    slope = torch.func.vmap(gradient)
    for _ in range(n_steps):
        values, vectors = torch.linalg.eigh(hessian(q))
        along = (vectors.mT @ slope(q)[..., None])[..., 0] / values.abs().clamp(min=1e-4)
        move = (vectors @ along[..., None])[..., 0]
        q = q - move * (0.3 / move.norm(dim=-1, keepdim=True)).clamp(max=1)
    still = (slope(q).norm(dim=-1) < 1e-9) & (torch.linalg.eigvalsh(hessian(q))[:, 0] > 1e-6)
    found: list[Tensor] = []
    for one in q[still]:
        if all((one - other).norm() > 1e-4 for other in found):
            found.append(one)
    found.sort(key=lambda one: (round(float(landscape.loss(one)), 9), *one.tolist()))
    return torch.stack(found) if found else start[:0]


@checks.arguments(ends="float ... n 2", places="float places 2")
def basins(ends: Tensor, places: Tensor, *, within: float = 0.1) -> Tensor:
    """Say at which minimum each path ended.

    Parameters
    ----------
    ends : Tensor, (starts, 2)
        Where paths ended, as the last row of `descend`.
    places : Tensor, (minima, 2)
    within : float
        How near an end must be.

    Returns
    -------
    Tensor of int, (starts,)
        Index of the minimum; −1 where there is none near.

    Examples
    --------
    >>> ends = torch.tensor([[0.99, 0.0], [-1.0, 0.02], [0.0, 0.0]])
    >>> basins(ends, torch.tensor([[1.0, 0.0], [-1.0, 0.0]])).tolist()
    [0, 1, -1]
    """
    checks.non_negative("within", within)
    away, nearest = torch.cdist(ends.nan_to_num(1e9, 1e9, -1e9), places).min(-1)
    return torch.where(away <= within, nearest, -1)
