"""Checkpoints: a run on disk, whole and checked, or not there at all.

A file is one line that says what it is, one with the SHA-256 of what follows, and the run as
`torch.save` writes it. A single bit that flips is noticed.
"""

import hashlib
import io
import os
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from tinynets.samplers import _moments, _pooling, _sgld, _step_search, adaptation, base, mass
from tinynets.samplers.description import digest

FIRST_LINE = b"tinynets checkpoint of sample, format 2\n"
TYPES = [
    base.Info,
    base.State,
    _sgld.MinibatchState,
    mass.Mass,
    adaptation.Learning,
    _moments.Moments,
    _pooling.Halves,
    _step_search.StepSearch,
]


class Run(NamedTuple):
    """A run so far: all that is needed to go on."""

    n_done: int  # steps of the warm-up, then draws
    start: Tensor  # (chains,), the log density where the chains started
    learning: Any  # what the warm-up carries
    state: base.ChainState | None  # what the sampler carries, once it draws
    totals: tuple  # in the warm-up: Σ acceptance, divergences, gradients
    warmup: Tensor | None  # (chains, n_warmup, dim), filled so far, if kept
    position: Tensor  # (chains, draws, dim), filled so far
    log_density: Tensor  # (chains, draws)
    info: base.Info  # each field (chains, draws)


def plan(
    position: Tensor, generator: torch.Generator, described: dict[str, str], **counts: int
) -> dict:
    """Describe a run, so that a checkpoint of another is not taken for it.

    Parameters
    ----------
    position : Tensor, (chains, dim)
        Where the chains start.
    generator : torch.Generator
        Before the first draw.
    described : dict of str to str
        What the sampler says of itself.
    **counts : int
        Numbers of chains, draws and steps, by name.

    Returns
    -------
    dict
        What a checkpoint must agree with.
    """
    return {
        **counts,
        **described,
        "shape of the starting position": tuple(position.shape),
        "starting position": digest(position),
        "generator": digest(generator.get_state()),
    }


def path_of(checkpoint: str | os.PathLike) -> Path:
    """Return the path of a checkpoint, if it can be that of a file.

    Parameters
    ----------
    checkpoint : str or path
        What was given.

    Returns
    -------
    Path

    Raises
    ------
    TypeError, ValueError
        If it is no path, or that of a folder.
    """
    if not isinstance(checkpoint, str | os.PathLike):
        raise TypeError(f"checkpoint must be a path, got {checkpoint!r}")
    if Path(checkpoint).is_dir():
        raise ValueError(f"checkpoint must be a file, got the folder {str(checkpoint)!r}")
    return Path(checkpoint)


def save(path: Path, plan: dict, run: Run, random_state: Tensor) -> None:
    """Write a checkpoint beside `path`, then put it in its place.

    Parameters
    ----------
    path : Path
        The checkpoint.
    plan : dict
        From `plan`.
    run : Run
        What was computed so far.
    random_state : Tensor
        Of the generator.

    Raises
    ------
    OSError
        If it can't be written; an earlier checkpoint stays as it is.
    """
    data = io.BytesIO()
    torch.save({"plan": plan, "run": run, "random_state": random_state}, data)
    content = data.getvalue()
    beside = path.with_name(path.name + ".part")
    try:
        with beside.open("wb") as file:
            file.write(FIRST_LINE + _digest(content) + b"\n" + content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        if beside.is_file():
            beside.unlink()
        reason = error.strerror or error
        raise OSError(error.errno, f"checkpoint {path} can't be written: {reason}") from error


def resume(path: Path, plan: dict, generator: torch.Generator) -> Run | None:
    """Read a checkpoint and set the generator to it; None where none is.

    Parameters
    ----------
    path : Path
        The checkpoint.
    plan : dict
        From `plan`.
    generator : torch.Generator
        Its state is set.

    Returns
    -------
    Run or None
        None where there is no file.

    Raises
    ------
    ValueError
        If the file is damaged, or of a run with another plan.
    """
    if not path.exists():
        return None
    found = _read(path)
    then = found["plan"]
    for name in {**plan, **then}:
        before, now = then.get(name), plan.get(name)
        if before != now:
            raise ValueError(
                f"checkpoint {path} is of another run: {name} was "
                f"{before} then and is {now} now; give another path "
                "or delete the file"
            )
    generator.set_state(found["random_state"])
    return found["run"]


def same_density(path: Path, run: Run, sampler: base.Sampler, position: Tensor) -> None:
    """Compare stored log densities with those of now, at the start and where the chains are.

    Parameters
    ----------
    path : Path
        The checkpoint, for the message.
    run : Run
        What it holds.
    sampler : Sampler
        Of now.
    position : Tensor, (chains, dim)
        Where the chains started.

    Raises
    ------
    ValueError
        If they differ by more than rounding: it was another target, or other data.
    """
    state = run.state or getattr(run.learning, "state", run.learning)
    pairs = [(position, run.start)]
    if isinstance(state, base.State):  # that of a minibatch holds an estimate
        pairs.append((state.position, state.log_density))
    for at, before in pairs:
        known = torch.isfinite(before) & torch.isfinite(at).all(1)
        if not known.any():
            continue
        now, before = sampler.init(at[known]).log_density, before[known]
        tolerance = torch.finfo(now.dtype).eps ** 0.5
        if not torch.allclose(now, before, rtol=tolerance, atol=tolerance):
            worst = int((now - before).abs().argmax())
            raise ValueError(
                f"checkpoint {path} is of another run: the log density at a stored position was "
                f"{before[worst].item():.10g} then and is {now[worst].item():.10g} now; the "
                "target or its data have changed: give another path or delete the file"
            )


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def _read(path: Path) -> dict:
    """Return what a checkpoint holds, if it is whole."""
    line, _, rest = path.read_bytes().partition(b"\n")
    stated, _, content = rest.partition(b"\n")
    damaged = (
        f"checkpoint {path} is damaged, or not one of `sample`; delete it to start the run anew"
    )
    if line + b"\n" != FIRST_LINE or stated != _digest(content):
        raise ValueError(damaged)
    try:
        with torch.serialization.safe_globals([Run, *TYPES]):
            return torch.load(io.BytesIO(content), weights_only=True)
    except Exception as error:  # written by another version, whole but not readable
        raise ValueError(damaged) from error
