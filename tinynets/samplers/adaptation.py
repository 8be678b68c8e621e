"""Adaptation: a step size and a mass matrix, learnt while warming up."""

import functools
import inspect
import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from tinynets import checks
from tinynets.densities import LogDensity
from tinynets.samplers import base
from tinynets.samplers.description import described
from tinynets.samplers.mass import Mass, dense_mass, diagonal_mass


class Tuning(NamedTuple):
    """What the warm-up settled on; it stays as it is while sampling."""

    step_size: Tensor  # () or (chains,)
    mass: Mass | None


class Adaptation(NamedTuple):
    """A sampler that still has to be tuned; `sample` takes it as one."""

    start: Callable  # start(position, n_warmup, *, generator) -> Learning
    step: Callable  # step(learning, *, generator) -> (Learning, Info)
    finish: Callable  # finish(learning) -> (Sampler, State, Tuning)
    describe: Callable[[], dict[str, str]] = dict  # what is tuned, and how


class StepSearch(NamedTuple):
    """Dual averaging of log ε; each field () or (chains,)."""

    log_step: Tensor  # tried now
    log_average: Tensor  # used in the end
    shortfall: Tensor  # of acceptance, averaged
    attractor: Tensor  # log(10 ε) at the start
    n_steps: int


class Moments(NamedTuple):
    """Sums over draws, about an origin that keeps the digits."""

    origin: Tensor  # (dim,) or (chains, dim)
    total: Tensor  # of the same shape
    squares: Tensor  # of the same shape, or with dim once more at the end
    n_draws: int


class Learning(NamedTuple):
    """All that the warm-up carries from step to step."""

    state: base.State
    search: StepSearch
    moments: Moments
    mass: Mass | None
    n_done: int
    n_warmup: int


@described
def adapt(
    algorithm: Callable[..., base.Sampler],
    log_density: LogDensity | None = None,
    *,
    target_acceptance: float = 0.8,
    step_size: float = 1.0,
    mass: str = "diagonal",
    pooled: bool = True,
    **options,
) -> Adaptation:
    """Tune step size and mass matrix of a sampler in Stan's three phases.

    First the step size alone, while the chains find the bulk; then windows
    that double in length, each of which ends with a mass matrix from its
    draws; last the step size again. Tuning is over when sampling starts.

    Parameters
    ----------
    algorithm : callable
        `nuts`, `hmc`, `mala`, `metropolis`, or any
        `(log_density, *, step_size, mass, **options) -> Sampler`.
    log_density : callable
        `(chains, dim) -> (chains,)`, nats; see `LogDensity`.
    target_acceptance : float
        In (0, 1): 0.8 suits `nuts`, 0.65 `hmc`, 0.57 `mala`.
    step_size : float
        First guess, above 0; it is halved or doubled until acceptance
        crosses the target.
    mass : {"diagonal", "dense", "identity"}
    pooled : bool
        One step size and one mass matrix for all chains, learnt from all,
        or one for each chain, from its own draws.
    **options
        What else the algorithm takes, such as `n_leapfrog=20` for `hmc`.

    Returns
    -------
    Adaptation
        To be given to `sample` in place of a sampler.

    Raises
    ------
    TypeError
        If a sampler is given that is built already, the log density is
        missing, or the options are not those of the algorithm.
    ValueError
        If a number is out of range, or `mass` is none of the three.

    Examples
    --------
    >>> import torch
    >>> from tinynets.samplers import adapt, hmc, sample
    >>> normal = adapt(hmc, lambda q: -0.5 * (q**2).sum(-1), n_leapfrog=5)
    >>> draws = sample(normal, torch.zeros(4, 2, dtype=torch.float64), n_draws=10,
    ...                n_warmup=50, generator=torch.Generator().manual_seed(1))
    >>> draws.position.shape
    torch.Size([4, 10, 2])

    References
    ----------
    Hoffman and Gelman (2014), section 3.2. Stan reference manual, "HMC
    algorithm parameters".
    """
    if not 0 < checks.number("target_acceptance", target_acceptance) < 1:
        raise ValueError(f"target_acceptance must lie between 0 and 1, got {target_acceptance}")
    checks.choice("mass", mass, ("diagonal", "dense", "identity"))
    checks.positive("step_size", step_size)
    build = _bound(algorithm, log_density, options)

    def start(position, n_warmup, *, generator):
        checks.count("n_warmup", n_warmup)
        state = build(step_size=step_size, mass=None).init(position)
        first = state.log_density.new_full(() if pooled else (len(position),), step_size)
        guess = _crossing(build, state, first, None, target_acceptance, generator=generator)
        return Learning(
            state, _search_from(guess), _no_moments(state.position, mass, pooled), None, 0, n_warmup
        )

    def step(learning, *, generator):
        sampler = build(step_size=learning.search.log_step.exp(), mass=learning.mass)
        state, info = sampler.step(learning.state, generator=generator)
        acceptance = info.acceptance.mean() if pooled else info.acceptance
        learning = learning._replace(
            state=state,
            n_done=learning.n_done + 1,
            search=_search(learning.search, target_acceptance - acceptance),
        )
        windows = window_ends(learning.n_warmup)
        if mass == "identity" or not (windows and windows[0] < learning.n_done <= windows[-1]):
            return learning, info
        learning = learning._replace(moments=_add(learning.moments, state.position))
        if learning.n_done in windows:
            learning = _close_window(learning, generator)
        return learning, info

    def _close_window(learning, generator):
        new = _mass_from(learning.moments, mass)
        guess = _crossing(
            build,
            learning.state,
            learning.search.log_step.exp(),
            new,
            target_acceptance,
            generator=generator,
        )
        return learning._replace(
            mass=new,
            search=_search_from(guess),
            moments=_no_moments(learning.state.position, mass, pooled),
        )

    def finish(learning):
        chosen = learning.search.log_average.exp()
        return (
            build(step_size=chosen, mass=learning.mass),
            learning.state,
            Tuning(chosen, learning.mass),
        )

    return Adaptation(start, step, finish)


