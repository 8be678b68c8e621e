"""Running chains: warm-up, draws, progress, and checkpoints to resume."""

import os
from typing import Any, NamedTuple

import torch
from torch import Tensor
from tqdm import tqdm

from tinynets import checks
from tinynets.samplers import base, checkpoints
from tinynets.samplers._blocks import draw
from tinynets.samplers.adaptation import Adaptation, Tuning
from tinynets.samplers.checkpoints import Run


class Warmup(NamedTuple):
    """What happened before the first draw."""

    n_steps: int
    acceptance: float  # mean over steps and chains; NaN without steps
    n_divergent: int
    n_gradients: int  # of all chains together
    tuning: Tuning | None  # None where nothing was tuned
    position: Tensor | None  # (chains, n_steps, dim) if keep_warmup, else None


class Draws(NamedTuple):
    """Draws of all chains, with what each step and the warm-up did."""

    position: Tensor  # (chains, draws, dim)
    log_density: Tensor  # (chains, draws)
    info: base.Info  # each field (chains, draws)
    warmup: Warmup
    path: str  # how the target computed gradients, as `Posterior.path` says; or empty


def sample(
    sampler: base.Sampler | Adaptation,
    position: Tensor,
    *,
    n_draws: int,
    n_warmup: int = 0,
    n_burn_in: int = 0,
    keep_warmup: bool = False,
    thin: int = 1,
    generator: torch.Generator,
    progress: bool = False,
    checkpoint: str | os.PathLike | None = None,
    checkpoint_every: int = 200,
) -> Draws:
    """Run all chains through warm-up and draws.

    Parameters
    ----------
    sampler : Sampler or Adaptation
        From `hmc`, `nuts`, …; or from `adapt`, which is tuned during the
        warm-up and stays as it is from then on.
    position : Tensor
        (chains, dim), floating, best float64: where the chains start.
    n_draws : int
        Draws kept of each chain.
    n_warmup : int
        Steps in which an `Adaptation` is tuned, before the first draw: 20 or more,
        better some hundred.
    n_burn_in : int
        Steps left out before the first draw of a sampler that is not tuned.
    keep_warmup : bool
        Whether `draws.warmup.position` keeps what was left out.
    thin : int
        Steps for each draw. `Info` of a draw covers its steps: mean
        acceptance, any divergence, all gradients.
    generator : torch.Generator
        Where all randomness comes from.
    progress : bool
        Show a bar with acceptance and divergences.
    checkpoint : path, optional
        File that is written every `checkpoint_every` steps and draws, at the
        end, and on an error or interrupt. If it is there, the run goes on
        from it, to the same draws bit for bit.
    checkpoint_every : int
        Steps and draws between two checkpoints.

    Returns
    -------
    Draws
        In ArviZ's order: (chains, draws, dim).

    Raises
    ------
    TypeError, ValueError
        If the sampler is not built or the generator is none; if there is
        warm-up without tuning, or burn-in with it; if the chains can't start
        where they are told to; if the checkpoint is damaged or of another
        run: of another sampler, step size, mass matrix, target or data.
    OSError
        If the checkpoint can't be written; the one before stays.

    Examples
    --------
    >>> import torch
    >>> from tinynets.samplers import hmc, sample
    >>> sampler = hmc(lambda q: -0.5 * (q**2).sum(-1), step_size=0.3, n_leapfrog=5)
    >>> draws = sample(sampler, torch.zeros(4, 2, dtype=torch.float64), n_draws=10,
    ...                n_burn_in=5, generator=torch.Generator().manual_seed(1))
    >>> draws.position.shape, draws.log_density.shape
    (torch.Size([4, 10, 2]), torch.Size([4, 10]))
    """
    checks.count("n_draws", n_draws)
    checks.count("n_warmup", n_warmup, at_least=0)
    checks.count("n_burn_in", n_burn_in, at_least=0)
    checks.count("thin", thin)
    checks.count("checkpoint_every", checkpoint_every)
    checks.shape("position", position, ("chains", "dim"))
    checks.generator("generator", generator)
    warming = _warming(sampler, n_warmup, n_burn_in)
    n_warmup = n_warmup or n_burn_in
    path = None if checkpoint is None else checkpoints.path_of(checkpoint)
    counts = {"n_draws": n_draws, "n_warmup": n_warmup, "thin": thin, "keep_warmup": keep_warmup}
    plan, run = {}, None
    if path is not None:
        plan = checkpoints.plan(position, generator, warming.describe(), **counts)
        run = checkpoints.resume(path, plan, generator)
        if run is not None:
            checkpoints.same_density(path, run, warming.finish(run.learning)[0], position)
    now = begun = run or _begin(
        warming.start(position, n_warmup, generator=generator),
        position,
        n_draws,
        n_warmup if keep_warmup else None,
    )
    random_state = generator.get_state()
    try:
        for now in _go_on(warming, begun, n_warmup, thin, generator, progress, checkpoint_every):
            if path is None:
                continue
            random_state = generator.get_state()
            if now.n_done % checkpoint_every == 0:
                checkpoints.save(path, plan, now, random_state)
    finally:
        if path is not None and now is not run:  # what was read is there already
            checkpoints.save(path, plan, now, random_state)
    return _finish(warming, now, n_warmup)


