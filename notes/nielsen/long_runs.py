"""What does not fit in a page's time: run once, results kept beside it.

    python notes/nielsen/long_runs.py ["chapter 3" ...]

runs what is named, or all, on MNIST, and puts each result with its recipe, versions, commit
and processor into `long_runs.json`, where the others stay. Each takes one to three minutes
of one core; `long_runs_convolution.py` has those of chapter 6. The commit is the last one that
changed the package: what a run computes with must be committed.
"""

import datetime
import itertools
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from tinynets import nielsen
from tinynets.data import Digits, load_digits

RESULTS = Path(__file__).with_name("long_runs.json")
COSTS = {"quadratic": nielsen.QUADRATIC, "cross-entropy": nielsen.CROSS_ENTROPY}
BOOK = {"seed": 0, "n_nets": 3, "n_train": 50_000, "mini_batch_size": 10, "cost": "cross-entropy"}

RECIPES: dict[str, dict] = {
    "chapter 1": BOOK
    | {"n_nets": 5, "cost": "quadratic", "hidden": [100], "epochs": 30, "eta": 3.0},
    "chapter 3": BOOK | {"hidden": [100], "epochs": 60, "eta": 0.1, "lmbda": 5.0},
    "chapter 3, over-fitting": BOOK
    | {
        "n_train": 1000,
        "hidden": [30],
        "epochs": 400,
        "every": 4,
        "eta": 0.5,
        "lmbdas": [0.0, 0.1],
    },
    "chapter 3, start": BOOK | {"hidden": [30], "epochs": 30, "eta": 0.1, "lmbda": 5.0},
    "chapter 3, rates": BOOK
    | {
        "hidden": [30],
        "epochs": 30,
        "etas": [0.025, 0.25, 2.5],
        "lmbda": 5.0,
        "n_measured": 10_000,
    },
    "chapter 5": BOOK
    | {"hidden": [30], "depths": [1, 2, 3, 4], "epochs": 30, "eta": 0.1, "lmbda": 5.0},
}


def mnist() -> Digits:
    """Load MNIST, or say how to get it."""
    digits = load_digits()
    if digits.name != "MNIST":
        raise SystemExit(
            f"long_runs needs MNIST, found {digits.describe()}; point TINYNETS_DATA at it"
        )
    return digits


def git(*command: str) -> str:
    """What git says in the repository's root."""
    root = RESULTS.parents[2]
    return subprocess.check_output(["git", *command], cwd=root, text=True).strip()


def committed() -> None:
    """Refuse to run a package that no commit holds."""
    if changed := git("status", "--porcelain", "--", "tinynets"):
        raise SystemExit(f"commit the package first, a result names its commit:\n{changed}")


