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


JOBS = {"relu": relu, "tanh": tanh}


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
