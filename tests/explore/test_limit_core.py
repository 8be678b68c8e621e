"""The infinitely wide net of the figures, and the finite one, are those of tinynets."""

import itertools
import json
import math

import lab
import numpy as np
import pytest
import torch

from tinynets import empirical, gp, lazy, nets, predict
from tinynets.kernels import kernels_of
from tinynets.rng import generator

pytestmark = lab.needs_node

X = [-2.1, -1.4, -0.9, 0.0, 0.7, 1.3, 2.0]
Y = [0.3, -0.8, 0.9, 0.1, 1.4, -1.1, 0.4]
XS = np.linspace(-2.5, 2.5, 21).tolist()
TIMES, NOISE, STEPS = [0.0, 1.0, 30.0, math.inf], 0.1, 25
SCALES = {"relu": (1.4, 0.5), "erf": (2.0, 0.3)}
CASES = list(itertools.product(SCALES, (1, 2, 3)))
NEAR = {"rtol": 1e-9, "atol": 1e-9}


def column(values):
    return torch.tensor(values, dtype=torch.float64)[:, None]


def finite(activation, depth):
    W_std, b_std = SCALES[activation]
    return lazy.ScaledMLP(
        [1, *[13] * depth, 1],
        activation,
        W_std=W_std,
        b_std=b_std,
        generator=generator(3, activation, depth),
    ).double()


def asked(activation, depth):
    net = finite(activation, depth)
    W_std, b_std = SCALES[activation]
    layers = [
        {"weight": layer.weight.flatten().tolist(), "bias": layer.bias.flatten().tolist()}
        for layer in net.layers
    ]
    shape = {"depth": depth, "width": 13, "activation": activation, "W_std": W_std, "b_std": b_std}
    return {"net": shape, "layers": layers, "rate": 0.05, "steps": STEPS}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What the figures compute, for each activation and depth."""
    path = tmp_path_factory.mktemp("limit") / "asked.json"
    times = [t if math.isfinite(t) else None for t in TIMES]
    fixture = {"cases": [asked(*case) for case in CASES], "x": X, "y": Y, "xs": XS}
    path.write_text(json.dumps(fixture | {"times": times, "noise": NOISE}))
    answers = json.loads(lab.node(lab.ROOT / "tests" / "explore" / "limit.mjs", path))
    return dict(zip(CASES, answers, strict=True))


def limit(activation, depth):
    W_std, b_std = SCALES[activation]
    net = nets.MLP([1, *[1] * depth, 1], activation)
    kernels = kernels_of(net, W_std=W_std, b_std=b_std)
    x, xs = column(X), column(XS)
    return kernels(x), kernels(xs, x), kernels(xs, diagonal=True).nngp


def close(mine, theirs):
    np.testing.assert_allclose(mine, theirs.detach().numpy(), **NEAR)


@pytest.mark.parametrize("case", CASES)
def test_kernels_are_those_of_tinynets(found, case):
    own, star, prior = limit(*case)
    mine = found[case]["kernels"]
    close(mine["nngp"], own.nngp)
    close(mine["ntk"], own.ntk)
    close(mine["nngpStar"], star.nngp)
    close(mine["ntkStar"], star.ntk)
    close(mine["prior"], prior)


@pytest.mark.parametrize("case", CASES)
def test_the_posterior_is_that_of_tinynets(found, case):
    own, star, prior = limit(*case)
    fitted = gp.condition(own.nngp, torch.tensor(Y, dtype=torch.float64), noise_std=NOISE)
    close(found[case]["bayes"]["mean"], fitted.mean(star.nngp))
    close(found[case]["bayes"]["variance"], fitted.variance(star.nngp, prior))


@pytest.mark.parametrize("case", CASES)
def test_descent_in_closed_form_is_that_of_tinynets(found, case):
    own, star, prior = limit(*case)
    assert torch.linalg.cond(own.ntk) < 1e5, "or rounding shows in the ninth digit"
    flow = predict.GradientFlow(own.ntk, torch.tensor(Y, dtype=torch.float64))
    nngp = {"nngp": own.nngp, "nngp_star": star.nngp, "prior": prior}
    expected = flow.ensemble(TIMES, star.ntk, **nngp)
    close([one["mean"] for one in found[case]["ensembles"]], expected.mean)
    close([one["variance"] for one in found[case]["ensembles"]], expected.variance)
    net = finite(*case)
    with torch.no_grad():
        f0_star, f0 = net(column(XS))[:, 0], net(column(X))[:, 0]
    close(found[case]["f"], f0_star)
    close(found[case]["predicted"], flow.test(TIMES, star.ntk, f0_star, f0))


@pytest.mark.parametrize("case", CASES)
def test_gradients_are_those_of_autograd_and_so_is_the_descent(found, case):
    net, x, y = finite(*case), column(X), column(Y)
    kernel = empirical.ntk(net, x, outputs="trace")
    assert found[case]["trace"] == pytest.approx(float(kernel.trace()), rel=1e-9)
    for step in range(STEPS):
        loss = (net(x) - y).square().mean() / 2
        gradients = torch.autograd.grad(loss, list(net.parameters()))
        if step == 0:
            close(found[case]["gradient"], torch.cat([g.flatten() for g in gradients]))
        with torch.no_grad():
            for parameter, by in zip(net.parameters(), gradients, strict=True):
                parameter -= 0.05 * by
    close(found[case]["end"], torch.cat([p.flatten() for p in net.parameters()]))
