"""Time what a draw costs outside its trajectory: momenta, acceptance, recording.

A draw of HMC with 1 and with 11 leapfrog steps: the difference is ten steps of
the integrator, so that a tenth of it, taken from the first, leaves the rest of
the draw. MALA and ULA make one gradient a draw, which is taken for one of those
steps. What is left includes the normal numbers of the momenta, which are timed by
themselves beside it: in float64 PyTorch takes five times as long for one as in float32.
Targets are posteriors of benchmarks/mcmc.py.
Microseconds of CPU time, the median of repeats with the least and the most.

    python benchmarks/draws.py [--regime under over] [--chains 1 4] [--bits 32 64] [--draws 5000]
"""

import argparse
import itertools
import statistics
import time

import torch
from mcmc import REGIMES, problem_of, target_of

from tinynets import nets, rng
from tinynets.samplers import hmc, mala, sample, ula

METHODS = {
    "HMC": lambda target: hmc(target, step_size=1e-3, n_leapfrog=1),
    "HMC, 11 steps": lambda target: hmc(target, step_size=1e-3, n_leapfrog=11),
    "MALA": lambda target: mala(target, step_size=1e-3),
    "ULA": lambda target: ula(target, step_size=1e-4),
}


REALS = {32: torch.float32, 64: torch.float64}


def posterior(regime, chains, bits):
    """Return the target and where chains start."""
    problem = problem_of(regime, chains)
    given = (torch.as_tensor(problem[name]) for name in ("x", "y", "std", "start"))
    x, y, std, start = (one.to(REALS[bits]) for one in given)
    net = nets.MLP(problem["sizes"], problem["activation"])
    return target_of(net, x, y, problem["noise"], std), start


def seconds_a_draw(sampler, start, n_draws, seed):
    """Return the CPU seconds of one draw of all chains."""
    begun = time.process_time()
    sample(sampler, start, n_draws=n_draws, generator=rng.generator(seed))
    return (time.process_time() - begun) / n_draws


def seconds_of_normals(start, n_draws, seed):
    """Return the CPU seconds of the momenta of one draw."""
    generator, momentum = rng.generator(seed), torch.empty_like(start)
    begun = time.process_time()
    for _ in range(n_draws):
        momentum.normal_(generator=generator)
    return (time.process_time() - begun) / n_draws


def overheads(regime, chains, bits, n_draws, repeats):
    """Return by method what is left of a draw without its gradients, one a repeat."""
    target, start = posterior(regime, chains, bits)
    samplers = {name: build(target) for name, build in METHODS.items()}
    for sampler in samplers.values():
        seconds_a_draw(sampler, start, 50, 0)
    found = {name: [] for name in METHODS if name != "HMC, 11 steps"} | {"normals": []}
    for seed in range(repeats):
        each = {name: seconds_a_draw(s, start, n_draws, seed) for name, s in samplers.items()}
        step = (each["HMC, 11 steps"] - each["HMC"]) / 10
        for name in METHODS:
            if name in found:
                found[name].append(each[name] - step)
        found["normals"].append(seconds_of_normals(start, n_draws, seed))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--regime", choices=REGIMES, nargs="*", default=["under", "over"])
    parser.add_argument("--chains", type=int, nargs="*", default=[1, 4])
    parser.add_argument("--bits", type=int, choices=REALS, nargs="*", default=list(REALS))
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--draws", type=int, default=5000)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for setting in itertools.product(options.regime, options.chains, options.bits):
        regime, chains, bits = setting
        found = overheads(*setting, options.draws, options.repeats)
        for name, left in found.items():
            middle, *ends = (1e6 * f(left) for f in (statistics.median, min, max))
            print(
                f"{regime}, {chains} chains, float{bits}, {name:8} {middle:6.1f} µs "
                f"[{ends[0]:.1f}, {ends[1]:.1f}]"
            )


if __name__ == "__main__":
    main()
