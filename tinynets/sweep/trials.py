"""One trial of a grid, run once, and its result file."""

import dataclasses
import json
import os
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import torch

from tinynets.sweep.experiment import Experiment, digits_in_use, measure

RESULT, TABLE, LOG = "result.json", "table.csv", "log.txt"
FINISHED = ("done", "diverged")  # what is not run again


class Trial(NamedTuple):
    """What a grid's folder says of one experiment."""

    experiment: Experiment
    status: str  # "done", "diverged", "failed"; "started" if cut off
    result: dict  # measures a seed; "step" if diverged, "error" if failed


def run(experiment: Experiment, folder: str | Path) -> str:
    """Run one trial unless its result is there, and return its status.

    The result is a file in a folder of the trial's own, and takes its place
    only once it is whole. A trial that fails has a result that says why.

    Parameters
    ----------
    experiment : Experiment
        Its options.
    folder : str or Path
        Of the grid.

    Returns
    -------
    str
        "done", "diverged" or "failed".
    """
    if is_finished(experiment, folder):
        return read(result_path(experiment, folder)).status
    path = result_path(experiment, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, experiment, {"status": "started"})
    result: dict[str, Any]
    start = time.perf_counter()
    with open(path.with_name(LOG), "w") as log, redirect_stderr(log):
        try:
            result = measure(experiment)
        except Exception as error:
            traceback.print_exc()
            result = {"status": "failed", "error": f"{type(error).__name__}: {error}"}
    result["seconds"] = round(time.perf_counter() - start, 3)
    _write(path, experiment, result)
    return result["status"]


def is_finished(experiment: Experiment, folder: str | Path) -> bool:
    """Tell whether the result of just this experiment, on these digits, is there.

    Parameters
    ----------
    experiment : Experiment
        Its options.
    folder : str or Path
        Of the grid.

    Returns
    -------
    bool
        False for one that failed or was cut off.
    """
    path = result_path(experiment, folder)
    if not path.exists():
        return False
    trial = read(path)
    return (
        trial.status in FINISHED
        and trial.experiment == experiment
        and trial.result["data"] == digits_in_use().name
    )


def result_path(experiment: Experiment, folder: str | Path) -> Path:
    """Return where in the folder of a grid the result of one trial is.

    Parameters
    ----------
    experiment : Experiment
        Its options.
    folder : str or Path
        Of the grid.

    Returns
    -------
    Path
        A file, perhaps not there yet.
    """
    return Path(folder, experiment.name, RESULT)


def read(path: Path) -> Trial:
    """Read a result file; refuse one that is none.

    Parameters
    ----------
    path : Path
        A result file.

    Returns
    -------
    Trial
        What it says.

    Raises
    ------
    ValueError
        If it is no result: names it and says what to do.
    """
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        experiment = Experiment(**result.pop("experiment"))
        return Trial(experiment, result.pop("status"), result)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(
            f"{path}: expected the result of a trial, found "
            f"{type(error).__name__}: {error}. Delete the file "
            "and run the sweep again"
        ) from error


def _write(path: Path, experiment: Experiment, result: dict) -> None:
    known = {
        "experiment": dataclasses.asdict(experiment),
        "data": digits_in_use().name,
        "torch": str(torch.__version__),
    }
    with replacing(path) as file:
        json.dump(known | result, file, indent=1)


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """Open a file that takes the place of `path` once it is written whole.

    Parameters
    ----------
    path : Path
        What is replaced.

    Yields
    ------
    TextIO
        To be written to.
    """
    arriving = path.with_name(f"{path.name}.{os.getpid()}")
    with open(arriving, "w", encoding="utf-8", newline="") as file:
        yield file
    os.replace(arriving, path)
