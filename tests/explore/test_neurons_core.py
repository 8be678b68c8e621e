"""The neurons of the figures are those of tinynets, with its gradients and torch's optimiser."""

import json

import lab
import numpy as np
import pytest
import torch

from tinynets import nets
from tinynets.explorables import neurons
from tinynets.rng import generator

pytestmark = lab.needs_node
NEAR = {"rtol": 1e-9, "atol": 1e-9}
STEPS = 300


@pytest.fixture(scope="module")
def asked():
    z = torch.cat([torch.linspace(-8, 8, 321), torch.tensor([-40.0, 40.0])]).double()
    xs = torch.linspace(-5, 5, 41, dtype=torch.float64)
    thetas = 2 * torch.randn(20, 7, dtype=torch.float64, generator=generator(1, "thetas"))
    return {
        "z": z[z != 0].tolist(),  # a ReLU has no slope there
        "w": -1.7,
        "b": 0.6,
        "thetas": thetas.tolist(),
        "xs": xs.tolist(),
        "ys": torch.sin(xs).tolist(),
        "start": neurons.start_parameters().tolist(),
        "rate": neurons.RATE,
        "steps": STEPS,
    }


@pytest.fixture(scope="module")
def found(asked, tmp_path_factory):
    path = tmp_path_factory.mktemp("neurons") / "asked.json"
    path.write_text(json.dumps(asked))
    return json.loads(lab.node(lab.ROOT / "tests" / "explore" / "neurons.mjs", path))


def column(values):
    return torch.tensor(values, dtype=torch.float64)[:, None]


def outputs(theta, asked, squash):
    f = nets.apply(nets.MLP([1, 2, 1], "sigmoid").double(), theta, column(asked["xs"]))
    return torch.sigmoid(f) if squash else f


def mean_square(theta, asked, squash):
    return (outputs(theta, asked, squash) - column(asked["ys"])).square().mean((-2, -1))


def test_the_eight_activations_and_their_slopes_are_those_of_tinynets(asked, found):
    z = torch.tensor(asked["z"], dtype=torch.float64)
    assert list(found["activations"]) == list(neurons.NAMES)
    for name, one in found["activations"].items():
        f = nets.ACTIVATIONS[name]
        np.testing.assert_allclose(one["output"], f(z), err_msg=name, **NEAR)
        np.testing.assert_allclose(one["slope"], neurons.slopes_of(name, z), err_msg=name, **NEAR)
        moved = f(asked["w"] * z + asked["b"])
        np.testing.assert_allclose(one["moved"], moved, err_msg=name, **NEAR)


@pytest.mark.parametrize("squash", [False, True])
def test_values_losses_and_gradients_are_those_of_autograd(squash, asked, found):
    theta = torch.tensor(asked["thetas"], dtype=torch.float64, requires_grad=True)
    f = outputs(theta, asked, squash)[..., 0]
    losses = mean_square(theta, asked, squash)
    (gradient,) = torch.autograd.grad(losses.sum(), theta)
    mine = found["nets"][squash]
    np.testing.assert_allclose([one["f"] for one in mine], f.detach(), **NEAR)
    np.testing.assert_allclose([one["loss"] for one in mine], losses.detach(), **NEAR)
    np.testing.assert_allclose([one["gradient"] for one in mine], gradient, **NEAR)


@pytest.mark.parametrize("squash", [False, True])
def test_the_descent_takes_the_path_of_torch(squash, asked, found):
    theta = neurons.start_parameters().requires_grad_()
    optimiser = torch.optim.Adam([theta], lr=neurons.RATE)
    path = []
    for _ in range(STEPS):
        optimiser.zero_grad()
        mean_square(theta, asked, squash).backward()
        optimiser.step()
        path.append(theta.tolist())
    np.testing.assert_allclose(found["paths"][squash], path, **NEAR)


def test_one_sigmoid_is_flat_where_the_figure_tints():
    edge = torch.tensor([2.88, 2.89], dtype=torch.float64)
    above, below = neurons.slopes_of("sigmoid", edge)
    assert above > neurons.SATURATED > below


def test_a_figure_without_a_known_activation_or_target_says_so():
    said = {"question": "Which?", "answer": "This."}
    with pytest.raises(ValueError, match="activation must be"):
        neurons.neuron_explorable(activation="step", **said)
    with pytest.raises(ValueError, match="target must be"):
        neurons.two_neurons_explorable(target="cube", **said)
