"""Read digits by the limit's kernels, a finite net and a linear model, on more and more images.

    python posts/infinite-width/long_run.py

Writes `long-run-<data set>.json` beside the page: some six minutes of one core for MNIST and
6 GB of memory, one for the 8 × 8 digits (TINYNETS_DATA=8x8). The file is written after
each size, and what is in it already is not run again: remove it to begin anew.
"""

import copy
import datetime
import json
import platform
from collections.abc import Iterator
from pathlib import Path

import torch
from torch.nn import functional as F

from tinynets import gp, nets
from tinynets.data import load_digits
from tinynets.kernels import kernels_of
from tinynets.losses import accuracy
from tinynets.rng import generator
from tinynets.train import train

RECIPE = {
    "seed": 3,
    "n_seeds": 3,
    "sizes": [100, 300, 1000, 3000, 10_000],  # those that there are images for
    "once_from": 10_000,  # images, of which the first seed alone draws so many
    "most_validation": 1000,  # images; a sixth of the training set where it is small
    "width": 256,  # of the finite net's two hidden layers
    "last_scale": 0.1,  # of its last weights at the start, so that it starts near zero
    "W_std": 2**0.5,
    "b_std": 0.1,
    "noises": [1e-4, 1e-3, 1e-2, 1e-1],  # variances, as shares of a kernel's mean diagonal
    "largest_choice": 3000,  # with more images, the noise that was best with so many
    "n_steps": 2000,
    "batch_size": 100,
    "learning_rate": 1e-3,  # Adam
    "check_every": 100,  # steps; the net that is best on the validation images is kept
}
METHODS = ("NNGP", "NTK", "finite net", "linear")
BLOCK = 1000  # test images at a time


def targets_of(labels: torch.Tensor) -> torch.Tensor:
    """Return one column a class, 0.9 where it is and -0.1 elsewhere: (n, 10), float64."""
    return F.one_hot(labels, 10).double() - 0.1


def linear_kernel(x1: torch.Tensor, x2: torch.Tensor) -> torch.Tensor:
    """Return the products of inputs with a constant beside them."""
    return x1 @ x2.mT / x1.shape[1] + RECIPE["b_std"] ** 2


def by_kernel(kernel, train_set, validation, test, noise: float | None) -> tuple[float, float]:
    """Regress on the classes; return test accuracy and the noise, chosen or given."""
    x, labels = train_set
    k, y = kernel(x, x), targets_of(labels)
    size = float(k.diagonal().mean())
    if noise is None:
        k_validation = kernel(validation[0], x)
        scores = []
        for share in RECIPE["noises"]:
            fitted = gp.condition(k, y, noise_std=(share * size) ** 0.5)
            scores.append(float(accuracy(fitted.mean(k_validation), validation[1])))
        noise = RECIPE["noises"][max(range(len(scores)), key=scores.__getitem__)]
    fitted = gp.condition(k, y, noise_std=(noise * size) ** 0.5)
    mean = torch.cat([fitted.mean(kernel(part, x)) for part in test[0].split(BLOCK)])
    return float(accuracy(mean, test[1])), noise


@torch.enable_grad()
def by_net(train_set, validation, test, seed: int) -> float:
    """Train the finite net on the same square loss; return its test accuracy."""
    n = len(train_set[0])
    net = nets.MLP([train_set[0].shape[1], RECIPE["width"], RECIPE["width"], 10], "relu")
    nets.initialise(net, scheme="he", generator=generator(seed, "weights", n))
    with torch.no_grad():
        net.layers[-1].weight *= RECIPE["last_scale"]
    x, y = train_set[0].float(), targets_of(train_set[1]).float()
    best = (-1.0, copy.deepcopy(net))

    def check(step, net):
        nonlocal best
        if step % RECIPE["check_every"] == 0:
            with torch.no_grad():
                score = float(accuracy(net(validation[0].float()), validation[1]))
            if score > best[0]:
                best = (score, copy.deepcopy(net))

    train(
        net,
        lambda net, x, y: (net(x) - y).square().mean(),
        (x, y),
        batch_size=min(RECIPE["batch_size"], n),
        n_steps=RECIPE["n_steps"],
        optimiser=torch.optim.Adam(net.parameters(), lr=RECIPE["learning_rate"], fused=True),
        generator=generator(seed, "batches", n),
        stop=check,  # which returns None: go on
    )
    with torch.no_grad():
        return float(accuracy(best[1](test[0].float()), test[1]))


def read_all(digits, runs: list[dict]) -> Iterator[list[dict]]:
    """Add test accuracies of each method, size and seed; the seeds draw the images."""
    scale = digits.train.images.double().square().mean().sqrt()
    images, labels = digits.train.images.double() / scale, digits.train.labels
    test = (digits.test.images.double() / scale, digits.test.labels)
    held_out = min(RECIPE["most_validation"], len(images) // 6)
    sizes = [n for n in RECIPE["sizes"] if n <= len(images) - held_out]
    net = nets.MLP([digits.n_pixels, 1, 1, 1], "relu")
    limit = kernels_of(net, W_std=RECIPE["W_std"], b_std=RECIPE["b_std"])
    kernels = {"NNGP": limit.nngp, "NTK": limit.ntk, "linear": linear_kernel}
    done = {(run["n"], run["seed"]): run for run in runs}
    for index in range(RECIPE["n_seeds"]):
        seed = RECIPE["seed"] + index
        order = torch.randperm(len(images), generator=generator(seed, "images"))
        kept = order[:held_out]
        noises = dict.fromkeys(kernels)
        for n in sizes:
            if index and n >= RECIPE["once_from"]:
                continue
            if (n, seed) in done:
                noises = done[n, seed]["noises"]
                continue
            rows = order[held_out : held_out + n]
            sets = [(images[r], labels[r]) for r in (rows, kept)]
            run = {"n": n, "seed": seed}
            for name, kernel in kernels.items():
                noise = noises[name] if n > RECIPE["largest_choice"] else None
                run[name], noises[name] = by_kernel(kernel, *sets, test, noise)
            run["finite net"] = by_net(*sets, test, seed)
            run["noises"] = dict(noises)
            runs.append(run)
            print(run, flush=True)
            yield runs


def main() -> None:
    torch.set_num_threads(1)
    digits = load_digits()
    path = Path(__file__).parent / f"long-run-{'x'.join(map(str, digits.image_shape))}.json"
    begun = json.loads(path.read_text()) if path.exists() else {"recipe": RECIPE, "runs": []}
    if begun["recipe"] != RECIPE:
        raise SystemExit(f"{path.name} was made by another recipe: remove it to begin anew")
    for runs in read_all(digits, begun["runs"]):
        made = {
            "data": digits.describe(),
            "recipe": RECIPE,
            "torch": torch.__version__,
            "python": platform.python_version(),
            "processor": platform.machine(),
            "date": datetime.date.today().isoformat(),
            "runs": runs,
        }
        path.write_text(json.dumps(made, indent=1) + "\n")
    print(path)


if __name__ == "__main__":
    main()
