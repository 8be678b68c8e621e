import math

import pytest
import torch
from torch import nn
from torch.distributions import HalfNormal, LogNormal, Normal

from tinynets import bnn, onelayer
from tinynets.nets import MLP
from tinynets.rng import generator

F64 = torch.float64


def data(n=7, n_inputs=1, n_outputs=1):
    g = generator(3, "data")
    return (
        torch.randn(n, n_inputs, dtype=F64, generator=g),
        torch.randn(n, n_outputs, dtype=F64, generator=g),
    )


def positions(posterior, chains=5):
    return torch.randn(chains, posterior.dim, dtype=F64, generator=generator(4, "positions"))


def posterior_of(net, *, noise=0.3, **settings):
    x, y = data(n_inputs=net.sizes[0], n_outputs=net.sizes[-1])
    return bnn.Posterior(net, x, y, bnn.prior_std(net), noise, **settings)


@pytest.mark.parametrize("sizes", [[1, 3, 1], [2, 5, 3]])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("noise", [0.3, LogNormal(-1.0, 0.5)])
@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_gradient_by_hand_is_autograds(sizes, activation, noise, temperature):
    posterior = posterior_of(MLP(sizes, activation), noise=noise, temperature=temperature)
    assert isinstance(posterior.forward, onelayer.OneLayer)
    position = positions(posterior).requires_grad_()
    value = posterior(position)
    (grad,) = torch.autograd.grad(value.sum(), position)
    fast_value, fast_grad = posterior.value_and_grad(position.detach())
    torch.testing.assert_close(fast_value, value.detach(), rtol=1e-12, atol=1e-10)
    torch.testing.assert_close(fast_grad, grad, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    "net",
    [
        MLP([1, 4, 1], "relu"),
        MLP([1, 4, 3, 1]),
        MLP([1, 4, 1], bias=False),
        nn.Sequential(nn.Linear(1, 4), nn.SiLU(), nn.Linear(4, 1)),
    ],
)
def test_each_chain_is_the_module_with_its_weights(net):
    x, _ = data()
    theta = torch.randn(
        3, sum(p.numel() for p in net.parameters()), dtype=F64, generator=generator(5)
    )
    outputs = bnn.batched(net)(theta, x)
    for row, got in zip(theta, outputs):
        nn.utils.vector_to_parameters(row, net.parameters())
        torch.testing.assert_close(got, net.double()(x).detach(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_density_is_the_sum_of_normal_log_densities(temperature):
    net = MLP([1, 4, 1])
    posterior = posterior_of(net, temperature=temperature)
    position = positions(posterior)
    f = posterior.functions(position, posterior.x)
    expected = Normal(f, 0.3).log_prob(posterior.y).sum((1, 2)) / temperature + Normal(
        0.0, posterior.prior_std
    ).log_prob(position).sum(1)
    torch.testing.assert_close(posterior(position), expected)


def test_noise_prior_is_a_density_of_the_log():
    posterior = posterior_of(MLP([1, 2, 1]), noise=HalfNormal(0.5))
    log_std = torch.linspace(-12, 4, 4001, dtype=F64)
    position = torch.zeros(len(log_std), posterior.dim, dtype=F64)
    position[:, -1] = log_std
    at_zero = -0.5 * 7 * math.log(2 * math.pi)  # seven standard normals
    density = (posterior.terms(position).log_prior - at_zero).exp()
    assert torch.trapezoid(density, log_std) == pytest.approx(1, abs=1e-4)


def test_positions_that_ran_away_give_no_exception():
    posterior = posterior_of(MLP([1, 2, 1]), noise=HalfNormal(0.5))
    bad = torch.full((2, posterior.dim), math.nan, dtype=F64)
    value, _ = posterior.value_and_grad(bad)
    assert value.isnan().all()


def test_chains_do_not_touch_each_other():
    posterior = posterior_of(MLP([1, 4, 1]))
    position = positions(posterior)
    order = torch.tensor([3, 0, 4, 1, 2])
    value, grad = posterior.value_and_grad(position)
    value_2, grad_2 = posterior.value_and_grad(position[order])
    torch.testing.assert_close(value_2, value[order], rtol=1e-14, atol=0)
    torch.testing.assert_close(grad_2, grad[order], rtol=1e-12, atol=1e-12)


def test_tempering_leads_from_posterior_to_prior():
    posterior = posterior_of(MLP([1, 4, 1]))
    position = positions(posterior)
    terms = posterior.terms(position)
    hot = posterior.tempered(1e12)(position)
    torch.testing.assert_close(hot, terms.log_prior, rtol=1e-8, atol=1e-8)
    torch.testing.assert_close(posterior(position), sum(terms))


def test_prior_scales_weights_by_fan_in_and_biases_not():
    net = MLP([4, 9, 1])
    std = bnn.prior_std(net, weight_std=3.0, bias_std=0.5, fan_in=True)
    expected = [1.5] * 36 + [0.5] * 9 + [1.0] * 9 + [0.5]
    assert std.tolist() == pytest.approx(expected)


def test_fan_in_prior_keeps_the_spread_of_f_as_the_net_widens():
    spread = {}
    for width in (10, 1000):
        net = MLP([1, width, 1])
        std = bnn.prior_std(net, fan_in=True)
        theta = bnn.draw_prior(std, 4000, generator=generator(6, width))
        spread[width] = bnn.batched(net)(theta, torch.ones(1, 1, dtype=F64)).std().item()
    assert spread[1000] == pytest.approx(spread[10], rel=0.08)


def test_prior_draws_follow_their_generator():
    std = bnn.prior_std(MLP([1, 3, 1]))
    before = torch.get_rng_state()
    a, b, c = (bnn.draw_prior(std, 4, generator=generator(seed)) for seed in (1, 1, 2))
    assert torch.equal(a, b) and not torch.equal(a, c)
    assert torch.equal(torch.get_rng_state(), before)
    with pytest.raises(TypeError):
        bnn.draw_prior(std, 4)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"y": torch.zeros(7)}, "y must have shape"),
        ({"x": torch.full((7, 1), math.nan)}, "x must be finite"),
        ({"prior_std": torch.ones(3)}, "prior_std must have shape"),
        ({"noise": 0.0}, "noise must be a finite number above 0"),
        ({"temperature": -1.0}, "temperature must be"),
    ],
)
def test_a_wrong_part_is_named(change, message):
    x, y = data()
    net = MLP([1, 2, 1])
    parts = {"x": x, "y": y, "prior_std": bnn.prior_std(net), "noise": 0.1}
    with pytest.raises(ValueError, match=message):
        bnn.Posterior(net, **parts | change)


