"""Race continual backprop against its rivals, and keep how much each learns.

    python notes/continual_rivals.py

Writes `continual_rivals.json` beside the page: some five minutes of one core, on MNIST. Each
method that has a strength gets the one of four values that does best on tuning seeds, and
is then judged on other seeds, with other tasks.
"""

import datetime
import json
import platform
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from tinynets import continual, losses, nets, train
from tinynets.data import load_digits
from tinynets.rng import generator

RESULTS = Path(__file__).with_suffix(".json")
RECIPE = {
    "seed": 41,
    "tuning_seeds": 2,
    "seeds": 8,
    "tasks": 30,
    "images": 200,
    "epochs": 30,
    "batch": 20,
    "hidden": 50,
    "learning_rate": 0.05,
    "maturity": 100,
    "redo_every": 100,  # steps
    "strengths": {
        "backprop": [0],
        "fresh net": [0],
        "layer norm": [0],
        "L2": [1e-3, 3e-3, 1e-2, 3e-2],
        "L2 to the start": [1e-3, 3e-3, 1e-2, 3e-2],
        "layer norm and L2": [1e-3, 3e-3, 1e-2, 3e-2],
        "shrink and perturb": [0.1, 0.3, 0.5, 0.7],  # share of a fresh start, each task
        "ReDo": [0.0, 0.01, 0.03, 0.1],  # threshold of activity
        "renewal at random": [1e-4, 3e-4, 1e-3, 3e-3],  # rate
        "continual backprop": [1e-4, 3e-4, 1e-3, 3e-3],  # rate
    },
}


class Arm(NamedTuple):
    """A method at one of its strengths."""

    method: str
    strength: float


class Race:
    """All arms side by side, `n_seeds` nets each: net `arm * n_seeds + seed`."""

    def __init__(self, images: Tensor, arms: list[Arm], part: str, n_seeds: int):
        self.images, self.arms, self.part, self.n_seeds = images, arms, part, n_seeds
        self.draws = self.source("draws")
        sizes = [images.shape[1], RECIPE["hidden"], RECIPE["hidden"], 10]
        self.net = nets.MLP(sizes, "relu", n_nets=len(arms) * n_seeds)
        nets.set_parameters(self.net, self.start("start"))
        self.first = [p.detach().clone() for p in self.net.parameters()]
        self.units = continual.init(self.net)
        self.normed = sum(self.of(name) for name in ("layer norm", "layer norm and L2")) > 0
        self.l2 = self.strengths("L2") + self.strengths("layer norm and L2")
        self.back = self.strengths("L2 to the start")
        self.rate = self.strengths("continual backprop") + self.strengths("renewal at random")
        self.share = self.strengths("shrink and perturb") + self.of("fresh net")
        self.threshold = torch.where(self.of("ReDo") > 0, self.strengths("ReDo"), -1.0)

    def source(self, *purpose) -> torch.Generator:
        return generator(RECIPE["seed"], self.part, *purpose)

    def of(self, method: str) -> Tensor:
        """1 where a net follows the method, 0 elsewhere, (nets,)."""
        return torch.tensor([float(a.method == method) for a in self.arms]).repeat_interleave(
            self.n_seeds
        )

    def strengths(self, method: str) -> Tensor:
        """The strength where a net follows the method, 0 elsewhere, (nets,)."""
        values = torch.tensor([float(a.strength) for a in self.arms])
        return self.of(method) * values.repeat_interleave(self.n_seeds)

    def start(self, *purpose) -> Tensor:
        """Draw a start for each seed, the same in all arms, (nets, dim)."""
        one = nets.MLP(self.net.sizes, "relu", n_nets=self.n_seeds)
        nets.initialise(one, scheme="he", generator=self.source(*purpose))
        return nets.flatten(one).repeat(len(self.arms), 1)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the hidden activations, then the outputs."""
        values = []
        for layer in self.net.linears[:-1]:
            z = layer(x)
            normed = F.layer_norm(z, z.shape[-1:])
            x = torch.where(self.normed[:, None, None], normed, z).relu()
            values.append(x)
        return [*values, self.net.linears[-1](x)]

    def task(self, number: int) -> tuple[Tensor, Tensor]:
        """Draw images and labels for each seed, the same in all arms."""
        source = self.source("task", number)
        shape = self.n_seeds, len(self.images)
        index = torch.rand(shape, generator=source).argsort(1)[:, : RECIPE["images"]]
        labels = torch.randint(10, index.shape, generator=source)
        copies = len(self.arms)
        return self.images[index].repeat(copies, 1, 1), labels.repeat(copies, 1)

    @torch.no_grad()
    def begin(self, number: int) -> None:
        """Shrink and perturb, before each task but the first."""
        old, fresh = nets.flatten(self.net), self.start("fresh", number)
        nets.set_parameters(self.net, old + self.share[:, None] * (fresh - old))

    @torch.no_grad()
    def pull(self) -> None:
        """L2 of the weights, and L2 of the distance to the start."""
        eta = RECIPE["learning_rate"]
        for p, first in zip(self.net.parameters(), self.first, strict=True):
            shape = (-1,) + (1,) * (p.dim() - 1)
            p.add_((self.back.view(shape) * (first - p)), alpha=eta)
        for layer in self.net.linears:
            layer.weight.mul_(1 - eta * self.l2[:, None, None])

    @torch.no_grad()
    def renew(self, hidden: list[Tensor]) -> None:
        """Continual backprop; units drawn by lot where a net renews at random."""
        by_lot = self.of("renewal at random")[:, None] > 0
        for k, (units, h) in enumerate(zip(self.units, hidden, strict=True)):
            units = continual.observe(units, h, self.net.linears[k + 1].weight)
            lots = torch.rand(units.utility.shape, generator=self.draws)
            units = units._replace(utility=torch.where(by_lot, lots, units.utility))
            self.units[k], chosen = continual.select(
                units, rate=self.rate, maturity=RECIPE["maturity"]
            )
            continual.renew(self.net, k, chosen, generator=self.draws)

    @torch.no_grad()
    def recycle(self, x: Tensor) -> None:
        """ReDo: renew the units whose share of their layer's activity is small."""
        for k, h in enumerate(self.forward(x)[:-1]):
            active = h.mean(1)
            score = active / active.mean(-1, keepdim=True).clamp_min(1e-12)
            chosen = score <= self.threshold[:, None]
            continual.renew(self.net, k, chosen, generator=self.draws)

    def learn(self, number: int) -> Tensor:
        """Learn one task; return the share of labels learnt, (arms, seeds)."""
        x, y = self.task(number)
        if number:
            self.begin(number)
        optimiser = torch.optim.SGD(self.net.parameters(), lr=RECIPE["learning_rate"])
        order = train.minibatches(
            RECIPE["images"],
            RECIPE["batch"],
            n_nets=self.n_seeds,
            generator=self.source("order", number),
        )
        which = torch.arange(len(x))[:, None]
        n_steps = RECIPE["epochs"] * RECIPE["images"] // RECIPE["batch"]
        for step, rows in zip(range(1, n_steps + 1), order, strict=False):
            index = rows.repeat(len(self.arms), 1)
            *hidden, logits = self.forward(x[which, index])
            optimiser.zero_grad()
            losses.cross_entropy(logits, y.gather(1, index)).sum().backward()
            optimiser.step()
            self.pull()
            self.renew(hidden)
            if step % RECIPE["redo_every"] == 0:
                self.recycle(x)
        with torch.no_grad():
            return losses.accuracy(self.forward(x)[-1], y).view(len(self.arms), -1)

    def run(self) -> Tensor:
        """Labels learnt by the end of each task, (arms, seeds, tasks)."""
        return torch.stack([self.learn(n) for n in range(RECIPE["tasks"])], -1)