def _warming(sampler: base.Sampler | Adaptation, n_warmup: int, n_burn_in: int) -> Adaptation:
    """Take a sampler for an adaptation that learns nothing; refuse all else."""
    if isinstance(sampler, Adaptation):
        if n_burn_in:
            raise ValueError(
                f"n_burn_in must be 0 for a sampler that is tuned, got {n_burn_in}: "
                "its warm-up is left out already, see n_warmup"
            )
        return sampler
    if not isinstance(sampler, base.Sampler):
        name = getattr(sampler, "__name__", type(sampler).__name__)
        raise TypeError(
            f"sampler must be a Sampler or an Adaptation, got {name}: build it, such as "
            "hmc(log_density, step_size=0.1, n_leapfrog=20), or have it tuned, such as "
            "adapt(hmc, log_density, n_leapfrog=20)"
        )
    if n_warmup:
        raise ValueError(
            f"n_warmup must be 0 for a sampler that is not tuned, got {n_warmup}: have it "
            "tuned by adapt(hmc, log_density, ...), or leave its first steps out with n_burn_in"
        )
    return untuned(sampler)


def untuned(sampler: base.Sampler) -> Adaptation:
    """Make the adaptation that leaves a sampler as it is.

    Parameters
    ----------
    sampler : Sampler or Adaptation
        What was given to `sample`.

    Returns
    -------
    Adaptation
        One that learns nothing, for a sampler.
    """

    def start(position, n_warmup, *, generator):
        return sampler.init(position)

    return Adaptation(start, sampler.step, lambda state: (sampler, state, None), sampler.describe)


def _begin(learning: Any, position: Tensor, n_draws: int, n_kept: int | None) -> Run:
    chains, dim = position.shape
    real = position.new_zeros(chains, n_draws)
    flag = torch.zeros_like(real, dtype=torch.bool)
    info = base.Info(real, flag, real.clone(), real.clone(), flag.clone(), flag.long())
    kept = None if n_kept is None else position.new_zeros(chains, n_kept, dim)
    empty = position.new_zeros(chains, n_draws, dim)
    state: base.ChainState = getattr(learning, "state", learning)
    return Run(0, state.log_density, learning, None, (0.0, 0, 0), kept, empty, real.clone(), info)


def _go_on(
    warming: Adaptation,
    run: Run,
    n_warmup: int,
    thin: int,
    generator: torch.Generator,
    progress: bool,
    stop_every: int,
):
    """Yield the run after each step of the warm-up, and each draw or block of draws.

    A block ends where `stop_every` divides what is done, or before.
    """
    total = n_warmup + run.position.shape[1]
    sampler = None
    n_divergent, n_steps = 0, 1
    with tqdm(total=total, initial=run.n_done, disable=not progress, unit="step") as bar:
        while run.n_done < total:
            if run.n_done < n_warmup:
                learning, info = warming.step(run.learning, generator=generator)
                run = run._replace(learning=learning, totals=_add(run.totals, info))
                if run.warmup is not None:
                    state = getattr(learning, "state", learning)
                    run.warmup[:, run.n_done] = state.position
            else:
                if sampler is None:
                    sampler, state, _ = warming.finish(run.learning)
                    run = run._replace(state=run.state or state)
                most = min(total - run.n_done, stop_every - run.n_done % stop_every)
                state, *drawn = draw(sampler, run.state or state, most, thin, generator=generator)
                run = run._replace(state=state)
                n_steps, info = drawn[1].shape[1], drawn[-1]
                _record(run, run.n_done - n_warmup, *drawn)
            run = run._replace(n_done=run.n_done + n_steps)
            if progress:
                n_divergent += int(info.divergent.sum())
                bar.set_postfix(
                    phase="warm-up" if run.n_done <= n_warmup else "draws",
                    acceptance=f"{info.acceptance.mean():.2f}",
                    divergences=n_divergent,
                    refresh=False,
                )
                bar.update(n_steps)
            yield run


def _add(totals: tuple, info: base.Info) -> tuple:
    return (
        totals[0] + float(info.acceptance.mean()),
        totals[1] + int(info.divergent.sum()),
        totals[2] + int(info.n_gradients.sum()),
    )


def _record(run: Run, first: int, position: Tensor, log_density: Tensor, info: base.Info) -> None:
    kept = (run.position, run.log_density, *run.info)
    for into, value in zip(kept, (position, log_density, *info), strict=True):
        into[:, first : first + value.shape[1]] = value


def _finish(warming: Adaptation, run: Run, n_warmup: int) -> Draws:
    acceptance, n_divergent, n_gradients = run.totals
    sampler, _, tuning = warming.finish(run.learning)
    return Draws(
        run.position,
        run.log_density,
        run.info,
        Warmup(
            n_warmup,
            acceptance / n_warmup if n_warmup else float("nan"),
            n_divergent,
            n_gradients,
            tuning,
            run.warmup,
        ),
        sampler.path,
    )
