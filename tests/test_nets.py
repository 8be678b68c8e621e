"""Nets: one or many at once, drawn by a generator, flat and back."""

import pytest
import torch
from torch import nn

from tinynets import nets
from tinynets.rng import generator


def built(n_nets=None, activation="tanh", scheme="torch"):
    net = nets.MLP([4, 5, 3, 2], activation, n_nets=n_nets)
    return nets.initialise(net, generator=generator(1), scheme=scheme)


def by_hand(net, x, seed):
    for i, layer in enumerate(net.layers):
        x = x @ layer.weight[seed].T + layer.bias[seed]
        if i < len(net.layers) - 1:
            x = torch.tanh(x)
    return x


@pytest.mark.parametrize("shared", [True, False])
def test_stacked_nets_equal_each_net_by_hand(shared):
    net = built(n_nets=3)
    x = torch.randn(*(() if shared else (3,)), 7, 4, generator=generator(2))
    outputs = net(x)
    assert outputs.shape == (3, 7, 2)
    for seed in range(3):
        alone = by_hand(net, x if shared else x[seed], seed)
        torch.testing.assert_close(outputs[seed], alone)


def test_one_net_equals_torch_linear_layers():
    net = built()
    layers = [nn.utils.skip_init(nn.Linear, a, b) for a, b in [(4, 5), (5, 3), (3, 2)]]
    peer = nn.Sequential(layers[0], nn.Tanh(), layers[1], nn.Tanh(), layers[2])
    nn.utils.vector_to_parameters(nets.flatten(net), peer.parameters())
    x = torch.randn(6, 4, generator=generator(3))
    torch.testing.assert_close(net(x), peer(x))


@pytest.mark.parametrize("name", nets.ACTIVATIONS)
def test_trace_ends_in_the_outputs_and_applies_the_activation(name):
    net = built(activation=name)
    x = torch.randn(6, 4, generator=generator(4))
    *hidden, outputs = net.activations(x)
    torch.testing.assert_close(outputs, net(x))
    assert [h.shape[-1] for h in hidden] == [5, 3]
    torch.testing.assert_close(hidden[0], nets.ACTIVATIONS[name](net.layers[0](x)))


def test_layers_may_have_different_activations():
    net = nets.initialise(nets.MLP([4, 5, 3, 2], ["relu", "sigmoid"]), generator=generator(1))
    first, second, _ = net.activations(torch.randn(9, 4, generator=generator(2)))
    assert (first == 0).any() and (first >= 0).all()
    assert ((second > 0) & (second < 1)).all()


def test_forgotten_initialisation_shows():
    assert nets.MLP([2, 1])(torch.zeros(1, 2)).isnan().all()


@pytest.mark.parametrize("scheme", nets.INITIALISATIONS)
def test_initial_weights_have_the_variance_of_their_scheme(scheme):
    n_in, n_out, n_nets = 400, 300, 2
    net = nets.initialise(
        nets.MLP([n_in, n_out], n_nets=n_nets), generator=generator(1), scheme=scheme
    )
    weight_var, bias_var = {
        "torch": (1 / (3 * n_in), 1 / (3 * n_in)),
        "lecun": (1 / n_in, 0),
        "he": (2 / n_in, 0),
        "glorot": (2 / (n_in + n_out), 0),
        "nielsen": (1 / n_in, 1),
        "nielsen-large": (1, 1),
    }[scheme]
    weight, bias = (p.detach() for p in net.parameters())
    assert float(weight.var()) == pytest.approx(weight_var, rel=0.02)
    assert float(bias.var()) == pytest.approx(bias_var, rel=0.3)
    assert abs(float(weight.mean())) < 5 * (weight_var / weight.numel()) ** 0.5


def test_convolutions_count_their_field_as_fan_in():
    conv = nn.utils.skip_init(nn.Conv2d, 8, 16, 5)
    nets.initialise(conv, generator=generator(1), scheme="he")
    assert float(conv.weight.detach().var()) == pytest.approx(2 / 200, rel=0.1)


def test_initialise_draws_from_its_generator_alone():
    state = torch.get_rng_state()
    one, same, other = (
        nets.flatten(nets.initialise(nets.MLP([4, 3, 2]), generator=generator(seed)))
        for seed in (1, 1, 2)
    )
    assert torch.equal(one, same) and not torch.equal(one, other)
    assert torch.equal(torch.get_rng_state(), state)
    with pytest.raises(TypeError, match="generator"):
        nets.initialise(nets.MLP([4, 2]))


def test_initialise_refuses_a_module_it_does_not_know():
    with pytest.raises(TypeError, match="BatchNorm1d"):
        nets.initialise(nn.BatchNorm1d(3), generator=generator(1))


@pytest.mark.parametrize("n_nets", [None, 3])
def test_flat_parameters_go_there_and_back(n_nets):
    net = built(n_nets)
    theta = nets.flatten(net)
    assert theta.shape[-1] == nets.n_parameters(net) == 25 + 18 + 8
    other = nets.set_parameters(nets.MLP([4, 5, 3, 2], n_nets=n_nets), theta)
    x = torch.randn(6, 4, generator=generator(5))
    assert torch.equal(net(x), other(x))


def test_apply_runs_a_chain_for_each_row_and_keeps_the_gradient():
    net = nets.MLP([4, 5, 3, 2])
    theta = nets.flatten(built(n_nets=3)).double().requires_grad_()
    x = torch.randn(6, 4, generator=generator(5)).double()
    outputs = nets.apply(net, theta, x)
    assert outputs.shape == (3, 6, 2)
    assert torch.autograd.gradcheck(lambda theta: nets.apply(net, theta, x), theta)


def test_encoder_gives_mean_and_log_variance():
    net = nets.initialise(nets.GaussianEncoder([4, 6, 2], n_nets=3), generator=generator(1))
    mean, log_var = net(torch.randn(7, 4, generator=generator(2)))
    assert mean.shape == log_var.shape == (3, 7, 2)
    assert not torch.equal(mean, log_var)


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda: nets.MLP([4]), ValueError, "input and an output"),
        (lambda: nets.MLP([4, 3, 2], "swoosh"), ValueError, "'silu'"),
        (lambda: nets.MLP([4, 3, 2], ["relu", "relu"]), ValueError, "each of 1"),
        (lambda: nets.MLP([4, 0, 2]), ValueError, "each of sizes"),
        (lambda: nets.MLP([4, 2], n_nets=0), ValueError, "n_nets"),
        (
            lambda: nets.initialise(nets.MLP([2, 1]), generator=generator(1), scheme="xavier"),
            ValueError,
            "'glorot'",
        ),
        (
            lambda: nets.apply(nets.MLP([4, 2]), torch.zeros(9), torch.zeros(1, 4)),
            ValueError,
            "10 values",
        ),
        (
            lambda: nets.set_parameters(nets.MLP([4, 2]), torch.zeros(3, 10)),
            ValueError,
            "layers.0.weight",
        ),
    ],
)
def test_errors_name_the_argument(call, error, words):
    with pytest.raises(error, match=words):
        call()
