import math

import pytest
import torch
from torch import nn

from tinynets import empirical, nets
from tinynets.linearize import Taylor
from tinynets.rng import generator

F64 = torch.float64


def small_net(*sizes, activation="tanh", n_nets=None):
    net = nets.MLP(sizes or (2, 5, 3), activation, n_nets=n_nets)
    return nets.initialise(net, generator=generator(1)).to(F64)


def inputs(n=4, n_in=2):
    return torch.randn(n, n_in, dtype=F64, generator=generator(2))


def direction(net):
    return torch.randn(nets.n_parameters(net), dtype=F64, generator=generator(3))


@pytest.mark.parametrize("order", [1, 2, 3])
def test_an_expansion_is_exact_at_its_anchor(order):
    net, x = small_net(), inputs()
    expansion = Taylor(net, order)
    torch.testing.assert_close(expansion(x), net(x), rtol=0, atol=1e-15)
    torch.testing.assert_close(
        empirical.ntk(expansion, x), empirical.ntk(net, x), rtol=0, atol=1e-13
    )


@pytest.mark.parametrize("order", [1, 2, 3])
def test_what_an_expansion_leaves_out_is_of_the_next_order(order):
    net, x = small_net(), inputs()
    expansion, anchor, step = Taylor(net, order), nets.flatten(net), direction(net)
    left = []
    for size in (0.02, 0.01):
        theta = anchor + size * step
        left.append((nets.apply(net, theta, x) - nets.apply(expansion, theta, x)).norm())
    assert math.log2(left[0] / left[1]) == pytest.approx(order + 1, abs=0.2)


def test_a_net_that_is_linear_in_its_parameters_is_its_own_expansion():
    net, x = small_net(2, 3), inputs()
    theta = 3 * direction(net)
    torch.testing.assert_close(nets.apply(Taylor(net), theta, x), nets.apply(net, theta, x))


def test_two_linear_layers_are_their_own_second_order():
    net, x = small_net(2, 4, 3, activation="identity"), inputs()
    theta = 3 * direction(net)
    exact = nets.apply(net, theta, x)
    torch.testing.assert_close(nets.apply(Taylor(net, 2), theta, x), exact)
    assert (nets.apply(Taylor(net), theta, x) - exact).norm() > 0.1 * exact.norm()


def test_the_linearised_nets_kernel_does_not_move():
    net, x = small_net(), inputs()
    linear = Taylor(net)
    before = empirical.ntk(linear, x)
    nets.set_parameters(linear, nets.flatten(net) + direction(net))
    torch.testing.assert_close(empirical.ntk(linear, x), before)
    nets.set_parameters(net, nets.flatten(linear))
    assert (empirical.ntk(net, x) - before).norm() > 0.1 * before.norm()


def test_an_expansion_leaves_the_net_alone_and_is_trained_by_its_own_gradient():
    net, x = small_net(), inputs()
    before = nets.flatten(net)
    linear = Taylor(net)
    torch.optim.SGD(linear.parameters(), lr=0.1)
    linear(x).square().sum().backward()
    jacobian = torch.func.jacrev(lambda theta: nets.apply(net, theta, x))(before)
    gradient = torch.cat([p.grad.flatten() for p in linear.parameters()])
    torch.testing.assert_close(gradient, torch.einsum("no,nop->p", 2 * net(x), jacobian).detach())
    with torch.no_grad():
        for parameter in linear.parameters():
            parameter += 1
    assert torch.equal(nets.flatten(net), before)
    assert [p.shape for p in linear.parameters()] == [p.shape for p in net.parameters()]


def test_a_stack_of_nets_is_expanded_net_by_net():
    stack, x = small_net(n_nets=3), inputs()
    expansion = Taylor(stack, 2)
    with torch.no_grad():
        for parameter in expansion.parameters():
            parameter.mul_(1.3)
    one = small_net()
    theta = nets.flatten(stack)[1]
    nets.set_parameters(one, theta)
    torch.testing.assert_close(expansion(x)[1], nets.apply(Taylor(one, 2), 1.3 * theta, x))


def test_convolutions_and_normalisation_can_be_expanded():
    torch_net = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.GELU(), nn.Flatten(), nn.LayerNorm(8), nn.Linear(8, 2)
    ).to(F64)
    g = generator(5)
    with torch.no_grad():
        for parameter in torch_net.parameters():
            parameter.copy_(torch.randn(parameter.shape, dtype=F64, generator=g))
    x = torch.randn(3, 1, 4, 4, dtype=F64, generator=g)
    anchor, step = nets.flatten(torch_net), 1e-6 * direction(torch_net)
    change = nets.apply(torch_net, anchor + step, x) - nets.apply(torch_net, anchor - step, x)
    linear = nets.apply(Taylor(torch_net), anchor + step, x) - torch_net(x)
    torch.testing.assert_close(linear, change / 2, rtol=1e-6, atol=1e-13)


@pytest.mark.parametrize(("order", "error"), [(0, ValueError), (1.5, TypeError)])
def test_a_wrong_order_is_named(order, error):
    with pytest.raises(error, match="order must be"):
        Taylor(small_net(), order)
