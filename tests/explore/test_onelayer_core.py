"""The net of the figures is the one of tinynets, with its posterior and its gradient."""

import json

import lab
import numpy as np
import torch

from tinynets import bnn
from tinynets.nets import MLP
from tinynets.rng import generator

pytestmark = lab.needs_node


def test_values_gradients_and_corners_are_those_of_tinynets(tmp_path):
    net = MLP([1, 3, 1], "relu")
    x, y = torch.randn(2, 20, 1, dtype=torch.float64, generator=generator(1))
    prior_std = torch.linspace(0.5, 2, 10, dtype=torch.float64)
    posterior = bnn.Posterior(net, x, y, bnn.Gaussian(0.3), prior_std=prior_std)
    theta = torch.randn(30, 10, dtype=torch.float64, generator=generator(2))
    xs = torch.linspace(-2, 2, 41, dtype=torch.float64)[:, None]
    asked = {
        "problem": {
            "x": x.ravel().tolist(),
            "y": y.ravel().tolist(),
            "noise_std": 0.3,
            "prior_std": prior_std.tolist(),
        },
        "positions": theta.tolist(),
        "xs": xs.ravel().tolist(),
    }
    (tmp_path / "asked.json").write_text(json.dumps(asked))
    script = lab.ROOT / "tests" / "explore" / "onelayer.mjs"
    found = json.loads(lab.node(script, tmp_path / "asked.json"))

    at = theta.clone().requires_grad_()
    values = posterior(at)
    (gradient,) = torch.autograd.grad(values.sum(), at)
    near = {"rtol": 1e-9, "atol": 1e-9}
    np.testing.assert_allclose([one["value"] for one in found], values.detach(), **near)
    np.testing.assert_allclose([one["gradient"] for one in found], gradient, **near)
    f = bnn.predictions(posterior, theta[:, None], xs)[:, 0]
    np.testing.assert_allclose([one["f"] for one in found], f, **near)
    corner, direction = bnn.relu_corners(net, theta)
    ordered = [sorted((c["x"], c["side"]) for c in one["corners"]) for one in found]
    np.testing.assert_allclose(np.array(ordered)[..., 0], corner, **near)
    np.testing.assert_array_equal(np.array(ordered)[..., 1], direction)
