"""Worst effective sample size of f(x*) per CPU second, beside BlackJAX and NumPyro.

    pip install -e '.[bench]'
    python benchmarks/mcmc.py                  # every setting: more than an hour
    python benchmarks/mcmc.py --regime over --chains 64 --only tinynets_hmc blackjax_hmc
    python benchmarks/mcmc.py --regime over --chains 4 --store    # and keep the figures
    python benchmarks/mcmc.py --speed    # gradients per second alone, with and without the C code

The methods of a setting live in a process each, all on one core, and take turns: `--repeats` times
each warms up from the same starting points and then draws for `--seconds` or longer. Seconds are
CPU seconds, so that a busy machine compares them as well. ESS is the bulk one, of the test point
where it is smallest; where R-hat is 1.05 or more there is none to compare. That within chains, each
taken by itself and summed, says how fast they move in whatever mode they are. Ratios say how many
times as much we make: HMC beside HMC, NUTS beside NUTS. All HMC makes trajectories of the same
number of steps, except that ours are jittered by half, as those of ChEES by their own rule. Ours
learns one step size, unless the chains are too different for it, and one mass matrix from all
chains, as ChEES and MEADS do; the other peers learn one for each chain. MEADS makes one leapfrog
step at a time and keeps its momentum: one of its draws here is as many steps as a trajectory of
ours has, and so is one of its warm-up's. In the regime "mode" all chains start in one mode, at
draws of a long chain that is not timed. `--speed` compares gradients alone, after a short warm-up.
`--store` writes into notes/benchmarks.json, setting by setting.
"""

import argparse
import datetime
import functools
import json
import math
import multiprocessing
import os
import platform
import statistics
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

from mcmc_peers import PEERS, Method

STORED = Path(__file__).parents[1] / "notes" / "benchmarks.json"
MOST_DRAWS = 20_000  # of a chain, however fast
VERSIONS = ("torch", "jax", "blackjax", "numpyro")
REGIMES = {
    "over": {
        "sizes": [1, 100, 1],
        "activation": "tanh",
        "n_examples": 10,
        "noise": 0.1,
        "n_leapfrog": 200,
        "n_draws": 150,
        "n_warmup": 200,
    },
    "under": {
        "sizes": [1, 3, 1],
        "activation": "relu",
        "n_examples": 100,
        "noise": 0.05,
        "n_leapfrog": 60,
        "n_draws": 500,
        "n_warmup": 500,
    },
    "deep": {
        "sizes": [1, 32, 32, 1],
        "activation": "tanh",
        "n_examples": 100,
        "noise": 0.1,
        "n_leapfrog": 50,
        "n_draws": 100,
        "n_warmup": 150,
    },
    "moons": {
        "sizes": [2, 16, 16, 2],
        "activation": "tanh",
        "n_examples": 200,
        "noise": None,  # classes
        "n_leapfrog": 50,
        "n_draws": 100,
        "n_warmup": 150,
    },
}
SPEED = {"n_draws": 25, "n_warmup": 20}  # of a trajectory's steps each: enough to time them
REGIMES["mode"] = REGIMES["under"] | {"starts": "draws of one chain"}


def problem_of(regime, chains):
    """Draw the data of posts/hmc-vs-langevin or two moons, and where chains start."""
    import torch

    from tinynets import bnn, nets, rng

    settings = REGIMES[regime]
    generator = rng.generator(1, "under" if regime == "mode" else regime)
    x, y, x_star = (moons if regime == "moons" else curve)(settings, generator)
    net = nets.MLP(settings["sizes"], settings["activation"])
    std = bnn.prior_std(net, fan_in=len(settings["sizes"]) > 3, dtype=torch.float64)
    start = bnn.draw_prior(std, 64 if "starts" in settings else chains, generator=generator)
    if "starts" in settings:
        start = in_one_mode(target_of(net, x, y, settings["noise"], std), start, chains)
    arrays = {"x": x, "y": y, "x_star": x_star, "std": std, "start": start}
    return settings | {name: tensor.numpy() for name, tensor in arrays.items()}


