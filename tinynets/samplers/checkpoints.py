"""Checkpoints: a run on disk, whole and checked, or not there at all."""

import hashlib
import io
import os
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from tinynets.samplers import _sgld, adaptation, base, mass

TYPES = [
    base.Info,
    base.State,
    _sgld.MinibatchState,
    mass.Mass,
    adaptation.Learning,
    adaptation.Moments,
    adaptation.StepSearch,
]


class Run(NamedTuple):
    """A run so far: all that is needed to go on."""

    n_done: int  # steps of the warm-up, then draws
    learning: tuple  # what the warm-up carries
    state: base.ChainState | None  # what the sampler carries, once it draws
    totals: tuple  # in the warm-up: Σ acceptance, divergences, gradients
    warmup: Tensor | None  # (chains, n_warmup, dim), filled so far, if kept
    position: Tensor  # (chains, draws, dim), filled so far
    log_density: Tensor  # (chains, draws)
    info: base.Info  # each field (chains, draws)


def plan(position: Tensor, generator: torch.Generator, **counts: int) -> dict:
    """Describe a run, so that a checkpoint of another is not taken for it."""
    start = hashlib.sha256(position.detach().cpu().numpy().tobytes())
    seed = hashlib.sha256(generator.get_state().numpy().tobytes())
    return {
        **counts,
        "shape of the starting position": tuple(position.shape),
        "starting position": start.hexdigest()[:16],
        "generator": seed.hexdigest()[:16],
    }


def save(path: Path, plan: dict, run: Run, random_state: Tensor) -> None:
    """Write a checkpoint beside `path`, then put it in its place."""
    beside = path.with_name(path.name + ".part")
    torch.save({"plan": plan, "run": run, "random_state": random_state}, beside)
    os.replace(beside, path)


def resume(path: Path, plan: dict, generator: torch.Generator) -> Run | None:
    """Read a checkpoint and set the generator to it; None where none is.

    Raises
    ------
    ValueError
        If the file is damaged, or of a run with another plan.
    """
    if not path.exists():
        return None
    data = io.BytesIO(path.read_bytes())
    try:
        with torch.serialization.safe_globals([Run, *TYPES]):
            found = torch.load(data, weights_only=True)
        then, run = found["plan"], found["run"]
    except Exception as error:  # damaged bytes can raise any
        raise ValueError(
            f"checkpoint {path} is damaged, or not one of `sample`; delete it to start the run anew"
        ) from error
    for name, value in plan.items():
        if then.get(name) != value:
            raise ValueError(
                f"checkpoint {path} is of another run: {name} was "
                f"{then.get(name)} then and is {value} now; give another path "
                "or delete the file"
            )
    generator.set_state(found["random_state"])
    return run
