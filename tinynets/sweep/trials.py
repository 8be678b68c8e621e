"""One trial of a grid, its result file, and the table of all of them."""

import csv
import dataclasses
import functools
import json
import os
import time
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import numpy as np
import torch
from torch import Tensor

from tinynets import checks, data, losses, nets, train
from tinynets.rng import generator

RESULT, TABLE, LOG = "result.json", "table.csv", "log.txt"
FINISHED = ("done", "diverged")  # what is not run again


@dataclasses.dataclass
class Experiment:
    """Plain SGD on a net with one hidden layer, on real digits.

    Trials that differ in `batch_size`, `lr` or length start from the same
    weights, seed by seed.
    """

    batch_size: int = 32
    lr: float = 0.1  # learning rate
    n_epochs: int = 4
    n_steps: int | None = None  # updates; given, it takes n_epochs' place
    n_images: int = 8192  # for training, at most: all of a smaller set
    n_hidden: int = 32
    activation: str = "relu"
    n_nets: int = 3  # nets side by side
    seed: int = 0

    def validate(self) -> "Experiment":
        """Return the experiment if each option is in its range.

        Raises
        ------
        TypeError, ValueError
            Name of the option, its range and what it was.
        """
        for name in ("batch_size", "n_epochs", "n_images", "n_hidden", "n_nets"):
            checks.count(name, getattr(self, name))
        if self.n_steps is not None:
            checks.count("n_steps", self.n_steps)
        checks.count("seed", self.seed, at_least=0)
        checks.positive("lr", self.lr)
        checks.choice("activation", self.activation, nets.ACTIVATIONS)
        return self

    @property
    def name(self) -> str:
        """Batch size, rate, and what else differs from the defaults."""
        values = [(field, getattr(self, field.name)) for field in dataclasses.fields(self)]
        return ",".join(
            f"{field.name}={value}"
            for field, value in values
            if field.name in ("batch_size", "lr") or value != field.default
        )


class Trial(NamedTuple):
    """What a grid's folder says of one experiment."""

    experiment: Experiment
    status: str  # "done", "diverged", "failed"; "started" if cut off
    result: dict  # measures a seed; "step" if diverged, "error" if failed


class Pivot(NamedTuple):
    """One measure over two options."""

    rows: list  # (n_rows,) values of the first option
    columns: list  # (n_columns,) values of the second
    values: np.ndarray  # (n_rows, n_columns, n_nets), NaN without a result


def measure(experiment: Experiment) -> dict:
    """Train the nets of one trial and measure them.

    Returns
    -------
    dict
        `status`, `n_updates`, and for each seed `train_loss` (nats, over the
        images trained on), `train_accuracy` and `test_accuracy`. If a loss
        ceased to be finite, `status` is "diverged" and `step` says when.

    Raises
    ------
    TypeError, ValueError
        If an option is out of range, or the batch larger than the data.
    """
    experiment.validate()
    digits = digits_in_use()
    images = digits.train.images[: experiment.n_images]
    labels = digits.train.labels[: experiment.n_images]
    if experiment.batch_size > len(images):
        raise ValueError(
            f"batch_size must be at most {len(images):,}, the number of "
            f"training images, got {experiment.batch_size:,}"
        )
    n_steps = experiment.n_steps or experiment.n_epochs * train.steps_in_epoch(
        len(images), experiment.batch_size
    )
    sizes = [digits.n_pixels, experiment.n_hidden, data.N_CLASSES]
    net = nets.initialise(
        nets.MLP(sizes, experiment.activation, n_nets=experiment.n_nets),
        scheme="he",
        generator=generator(experiment.seed, "weights"),
    )
    optimiser = torch.optim.SGD(net.parameters(), lr=experiment.lr)
    try:
        train.train(
            net,
            _loss,
            (images, labels),
            optimiser=optimiser,
            batch_size=experiment.batch_size,
            n_steps=n_steps,
            generator=generator(experiment.seed, "order"),
        )
    except train.DivergedError as error:
        return {"status": "diverged", "step": error.step, "n_updates": n_steps}
    with torch.no_grad():
        seen, unseen = net(images), net(digits.test.images)
    values = {
        "train_loss": losses.cross_entropy(seen, labels),
        "train_accuracy": losses.accuracy(seen, labels),
        "test_accuracy": losses.accuracy(unseen, digits.test.labels),
    }
    return {
        "status": "done",
        "n_updates": n_steps,
        **{name: value.tolist() for name, value in values.items()},
    }


