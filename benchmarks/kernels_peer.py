"""The peer of benchmarks/kernels.py: neural-tangents, in an environment of its own.

Run by benchmarks/kernels.py with the interpreter of that environment; see there how it is made.
A job is `job(settings) -> () -> arrays`: what it returns is timed.
"""

import json
import resource
import sys
import time
import types


def measured(job, settings, repeats):
    """First call and fastest of the others in CPU seconds, peak memory, and the result."""
    import numpy as np

    run = job(settings)
    seconds = []
    for _ in range(repeats + 1):
        start = time.process_time()
        arrays = run()
        seconds.append(time.process_time() - start)
    return {
        "first": seconds[0],
        "cpu": min(seconds[1:]),
        "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "values": {k: np.asarray(v, dtype=float).ravel()[:400].tolist() for k, v in arrays.items()},
    }


def inputs_of(settings):
    """The same inputs on both sides."""
    import numpy as np

    source = np.random.default_rng(settings.get("seed", 0))
    x = source.standard_normal((settings["n"], settings["features"]))
    return x.astype(settings.get("dtype", "float64"))


def weights_of(settings):
    """The same weights and biases on both sides: W (out, in), as PyTorch has it."""
    import numpy as np

    source = np.random.default_rng(1)
    sizes = settings["sizes"]
    return [
        (
            (source.standard_normal((b, a)) * (2 / a) ** 0.5).astype("float32"),
            (0.1 * source.standard_normal(b)).astype("float32"),
        )
        for a, b in zip(sizes, sizes[1:], strict=False)
    ]


def covariances_of(settings):
    """A covariance of training inputs, with new ones, among those, and targets."""
    import numpy as np

    x = inputs_of(settings)
    squared = (x**2).sum(1)
    k = np.exp(-(squared[:, None] + squared - 2 * x @ x.T) / settings["features"])
    n = settings["n"] // 2
    return k[:n, :n], k[n:, :n], k[n:, n:], np.sin(x[:n, : settings["outputs"]])


def _mlp(settings, layer):
    from neural_tangents import stax

    dense = [stax.Dense(1, W_std=settings["W_std"], b_std=settings["b_std"])]
    layers = (dense + [layer()]) * settings["depth"] + dense
    return stax.serial(*layers)[2]


def _kernels(settings, layer):
    import jax

    kernel = jax.jit(_mlp(settings, layer), static_argnums=(2,))
    x = jax.numpy.asarray(inputs_of(settings))

    def run():
        found = jax.block_until_ready(kernel(x, None, ("nngp", "ntk")))
        return {"nngp": found.nngp[:20, :20], "ntk": found.ntk[:20, :20]}

    return run


def relu(settings):
    from neural_tangents import stax

    return _kernels(settings, stax.Relu)


def tanh(settings):
    """By Gauss-Hermite quadrature in two dimensions."""
    import jax
    from neural_tangents import stax

    return _kernels(settings, lambda: stax.ElementwiseNumerical(jax.numpy.tanh, settings["degree"]))


def empirical(settings):
    """Whole NTK of a finite ReLU network by structured derivatives, its best method.

    `vmap_axes=0` makes it more than 100 times faster than its default.
    """
    import jax
    import neural_tangents as nt
    from neural_tangents import stax

    layers = []
    for width in settings["sizes"][1:]:
        bias = 0.1 if settings["bias"] else None
        layers += [stax.Dense(width, b_std=bias, parameterization="standard"), stax.Relu()]
    _, apply, _ = stax.serial(*layers[:-1])
    x = jax.numpy.asarray(inputs_of(settings))
    parameters = []
    for W, b in weights_of(settings):
        bias = jax.numpy.asarray(b[None]) if settings["bias"] else None
        parameters += [(jax.numpy.asarray(W.T), bias), ()]
    implementation = nt.NtkImplementation.STRUCTURED_DERIVATIVES
    kernel = jax.jit(
        nt.empirical_ntk_fn(apply, trace_axes=(), vmap_axes=0, implementation=implementation)
    )

    def run():
        found = jax.block_until_ready(kernel(x, None, parameters[:-1]))
        return {"ntk": found[:2, :2]}

    return run


def inference(settings):
    """Posterior mean and variance; it has the variance by the whole covariance alone."""
    import jax
    import neural_tangents as nt

    k, k_star, prior, y = map(jax.numpy.asarray, covariances_of(settings))

    @jax.jit
    def posterior(k, y, k_star, prior):
        predict = nt.predict.gp_inference(
            k, y, diag_reg=settings["noise_std"] ** 2, diag_reg_absolute_scale=True
        )
        return predict("nngp", k_star, prior)

    def run():
        found = jax.block_until_ready(posterior(k, y, k_star, prior))
        return {"mean": found.mean[:20], "variance": found.covariance.diagonal()[:20]}

    return run


JOBS = {"relu": relu, "tanh": tanh, "empirical": empirical, "inference": inference}


def main():
    import jax

    task = json.loads(sys.stdin.read())
    jax.config.update("jax_enable_x64", task["settings"].get("dtype", "float64") == "float64")
    # Its TensorFlow bridge, which nobody asks for here, wants packages of its own.
    for name in ("neural_tangents.experimental", "tf2jax"):
        sys.modules[name] = types.ModuleType(name)
    print(json.dumps(measured(JOBS[task["job"]], task["settings"], task["repeats"])))


if __name__ == "__main__":
    main()
