"""Fit nets of 1 to 50 sigmoid units to the page's targets, and keep how far each is off.

    python posts/two-neurons/long_run.py

Writes `long-run.json` beside the page: some five minutes of one core. No digits are used.
"""

import datetime
import json
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from scipy.optimize import least_squares

from tinynets import nets
from tinynets.explorables.neurons import HIGH, LOW, TARGETS
from tinynets.rng import generator

RECIPE = {
    "seed": 8,
    "n_seeds": 12,
    "units": [1, 2, 3, 5, 10, 20, 50],
    "train_points": 200,  # evenly spaced
    "test_points": 1000,  # drawn at random
    "evaluations": 300,  # of the net, for each fit, by Levenberg and Marquardt's method
}


def points() -> tuple[torch.Tensor, torch.Tensor]:
    """Return the inputs that are fitted to and those that are judged on, (n, 1) each."""
    x = torch.linspace(LOW, HIGH, RECIPE["train_points"], dtype=torch.float64)[:, None]
    source = generator(RECIPE["seed"], "test points")
    shares = torch.rand(RECIPE["test_points"], 1, dtype=torch.float64, generator=source)
    return x, LOW + (HIGH - LOW) * shares


def jacobian(theta: np.ndarray, x: torch.Tensor) -> np.ndarray:
    """Differentiate the outputs by the parameters v, a, w and b, (n, dim)."""
    v, a, w = torch.as_tensor(theta[:-1]).view(3, -1)
    h = torch.sigmoid(x * v + a)  # (n, units)
    back = w * h * (1 - h)
    return torch.cat([back * x, back, h, torch.ones_like(x)], 1).numpy()


def fit(n_units: int, y: torch.Tensor, x: torch.Tensor, seed: int) -> tuple[nets.MLP, list]:
    """Fit one net by least squares; return it, and its parameters at half the budget and last."""
    net = nets.MLP([1, n_units, 1], "sigmoid").double()
    nets.initialise(net, generator=generator(RECIPE["seed"], n_units, seed))
    best: list = []  # (error, parameters), falling

    def residuals(theta):
        with torch.no_grad():
            r = (nets.apply(net, torch.as_tensor(theta), x) - y).ravel().numpy()
        best.append(min([*best[-1:], (float(r @ r), theta.copy())], key=lambda pair: pair[0]))
        return r

    least_squares(
        residuals,
        nets.flatten(net).numpy(),
        lambda theta: jacobian(theta, x),
        method="lm",
        max_nfev=RECIPE["evaluations"],
        xtol=1e-12,
        ftol=1e-12,
        gtol=1e-12,
    )
    half = best[min(len(best), RECIPE["evaluations"] // 2) - 1]
    return net, [half[1], best[-1][1]]


def describe(target: str, n_units: int) -> dict:
    """Fit all seeds of one size to one target; return root mean square errors."""
    x, x_star = points()
    f = TARGETS[target].of
    runs = []
    for seed in range(RECIPE["n_seeds"]):
        net, kept = fit(n_units, f(x), x, seed)
        with torch.no_grad():
            errors = [
                [
                    float((nets.apply(net, torch.as_tensor(theta), at) - f(at)).square().mean())
                    ** 0.5
                    for theta in kept
                ]
                for at in (x, x_star)
            ]
        runs.append([*errors, float(np.abs(kept[-1]).max())])
    train, test, largest = (list(column) for column in zip(*runs, strict=True))
    return {
        "target": target,
        "units": n_units,
        "train_error": train,  # (seeds, 2): after half the evaluations, after all
        "test_error": test,
        "largest_weight": largest,
    }


def main() -> None:
    torch.set_num_threads(1)
    runs = []
    for target in TARGETS:
        for n_units in RECIPE["units"]:
            runs.append(describe(target, n_units))
            print(target, n_units, [f"{e[1]:.2g}" for e in runs[-1]["test_error"]], flush=True)
    made = {
        "recipe": RECIPE,
        "torch": torch.__version__,
        "scipy": version("scipy"),
        "python": platform.python_version(),
        "processor": platform.machine(),
        "date": datetime.date.today().isoformat(),
        "runs": runs,
    }
    text = json.dumps(made, separators=(",", ":"))
    short = json.dumps(
        json.loads(text, parse_float=lambda number: float(f"{float(number):.4g}")),
        separators=(",", ":"),
    )
    path = Path(__file__).with_name("long-run.json")
    path.write_text(short + "\n")
    print(path)


if __name__ == "__main__":
    main()
