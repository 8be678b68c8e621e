"""Worst effective sample size of f(x*) per second, beside NumPyro and others.

    pip install -e '.[bench]'
    python benchmarks/mcmc.py                 # all problems, 4 and 64 chains
    python benchmarks/mcmc.py --regime over --chains 64 --only numpyro_hmc

Each method runs in a process of its own, held on one core (`--cores`), from
the same starting points on the same density. ESS is the bulk one, of the
test point where it is smallest. Seconds are CPU seconds of the drawing phase:
on an idle machine with one core they are the clock's, and on a busy one they
still compare. What was compiled before and the warm-up stand in columns of
their own. "ours is" compares HMC with our HMC and NUTS with our NUTS, and is
left out for ESS where R-hat is 1.05 or more. Ours learns one step size and
mass matrix from all chains and jitters the length of HMC's trajectories; the
peers learn one for each chain, and their lengths are fixed. JAX and tinynets
compute in float32, JAX's default, or in float64, the default of tinynets, with
`--bits 64`; Pyro and the loop in float64.
"""

import argparse
import functools
import json
import os
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path

from mcmc_peers import PEERS, Clocks

REGIMES = {
    "over": {
        "sizes": (1, 100, 1),
        "activation": "tanh",
        "n_examples": 10,
        "noise": 0.1,
        "n_leapfrog": 200,
        "n_draws": 150,
        "n_warmup": 200,
    },
    "under": {
        "sizes": (1, 3, 1),
        "activation": "relu",
        "n_examples": 50,
        "noise": 0.05,
        "n_leapfrog": 60,
        "n_draws": 500,
        "n_warmup": 500,
    },
    "deep": {
        "sizes": (1, 32, 32, 1),
        "activation": "tanh",
        "n_examples": 100,
        "noise": 0.1,
        "n_leapfrog": 50,
        "n_draws": 100,
        "n_warmup": 150,
    },
    "moons": {
        "sizes": (2, 16, 16, 2),
        "activation": "tanh",
        "n_examples": 200,
        "noise": None,  # classes
        "n_leapfrog": 50,
        "n_draws": 100,
        "n_warmup": 150,
    },
}


def problem_of(regime, chains):
    """Draw the data of posts/hmc-vs-langevin or two moons, and where chains start."""
    import torch

    from tinynets import bnn, nets, rng

    settings = REGIMES[regime]
    generator = rng.generator(1, regime)
    x, y, x_star = (moons if regime == "moons" else curve)(settings, generator)
    net = nets.MLP(settings["sizes"], settings["activation"])
    std = bnn.prior_std(net, fan_in=len(settings["sizes"]) > 3, dtype=torch.float64)
    start = bnn.draw_prior(std, chains, generator=generator)
    arrays = {"x": x, "y": y, "x_star": x_star, "std": std, "start": start}
    return settings | {name: tensor.numpy() for name, tensor in arrays.items()}


def curve(settings, generator):
    """Draw a function from a Gaussian process, and noisy values of it."""
    import torch

    from tinynets import gp

    x = 4 * torch.rand(settings["n_examples"], 1, dtype=torch.float64, generator=generator) - 2
    if settings["n_examples"] < 20:  # a wide gap
        x = torch.where(x.abs() < 0.6, x.sign() * (2 - x.abs()), x)
    f = gp.draw(x, lambda a, b: torch.exp(-0.5 * torch.cdist(a, b) ** 2), generator=generator)[0]
    y = f + settings["noise"] * torch.randn(len(x), dtype=torch.float64, generator=generator)
    return x, y[:, None], torch.linspace(-2.5, 2.5, 26, dtype=torch.float64)[:, None]


