"""Kernels as neural-tangents had them; tests/reference_kernels.py wrote them and says how."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from reference_kernels import NETS, B, W, inputs

from tinynets.kernels import combine, kernels_of, layers, mixing, rescale, spatial

STORED = json.loads(Path(__file__).with_name("reference_kernels.json").read_text())["kernels"]
# There a second moment of two equal inputs comes from an arc cosine near one.
THEIR_ERROR = 2e-7


def build(rows):
    def layer(name, *a):
        if name == "dense" and len(a) == 3:
            return layers.dense(*a[:2], width=a[2], parameterisation="standard")
        if name == "residual":
            return combine.residual(build(a[0]))
        if name == "conv":
            return spatial.conv(a[0], W, B, padding=a[1], stride=a[2] if len(a) > 2 else 1)
        if name.endswith("attention"):
            return mixing.attention(*a, kind="softmax" if name == "attention" else "linear")
        module = next(m for m in (layers, combine, rescale, mixing, spatial) if hasattr(m, name))
        return getattr(module, name)(*a)

    return layers.serial(*(layer(*row) for row in rows))


@pytest.mark.parametrize("name", NETS)
def test_kernels_are_those_of_neural_tangents(name):
    rows = NETS[name]
    x = torch.from_numpy(inputs(np, rows[0][0] == "conv"))
    found = kernels_of(build(rows))(x)
    for key in ("nngp", "ntk"):
        want = torch.tensor(STORED[name][key], dtype=torch.float64)
        off = (getattr(found, key) - want).abs()
        size = want.abs().max()
        assert off.fill_diagonal_(0).max() < 1e-12 * size
        assert (getattr(found, key) - want).abs().max() < THEIR_ERROR * size


@pytest.mark.skipif(
    "NEURAL_TANGENTS_PYTHON" not in os.environ,
    reason="set NEURAL_TANGENTS_PYTHON to an interpreter with neural-tangents to compare anew",
)
def test_references_are_what_neural_tangents_gives_now():
    script = Path(__file__).with_name("reference_kernels.py")
    made = subprocess.check_output([os.environ["NEURAL_TANGENTS_PYTHON"], script], text=True)
    fresh = json.loads(made)["kernels"]
    for name, kernels in STORED.items():
        for key, values in kernels.items():
            np.testing.assert_allclose(fresh[name][key], values, rtol=1e-10)