def test_a_position_of_the_wrong_length_is_named():
    posterior = posterior_of(MLP([1, 2, 1]))
    with pytest.raises(ValueError, match="position must have shape"):
        posterior(torch.zeros(2, 6, dtype=F64))


def test_a_net_without_parameters_is_refused():
    with pytest.raises(ValueError, match="net must have parameters"):
        bnn.batched(nn.ReLU())


def test_predictions_keep_chains_and_draws_apart():
    posterior = posterior_of(MLP([1, 3, 1]))
    position = torch.randn(3, 700, posterior.dim, dtype=F64, generator=generator(8))
    f = bnn.predictions(posterior, position, posterior.x)
    assert f.shape == (3, 700, 7)
    torch.testing.assert_close(
        f[2, 650], posterior.functions(position[2, 650][None], posterior.x)[0, :, 0]
    )


def test_predictions_bend_at_the_corners_and_nowhere_else():
    net = onelayer.recognise(MLP([1, 3, 1], "relu"))
    theta = torch.randn(1, 10, dtype=F64, generator=generator(9))
    corner, direction = net.corners(theta)
    assert (corner.diff() > 0).all() and direction.abs().eq(1).all()
    for near in corner[0].tolist():
        x = near + 1e-4 * torch.tensor([[-2], [-1], [1], [2]], dtype=F64)
        slopes = net(theta, x)[0, :, 0].diff() / 1e-4
        assert (slopes[2] - slopes[0]).abs() > 1e-3
    middle = (corner[0, 0] + corner[0, 1]) / 2
    x = middle + 1e-4 * torch.tensor([[-2.0], [-1], [1], [2]], dtype=F64)
    slopes = net(theta, x)[0, :, 0].diff() / 1e-4
    assert (slopes[2] - slopes[0]).abs() < 1e-7


def test_corners_do_not_depend_on_the_order_of_units():
    net = onelayer.OneLayer(1, 2, 1, "relu")
    theta = torch.tensor([[1.0, -2, 3, 4, 5, 6, 7], [-2, 1, 4, 3, 6, 5, 7]], dtype=F64)
    corner, direction = net.corners(theta)
    assert corner.tolist() == [[-3, 2]] * 2
    assert direction.tolist() == [[1, -1]] * 2