def _bound(
    algorithm: Callable[..., base.Sampler], log_density: LogDensity | None, options: dict
) -> Callable[..., base.Sampler]:
    """Bind all but step size and mass, and say what is missing or too much."""
    name = getattr(algorithm, "__name__", "algorithm")
    usage = f"adapt({name}, log_density, n_leapfrog=20)"
    if isinstance(algorithm, base.Sampler):
        raise TypeError(
            "adapt takes an algorithm and builds its samplers itself, got a Sampler: "
            "write adapt(hmc, log_density, n_leapfrog=20), not adapt(hmc(log_density, ...))"
        )
    if not callable(algorithm):
        raise TypeError(f"algorithm must be such as hmc or nuts, got {algorithm!r}")
    if not callable(log_density):
        raise TypeError(
            f"adapt needs the log density after the algorithm, got {log_density!r}: such as {usage}"
        )
    try:
        inspect.signature(algorithm).bind(log_density, step_size=1.0, mass=None, **options)
    except TypeError as error:
        raise TypeError(
            f"{name} can't be built, {error}: give its own options by name, such as {usage}"
        ) from None
    return functools.partial(algorithm, log_density, **options)


def window_ends(n_warmup: int) -> list[int]:
    """List where the first phase ends and then each window of the second.

    Stan's 75 steps, windows of 25, 50, 100, … and 50 steps; or 15, 75 and
    10 per cent of less than 150. Under 20 steps, only the step size is tuned.
    """
    if n_warmup < 20:
        return []
    first, window, last = 75, 25, 50
    if n_warmup < 150:
        first, last = round(0.15 * n_warmup), round(0.1 * n_warmup)
        window = n_warmup - first - last
    ends = [first]
    while ends[-1] < n_warmup - last:
        following = ends[-1] + 3 * window  # where the next one would end
        ends.append(ends[-1] + window if following <= n_warmup - last else n_warmup - last)
        window *= 2
    return ends


def _search_from(step_size: Tensor) -> StepSearch:
    zero = torch.zeros_like(step_size)
    return StepSearch(step_size.log(), zero, zero, (10 * step_size).log(), 0)


def _search(search: StepSearch, shortfall: Tensor) -> StepSearch:
    """Hoffman and Gelman (2014), Eq. (6), with their γ, t₀ and κ."""
    n_steps = search.n_steps + 1
    weight = 1 / (n_steps + 10)
    mean = (1 - weight) * search.shortfall + weight * shortfall
    log_step = search.attractor - math.sqrt(n_steps) / 0.05 * mean
    weight = n_steps**-0.75
    return StepSearch(
        log_step,
        weight * log_step + (1 - weight) * search.log_average,
        mean,
        search.attractor,
        n_steps,
    )


def _crossing(
    build: Callable[..., base.Sampler],
    state: base.State,
    step_size: Tensor,
    mass: Mass | None,
    target: float,
    *,
    generator: torch.Generator,
) -> Tensor:
    """Double or halve ε until the acceptance of one step crosses a target."""
    own = base.spawn(generator)

    def too_small(step_size):
        _, info = build(step_size=step_size, mass=mass).step(state, generator=own)
        acceptance = info.acceptance
        return (acceptance if step_size.ndim else acceptance.mean()) > target

    direction = torch.where(too_small(step_size), 2.0, 0.5)
    searching = torch.ones_like(direction, dtype=torch.bool)
    for _ in range(50):
        step_size = torch.where(searching, step_size * direction, step_size)
        searching &= too_small(step_size) == (direction > 1)
        if not searching.any():
            return step_size
    raise ValueError(
        f"no step size found: at {step_size.tolist()} acceptance is still on "
        f"the same side of {target}; is the log density flat, or its gradient "
        "not the one of its values?"
    )


def _no_moments(position: Tensor, mass: str, pooled: bool) -> Moments:
    origin = position.mean(0) if pooled else position
    square = origin.unsqueeze(-1) * origin.unsqueeze(-2)
    return Moments(
        origin, torch.zeros_like(origin), torch.zeros_like(square if mass == "dense" else origin), 0
    )


def _add(moments: Moments, position: Tensor) -> Moments:
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


def _mass_from(moments: Moments, mass: str) -> Mass:
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
