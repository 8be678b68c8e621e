"""The peers of benchmarks/mcmc.py: each samples the same density.

A peer is `peer(problem) -> Method`, where the problem is a dict of arrays and numbers; all that is
to be compiled has been when it returns.
"""

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple


class Method(NamedTuple):
    """A sampler that is ready to run."""

    warm_up: Callable  # seed -> state
    draw: Callable  # (state, seed) -> (state, draws (chains, n, dim), number of gradients)


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


def _density(problem):
    """Return log density, starting points and the key of a seed, in the precision asked for."""
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


def _compiled(warm_up, draw, *given) -> Method:
    """Compile warm_up(key, *given) -> state and draw(key, state) ahead of their use."""
    import jax

    key = jax.random.key(0)
    warm = jax.jit(warm_up).lower(key, *given).compile()
    draws = jax.jit(draw).lower(key, jax.eval_shape(warm_up, key, *given)).compile()
    return Method(
        lambda seed: jax.block_until_ready(warm(jax.random.key(seed), *given)),
        lambda state, seed: jax.block_until_ready(draws(jax.random.key(seed), state)),
    )


def _scan(step, state, keys):
    """Scan step(key, state) -> (state, (position, gradients)) for all chains at once."""
    import jax

    state, (draws, n_gradients) = jax.lax.scan(lambda state, key: step(key, state), state, keys)
    return state, draws.swapaxes(0, 1), n_gradients.sum()


def _numpyro(kernel, problem, start) -> Method:
    import jax

    n_warmup = problem["n_warmup"]
    keys = jax.random.split(jax.random.key(1), len(start))
    begun = kernel.init(keys, n_warmup, start, (), {})

    def warm_up(key, state):
        state = state._replace(rng_key=jax.random.split(key, len(start)))
        return jax.lax.fori_loop(0, n_warmup, lambda i, s: kernel.sample(s, (), {}), state)

    def draw(key, state):
        def one(_, state):
            state = kernel.sample(state, (), {})
            return state, (state.z, state.num_steps)

        return _scan(one, state, jax.random.split(key, problem["block"]))

    return _compiled(warm_up, draw, begun)


def numpyro_nuts(problem):
    """NUTS of NumPyro, its chains vectorised."""
    from numpyro.infer import NUTS

    log_density, start = _density(problem)
    return _numpyro(NUTS(potential_fn=lambda q: -log_density(q)), problem, start)


def numpyro_hmc(problem):
    """HMC of NumPyro with a trajectory as long as ours."""
    from numpyro.infer import HMC

    log_density, start = _density(problem)
    kernel = HMC(
        potential_fn=lambda q: -log_density(q),
        num_steps=problem["n_leapfrog"],
        trajectory_length=None,
    )
    return _numpyro(kernel, problem, start)


def _windows(algorithm, problem, **options) -> Method:
    """BlackJAX with Stan's window adaptation, for each chain by itself."""
    import blackjax
    import jax

    log_density, start = _density(problem)
    n_chains = len(start)

    def warm_up(key, start):
        adaptation = blackjax.window_adaptation(algorithm, log_density, **options)

        def one(key, position):
            (state, found), _ = adaptation.run(key, position, problem["n_warmup"])
            return state, found["step_size"], found["inverse_mass_matrix"]

        return jax.vmap(one)(jax.random.split(key, n_chains), start)

    def draw(key, warm):
        states, step_sizes, masses = warm

        def chain(key, state, step_size, mass):
            state, info = algorithm(log_density, step_size, mass, **options).step(key, state)
            return state, (state.position, info.num_integration_steps)

        def one(key, states):
            return jax.vmap(chain)(jax.random.split(key, n_chains), states, step_sizes, masses)

        states, draws, n_gradients = _scan(one, states, jax.random.split(key, problem["block"]))
        return (states, step_sizes, masses), draws, n_gradients

    return _compiled(warm_up, draw, start)


def blackjax_nuts(problem):
    """NUTS of BlackJAX under vmap."""
    import blackjax

    return _windows(blackjax.nuts, problem)


def blackjax_hmc(problem):
    """HMC of BlackJAX under vmap with a trajectory as long as ours."""
    import blackjax

    return _windows(blackjax.hmc, problem, num_integration_steps=problem["n_leapfrog"])


def blackjax_chees(problem):
    """HMC of BlackJAX whose length all chains learn by ChEES, up to twice ours; a pooled mass."""
    import blackjax
    import jax
    import optax

    log_density, start = _density(problem)
    functions: dict[str, Any] = {}

    def warm_up(key, start):
        adaptation = blackjax.chees_adaptation(
            log_density,
            len(start),
            mass_matrix_estimation="diagonal",
            max_leapfrog_steps=2 * problem["n_leapfrog"],
        )
        found, _ = adaptation.run(key, start, 0.01, optax.adam(0.025), problem["n_warmup"])
        states, parameters = found
        for name in ("next_random_arg_fn", "integration_steps_fn"):
            functions[name] = parameters.pop(name)
        return states, parameters

    def draw(key, warm):
        states, parameters = warm
        step = blackjax.dynamic_hmc(log_density, **parameters, **functions).step

        def one(key, states):
            states, info = jax.vmap(step)(jax.random.split(key, len(start)), states)
            return states, (states.position, info.num_integration_steps)

        states, draws, n_gradients = _scan(one, states, jax.random.split(key, problem["block"]))
        return (states, parameters), draws, n_gradients

    return _compiled(warm_up, draw, start)


def blackjax_meads(problem):
    """Generalised HMC of BlackJAX, tuned by MEADS; a draw is as many steps as a trajectory's."""
    import blackjax
    import jax

    log_density, start = _density(problem)
    n_chains, n_steps = len(start), problem["n_leapfrog"]

    def warm_up(key, start):
        adaptation = blackjax.meads_adaptation(
            log_density, n_chains, adaptation_info_fn=lambda *_: None
        )
        (states, parameters), _ = adaptation.run(key, start, problem["n_warmup"] * n_steps)
        return states, parameters

    def draw(key, warm):
        states, parameters = warm
        step = jax.vmap(blackjax.ghmc(log_density, **parameters).step)

        def one(key, states):
            def some(i, states):
                return step(jax.random.split(jax.random.fold_in(key, i), n_chains), states)[0]

            states = jax.lax.fori_loop(0, n_steps, some, states)
            return states, (states.position, n_chains * n_steps)

        states, draws, n_gradients = _scan(one, states, jax.random.split(key, problem["block"]))
        return (states, parameters), draws, n_gradients

    return _compiled(warm_up, draw, start)


PEERS = {
    peer.__name__: peer
    for peer in (
        numpyro_nuts,
        numpyro_hmc,
        blackjax_nuts,
        blackjax_hmc,
        blackjax_chees,
        blackjax_meads,
    )
}
