"""Kernels of infinitely wide and of finite networks, beside neural-tangents.

    python benchmarks/kernels.py --peer-python PATH [--only relu tanh] [--plot scaling.svg]

CPU seconds of one core, the fastest of some repetitions; the first call, which compiles, stands
apart, and so does the peak memory of the process. Each side runs each job in a process of its
own, in turn, on the same inputs; what both computed is compared. Without a peer the rows are
ours alone.

The peer is archived and needs an environment of its own with Python 3.11:

    python3.11 -m venv peer
    peer/bin/pip install jax==0.4.25 jaxlib==0.4.25 'numpy==1.26.*' 'scipy==1.13.*' frozendict
    peer/bin/pip install --no-deps neural-tangents==0.6.5
    python benchmarks/kernels.py --peer-python peer/bin/python
"""

import argparse
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from kernels_peer import covariances_of, inputs_of, measured, weights_of


class Row(NamedTuple):
    """A comparison: the job of that name on either side, and what we promise."""

    job: str
    settings: dict
    bar: float  # at least so many times faster than the peer


MLP = {"n": 2000, "features": 784, "depth": 3, "W_std": 2**0.5, "b_std": 0.1}
TANH = {"n": 200, "features": 20, "depth": 1, "W_std": 1.5, "b_std": 0.1, "degree": 25}
FINITE = {"n": 128, "features": 784, "sizes": [784, 512, 512, 10], "dtype": "float32", "bias": True}
POSTERIOR = {"n": 4000, "features": 20, "outputs": 10, "noise_std": 0.1}
ROWS = {
    "relu": Row("relu", MLP, 3.0),
    "relu float32": Row("relu", MLP | {"dtype": "float32"}, 3.0),
    "tanh": Row("tanh", TANH, 50.0),
    "empirical": Row("empirical", FINITE, 1.5),
    "without biases": Row("empirical", FINITE | {"bias": False}, 1.5),
    "inference": Row("inference", POSTERIOR, 1.5),
}


def _kernels(settings, layer):
    import torch

    from tinynets.kernels import kernels_of
    from tinynets.kernels.layers import activation, dense, serial

    scales = settings["W_std"], settings["b_std"]
    kernels = kernels_of(
        serial(*[dense(*scales), activation(layer)] * settings["depth"], dense(*scales))
    )
    x = torch.from_numpy(inputs_of(settings))

    def run():
        found = kernels(x)
        return {"nngp": found.nngp[:20, :20], "ntk": found.ntk[:20, :20]}

    return run


def relu(settings):
    from tinynets.kernels import duals

    return _kernels(settings, duals.two_slopes(0.0, 1.0))


def tanh(settings):
    import torch

    return _kernels(settings, torch.tanh)


def empirical(settings):
    import torch

    from tinynets import nets
    from tinynets.empirical import ntk

    torch.set_num_threads(1)
    net = nets.MLP(settings["sizes"], "relu", bias=settings["bias"])
    layers = [pair if settings["bias"] else pair[:1] for pair in weights_of(settings)]
    arrays = [torch.from_numpy(part).flatten() for layer in layers for part in layer]
    nets.set_parameters(net, torch.cat(arrays))
    x = torch.from_numpy(inputs_of(settings))
    return lambda: {"ntk": ntk(net, x)[:2, :2]}


def inference(settings):
    import torch

    from tinynets import gp

    torch.set_num_threads(1)
    k, k_star, prior, y = (torch.from_numpy(a.copy()) for a in covariances_of(settings))

    def run():
        data = gp.condition(k, y, noise_std=settings["noise_std"])
        variance = data.variance(k_star, prior.diagonal())
        return {"mean": data.mean(k_star)[:20], "variance": variance[:20]}

    return run


JOBS = {"relu": relu, "tanh": tanh, "empirical": empirical, "inference": inference}


def tanh_exactly(settings):
    """NNGP of the first inputs by the trapezium rule in two dimensions, to some 1e-14."""
    import numpy as np

    x = inputs_of(settings)[:20]
    k = settings["W_std"] ** 2 * x @ x.T / settings["features"] + settings["b_std"] ** 2
    z = np.arange(-9, 9.01, 0.04)
    weight = 0.04 * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    after = np.empty_like(k)
    for i in range(20):
        u = np.tanh(math.sqrt(k[i, i]) * z)
        for j in range(20):
            rho = min(k[i, j] / math.sqrt(k[i, i] * k[j, j]), 1)
            across = math.sqrt(max(1 - rho**2, 0))
            v = np.tanh(math.sqrt(k[j, j]) * (rho * z[:, None] + across * z))
            after[i, j] = (weight * u) @ v @ weight
    return (settings["W_std"] ** 2 * after + settings["b_std"] ** 2).ravel()