def run(experiment: Experiment, folder: str | Path) -> str:
    """Run one trial unless its result is there, and return its status.

    The result is a file in a folder of the trial's own, and takes its place
    only once it is whole. A trial that fails has a result that says why.
    """
    if is_finished(experiment, folder):
        return _read(result_path(experiment, folder)).status
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
    """Whether the result of just this experiment, on these digits, is there."""
    path = result_path(experiment, folder)
    if not path.exists():
        return False
    trial = _read(path)
    return (
        trial.status in FINISHED
        and trial.experiment == experiment
        and trial.result["data"] == digits_in_use().name
    )


def result_path(experiment: Experiment, folder: str | Path) -> Path:
    """Where in the folder of a grid the result of one trial is."""
    return Path(folder, experiment.name, RESULT)


def find(experiments: Iterable[Experiment], folder: str | Path) -> list[Trial]:
    """Read the results of these experiments, "started" where there is none."""
    paths = [(each, result_path(each, folder)) for each in experiments]
    return [_read(path) if path.exists() else Trial(each, "started", {}) for each, path in paths]


def gather(folder: str | Path) -> list[Trial]:
    """Read the results of a grid, in the order of their options.

    Raises
    ------
    FileNotFoundError
        If there is no result in the folder.
    ValueError
        If a file is not a result: names it and says what to do.
    """
    paths = list(Path(folder).glob(f"*/{RESULT}"))
    if not paths:
        raise FileNotFoundError(
            f"{folder}: expected folders with {RESULT} in them, found none: "
            "run the sweep first, or name its hydra.sweep.dir"
        )
    return sorted(
        map(_read, paths),
        key=lambda trial: [
            (value is not None, value) for value in dataclasses.astuple(trial.experiment)
        ],
    )


def pivot(
    trials: Iterable[Trial],
    measure: str = "test_accuracy",
    *,
    rows: str = "batch_size",
    columns: str = "lr",
) -> Pivot:
    """Lay one measure of the trials out over two of their options.

    Raises
    ------
    ValueError
        If two trials fall on one place: gather fewer, or choose others.
    """
    found: dict[tuple, Trial] = {}
    for trial in trials:
        place = tuple(getattr(trial.experiment, name) for name in (rows, columns))
        if place in found:
            raise ValueError(
                f"{rows} and {columns} must tell the trials "
                f"apart, got two at {place}: pass fewer of them"
            )
        found[place] = trial
    down, across = (sorted({place[i] for place in found}) for i in (0, 1))
    n_nets = max(trial.experiment.n_nets for trial in found.values())
    values = np.full((len(down), len(across), n_nets), np.nan)
    for (row, column), trial in found.items():
        values[down.index(row), across.index(column)] = trial.result.get(measure, np.nan)
    return Pivot(down, across, values)


def write_table(trials: Sequence[Trial], path: str | Path) -> None:
    """Write trials as CSV, a line each; measures are means over the seeds."""
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
    with _replacing(Path(path)) as file:
        table = csv.writer(file)
        table.writerow(options + measures)
        for experiment, status, result in trials:
            table.writerow(
                [getattr(experiment, name) for name in options]
                + [_mean((result | {"status": status}).get(name)) for name in measures]
            )


def digits_in_use() -> data.Digits:
    """Load the digits once a process: a worker runs many trials."""
    return _digits(os.environ.get("TINYNETS_DATA"))


@functools.lru_cache(maxsize=1)
def _digits(place: str | None) -> data.Digits:
    return data.load_digits()


def _loss(net: torch.nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    return losses.cross_entropy(net(images), labels)


def _mean(value):
    return sum(value) / len(value) if isinstance(value, list) else value


def _read(path: Path) -> Trial:
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
    with _replacing(path) as file:
        json.dump(known | result, file, indent=1)


@contextmanager
def _replacing(path: Path) -> Iterator[TextIO]:
    """A file that takes the place of `path` once it is written whole."""
    arriving = path.with_name(f"{path.name}.{os.getpid()}")
    with open(arriving, "w", encoding="utf-8", newline="") as file:
        yield file
    os.replace(arriving, path)
