"""Train the classifiers with a box to the end, and keep what the page shows of them.

    python posts/separable-latents/long_run.py

Writes `long-run-<data set>.json` beside the page, some 150 KB: about five minutes of
one core for MNIST, one for the 8 × 8 digits (TINYNETS_DATA=8x8).
"""

import datetime
import json
import platform
from pathlib import Path

import torch

from tinynets import latents, nets
from tinynets.data import load_digits
from tinynets.losses import accuracy, cross_entropy
from tinynets.rng import generator
from tinynets.train import train

RECIPE = {
    "seed": 4,
    "n_nets": 5,
    "nets": [["sigmoid", 3], ["tanh", 3], ["relu", 3], ["sigmoid", 2], ["sigmoid", 10]],
    "n_epochs": 30,
    "images_in_an_epoch": 10_000,  # at least: those of a small set are shown repeatedly
    "batch_size": 100,
    "learning_rate": 0.01,  # falls to 0 along a cosine
    "frames": [0, 50, 150, 400, 1000, 3000, 18_000],
    "plane_images": 1000,  # of each class, from the training set
    "kept_images": 60,  # of each class, from the test set
    "moving_images": 24,
}


@torch.enable_grad()
def fit(activation: str, width: int, digits) -> tuple[nets.MLP, list[int], torch.Tensor]:
    """Train all seeds of one kind of net; return it with its checkpoints."""
    seed = RECIPE["seed"]
    images, labels = digits.train.images, digits.train.labels
    shown = RECIPE["n_epochs"] * max(len(images), RECIPE["images_in_an_epoch"])
    n_steps = shown // RECIPE["batch_size"]
    net = nets.MLP([digits.n_pixels, 10, width, 10], activation, n_nets=RECIPE["n_nets"])
    nets.initialise(
        net,
        generator=generator(seed, activation, width),
        scheme="he" if activation == "relu" else "glorot",
    )
    optimiser = torch.optim.Adam(net.parameters(), lr=RECIPE["learning_rate"], fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, n_steps)
    run = train(
        net,
        lambda net, x, y: cross_entropy(net(x), y),
        (images, labels),
        batch_size=RECIPE["batch_size"],
        n_steps=n_steps,
        optimiser=optimiser,
        generator=generator(seed, "batches"),
        checkpoints=sorted({min(step, n_steps) for step in RECIPE["frames"]}),
        stop=lambda step, net: schedule.step(),  # which returns None: go on
    )
    return net, run.steps.tolist(), run.parameters


@torch.no_grad()
def describe(activation: str, width: int, digits) -> dict:
    """Train one kind of net and measure each seed on all test images."""
    net, steps, parameters = fit(activation, width, digits)
    first = rows_of(digits.test.labels, RECIPE["kept_images"])
    moving = rows_of(digits.test.labels, RECIPE["moving_images"])
    facts = {"activation": activation, "width": width, "steps": steps}
    facts["train_accuracy"] = accuracy(net(digits.train.images), digits.train.labels).tolist()
    moments = []
    for theta in parameters:
        _, hidden, scores = nets.set_parameters(net, theta).activations(digits.test.images)
        moments.append((hidden, scores))
    hits = torch.stack([accuracy(scores, digits.test.labels) for _, scores in moments])
    fisher = [
        latents.fisher_ratio(latents.scatter(hidden, digits.test.labels, 10))
        for hidden, _ in moments
    ]
    median = int(hits[-1].argsort()[RECIPE["n_nets"] // 2])
    hidden, scores = moments[-1]
    facts |= {
        "test_accuracy": rounded(hits),
        "fisher_ratio": rounded(torch.stack(fisher)),
        "median": median,
        "class_means": rounded(means_of(hidden, digits.test.labels)),
        "readout_weight": rounded(net.layers[-1].weight[median]),
        "readout_bias": rounded(net.layers[-1].bias[median]),
    }
    if activation == "sigmoid" and width <= 3:
        facts["points"] = rounded(hidden[median, first], 3)
    if width == 3:
        facts["walls"] = rounded(torch.stack([near_a_wall(h, activation) for h, _ in moments]))
        facts["clouds"] = rounded(torch.stack([h[median, moving] for h, _ in moments]), 3)
    if (activation, width) == ("sigmoid", 3):
        facts |= pairs(net, hidden, scores, digits)
    return facts


def pairs(net, hidden, scores, digits) -> dict:
    """Judge the best planes, fitted to training images, and the net's own on test images."""
    fitted = rows_of(digits.train.labels, RECIPE["plane_images"])
    y = digits.train.labels[fitted]
    _, learnt, _ = net.activations(digits.train.images[fitted])
    best, own = torch.zeros(2, RECIPE["n_nets"], 10, 10)
    in_test = [(digits.test.labels == k).nonzero().flatten() for k in range(10)]
    for s in range(RECIPE["n_nets"]):
        for i in range(10):
            for j in range(i):
                plane = latents.separating_plane(*(learnt[s, y == k] for k in (i, j)))
                sides = [
                    hidden[s, in_test[k]].double() @ plane.normal + plane.offset for k in (i, j)
                ]
                margins = [scores[s, in_test[k], i] - scores[s, in_test[k], j] for k in (i, j)]
                best[s, i, j] = best[s, j, i] = wrong(*sides)
                own[s, i, j] = own[s, j, i] = wrong(*margins)
    return {"best_planes": rounded(best), "own_planes": rounded(own)}


def wrong(a: torch.Tensor, b: torch.Tensor) -> float:
    """Share of a that is not positive and of b that is not negative, together."""
    return float(((a <= 0).sum() + (b >= 0).sum()) / (len(a) + len(b)))


def near_a_wall(hidden: torch.Tensor, activation: str) -> torch.Tensor:
    """Share of coordinates within a tenth of the box's walls, of each seed.

    A ReLU's box has three walls, at zero; there a coordinate has to be zero.
    """
    if activation == "relu":
        return (hidden == 0).float().mean((-2, -1))
    unit = hidden if activation == "sigmoid" else (hidden + 1) / 2
    return ((unit - 0.5).abs() > 0.4).float().mean((-2, -1))


def means_of(hidden: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Average each class: (seeds, classes, width)."""
    return torch.stack([hidden[:, labels == k].mean(1) for k in range(10)], 1)


def rows_of(labels: torch.Tensor, n: int) -> torch.Tensor:
    """Find the first n images of each class, class by class."""
    return torch.cat([(labels == k).nonzero().flatten()[:n] for k in range(10)])


def rounded(values: torch.Tensor, digits: int = 5):
    """Round a tensor into nested lists."""
    return json.loads(
        json.dumps(values.double().tolist()), parse_float=lambda text: round(float(text), digits)
    )


def main() -> None:
    torch.set_num_threads(1)
    digits = load_digits()
    runs = []
    for activation, width in RECIPE["nets"]:
        runs.append(describe(activation, width, digits))
        print(activation, width, runs[-1]["test_accuracy"][-1], flush=True)
    here = Path(__file__).parent
    made = {
        "data": digits.describe(),
        "recipe": RECIPE,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "processor": platform.machine(),
        "date": datetime.date.today().isoformat(),
        "runs": runs,
    }
    path = here / f"long-run-{'x'.join(map(str, digits.image_shape))}.json"
    path.write_text(json.dumps(made, separators=(",", ":")) + "\n")
    print(path)


if __name__ == "__main__":
    main()