def digits() -> Tensor:
    """5,000 images of MNIST, pooled to 7 x 7 pixels and scaled as on the page."""
    found = load_digits()
    if found.name != "MNIST":
        raise SystemExit(f"needs MNIST, found {found.describe()}; point TINYNETS_DATA at it")
    images = F.avg_pool2d(found.train.images[:5000].view(-1, 1, 28, 28), 4).flatten(1)
    return (images - images.mean(0)) / images.std()


def tuned(images: Tensor) -> dict:
    """Labels learnt over the last five tasks, for each method and strength."""
    arms = [Arm(m, s) for m, values in RECIPE["strengths"].items() for s in values]
    learnt = Race(images, arms, "tuning", RECIPE["tuning_seeds"]).run()[..., -5:].mean((1, 2))
    found: dict = {}
    for arm, value in zip(arms, learnt.tolist(), strict=True):
        found.setdefault(arm.method, []).append([arm.strength, round(value, 4)])
    return found


def main() -> None:
    """Tune, judge and write."""
    torch.set_num_threads(1)
    begun, images = time.process_time(), digits()
    tuning = tuned(images)
    arms = [Arm(m, max(found, key=lambda pair: pair[1])[0]) for m, found in tuning.items()]
    learnt = Race(images, arms, "judging", RECIPE["seeds"]).run()
    command = ["git", "rev-parse", "--short", "HEAD"]
    result = {
        "recipe": RECIPE,
        "tuning": tuning,
        "strength": dict(arms),
        "learnt": {
            a.method: v.double().round(decimals=4).tolist()
            for a, v in zip(arms, learnt, strict=True)
        },
        "processor seconds": round(time.process_time() - begun),
        "date": datetime.date.today().isoformat(),
        "commit": subprocess.check_output(command, cwd=RESULTS.parent, text=True).strip(),
        "processor": platform.machine(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in result.items()]
    RESULTS.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
