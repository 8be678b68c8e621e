"""The long runs of chapter 6: done once, results kept beside the page.

    python notes/nielsen/long_runs_convolution.py ["chapter 6" ...]

runs what is named, or all, on MNIST, into the same `long_runs.json` as `long_runs.py`. Each
takes some three to five minutes of one core.
"""

import functools
import math
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))
from long_runs import committed, mnist, record

from tinynets import convnets, nets
from tinynets.data import Digits
from tinynets.rng import generator

# All chosen beforehand, not by looking at the test images.
RECIPES: dict[str, dict] = {
    "chapter 6": {
        "seed": 0,
        "n_nets": 3,
        "n_judged": 10_000,
        "epochs": 7,
        "batch_size": 128,
        "rate": 0.08,  # falls along a cosine
        "momentum": 0.9,
        "decay": 5e-4,
        "scheme": "he",
        "net": {"channels": [16, 32], "hidden": [256], "dropout": 0.5},
        "distortion": {"shift": 2, "rotation": 10.0, "skew": 0.1},
    },
    "chapter 6, tanh": {
        "seed": 0,
        "n_nets": 3,
        "n_train": 2_000,
        "n_judged": 2_000,  # of those that the book keeps for validation
        "epochs": 60,
        "batch_size": 10,
        "rates": {"sigmoid": 0.05, "tanh": 0.01},  # constant; the page's falls from 0.1
        "momentum": 0.9,
        "decay": 0.0,
        "scheme": "lecun",
        "net": {"channels": [8], "hidden": [100]},
    },
}


def fit(recipe: dict, digits: Digits, purpose: tuple, judged: tuple, **how) -> tuple:
    """Train one net; return it and what it reads of the images judged after each epoch."""
    source = generator(recipe["seed"], *purpose)
    net = convnets.ConvNet(digits.image_shape, **recipe["net"])
    nets.initialise(net, scheme=recipe["scheme"], generator=source)
    history = []
    for _ in convnets.train_epochs(
        net,
        *how.pop("data"),
        epochs=recipe["epochs"],
        batch_size=recipe["batch_size"],
        momentum=recipe["momentum"],
        decay=recipe["decay"],
        generator=source,
        **how,
    ):
        history.append(convnets.accuracy_on(net, *judged).item())
    print(purpose, history[-1], flush=True)
    return net, history


def vote(recipe: dict, digits: Digits) -> dict:
    """A vote of ReLU conv nets: all 60,000 images, distorted, dropout."""
    distort = functools.partial(
        convnets.distorted, **recipe["distortion"], image_shape=digits.image_shape
    )
    top, n = recipe["rate"], recipe["epochs"]
    judged = tuple(part[: recipe["n_judged"]] for part in digits.test)
    guesses, histories = [], []
    for i in range(recipe["n_nets"]):
        net, history = fit(
            recipe,
            digits,
            ("chapter 6", i),
            judged,
            rate=lambda epoch: top / 2 * (1 + math.cos(math.pi * (epoch - 1) / n)),
            data=digits.train,
            distort=distort,
        )
        histories.append(history)
        guesses.append(convnets.logits_of(net, digits.test.images).argmax(-1))
    found = voted(digits, torch.stack(guesses))
    return found | {"test accuracy by epoch": histories, "parameters": nets.n_parameters(net)}


def voted(digits: Digits, guesses: torch.Tensor) -> dict:
    """Say where the vote of (nets, n) guesses errs, and each of the nets."""
    winner = convnets.vote(guesses)
    wrong = (winner != digits.test.labels).nonzero().flatten()
    return {
        "test accuracy": (guesses == digits.test.labels).double().mean(-1).tolist(),
        "wrong": wrong.tolist(),
        "said": winner[wrong].tolist(),
        "labels": digits.test.labels[wrong].tolist(),
        "each said": guesses[:, wrong].tolist(),
    }


def race(recipe: dict, digits: Digits) -> dict:
    """Held-out accuracy by epoch, tanh beside sigmoid: {activation: (seeds, epochs)}."""
    few = tuple(part[: recipe["n_train"]] for part in digits.train)
    judged = tuple(part[50_000:][: recipe["n_judged"]] for part in digits.train)
    found = {}
    for name, rate in recipe["rates"].items():
        chosen = recipe | {"net": recipe["net"] | {"activation": name}}
        found[name] = [
            fit(chosen, digits, ("tanh", name, i), judged, rate=rate, data=few)[1]
            for i in range(recipe["n_nets"])
        ]
    return found


RUNS = {"chapter 6": vote, "chapter 6, tanh": race}


def main(wanted: list[str]) -> None:
    """Run what is named, or all."""
    unknown = [name for name in wanted if name not in RUNS]
    if unknown:
        raise SystemExit(f"unknown {unknown}: choose from {list(RUNS)}")
    committed()
    torch.set_num_threads(1)
    digits = mnist()
    for name in wanted or RUNS:
        begun = time.process_time()
        result = RUNS[name](RECIPES[name], digits)
        seconds = time.process_time() - begun
        record(name, RECIPES[name], result, seconds, torch=torch.__version__)


if __name__ == "__main__":
    main(sys.argv[1:])