def in_one_mode(target, start, chains, n_draws=2000):
    """Spread starts over the draws of one chain: of the best of many, by mean log density."""
    from tinynets import rng
    from tinynets.samplers import adapt, hmc, sample

    many = sample(
        adapt(hmc, target, step_size=0.01, n_leapfrog=60, jitter=0.5),
        start,
        n_draws=n_draws,
        n_warmup=n_draws,
        generator=rng.generator(1, "one mode"),
    )
    best = many.log_density.mean(1).argmax()
    return many.position[best, :: n_draws // chains][:chains].clone()


def target_of(net, x, y, noise, std):
    """Build the posterior, of classes where there is no noise."""
    from tinynets import bnn

    likelihood = bnn.Categorical() if noise is None else bnn.Gaussian(noise)
    return bnn.Posterior(net, x, y if noise is None else y.to(x.dtype), likelihood, std)


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


def tinynets(problem, *, method="hmc"):
    """Our HMC or NUTS, tuned by its warm-up, all chains in one batch."""
    import torch

    from tinynets import nets, rng
    from tinynets.samplers import adapt, hmc, nuts, sample

    torch.set_num_threads(1)
    net = nets.MLP(problem["sizes"], problem["activation"])
    dtype = {32: torch.float32, 64: torch.float64}[problem["bits"]]
    x, std, start = (torch.as_tensor(problem[name], dtype=dtype) for name in ("x", "std", "start"))
    target = target_of(net, x, torch.as_tensor(problem["y"]), problem["noise"], std)
    target.value_and_grad(start)  # chooses the path, and compiles
    algorithm, options = {
        "hmc": (hmc, {"n_leapfrog": problem["n_leapfrog"], "jitter": 0.5}),
        "nuts": (nuts, {}),
    }[method]

    def warm_up(seed):
        tuned = adapt(algorithm, target, step_size=0.01, **options)
        warm = sample(
            tuned, start, n_draws=1, n_warmup=problem["n_warmup"], generator=rng.generator(seed)
        )
        step_size, mass, _ = warm.warmup.tuning
        return algorithm(target, step_size=step_size, mass=mass, **options), warm.position[:, -1]

    def draw(state, seed):
        sampler, position = state
        draws = sample(
            sampler, position, n_draws=problem["block"], generator=rng.generator(seed, "draws")
        )
        state = sampler, draws.position[:, -1].clone()
        return state, draws.position, int(draws.info.n_gradients.sum())

    return Method(warm_up, draw)


METHODS = {
    "tinynets_hmc": tinynets,
    "tinynets_nuts": functools.partial(tinynets, method="nuts"),
    "tinynets_hmc_pytorch": tinynets,
} | PEERS
PATHS = ("tinynets_hmc", "tinynets_hmc_pytorch", "blackjax_hmc")  # of gradients
PLAIN = {"tinynets_hmc_pytorch": {"TINYNETS_COMPILE": "0"}}  # without the C code
MANY_CHAINS = {"blackjax_chees", "blackjax_meads"}  # what learns from many is left out below 16


def ours_beside(name):
    """Return which of our methods a peer is held against."""
    return "tinynets_nuts" if name.endswith("nuts") else "tinynets_hmc"


def worker(name, problem, pipe):
    """Build a method, then repeat it whenever the pipe says so."""
    os.sched_setaffinity(0, {problem["core"]})
    before = time.process_time()
    method = METHODS[name](problem)
    pipe.send(time.process_time() - before)
    while (seed := pipe.recv()) is not None:
        pipe.send(repeat(method, problem, seed))


def repeat(method, problem, seed):
    """Warm up once and draw for some seconds; return draws, gradients and CPU seconds."""
    import numpy

    begun = time.process_time()
    state = method.warm_up(seed)
    warm, blocks, n_gradients = time.process_time(), [], 0
    while True:
        state, draws, count = method.draw(state, 1000 * seed + len(blocks))
        blocks.append(numpy.asarray(draws))
        n_gradients += int(count)
        done, spent = sum(block.shape[1] for block in blocks), time.process_time() - warm
        if done >= MOST_DRAWS or done >= problem["n_draws"] and spent >= problem["seconds"]:
            break
    return {
        "draws": numpy.concatenate(blocks, 1),
        "n_gradients": n_gradients,
        "warm-up seconds": warm - begun,
        "draw seconds": spent,
    }


def measure(result, problem):
    """Replace the draws of a repeat by their number, worst ESS of f and R-hat."""
    import torch

    from tinynets import diagnostics

    draws = torch.as_tensor(result.pop("draws")).double()
    result["n_draws"] = draws.shape[1]
    if "speed" in problem:  # chains are not warm
        return result
    f = functions(draws, problem)
    return result | {
        "ess": diagnostics.effective_sample_size(f).min().item(),
        "ess within": sum(diagnostics.effective_sample_size(one[None]) for one in f).min().item(),
        "r_hat": diagnostics.r_hat(f).max().item(),
    }


def functions(draws, problem):
    """Return f, or the difference of two logits, at the test points, (chains, draws, points)."""
    import torch

    from tinynets import bnn, nets

    forward = bnn.batched(nets.MLP(problem["sizes"], problem["activation"]))
    f = forward(draws.flatten(0, 1), torch.as_tensor(problem["x_star"]))
    return (f[..., -1] if f.shape[-1] == 1 else f[..., 1] - f[..., 0]).unflatten(0, draws.shape[:2])


def run(names, problem):
    """Let methods take turns; return the compile seconds and the repeats of each."""
    context, workers = multiprocessing.get_context("spawn"), {}
    for name in names:
        pipe, end = context.Pipe()
        given = {"OMP_NUM_THREADS": "1", "JAX_PLATFORMS": "cpu"} | PLAIN.get(name, {})
        os.environ |= given
        process = context.Process(target=worker, args=(name, problem, end), daemon=True)
        process.start()
        end.close()  # so that a worker's death is noticed
        for key in PLAIN.get(name, {}):
            os.environ.pop(key)
        workers[name] = (pipe, {"compile seconds": pipe.recv(), "repeats": []})
    for seed in range(1, problem["repeats"] + 1):
        for pipe, found in workers.values():
            pipe.send(seed)
            found["repeats"].append(measure(pipe.recv(), problem))
    for pipe, _ in workers.values():
        pipe.send(None)
    return {name: found for name, (_, found) in workers.items()}


def recipe(regime, chains, bits, seconds, repeats, speed=False):
    """Return all that a stored setting was measured with, but for machine and versions."""
    given = {
        "regime": regime,
        "chains": chains,
        "bits": bits,
        "seconds": seconds,
        "repeats": repeats,
    }
    return REGIMES[regime] | given | (SPEED | {"speed": True} if speed else {})


def key_of(given):
    """Return under which key the setting of a recipe is stored."""
    name = f"{given['regime']} {given['chains']} {given['bits']}"
    return f"{name} speed" if "speed" in given else name


def rates(found):
    """Return the rates of each repeat: what is compared."""
    return [
        effective(r) | {"gradients/s": r["n_gradients"] / r["draw seconds"]}
        for r in found["repeats"]
    ]


def effective(r):
    """Return the rates of effective draws of a repeat, where they were counted."""
    if "ess" not in r:
        return {}
    return {
        "ESS/s": r["ess"] / r["draw seconds"],
        "ESS/s with warm-up": r["ess"] / (r["draw seconds"] + r["warm-up seconds"]),
        "within/s": r["ess within"] / r["draw seconds"],
    }


def median_ratio(ours, theirs, key):
    """Return how many times as much we make, and the least and most over repeats; or a dash."""
    if key not in rates(theirs)[0] or key.startswith("ESS") and not agree(ours, theirs):
        return "-"
    each = [a[key] / b[key] for a, b in zip(rates(ours), rates(theirs), strict=True)]
    return f"{statistics.median(each):.2g} [{min(each):.2g}, {max(each):.2g}]"


def agree(*methods):
    """Tell whether the chains of all repeats agree."""
    return all(r["r_hat"] < 1.05 for one in methods for r in one["repeats"])


def report(title, found):
    """Print the table of a setting, each method beside ours of its kind."""
    keys = ("ESS/s", "ESS/s with warm-up", "within/s", "gradients/s")
    print(f"\n{title}\n\n| method | {' | ours is, '.join(('', *keys))[3:]} | R-hat | compile s |")
    print("|---" + "|--:" * (len(keys) + 2) + "|")
    for name, one in found.items():
        ours = found.get(ours_beside(name))
        cells = [median_ratio(ours, one, key) if ours else "" for key in keys]
        r_hat = max(r.get("r_hat", math.nan) for r in one["repeats"])
        middle = statistics.median(r["gradients/s"] for r in rates(one))
        print(
            f"| {name} ({middle:,.0f} gradients/s) | {' | '.join(cells)} | {r_hat:.3f} "
            f"| {one['compile seconds']:.1f} |",
            flush=True,
        )


def circumstances():
    """Return machine, versions, date and commit."""
    cpu = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    models = [line.split(":")[1].strip() for line in cpu if line.startswith("model name")]
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
    )
    return {
        "processor": models[0] if models else platform.processor(),
        "python": platform.python_version(),
        **{name: version(name) for name in VERSIONS},
        "date": datetime.date.today().isoformat(),
        "commit": commit.stdout.strip(),
    }


