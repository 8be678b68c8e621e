"""What does not fit in a page's time: run once, results kept beside it.

    TINYNETS_DATA=... python notes/nielsen/long_runs.py ["chapter 6" ...]

runs the chapters named, or all, and puts their results with seeds, versions
and date into `long_runs.json`, where those of other chapters stay. Each
takes some ten minutes and needs MNIST.
"""

import datetime
import functools
import json
import math
import os
import sys
import time
from pathlib import Path

import numpy as np
import torch

from tinynets import convnets, nets, nielsen
from tinynets.data import Digits, load_digits
from tinynets.rng import generator

SEED, N_SEEDS, EPOCHS = 0, 3, 60
RESULTS = Path(__file__).with_suffix(".json")


def mnist() -> Digits:
    """Load MNIST, or say how to get it."""
    digits = load_digits()
    if digits.name != "MNIST":
        raise SystemExit(
            f"long_runs needs MNIST, found {digits.describe()}; point TINYNETS_DATA at it"
        )
    return digits


def record(chapter: str, result: dict) -> None:
    """Put the result of one chapter into the file, whole or not at all."""
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    known[chapter] = result | {"date": datetime.date.today().isoformat()}
    part = RESULTS.with_suffix(".part")
    part.write_text(json.dumps(dict(sorted(known.items())), indent=1) + "\n")
    os.replace(part, RESULTS)


def chapter_3() -> None:
    """{784, 100, 10}, cross-entropy, eta 0.1, lambda 5, 50,000 images."""
    digits = mnist()
    x = digits.train.images[:50_000].numpy()
    y = nielsen.one_hot(digits.train.labels[:50_000].numpy(), dtype=x.dtype)
    test = digits.test.images.numpy(), digits.test.labels.numpy()
    source = np.random.default_rng(SEED)
    begun = nielsen.network([784, 100, 10], generator=source, n_nets=N_SEEDS, dtype=x.dtype)
    for epoch, net in enumerate(
        nielsen.sgd(
            begun,
            (x, y),
            epochs=EPOCHS,
            mini_batch_size=10,
            eta=0.1,
            lmbda=5.0,
            cost=nielsen.CROSS_ENTROPY,
            generator=source,
        ),
        1,
    ):
        print(f"epoch {epoch}: {nielsen.accuracy(net, test)}", flush=True)
    record(
        "chapter 3",
        {
            "test accuracy": nielsen.accuracy(net, test).tolist(),
            "seeds": N_SEEDS,
            "seed": SEED,
            "epochs": EPOCHS,
            "numpy": np.__version__,
        },
    )


# Chapter 6: chosen beforehand, not by looking at the test images.
NETS, NET_EPOCHS, BATCH, RATE, DECAY = 3, 7, 128, 0.08, 5e-4
BUILD = {"channels": (16, 32), "hidden": (256,), "dropout": 0.5}
DISTORT = {"shift": 2, "rotation": 10.0, "skew": 0.1}


def chapter_6() -> None:
    """A vote of ReLU conv nets: all 60,000 images, distorted, dropout."""
    digits = mnist()
    distort = functools.partial(convnets.distorted, **DISTORT, image_shape=digits.image_shape)
    histories, guesses, seconds = [], [], 0.0
    for i in range(NETS):
        begun = time.process_time()
        source = generator(SEED, "chapter 6", i)
        net = nets.initialise(
            convnets.ConvNet(digits.image_shape, **BUILD), scheme="he", generator=source
        )
        histories.append([])
        for epoch, _ in convnets.train_epochs(
            net,
            digits.train.images,
            digits.train.labels,
            epochs=NET_EPOCHS,
            batch_size=BATCH,
            momentum=0.9,
            rate=lambda epoch: RATE / 2 * (1 + math.cos(math.pi * (epoch - 1) / NET_EPOCHS)),
            decay=DECAY,
            generator=source,
            distort=distort,
        ):
            histories[i].append(convnets.accuracy_on(net, digits.test.images, digits.test.labels))
            print(f"net {i}, epoch {epoch}: {histories[i][-1]:.4f}", flush=True)
        seconds += time.process_time() - begun
        guesses.append(convnets.logits_of(net, digits.test.images).argmax(-1))
        record(
            "chapter 6",
            voted(digits, torch.stack(guesses))
            | {
                "test accuracy by epoch": histories,
                "seed": SEED,
                "nets": len(guesses),
                "epochs": NET_EPOCHS,
                "batch size": BATCH,
                "rate": RATE,
                "decay": DECAY,
                "net": BUILD,
                "distortion": DISTORT,
                "parameters": nets.n_parameters(net),
                "processor seconds": round(seconds),
                "torch": torch.__version__,
            },
        )


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


CHAPTERS = {"chapter 3": chapter_3, "chapter 6": chapter_6}

if __name__ == "__main__":
    wanted = sys.argv[1:] or list(CHAPTERS)
    unknown = [name for name in wanted if name not in CHAPTERS]
    if unknown:
        raise SystemExit(f"unknown {unknown}: choose from {list(CHAPTERS)}")
    for name in wanted:
        CHAPTERS[name]()
