"""Back-propagation written out against autograd."""

import pytest
import torch

from tinynets import backprop, nets
from tinynets.rng import generator


@pytest.mark.parametrize("activation", nets.ACTIVATIONS)
@pytest.mark.parametrize("n_nets, shape", [(None, (7, 4)), (3, (3, 7, 4)), (3, (7, 4))])
@pytest.mark.parametrize("bias", [True, False])
def test_gradients_equal_those_of_autograd(activation, n_nets, shape, bias):
    net = nets.MLP([4, 5, 3, 2], [activation, "tanh"], n_nets=n_nets, bias=bias)
    nets.initialise(net, generator=generator(1)).double()
    x = torch.randn(shape, generator=generator(2), dtype=torch.float64).requires_grad_()
    outputs = net(x)
    slope = torch.randn(outputs.shape, generator=generator(3), dtype=torch.float64)
    *expected, by_x = torch.autograd.grad((outputs * slope).sum(), [*net.parameters(), x])
    with torch.no_grad():
        mine, kept = backprop.forward(net, x)
        by_mine = backprop.backward(net, kept, slope)
    torch.testing.assert_close(mine, outputs.detach())
    if by_mine.ndim > by_x.ndim:  # inputs that the stack shares: a derivative for each net
        by_mine = by_mine.sum(0)
    torch.testing.assert_close(by_mine, by_x)
    for parameter, gradient in zip(net.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient)


def test_gradients_are_written_where_they_were():
    net = nets.initialise(nets.MLP([2, 3, 1]), generator=generator(1))
    whole = torch.full((13,), torch.nan)
    views = nets.unflatten(whole, nets.parameter_shapes(net))
    for name, parameter in net.named_parameters():
        parameter.grad = views[name]
    with torch.no_grad():
        _, kept = backprop.forward(net, torch.ones(4, 2))
        backprop.backward(net, kept, torch.ones(4, 1), to_inputs=False)
    assert whole.isfinite().all() and whole[-1] == 4


def test_inputs_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"shape \(..., 2\)"):
        backprop.forward(nets.MLP([2, 1]), torch.ones(3, 4))