def store(key, entry):
    """Put a setting into the file that the site shows."""
    stored = json.loads(STORED.read_text()) if STORED.exists() else {}
    STORED.write_text(json.dumps(dict(sorted((stored | {key: entry}).items())), indent=1) + "\n")


def main():
    """Run what was asked for and print a table for each setting."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--regime", choices=REGIMES, nargs="*", default=list(REGIMES))
    parser.add_argument("--chains", type=int, nargs="*", default=[4, 64])
    parser.add_argument("--bits", type=int, choices=[32, 64], nargs="*", default=[32, 64])
    parser.add_argument("--only", choices=METHODS, nargs="*", default=list(METHODS))
    parser.add_argument(
        "--speed", action="store_true", help=f"of gradients alone: {', '.join(PATHS)}"
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="of drawing in each repeat")
    parser.add_argument("--store", action="store_true", help=f"in {STORED.name}")
    options = parser.parse_args()
    for regime in options.regime:
        for chains in options.chains:
            for bits in options.bits:
                asked = PATHS if options.speed else options.only
                names = [n for n in asked if chains >= 16 or n not in MANY_CHAINS]
                used = recipe(regime, chains, bits, options.seconds, options.repeats, options.speed)
                more = {"core": max(os.sched_getaffinity(0)), "block": 25}
                found = run(names, problem_of(regime, chains) | used | more)
                report(f"{regime}, {chains} chains, {bits} bits", found)
                if options.store:
                    entry = {"recipe": used, "made": circumstances(), "methods": found}
                    store(key_of(used), entry)


if __name__ == "__main__":
    main()
