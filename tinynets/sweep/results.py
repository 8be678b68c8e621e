"""The trials of a grid as a table."""

import csv
import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tinynets import checks
from tinynets.sweep.experiment import Experiment
from tinynets.sweep.trials import RESULT, Trial, read, replacing, result_path


class Pivot(NamedTuple):
    """One measure over two options."""

    rows: list  # (n_rows,) values of the first option
    columns: list  # (n_columns,) values of the second
    values: np.ndarray  # (n_rows, n_columns, n_nets), NaN without a result


@checks.arguments()
def find(experiments: Iterable[Experiment], folder: str | Path) -> list[Trial]:
    """Read the results of these experiments, "started" where there is none.

    Parameters
    ----------
    experiments : iterable of Experiment
        What was asked for.
    folder : str or Path
        Of the grid.

    Returns
    -------
    list of Trial
        In the order of the experiments.
    """
    paths = [(each, result_path(each, folder)) for each in experiments]
    return [read(path) if path.exists() else Trial(each, "started", {}) for each, path in paths]


@checks.arguments()
def gather(folder: str | Path) -> list[Trial]:
    """Read the results of a grid, in the order of their options.

    Parameters
    ----------
    folder : str or Path
        Of the grid.

    Returns
    -------
    list of Trial
        One a result file.

    Raises
    ------
    FileNotFoundError
        If there is no result in the folder.
    ValueError
        If a file is not a result: names it and says what to do.

    Examples
    --------
    >>> import tempfile
    >>> try:
    ...     gather(tempfile.mkdtemp())
    ... except FileNotFoundError as error:
    ...     print("run the sweep first" in str(error))
    True
    """
    paths = list(Path(folder).glob(f"*/{RESULT}"))
    if not paths:
        raise FileNotFoundError(
            f"{folder}: expected folders with {RESULT} in them, found none: "
            "run the sweep first, or name its hydra.sweep.dir"
        )
    return sorted(
        map(read, paths),
        key=lambda trial: [
            (value is not None, value) for value in dataclasses.astuple(trial.experiment)
        ],
    )


@checks.arguments()
def pivot(
    trials: Iterable[Trial],
    measure: str = "validation_accuracy",
    *,
    rows: str = "batch_size",
    columns: str = "lr",
) -> Pivot:
    """Lay one measure of the trials out over two of their options.

    Parameters
    ----------
    trials : iterable of Trial
        From `gather`.
    measure : str
        A key of the results.
    rows, columns : str
        Options of `Experiment`.

    Returns
    -------
    Pivot
        NaN where there is no result.

    Raises
    ------
    ValueError
        If two trials fall on one place: gather fewer, or choose others.

    Examples
    --------
    >>> trials = [Trial(Experiment(lr=r), "done", {"train_loss": [r] * 3}) for r in (0.1, 0.2)]
    >>> pivot(trials, "train_loss").columns
    [0.1, 0.2]
    """
    found: dict[tuple, Trial] = {}
    for trial in trials:
        if not isinstance(trial, Trial):
            raise TypeError(f"trials must be Trials, got {type(trial).__name__}; see `gather`")
        place = tuple(getattr(trial.experiment, name) for name in (rows, columns))
        if place in found:
            raise ValueError(
                f"{rows} and {columns} must tell the trials "
                f"apart, got two at {place}: pass fewer of them"
            )
        found[place] = trial
    if not found:
        raise ValueError("trials must be one or more, got none")
    down, across = (sorted({place[i] for place in found}) for i in (0, 1))
    n_nets = max(trial.experiment.n_nets for trial in found.values())
    values = np.full((len(down), len(across), n_nets), np.nan)
    for (row, column), trial in found.items():
        values[down.index(row), across.index(column)] = trial.result.get(measure, np.nan)
    return Pivot(down, across, values)


@checks.arguments()
def write_table(trials: Sequence[Trial], path: str | Path) -> None:
    """Write trials as CSV, a line each; measures are means over the seeds.

    Parameters
    ----------
    trials : sequence of Trial
        From `gather` or `find`.
    path : str or Path
        The file, which is replaced once the new one is whole.
    """
    options = [field.name for field in dataclasses.fields(Experiment)]
    measures = [
        "data",
        "status",
        "n_updates",
        "train_loss",
        "train_accuracy",
        "test_accuracy",
        "step",
        "error",
        "seconds",
    ]
    with replacing(Path(path)) as file:
        table = csv.writer(file)
        table.writerow(options + measures)
        for experiment, status, result in trials:
            table.writerow(
                [getattr(experiment, name) for name in options]
                + [_mean((result | {"status": status}).get(name)) for name in measures]
            )


def _mean(value):
    return sum(value) / len(value) if isinstance(value, list) else value