def moons(settings, generator):
    """Draw two half circles, one in the other's arms."""
    import torch

    n = settings["n_examples"]
    angle = torch.pi * torch.rand(n, dtype=torch.float64, generator=generator)
    y = torch.arange(n) % 2
    x = torch.stack([angle.cos() + y, (1 - 2 * y) * angle.sin() + 0.5 * y], 1)
    x = x + 0.15 * torch.randn(n, 2, dtype=torch.float64, generator=generator)
    axis = torch.linspace(-1, 2, 5, dtype=torch.float64)
    return x, y, torch.cartesian_prod(axis, axis)


def tinynets(problem, n_draws, n_warmup, *, method="hmc"):
    """Our HMC or NUTS, tuned by its warm-up, all chains in one batch."""
    import torch

    from tinynets import bnn, nets, rng
    from tinynets.samplers import adapt, hmc, nuts, sample

    clocks = Clocks(compile={"wall": 0.0, "cpu": 0.0})
    net = nets.MLP(problem["sizes"], problem["activation"])
    dtype = {32: torch.float32, 64: torch.float64}[problem["bits"]]
    x, std, start = (torch.as_tensor(problem[name], dtype=dtype) for name in ("x", "std", "start"))
    y, noise = torch.as_tensor(problem["y"]), problem["noise"]
    if noise is None:
        target = bnn.Posterior(net, x, y, bnn.Categorical(), std)
    else:
        target = bnn.Posterior(net, x, y.to(dtype), bnn.Gaussian(noise), std)
    clocks("compile", lambda: target.path)  # which is when the choice is made
    algorithm, options = {
        "hmc": (hmc, {"n_leapfrog": problem["n_leapfrog"], "jitter": 0.5}),
        "nuts": (nuts, {}),
    }[method]
    generator = rng.generator(2)
    warm = clocks(
        "warmup",
        lambda: sample(
            adapt(algorithm, target, step_size=0.01, **options),
            start,
            n_draws=1,
            n_warmup=n_warmup,
            generator=generator,
        ),
    )
    step_size, mass = warm.warmup.tuning
    draws = clocks(
        "draws",
        lambda: sample(
            algorithm(target, step_size=step_size, mass=mass, **options),
            warm.position[:, -1],
            n_draws=n_draws,
            generator=generator,
        ),
    )
    return {"draws": draws.position, "clocks": clocks, "n_gradients": draws.info.n_gradients.sum()}


METHODS = {
    "tinynets_hmc": tinynets,
    "tinynets_nuts": functools.partial(tinynets, method="nuts"),
    "tinynets_hmc_pytorch": tinynets,
} | PEERS
OURS = dict.fromkeys(("numpyro_nuts", "blackjax_nuts", "pyro_nuts"), "tinynets_nuts")
PLAIN = {"tinynets_hmc_pytorch": {"TINYNETS_COMPILE": "0"}}  # without the C code
FEW = {"pyro_nuts": 20, "tinynets_hmc_pytorch": 30}  # draws that we wait for


def worker(name, path):
    """Run one method in this process and write its result."""
    problem = pickle.loads(path.read_bytes())
    n_draws = min(problem["n_draws"], FEW.get(name, 10**9))
    n_warmup = min(problem["n_warmup"], 5 * FEW.get(name, 10**9))
    result = METHODS[name](problem, n_draws, n_warmup)
    if result["draws"] is not None:
        import numpy

        result["draws"] = numpy.asarray(result["draws"], dtype=float)
    result["n_gradients"] = int(result["n_gradients"])
    path.write_bytes(pickle.dumps(result))


def run(name, problem, cores, timeout):
    """Run one method in a process of its own, on some cores."""
    threads = str(cores)
    environment = os.environ | {"OMP_NUM_THREADS": threads, "JAX_PLATFORMS": "cpu"}
    environment |= PLAIN.get(name, {})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "exchange"
        path.write_bytes(pickle.dumps(problem))
        subprocess.run(
            [sys.executable, __file__, "--worker", name, path],
            check=True,
            env=environment,
            timeout=timeout,
            preexec_fn=lambda: os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores]),
        )
        return pickle.loads(path.read_bytes())


