"""Every path to a posterior's gradient gives the same, and equal nets take the same path."""

import pickle

import pytest
import torch
from bnn_checks import F64, check_gradient, data, likelihoods, positions, posterior_of
from compiled import needs_compiler
from torch import nn

from tinynets import _fast, bnn
from tinynets.bnn._paths import _problem, by_hand
from tinynets.nets import MLP
from tinynets.rng import generator


def f64(*numbers):
    return (torch.tensor(number, dtype=F64) for number in numbers)


PRIORS = [
    torch.distributions.Gamma(*f64(2.0, 5.0)),
    torch.distributions.Chi2(*f64(3.0)),
    torch.distributions.Exponential(*f64(2.0)),
    torch.distributions.InverseGamma(*f64(2.5, 0.7)),
    torch.distributions.HalfNormal(*f64(0.6)),
    torch.distributions.LogNormal(*f64(-1.0, 0.5)),
]
NAMES = ("sigmoid", "softplus", "silu", "gelu", "erf", "elu", "selu", "sine")


def check_by_hand(posterior):
    """Hold the gradient by hand against autograd, whichever path the posterior takes."""
    stack = _fast.recognise(posterior.net)
    engine = by_hand(posterior, stack, _problem(posterior, stack))
    check_gradient(posterior, engine.value_and_grad)


@pytest.mark.parametrize("kind", likelihoods(3))
@pytest.mark.parametrize("temperature", [1.0, 3.0])
@pytest.mark.parametrize("sizes", [[2, 5, 3], [1, 9, 4, 3], [3, 3]])
def test_gradient_is_autograds(sizes, kind, temperature):
    likelihood, y = likelihoods(3)[kind]
    x, _ = data(n_inputs=sizes[0])
    posterior = bnn.Posterior(MLP(sizes), x, y, likelihood, temperature=temperature)
    check_by_hand(posterior)
    if kind == "own":
        assert "Gaussian and Categorical" in posterior.path.reason
    elif "compiler" not in posterior.path.reason:
        assert posterior.path.name == "compiled"
        check_gradient(posterior)


@needs_compiler
@pytest.mark.parametrize("prior", PRIORS, ids=lambda prior: type(prior).__name__)
def test_every_noise_prior_has_its_gradient(prior):
    posterior = bnn.Posterior(MLP([1, 4, 2]), *data(9, n_outputs=2), bnn.Gaussian(prior))
    assert posterior.path.name == "compiled"
    check_gradient(posterior)


@pytest.mark.parametrize("n", [3, 40])
@pytest.mark.parametrize("activation", ["tanh", "relu", *NAMES])
def test_every_activation_has_its_gradient(activation, n):
    x, y = data(n, n_inputs=2, n_outputs=2)
    posterior = bnn.Posterior(MLP([2, 8, 6, 2], activation), x, y, bnn.Gaussian(0.3))
    check_by_hand(posterior)
    if activation != "sine" and "compiler" not in posterior.path.reason:
        assert posterior.path.name == "compiled"
        check_gradient(posterior)


TWINS = {
    "one hidden": (
        MLP([1, 6, 1]),
        nn.Sequential(nn.Linear(1, 6), nn.Tanh(), nn.Linear(6, 1)),
        "compiled",
    ),
    "nested": (
        MLP([1, 6, 1], "relu"),
        nn.Sequential(nn.Sequential(nn.Linear(1, 6), nn.ReLU()), nn.Identity(), nn.Linear(6, 1)),
        "compiled",
    ),
    "deep": (
        MLP([2, 6, 5, 1], ["silu", "gelu"]),
        nn.Sequential(nn.Linear(2, 6), nn.SiLU(), nn.Linear(6, 5), nn.GELU(), nn.Linear(5, 1)),
        "compiled",
    ),
    "no bias": (
        MLP([2, 6, 1], bias=False),
        nn.Sequential(nn.Linear(2, 6, bias=False), nn.Tanh(), nn.Linear(6, 1, bias=False)),
        "compiled",
    ),
}


@pytest.mark.parametrize("name", TWINS)
def test_equal_nets_take_the_same_path(name):
    *nets, path = TWINS[name]
    x, y = data(n_inputs=2 if name in ("deep", "no bias") else 1)
    ours, theirs = (bnn.Posterior(net, x, y, bnn.Gaussian(0.3)) for net in nets)
    assert ours.path == theirs.path
    if "compiler" not in ours.path.reason:
        assert ours.path.name == path
    for one, other in zip(
        ours.value_and_grad(positions(ours)), theirs.value_and_grad(positions(ours)), strict=True
    ):
        assert torch.equal(one, other)