def processor() -> str:
    """Name the processor, as Linux does where it can be asked."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return ", ".join([*names[:1], platform.machine()])


def record(name: str, recipe: dict, result: dict, seconds: float, **versions: str) -> None:
    """Put one result into the file, whole or not at all."""
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    known[name] = {
        "recipe": recipe,
        "result": result,
        "processor seconds": round(seconds),
        "date": datetime.date.today().isoformat(),
        "commit": git("log", "-1", "--format=%h", "--", "tinynets"),
        "processor": processor(),
        "python": platform.python_version(),
        **versions,
    }
    lines = [f"{json.dumps(name)}: {json.dumps(known[name])}" for name in sorted(known)]
    part = RESULTS.with_suffix(".part")
    part.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    os.replace(part, RESULTS)


class Data:
    """What the book learns from, 50,000 images, and the 10,000 that it tests with."""

    def __init__(self) -> None:
        digits = mnist()
        self.x = digits.train.images[:50_000].numpy()
        self.y = nielsen.one_hot(digits.train.labels[:50_000].numpy(), dtype=self.x.dtype)
        self.test = digits.test.images.numpy(), digits.test.labels.numpy()

    def first(self, n: int) -> tuple:
        return self.x[:n], self.y[:n]


def epochs_of(recipe: dict, data: tuple, **changes) -> Iterator[nielsen.Network]:
    """Train by a recipe with some changes; yield the start, then the net of each epoch."""
    how = recipe | {"large": False, "lmbda": 0.0, "penalty": "L2"} | changes
    source = np.random.default_rng(how["seed"])
    sizes = [data[0].shape[1], *how["hidden"], data[1].shape[1]]
    net = nielsen.network(
        sizes, generator=source, n_nets=how["n_nets"], large=how["large"], dtype=data[0].dtype
    )
    yield net
    names = ("epochs", "mini_batch_size", "eta", "lmbda", "penalty")
    options = {name: how[name] for name in names}
    yield from nielsen.sgd(net, data, generator=source, cost=COSTS[how["cost"]], **options)


def curve(nets: Iterator[nielsen.Network], measure: Callable, every: int = 1) -> list:
    """Measure the nets (seeds,) after each so many epochs: (seeds, points)."""
    later = itertools.islice(nets, every, None, every)
    return np.stack([measure(net) for net in later], -1).astype(float).round(5).tolist()


def starts(recipe: dict, data: Data) -> dict:
    """Test accuracy by epoch from weights of spread 1, and from 1 / sqrt(n_in)."""
    return {
        name: curve(
            epochs_of(recipe, data.first(recipe["n_train"]), large=name == "large"),
            lambda net: nielsen.accuracy(net, data.test),
        )
        for name in ("large", "small")
    }


def to_the_end(recipe: dict, data: Data) -> dict:
    """The chapter's best network."""
    *_, net = epochs_of(recipe, data.first(recipe["n_train"]))
    return {"test accuracy": nielsen.accuracy(net, data.test).tolist()}


def depths(recipe: dict, data: Data) -> dict:
    """Test accuracy by epoch of nets with one to four hidden layers."""
    return {
        str(n): curve(
            epochs_of(recipe, data.first(recipe["n_train"]), hidden=n * recipe["hidden"]),
            lambda net: nielsen.accuracy(net, data.test),
        )
        for n in recipe["depths"]
    }


def over_fitting(recipe: dict, data: Data) -> dict:
    """Test accuracy and test cost of both starts, without and with L2."""
    x, labels = data.test
    cost, y = COSTS[recipe["cost"]], nielsen.one_hot(labels, dtype=x.dtype)

    def measure(net: nielsen.Network) -> np.ndarray:
        parts = nielsen.accuracy(net, data.test), nielsen.mean_cost(net, (x, y), cost)
        return np.stack(parts)  # (2, seeds)

    found = {}
    for start, lmbda in itertools.product(("large", "small"), recipe["lmbdas"]):
        nets = epochs_of(recipe, data.first(recipe["n_train"]), large=start == "large", lmbda=lmbda)
        accuracy, costs = curve(nets, measure, recipe["every"])
        found[f"{start}, {lmbda}"] = {"test accuracy": accuracy, "test cost": costs}
    return found


def rates(recipe: dict, data: Data) -> dict:
    """Cost on training images by epoch, without the penalty, for each learning rate."""
    seen = data.first(recipe["n_measured"])
    return {
        str(eta): curve(
            epochs_of(recipe, data.first(recipe["n_train"]), eta=eta),
            lambda net: nielsen.mean_cost(net, seen, COSTS[recipe["cost"]]),
        )
        for eta in recipe["etas"]
    }


RUNS = {
    "chapter 1": starts,
    "chapter 3": to_the_end,
    "chapter 3, over-fitting": over_fitting,
    "chapter 3, start": starts,
    "chapter 3, rates": rates,
    "chapter 5": depths,
}


def main(wanted: list[str]) -> None:
    """Run what is named, or all."""
    unknown = [name for name in wanted if name not in RUNS]
    if unknown:
        raise SystemExit(f"unknown {unknown}: choose from {list(RUNS)}")
    committed()
    data = Data()
    for name in wanted or RUNS:
        begun = time.process_time()
        result = RUNS[name](RECIPES[name], data)
        seconds = time.process_time() - begun
        record(name, RECIPES[name], result, seconds, numpy=np.__version__)
        print(f"{name}: {seconds:.0f} seconds", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