def measure(result, problem):
    """Give worst ESS of f, R-hat, rates and seconds of one result."""
    import torch

    from tinynets import diagnostics

    clocks = result["clocks"]
    row = {phase: max(clocks[phase]["cpu"], 1e-9) for phase in clocks}
    row["wall"] = clocks["draws"]["wall"]
    row["gradients/s"] = result["n_gradients"] / row["draws"]
    row["share"] = row["draws"] / (row["draws"] + row["warmup"])  # of CPU seconds
    if result["draws"] is None:
        return row | {
            "ess": result["ess"],
            "r_hat": float("nan"),
            "ess/s": result["ess"] / row["draws"],
        }
    f = functions(torch.as_tensor(result["draws"]), problem)
    ess = diagnostics.effective_sample_size(f).min().item()
    r_hat = diagnostics.r_hat(f).max().item() if len(f) > 1 else float("nan")
    return row | {"ess": ess, "r_hat": r_hat, "ess/s": ess / row["draws"]}


def functions(draws, problem):
    """Return f, or the difference of two logits, at the test points, (chains, draws, points)."""
    import torch

    from tinynets import bnn, nets

    forward = bnn.batched(nets.MLP(problem["sizes"], problem["activation"]))
    f = forward(draws.flatten(0, 1), torch.as_tensor(problem["x_star"]))
    return (f[..., -1] if f.shape[-1] == 1 else f[..., 1] - f[..., 0]).unflatten(0, draws.shape[:2])


def table(rows):
    """Print what was measured, and how many times as fast we are."""
    print(
        "| method | worst ESS/s | ours is | with warm-up "
        "| gradients/s | ours is | ESS | R-hat | draws s | warm-up s | compile s |\n"
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    )

    def ratio(row, key):
        if not ours or not row.get(key):
            return ""
        if "ess" in key and not max(row["r_hat"], ours["r_hat"]) < 1.05:
            return "-"  # no number of effective draws where chains disagree
        return f"{ours[key] / row[key]:.3g}×"

    for name, row in rows.items():
        row["ess/s all"] = row["ess/s"] * row["share"]
        ours = rows.get(OURS.get(name, "tinynets_hmc"))
        if ours:
            ours["ess/s all"] = ours["ess/s"] * ours["share"]
        print(
            f"| {name} | {row['ess/s']:.4g} | {ratio(row, 'ess/s')} | {ratio(row, 'ess/s all')} "
            f"| {row['gradients/s']:,.0f} | {ratio(row, 'gradients/s')} "
            f"| {row['ess']:.0f} | {row['r_hat']:.3f} "
            f"| {row['draws']:.2f} | {row['warmup']:.2f} "
            f"| {row['compile']:.2f} |",
            flush=True,
        )


def main():
    """Run what was asked for and print a table a setting."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--regime", choices=REGIMES, nargs="*", default=list(REGIMES))
    parser.add_argument("--chains", type=int, nargs="*", default=[4, 64])
    parser.add_argument("--only", choices=METHODS, nargs="*", default=list(METHODS))
    parser.add_argument("--bits", type=int, choices=[32, 64], default=32, help="of a float")
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=600, help="seconds for one method")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return worker(options.worker[0], Path(options.worker[1]))
    everything = {}
    for regime in options.regime:
        for chains in options.chains:
            problem = problem_of(regime, chains) | {"bits": options.bits}
            rows = {}
            for name in options.only:
                try:
                    result = run(name, problem, options.cores, options.timeout)
                    rows[name] = measure(result, problem)
                except subprocess.TimeoutExpired:
                    print(f"{name}: not done in {options.timeout:.0f} s", file=sys.stderr)
            print(f"\n{regime}parameterised, {chains} chains, {options.bits} bits\n")
            table(rows)
            everything[f"{regime} {chains}"] = rows
            if options.json:
                options.json.write_text(json.dumps(everything, indent=1))


if __name__ == "__main__":
    main()