def run(interpreter, name, settings, repeats):
    """Run a job in a process of its own."""
    script = Path(__file__).with_name("kernels_peer.py") if interpreter else Path(__file__)
    command = [interpreter or sys.executable, str(script), *([] if interpreter else ["--task"])]
    single = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    single["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    task = {"job": name, "settings": settings, "repeats": repeats}
    done = subprocess.run(
        command, input=json.dumps(task), env=os.environ | single, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"{name} on {command[0]} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def difference(ours, theirs):
    """Largest difference relative to the largest value."""
    worst = 0.0
    for key in ours.keys() & theirs.keys():
        size = max(map(abs, ours[key]))
        worst = max(
            worst, max(abs(a - b) for a, b in zip(ours[key], theirs[key], strict=True)) / size
        )
    return worst


def compare(peer, names, repeats):
    columns = ("ours s", "first", "GiB", "peer s", "first", "GiB", "ratio", "bar", "differ by")
    print(f"{'':18}" + "".join(f"{column:>10}" for column in columns))
    for name in names:
        row = ROWS[name]
        ours = run(None, row.job, row.settings, repeats)
        cells = [f"{ours[key]:.3g}" for key in ("cpu", "first", "peak_gib")]
        if peer:
            theirs = run(peer, row.job, row.settings, repeats)
            again = run(None, row.job, row.settings, repeats)["cpu"]
            ours["cpu"] = min(ours["cpu"], again)
            ratio = theirs["cpu"] / ours["cpu"]
            cells += [f"{theirs[key]:.3g}" for key in ("cpu", "first", "peak_gib")]
            cells += [f"{ratio:.1f}×", f"{row.bar:g}×"]
            cells += [f"{difference(ours['values'], theirs['values']):.1e}"]
        print(f"{name:18}" + "".join(f"{cell:>10}" for cell in cells), flush=True)
        if row.job == "tanh":
            exact = {"nngp": tanh_exactly(row.settings).tolist()}
            sides = {"ours": ours} | ({"peer": theirs} if peer else {})
            for side, found in sides.items():
                print(f"  {side}: NNGP off by {difference(exact, found['values']):.1e}")


SCALINGS = {
    "inputs": ("relu", lambda n: MLP | {"n": n}, (250, 500, 1000, 2000, 4000)),
    "hidden layers": ("relu", lambda depth: MLP | {"depth": depth}, (1, 3, 10, 30)),
    "outputs of a finite net": (
        "empirical",
        lambda outputs: FINITE | {"sizes": [784, 512, 512, outputs]},
        (1, 3, 10, 30),
    ),
}


def plot(peer, path, repeats):
    """CPU seconds against the number of inputs, of layers and of outputs."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    _, axes = plt.subplots(1, len(SCALINGS), figsize=(11, 3.2), layout="constrained", sharey=True)
    for ax, (label, (job, settings, values)) in zip(axes, SCALINGS.items(), strict=True):
        for side, interpreter in (("tinynets", None), ("neural-tangents", peer)):
            if side == "tinynets" or interpreter:
                found = [run(interpreter, job, settings(value), repeats)["cpu"] for value in values]
                ax.loglog(values, found, marker="o", label=side)
        ax.set(xlabel=label, xticks=values, xticklabels=values)
        ax.minorticks_off()
    axes[0].set_ylabel("CPU seconds")
    axes[0].legend()
    plt.savefig(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer-python", help="interpreter with neural-tangents")
    parser.add_argument("--only", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--plot", help="file for a picture of how CPU seconds scale")
    parser.add_argument("--task", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.task:
        task = json.loads(sys.stdin.read())
        print(json.dumps(measured(JOBS[task["job"]], task["settings"], task["repeats"])))
        return
    compare(arguments.peer_python, arguments.only, arguments.repeats)
    if arguments.plot:
        plot(arguments.peer_python, arguments.plot, arguments.repeats)


if __name__ == "__main__":
    main()