@pytest.mark.parametrize("name", TWINS)
def test_equal_nets_cost_the_same_operations(name):
    """By number of calls: a cliff is a path with more of them, not a clock."""
    *nets, _ = TWINS[name]
    x, y = data(n_inputs=2 if name in ("deep", "no bias") else 1)
    counts = []
    for net in nets:
        posterior = bnn.Posterior(net, x, y, bnn.Gaussian(0.3))
        position = positions(posterior)
        posterior.value_and_grad(position)
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
            posterior.value_and_grad(position)
        counts.append(sum(event.count for event in profile.key_averages()))
    assert counts[0] == counts[1] < 200


class Doubled(nn.Module):
    """A module that no other path knows."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(1, 1)

    def forward(self, x):
        return 2 * self.inner(x)


def shared():
    layer = nn.Linear(2, 2)
    return nn.Sequential(layer, nn.Tanh(), layer)


@pytest.mark.parametrize(
    "net, reason",
    [
        (Doubled(), "Doubled is neither"),
        (nn.Sequential(nn.Linear(1, 3), nn.LayerNorm(3), nn.Linear(3, 1)), "LayerNorm has no"),
        (nn.Sequential(nn.Linear(1, 3), nn.GELU("tanh"), nn.Linear(3, 1)), "with these settings"),
        (nn.Sequential(nn.Linear(1, 3), nn.Tanh(), nn.Tanh(), nn.Linear(3, 1)), "does not follow"),
        (nn.Sequential(nn.Tanh(), nn.Linear(1, 1)), "does not follow"),
        (shared(), "share parameters"),
    ],
)
def test_what_no_fast_path_takes_goes_by_autograd_and_says_why(net, reason):
    x, y = data(n_inputs=2, n_outputs=2) if "share" in reason else data()
    posterior = bnn.Posterior(net, x, y, bnn.Gaussian(0.3))
    assert posterior.path.name == "autograd" and reason in posterior.path.reason
    check_gradient(posterior)


def test_a_hooked_net_keeps_its_hooks():
    net = nn.Sequential(nn.Linear(1, 3), nn.Tanh(), nn.Linear(3, 1))
    net[1].register_forward_hook(lambda module, inputs, output: 2 * output)
    posterior = bnn.Posterior(net, *data(), bnn.Gaussian(0.3))
    assert "hooks" in posterior.path.reason


@pytest.mark.parametrize("path", ["compiled", "by hand", "autograd"])
def test_float32_data_are_computed_in_float32(path):
    net = {
        "compiled": MLP([1, 4, 1]),
        "by hand": MLP([1, 4, 1], "sine"),
        "autograd": nn.Sequential(nn.Linear(1, 4), nn.LayerNorm(4), nn.Linear(4, 1)),
    }[path]
    x, y = data()
    exact = bnn.Posterior(net, x, y, bnn.Gaussian(0.3))
    halved = bnn.Posterior(net.float(), x.float(), y.float(), bnn.Gaussian(0.3))
    assert halved.path == exact.path
    position = positions(exact)
    for one, other in zip(
        halved.value_and_grad(position.float()), exact.value_and_grad(position), strict=True
    ):
        assert one.dtype == torch.float32
        torch.testing.assert_close(one, other.float(), rtol=1e-4, atol=1e-3)
    with pytest.raises(TypeError, match="position must be torch.float32"):
        halved.value_and_grad(position)


def test_inputs_may_have_any_shape():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 3))
    x = torch.randn(5, 1, 4, 4, dtype=F64, generator=generator(1))
    posterior = bnn.Posterior(net, x, torch.tensor([0, 1, 2, 1, 0]), bnn.Categorical())
    check_gradient(posterior)
    f = bnn.predictions(posterior, positions(posterior)[None], x)
    assert f.shape == (1, 5, 5, 3)


def test_a_posterior_can_be_copied_and_pickled():
    posterior = posterior_of(MLP([1, 4, 1]), temperature=2.0)
    position = positions(posterior)
    posterior.value_and_grad(position)
    other = pickle.loads(pickle.dumps(posterior))
    assert torch.equal(other(position), posterior(position))
    assert other.path == posterior.path


def test_small_nets_are_evaluated_in_one_thread():
    seen = []

    def watched(outputs, y):
        seen.append(torch.get_num_threads())
        return -(outputs - y).square().sum(-1)

    x, y = data()
    posterior = bnn.Posterior(MLP([1, 4, 4, 1]), x, y, watched)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        seen.clear()
        posterior.value_and_grad(positions(posterior))
        assert seen == [1] and torch.get_num_threads() == 2
        posterior.value_and_grad(positions(posterior, 30_000))
        assert seen == [1, 2] and torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
