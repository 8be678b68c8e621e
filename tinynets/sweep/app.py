"""The command line of a grid.

    python -m tinynets.sweep -m batch_size=8,32 lr=0.05,0.1

trains the nets of each trial of the grid, on all cores of this machine, and
leaves a result a trial and a table in `hydra.sweep.dir`. The same command
again runs only the trials without a result. Where the trials run is an option:
`hydra/launcher=joblib`, `basic`, `submitit_local`, `submitit_slurm`, `ray`.
"""

import collections
import dataclasses
import itertools
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import hydra
import torch
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from tqdm import tqdm

from tinynets.sweep import results, trials
from tinynets.sweep.experiment import Experiment

STORE = ConfigStore.instance()
STORE.store(name="experiment", node=Experiment)
STORE.store(
    name="sweep",
    node={
        "defaults": [
            "experiment",
            "_self_",
            {"override hydra/launcher": "joblib"},
            {"override hydra/hydra_logging": "none"},
            {"override hydra/job_logging": "none"},
        ],
        "hydra": {
            "mode": "MULTIRUN",  # so -m may be left out
            "output_subdir": None,
            "sweep": {"dir": "sweeps", "subdir": "."},
            "callbacks": {"grid": {"_target_": "tinynets.sweep.app.Grid"}},
        },
    },
)


class Grid(Callback):
    """What the main process knows of the grid that its workers run.

    It is kept on the class: Hydra sends each worker a copy of the instance.
    """

    experiments: Sequence[Experiment] = ()
    folder = Path()
    n_there = 0  # finished before this command
    is_over = threading.Event()
    progress = threading.Thread()

    def on_multirun_start(self, config: DictConfig, **kwargs) -> None:
        """Look at every trial before the first one is run."""
        folder = Path(config.hydra.sweep.dir)
        try:
            experiments = [
                parse(overrides).validate() for overrides in product(config.hydra.overrides.task)
            ]
            there = [trials.is_finished(experiment, folder) for experiment in experiments]
        except (OmegaConfBaseException, TypeError, ValueError) as error:
            # of anything but an exit Hydra makes a warning, and goes on
            raise SystemExit(f"sweep: {error}") from error
        for experiment, is_there in zip(experiments, there, strict=True):
            if not is_there:  # failed, cut off, or of other digits
                trials.result_path(experiment, folder).unlink(missing_ok=True)
        Grid.experiments, Grid.folder = experiments, folder
        Grid.n_there = sum(there)
        Grid.progress = threading.Thread(target=_show_progress, daemon=True)
        Grid.progress.start()


def product(overrides: Sequence[str]) -> Iterator[list[str]]:
    """Expand a command line to the overrides of each trial.

    `["batch_size=8,32", "lr=0.1"]` gives `["batch_size=8", "lr=0.1"]` and
    `["batch_size=32", "lr=0.1"]`.

    Parameters
    ----------
    overrides : sequence of str
        As on the command line, `lr=0.1,0.2`.

    Yields
    ------
    list of str
        Overrides of one trial, without commas.
    """
    axes = []
    for override in OverridesParser.create().parse_overrides(list(overrides)):
        values = (
            override.sweep_string_iterator()
            if override.is_sweep_override()
            else [override.get_value_element_as_str()]
        )
        axes.append([f"{override.key_or_group}={value}" for value in values])
    return map(list, itertools.product(*axes))


def parse(overrides: Sequence[str]) -> Experiment:
    """Make the experiment of one trial from its overrides.

    Parameters
    ----------
    overrides : sequence of str
        Of one trial, `lr=0.1`.

    Returns
    -------
    Experiment
        Not validated yet.

    Raises
    ------
    ValueError
        If an option is unknown: names those that there are.
    omegaconf.errors.ValidationError
        If a value is not of the option's type.
    """
    options = [field.name for field in dataclasses.fields(Experiment)]
    given = OmegaConf.from_dotlist(list(overrides))
    unknown = ", ".join(sorted(set(given) - set(options)))
    if unknown:
        raise ValueError(f"unknown option {unknown}; there are {', '.join(options)}")
    merged = cast(DictConfig, OmegaConf.merge(Experiment, given))
    return Experiment(**{str(name): value for name, value in merged.items()})


@hydra.main(version_base="1.3", config_path=None, config_name="sweep")
def _app(config: DictConfig) -> None:
    torch.set_num_threads(1)  # the trials share the cores, side by side
    trials.run(Experiment(**{str(k): v for k, v in config.items()}), HydraConfig.get().sweep.dir)


def main() -> None:
    """Run a grid and report; exit with 1 if a trial has no result.

    Raises
    ------
    SystemExit
        With 1 if a trial has no result, 130 after Ctrl-C.
    """
    try:
        _app()
    except (KeyboardInterrupt, SystemExit) as stop:
        if Grid.experiments:
            _report()
        if isinstance(stop, SystemExit):
            raise
        raise SystemExit(130) from None  # what a shell says of Ctrl-C
    if Grid.experiments and not _report():
        raise SystemExit(1)


def _report() -> bool:
    """Print what became of the trials; return whether all have results."""
    Grid.is_over.set()
    Grid.progress.join()
    found = results.find(Grid.experiments, Grid.folder)
    counts = collections.Counter(trial.status for trial in found)
    n_over = sum(counts[status] for status in trials.FINISHED)
    print(
        f"{len(found)} trials: {counts['done']} done, "
        f"{counts['diverged']} diverged, {counts['failed']} failed, "
        f"{counts['started']} not run; {Grid.n_there} were there before"
    )
    for trial in found:
        if trial.status == "diverged":
            print(
                f"diverged: {trial.experiment.name}: at step "
                f"{trial.result['step']} of {trial.result['n_updates']}"
            )
        elif trial.status == "failed":
            print(f"failed: {trial.experiment.name}: {trial.result['error']}")
    if n_over < len(found):
        print("the same command runs again what has no result yet")
    results.write_table(found, Grid.folder / trials.TABLE)
    return n_over == len(found)


def _show_progress() -> None:
    """Count finished trials on a terminal, wherever it is that they run."""
    with tqdm(total=len(Grid.experiments), unit="trial", disable=None) as bar:
        while not bar.disable:
            is_over = Grid.is_over.wait(0.5)
            found = results.find(Grid.experiments, Grid.folder)
            bar.update(sum(c.status != "started" for c in found) - bar.n)
            if is_over:
                break
