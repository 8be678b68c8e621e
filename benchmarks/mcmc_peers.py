"""The peers of benchmarks/mcmc.py: each samples the same density.

A peer is `peer(problem, n_draws, n_warmup) -> result`, where the problem is a
dict of arrays and the result has `draws` (chains, draws, dim), `n_gradients`
and the times of its `clocks`: compile, warmup, draws.
"""

import itertools
import math
import time


class Clocks(dict):
    """CPU and wall seconds of named phases."""

    def __call__(self, name, function, *arguments):
        wall, cpu = time.perf_counter(), time.process_time()
        result = function(*arguments)
        self[name] = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        return result


def _forward(theta, h, sizes, phi):
    """Evaluate a net whose weights lie as ours do: W1 (out, in), b1, W2, ..."""
    at, shapes = 0, list(itertools.pairwise(sizes))
    for i, (n_in, n_out) in enumerate(shapes):
        weight = theta[at : at + n_in * n_out].reshape(n_out, n_in)
        at += n_in * n_out
        h = h @ weight.T + theta[at : at + n_out]
        at += n_out
        h = phi(h) if i + 1 < len(shapes) else h
    return h


def _jax_density(problem):
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", problem["bits"] == 64)
    x, y, std = (jnp.asarray(problem[name]) for name in ("x", "y", "std"))
    phi = {"tanh": jnp.tanh, "relu": jax.nn.relu}[problem["activation"]]

    def log_density(theta):
        f = _forward(theta, x, problem["sizes"], phi)
        if problem["noise"] is None:
            fit = jnp.take_along_axis(jax.nn.log_softmax(f), y[:, None], 1).sum()
        else:
            fit = -0.5 * (((y - f) / problem["noise"]) ** 2).sum()
        return fit - 0.5 * ((theta / std) ** 2).sum()

    return log_density, jnp.asarray(problem["start"])


def _compiled(clocks, name, function, *arguments):
    """Compile ahead, then run; the two are timed apart."""
    import jax

    before = clocks.get("compile", {"wall": 0.0, "cpu": 0.0})
    ready = clocks("compile", lambda: jax.jit(function).lower(*arguments).compile())
    for key in before:
        clocks["compile"][key] += before[key]
    return clocks(name, lambda: jax.block_until_ready(ready(*arguments)))


def _numpyro(kernel, start, n_draws, n_warmup):
    import jax

    clocks, chains = Clocks(), len(start)
    keys = jax.random.split(jax.random.key(1), chains)
    state = kernel.init(keys, n_warmup, start, (), {})

    def warm_up(state):
        return jax.lax.fori_loop(0, n_warmup, lambda i, s: kernel.sample(s, (), {}), state)

    def draw(state):
        def one(state, _):
            state = kernel.sample(state, (), {})
            return state, (state.z, state.num_steps)

        return jax.lax.scan(one, state, length=n_draws)[1]

    state = _compiled(clocks, "warmup", warm_up, state)
    draws, n_steps = _compiled(clocks, "draws", draw, state)
    return {"draws": draws.swapaxes(0, 1), "n_gradients": n_steps.sum(), "clocks": clocks}


def numpyro_nuts(problem, n_draws, n_warmup):
    """NUTS of NumPyro, its chains vectorised."""
    from numpyro.infer import NUTS

    log_density, start = _jax_density(problem)
    return _numpyro(NUTS(potential_fn=lambda q: -log_density(q)), start, n_draws, n_warmup)


def numpyro_hmc(problem, n_draws, n_warmup):
    """HMC of NumPyro with a trajectory as long as ours."""
    from numpyro.infer import HMC

    log_density, start = _jax_density(problem)
    return _numpyro(
        HMC(
            potential_fn=lambda q: -log_density(q),
            num_steps=problem["n_leapfrog"],
            trajectory_length=None,
        ),
        start,
        n_draws,
        n_warmup,
    )


