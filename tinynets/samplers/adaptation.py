"""Adaptation: a step size and a mass matrix, learnt while warming up."""

import functools
import inspect
from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

from tinynets import checks
from tinynets.densities import LogDensity
from tinynets.samplers import base
from tinynets.samplers._moments import Moments, add_draws, empty_moments, mass_from
from tinynets.samplers._pooling import Halves, add_step, are_apart, no_halves
from tinynets.samplers._step_search import (
    StepSearch,
    dual_averaging,
    first_step_size,
    search_from,
    settle,
)
from tinynets.samplers.description import described
from tinynets.samplers.mass import Mass

FEWEST = 20  # steps of a warm-up


class Tuning(NamedTuple):
    """What the warm-up settled on; it stays as it is while sampling."""

    step_size: Tensor  # () or (chains,)
    mass: Mass | None
    pooled: bool  # one step size for all: asked for, and chains not too different


class Adaptation(NamedTuple):
    """A sampler that still has to be tuned; `sample` takes it as one."""

    start: Callable  # start(position, n_warmup, *, generator) -> Learning
    step: Callable  # step(learning, *, generator) -> (Learning, Info)
    finish: Callable  # finish(learning) -> (Sampler, State, Tuning)
    describe: Callable[[], dict[str, str]] = dict  # what is tuned, and how


class Learning(NamedTuple):
    """All that the warm-up carries from step to step."""

    state: base.State
    search: StepSearch
    moments: Moments
    halves: Halves  # of the last window
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
    draws; last the step size again, in ever smaller moves, so that the mean
    acceptance of the draws is the target. Then tuning is over.

    The target is met on average over runs. In one run the acceptance of the
    draws is that of the regions the chains go to after the warm-up, for
    which no last phase can be long enough: on posteriors of nets it was
    within 0.02 to 0.04 of the target where chains mix (root mean square over
    runs), and within 0.04 to 0.08 for a single chain that does not, or for
    trajectories too short to cross the posterior.

    Chains in modes of different scale can't share a step size. If, in the
    last window, acceptance differs between chains with a standard deviation
    above 0.1, estimated by the covariance of its means over the two halves
    of the window, each goes on with its own; `draws.warmup.tuning.pooled` is
    False then. The mass matrix stays common: chains that hardly moved know
    little of their variances.

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
        One step size and one mass matrix for all chains, learnt from all, or
        one for each chain, from its own draws.
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
        If a number is out of range, or `mass` is none of the three; from `sample`,
        if the warm-up has fewer than 20 steps.

    References
    ----------
    Hoffman and Gelman (2014), section 3.2, with Shamir and Zhang (2013),
    Eq. (4), at the end. Stan reference manual, "HMC algorithm parameters".

    Examples
    --------
    >>> import torch
    >>> from tinynets.samplers import adapt, hmc, sample
    >>> normal = adapt(hmc, lambda q: -0.5 * (q**2).sum(-1), n_leapfrog=5)
    >>> start, generator = torch.zeros(4, 2), torch.Generator().manual_seed(1)
    >>> sample(normal, start, n_draws=9, n_warmup=50, generator=generator).position.shape
    torch.Size([4, 9, 2])
    """
    if not 0 < checks.number("target_acceptance", target_acceptance) < 1:
        raise ValueError(f"target_acceptance must lie between 0 and 1, got {target_acceptance}")
    checks.choice("mass", mass, ("diagonal", "dense", "identity"))
    checks.positive("step_size", step_size)
    build = _bound(algorithm, log_density, options)

    def start(position, n_warmup, *, generator):
        if checks.count("n_warmup", n_warmup, at_least=0) < FEWEST:
            raise ValueError(
                f"n_warmup must be {FEWEST} or above for a sampler that is tuned, got {n_warmup}: "
                "in fewer steps the step size does not settle, and draws may all diverge; "
                "give some hundred"
            )
        state = build(step_size=step_size, mass=None).init(position)
        first = state.log_density.new_full(() if pooled else (len(position),), step_size)
        guess = first_step_size(build, state, first, None, target_acceptance, generator=generator)
        return Learning(
            state,
            search_from(guess),
            empty_moments(state.position, mass, pooled),
            no_halves(state.log_density),
            None,
            0,
            n_warmup,
        )

    def step(learning, *, generator):
        sampler = build(step_size=learning.search.log_step.exp(), mass=learning.mass)
        state, info = sampler.step(learning.state, generator=generator)
        learning = _searched(learning._replace(state=state), info.acceptance, target_acceptance)
        windows = window_ends(learning.n_warmup)
        if mass != "identity" and windows[0] < learning.n_done <= windows[-1]:
            learning = learning._replace(moments=add_draws(learning.moments, state.position))
        last = learning.n_done == _settling_from(learning.n_warmup)
        if last or mass != "identity" and learning.n_done in windows[1:]:
            learning = _close_window(learning, last, generator)
        return learning, info

    def _close_window(learning, last, generator):
        parts = last and _pooled(learning) and are_apart(learning.halves)
        step_size, new = learning.search.log_step.exp(), learning.mass
        if parts:
            step_size = step_size.expand(len(learning.state.position))
        if learning.moments.n_draws:
            new = mass_from(learning.moments, mass)
        guess = first_step_size(
            build, learning.state, step_size, new, target_acceptance, generator=generator
        )
        return learning._replace(
            mass=new,
            search=search_from(guess),
            moments=empty_moments(learning.state.position, mass, pooled),
        )

    def finish(learning):
        chosen = learning.search.log_average.exp()
        return (
            build(step_size=chosen, mass=learning.mass),
            learning.state,
            Tuning(chosen, learning.mass, _pooled(learning)),
        )

    return Adaptation(start, step, finish)


def _pooled(learning: Learning) -> bool:
    """Tell whether the chains share a step size."""
    return learning.search.log_step.ndim == 0


def _searched(learning: Learning, acceptance: Tensor, target: float) -> Learning:
    """Learn from the acceptance (chains,) of a step."""
    settles = learning.n_done >= _settling_from(learning.n_warmup)
    shortfall = target - (acceptance.mean() if _pooled(learning) else acceptance)
    search = (settle if settles else dual_averaging)(learning.search, shortfall)
    *_, begin, end = window_ends(learning.n_warmup)
    halves = learning.halves
    if begin <= learning.n_done < end:
        halves = add_step(halves, acceptance, int(2 * learning.n_done >= begin + end))
    return learning._replace(search=search, halves=halves, n_done=learning.n_done + 1)


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
    10 per cent of less than 150.

    Parameters
    ----------
    n_warmup : int
        Steps of the warm-up, 20 or more.

    Returns
    -------
    list of int
        Numbers of steps, ascending.
    """
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


def _settling_from(n_warmup: int) -> int:
    """Return after which step the step size is only settled."""
    return window_ends(n_warmup)[-1]
