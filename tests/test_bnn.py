"""Posteriors of nets: densities, priors, predictions."""

import pytest
import torch
from bnn_checks import F64, data, positions, posterior_of
from torch import nn
from torch.distributions import Normal

from tinynets import bnn
from tinynets.bnn import draws
from tinynets.nets import MLP
from tinynets.rng import generator


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
    for row, got in zip(theta, outputs, strict=True):
        nn.utils.vector_to_parameters(row, net.parameters())
        torch.testing.assert_close(got, net.double()(x).detach(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_density_is_the_sum_of_normal_log_densities(temperature):
    net = MLP([1, 4, 1])
    posterior = posterior_of(net, temperature=temperature)
    position = positions(posterior)
    f = posterior.functions(position, posterior.x).unsqueeze(-1)
    expected = Normal(f, 0.3).log_prob(posterior.y).sum((1, 2)) / temperature + Normal(
        0.0, posterior.prior_std
    ).log_prob(position).sum(1)
    torch.testing.assert_close(posterior(position), expected)


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
    torch.testing.assert_close(f[2, 650], posterior.functions(position[2, 650], posterior.x))


def test_predictions_keep_every_output():
    posterior = posterior_of(MLP([1, 3, 2]))
    position = torch.randn(3, 4, posterior.dim, dtype=F64, generator=generator(8))
    f = bnn.predictions(posterior, position, posterior.x)
    assert f.shape == (3, 4, 7, 2)
    torch.testing.assert_close(f[1], bnn.predictions(posterior, position[1], posterior.x))


def test_predictions_do_not_depend_on_the_parts_they_come_in(monkeypatch):
    posterior = posterior_of(MLP([1, 3, 2]))
    position = torch.randn(2, 9, posterior.dim, dtype=F64, generator=generator(8))
    whole = bnn.predictions(posterior, position, posterior.x)
    monkeypatch.setattr(draws, "NUMBERS", 100)
    torch.testing.assert_close(bnn.predictions(posterior, position, posterior.x), whole)


def test_predictions_refuse_positions_of_another_posterior():
    posterior = posterior_of(MLP([1, 3, 1]))
    for position in (torch.zeros(2, 3, 9).double(), torch.zeros(10).double()):
        with pytest.raises(ValueError, match=r"position must have shape \(\*chains, draws, 10\)"):
            bnn.predictions(posterior, position, posterior.x)
    with pytest.raises(TypeError, match="x must be torch.float64"):
        bnn.predictions(posterior, torch.zeros(2, 10).double(), torch.zeros(3, 1))


def test_predictions_bend_at_the_corners_and_nowhere_else():
    net = MLP([1, 3, 1], "relu")
    forward = bnn.batched(net)
    theta = torch.randn(1, 10, dtype=F64, generator=generator(9))
    corner, direction = bnn.relu_corners(net, theta)
    assert (corner.diff() > 0).all() and direction.abs().eq(1).all()
    for near in corner[0].tolist():
        x = near + 1e-4 * torch.tensor([[-2], [-1], [1], [2]], dtype=F64)
        slopes = forward(theta, x)[0, :, 0].diff() / 1e-4
        assert (slopes[2] - slopes[0]).abs() > 1e-3
    middle = (corner[0, 0] + corner[0, 1]) / 2
    x = middle + 1e-4 * torch.tensor([[-2.0], [-1], [1], [2]], dtype=F64)
    slopes = forward(theta, x)[0, :, 0].diff() / 1e-4
    assert (slopes[2] - slopes[0]).abs() < 1e-7


def test_corners_do_not_depend_on_the_order_of_units():
    net = nn.Sequential(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 1))
    theta = torch.tensor([[1.0, -2, 3, 4, 5, 6, 7], [-2, 1, 4, 3, 6, 5, 7]], dtype=F64)
    corner, direction = bnn.relu_corners(net, theta)
    assert corner.tolist() == [[-3, 2]] * 2
    assert direction.tolist() == [[1, -1]] * 2
    with pytest.raises(ValueError, match="net must have one input and one hidden layer"):
        bnn.relu_corners(MLP([2, 2, 1]), torch.zeros(1, 9))


def test_functions_between_points_of_a_grid_lie_on_the_line():
    grid = torch.tensor([-1.0, 0.5, 2.0], dtype=F64)
    functions = torch.stack([3 * grid - 1, grid.square()]).expand(4, 2, 3)
    x = torch.tensor([[-1.0], [0.0], [0.5], [1.25], [2.0]], dtype=F64)
    f = bnn.interpolate(grid[:, None], functions, x)
    torch.testing.assert_close(f[2, 0], 3 * x[:, 0] - 1)
    torch.testing.assert_close(f[2, 1, 3], (grid[1] ** 2 + grid[2] ** 2) / 2)
    assert f.shape == (4, 2, 5)


@pytest.mark.parametrize(
    "grid, functions, x, message",
    [
        ([0.0, 1.0], [[0.0, 1.0, 2.0]], [0.5], "functions must have shape"),
        ([1.0, 0.0], [[0.0, 1.0]], [0.5], "grid must be ascending"),
        ([0.0, 1.0], [[0.0, 1.0]], [1.5], "x must lie inside the grid, from 0.0 to 1.0"),
    ],
)
def test_interpolation_refuses_what_is_not_between(grid, functions, x, message):
    with pytest.raises(ValueError, match=message):
        bnn.interpolate(*map(torch.tensor, (grid, functions, x)))