def _blackjax(algorithm, problem, n_draws, n_warmup, **options):
    import blackjax
    import jax

    clocks = Clocks()
    log_density, start = _jax_density(problem)
    keys = jax.random.split(jax.random.key(1), (2, len(start)))

    def warm_up(keys, start):
        adaptation = blackjax.window_adaptation(algorithm, log_density, **options)

        def one(key, position):
            (state, found), _ = adaptation.run(key, position, n_warmup)
            return state, found["step_size"], found["inverse_mass_matrix"]

        return jax.vmap(one)(keys, start)

    def draw(keys, states, step_sizes, masses):
        def chain(key, state, step_size, mass):
            step = algorithm(log_density, step_size, mass, **options).step

            def one(state, key):
                state, info = step(key, state)
                return state, (state.position, info.num_integration_steps)

            return jax.lax.scan(one, state, jax.random.split(key, n_draws))[1]

        return jax.vmap(chain)(keys, states, step_sizes, masses)

    warm = _compiled(clocks, "warmup", warm_up, keys[0], start)
    draws, n_steps = _compiled(clocks, "draws", draw, keys[1], *warm)
    return {"draws": draws, "n_gradients": n_steps.sum(), "clocks": clocks}


def blackjax_nuts(problem, n_draws, n_warmup):
    """NUTS of BlackJAX under vmap, window adaptation."""
    import blackjax

    return _blackjax(blackjax.nuts, problem, n_draws, n_warmup)


def blackjax_hmc(problem, n_draws, n_warmup):
    """HMC of BlackJAX under vmap with a trajectory as long as ours."""
    import blackjax

    return _blackjax(
        blackjax.hmc, problem, n_draws, n_warmup, num_integration_steps=problem["n_leapfrog"]
    )


def _torch_density(problem):
    import torch

    x, y, std = (torch.as_tensor(problem[name]) for name in ("x", "y", "std"))
    phi = {"tanh": torch.tanh, "relu": torch.relu}[problem["activation"]]

    def log_density(theta):
        f = _forward(theta, x, problem["sizes"], phi)
        if problem["noise"] is None:
            fit = f.log_softmax(-1).gather(1, y[:, None]).sum()
        else:
            fit = -0.5 * (((y - f) / problem["noise"]) ** 2).sum()
        return fit - 0.5 * ((theta / std) ** 2).sum()

    return log_density


def pyro_nuts(problem, n_draws, n_warmup):
    """NUTS of Pyro, one chain: it runs chains one after the other."""
    import pyro
    import torch
    from pyro.infer.mcmc import NUTS

    pyro.set_rng_seed(1)
    clocks, n_gradients = Clocks(), 0
    density = _torch_density(problem)

    def potential(values):
        nonlocal n_gradients
        n_gradients += 1
        return -density(values["theta"])

    kernel = NUTS(potential_fn=potential)
    values = {"theta": torch.as_tensor(problem["start"][0])}
    kernel.initial_params = values
    clocks("compile", lambda: kernel.setup(n_warmup))
    draws = []

    def run(n_steps):
        nonlocal values
        for _ in range(n_steps):
            values = kernel.sample(values)
            draws.append(values["theta"].detach())

    clocks("warmup", run, n_warmup)
    kernel.end_warmup()
    n_gradients = 0
    clocks("draws", run, n_draws)
    return {
        "draws": torch.stack(draws[n_warmup:])[None],
        "n_gradients": n_gradients,
        "clocks": clocks,
    }


def plain_loop(problem, n_draws, n_warmup):
    """HMC as first written: one chain, autograd, step 1e-4, 10,000 steps.

    Only a few thousand of its gradients are timed; a draw is credited with
    an effective size of one, which is more than it can be sure of.
    """
    import torch

    clocks = Clocks(compile={"wall": 0.0, "cpu": 0.0}, warmup={"wall": 0.0, "cpu": 0.0})
    density = _torch_density(problem)
    n_gradients, n_leapfrog, step_size = 2_000, 10_000, 1e-4

    def run():
        theta = torch.as_tensor(problem["start"][0])
        momentum = torch.randn_like(theta)
        for _ in range(n_gradients):
            theta = theta.detach().requires_grad_()
            (gradient,) = torch.autograd.grad(density(theta), theta)
            momentum = momentum + step_size * gradient
            theta = theta + step_size * momentum
        if not math.isfinite(theta.detach().sum()):
            raise RuntimeError("the plain loop ran away")

    clocks("draws", run)
    return {
        "draws": None,
        "ess": n_gradients / n_leapfrog,
        "n_gradients": n_gradients,
        "clocks": clocks,
    }


PEERS = {
    peer.__name__: peer
    for peer in (numpyro_nuts, numpyro_hmc, blackjax_nuts, blackjax_hmc, pyro_nuts, plain_loop)
}
