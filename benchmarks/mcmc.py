"""Worst effective sample size of f(x*) per second, beside NumPyro and others.

    pip install -e '.[bench]'
    python benchmarks/mcmc.py                 # both regimes, 4 and 64 chains
    python benchmarks/mcmc.py --regime over --chains 64 --only numpyro_hmc

Each method runs in a process of its own, held on one core (`--cores`), from
the same starting points on the same density. ESS is the bulk one, of the
test point where it is smallest. Seconds are CPU seconds of the drawing phase:
on an idle machine with one core they are the clock's, and on a busy one they
still compare. What was compiled before and the warm-up stand in columns of
their own. JAX and tinynets compute in float32, JAX's default, or in float64,
the default of tinynets, with `--bits 64`; Pyro and the loop in float64.
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

REGIMES = {  # hidden units, activation, points, noise, trajectory, draws
    "over": {
        "n_hidden": 100,
        "activation": "tanh",
        "n_examples": 10,
        "noise": 0.1,
        "n_leapfrog": 200,
        "n_draws": 150,
        "n_warmup": 200,
    },
    "under": {
        "n_hidden": 3,
        "activation": "relu",
        "n_examples": 50,
        "noise": 0.05,
        "n_leapfrog": 60,
        "n_draws": 500,
        "n_warmup": 500,
    },
}


def problem_of(regime, chains):
    """Draw the data of posts/hmc-vs-langevin, and where chains start."""
    import torch

    from tinynets import bnn, gp, nets, rng

    settings = REGIMES[regime]
    generator = rng.generator(1, regime)
    x = 4 * torch.rand(settings["n_examples"], 1, dtype=torch.float64, generator=generator) - 2
    if regime == "over":  # a wide gap
        x = torch.where(x.abs() < 0.6, x.sign() * (2 - x.abs()), x)
    f = gp.draw(x, lambda a, b: torch.exp(-0.5 * torch.cdist(a, b) ** 2), generator=generator)[0]
    y = f + settings["noise"] * torch.randn(len(x), dtype=torch.float64, generator=generator)
    net = nets.MLP([1, settings["n_hidden"], 1], settings["activation"])
    std = bnn.prior_std(net)
    start = bnn.draw_prior(std, chains, generator=generator)
    return settings | {
        "x": x.numpy(),
        "y": y[:, None].numpy(),
        "std": std.numpy(),
        "start": start.numpy(),
    }


def tinynets(problem, n_draws, n_warmup, *, method="hmc"):
    """Our HMC or NUTS, tuned by its warm-up, all chains in one batch."""
    import torch

    from tinynets import bnn, nets, rng
    from tinynets.samplers import adapt, hmc, nuts, sample

    clocks = Clocks(compile={"wall": 0.0, "cpu": 0.0})
    net = nets.MLP([1, problem["n_hidden"], 1], problem["activation"])
    dtype = {32: torch.float32, 64: torch.float64}[problem["bits"]]
    x, y, std, start = (
        torch.as_tensor(problem[name], dtype=dtype) for name in ("x", "y", "std", "start")
    )
    target = bnn.Posterior(net, x, y, bnn.Gaussian(problem["noise"]), std)
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
    row = {phase: clocks[phase]["cpu"] for phase in clocks}
    row["wall"] = clocks["draws"]["wall"]
    row["gradients/s"] = result["n_gradients"] / row["draws"]
    if result["draws"] is None:
        return row | {
            "ess": result["ess"],
            "r_hat": float("nan"),
            "ess/s": result["ess"] / row["draws"],
        }
    f = functions(torch.as_tensor(result["draws"]), problem)
    ess = diagnostics.effective_sample_size(f).min().item()
    r_hat = diagnostics.r_hat(f).max().item() if len(f) > 1 else float("nan")
    within = sum(diagnostics.effective_sample_size(chain[None]).min().item() for chain in f)
    return row | {
        "ess": ess,
        "r_hat": r_hat,
        "ess/s": ess / row["draws"],
        "within/s": within / row["draws"],
    }


def functions(draws, problem):
    """Return f at 26 points of [-2.5, 2.5], (chains, draws, 26)."""
    import torch

    from tinynets import bnn, nets

    forward = bnn.batched(nets.MLP([1, problem["n_hidden"], 1], problem["activation"]))
    x_star = torch.linspace(-2.5, 2.5, 26, dtype=torch.float64)[:, None]
    return forward(draws.flatten(0, 1), x_star)[..., 0].unflatten(0, draws.shape[:2])


def table(rows):
    """Print what was measured, and how many times as fast we are."""
    ours = rows.get("tinynets_hmc")
    print(
        "| method | worst ESS/s | ours is | within chains ESS/s | ours is "
        "| gradients/s | ESS | R-hat | draws s | warm-up s | compile s |\n"
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    )

    def ratio(row, key):
        return f"{ours[key] / row[key]:.3g}×" if ours and row.get(key) else ""

    for name, row in rows.items():
        print(
            f"| {name} | {row['ess/s']:.4g} | {ratio(row, 'ess/s')} "
            f"| {row.get('within/s', float('nan')):.4g} "
            f"| {ratio(row, 'within/s')} | {row['gradients/s']:,.0f} "
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
