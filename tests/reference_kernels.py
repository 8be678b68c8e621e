"""Write reference kernels by neural-tangents 0.6.5, the last release, with JAX 0.4.25.

    peer/bin/python tests/reference_kernels.py > tests/reference_kernels.json

in an environment of its own, which benchmarks/kernels.py says how to make. Each net is given by
rows (name, arguments) that tests/test_kernels_references.py builds the same from; CHW inputs.
"""

import json
import sys
import types

W, B = 1.3, 0.2
DENSE, LAST = ["dense", W, B], ["dense", 1.1, 0.1]
NETS = {
    "relu": [DENSE, ["relu"], DENSE, ["relu"], LAST],
    "leaky relu": [DENSE, ["leaky_relu", 0.2], LAST],
    "absolute": [DENSE, ["absolute"], LAST],
    "erf": [DENSE, ["erf"], DENSE, ["erf"], LAST],
    "gelu": [DENSE, ["gelu"], DENSE, ["gelu"], LAST],
    "sine": [DENSE, ["sine", 1.2, 0.7, 0.4], LAST],
    "cosine": [DENSE, ["cosine", 1.2, 0.7, 0.4], LAST],
    "rbf": [DENSE, ["rbf", 0.6], LAST],
    "gaussian": [DENSE, ["gaussian", 1.0, 0.5], LAST],
    "exponential": [DENSE, ["exponential", 0.9, 0.4], LAST],
    "sign": [DENSE, ["sign"], LAST],
    "residual": [DENSE, ["residual", [["relu"], DENSE]], ["erf"], LAST],
    "layer norm": [DENSE, ["layer_norm", 1e-5], ["relu"], LAST],
    "dropout": [DENSE, ["relu"], ["dropout", 0.3], LAST],
    "standard": [["dense", W, B, 16], ["relu"], ["dense", 1.1, 0.1, 1]],
    "flat convnet": [["conv", [3, 3], "same"], ["relu"], ["conv", [2, 2], "valid"], ["relu"],
                     ["flatten"], LAST],
    "pooled convnet": [["conv", [3, 3], "circular"], ["relu"], ["average_pool", [2, 2]],
                       ["conv", [2, 2], "valid"], ["erf"], ["global_average_pool"], LAST],
    "strided convnet": [["conv", [3, 3], "valid", 2], ["relu"], ["global_average_pool"], LAST],
    "attention": [["conv", [3, 3], "same"], ["attention", 1.2, 1.1, 0.1], ["relu"], ["flatten"],
                  LAST],
    "linear attention": [["conv", [3, 3], "same"], ["linear_attention", 1.2, 1.1, 0.1], ["erf"],
                         ["flatten"], LAST],
}  # fmt: skip


def build(rows, stax):
    """Translate rows into layers of stax."""
    images = {"batch_axis": 0, "channel_axis": -1}

    def layer(name, *a):
        if name == "dense" and len(a) == 3:
            width = a[2]
            return stax.Dense(width, W_std=a[0], b_std=a[1], parameterization="standard")
        if name == "residual":
            return stax.serial(
                stax.FanOut(2), stax.parallel(stax.Identity(), build(a[0], stax)), stax.FanInSum()
            )
        if name == "conv":
            strides = (a[2],) * 2 if len(a) > 2 else None
            return stax.Conv(
                1, tuple(a[0]), strides, a[1].upper(), W_std=W, b_std=B,
                dimension_numbers=("NHWC", "HWIO", "NHWC"),
            )  # fmt: skip
        if name.endswith("attention"):
            return stax.GlobalSelfAttention(
                1, 1, 1, 1, linear_scaling=name == "attention", W_out_std=a[0], W_key_std=a[1],
                b_std=a[2], attention_mechanism="SOFTMAX" if name == "attention" else "IDENTITY",
                **images,
            )  # fmt: skip
        made = {
            "dense": lambda w, b: stax.Dense(1, W_std=w, b_std=b),
            "relu": stax.Relu,
            "leaky_relu": stax.LeakyRelu,
            "absolute": stax.Abs,
            "erf": stax.Erf,
            "gelu": stax.Gelu,
            "sine": stax.Sin,
            "cosine": stax.Cos,
            "rbf": stax.Rbf,
            "gaussian": lambda a, b: stax.Gaussian(a, -b),
            "exponential": stax.Exp,
            "sign": stax.Sign,
            "layer_norm": lambda eps: stax.LayerNorm(eps=eps),
            "dropout": lambda rate: stax.Dropout(1 - rate, mode="train"),
            "flatten": stax.Flatten,
            "average_pool": lambda size: stax.AvgPool(tuple(size), tuple(size)),
            "global_average_pool": stax.GlobalAvgPool,
        }
        return made[name](*a)

    return stax.serial(*(layer(*row) for row in rows))


def inputs(np, spatial):
    """Four inputs (n, channels, height, width), or (n, features)."""
    source = np.random.default_rng(11)
    return source.standard_normal((4, 2, 4, 4) if spatial else (4, 5))


def main():
    import jax
    import numpy as np

    jax.config.update("jax_enable_x64", True)
    for name in ("neural_tangents.experimental", "tf2jax"):  # a bridge that nobody uses here
        sys.modules[name] = types.ModuleType(name)
    import neural_tangents
    from neural_tangents import stax

    kernels = {}
    for name, rows in NETS.items():
        spatial = rows[0][0] == "conv"
        x = inputs(np, spatial)
        x = np.moveaxis(x, 1, -1) if spatial else x
        found = build(rows, stax)[2](x, None, ("nngp", "ntk"))
        kernels[name] = {key: np.asarray(getattr(found, key)).tolist() for key in ("nngp", "ntk")}
    made = {"neural-tangents": neural_tangents.__version__, "jax": jax.__version__}
    json.dump({"made with": made, "kernels": kernels}, sys.stdout)


if __name__ == "__main__":
    main()
