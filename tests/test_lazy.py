import math

import pytest
import torch

from tinynets import empirical, lazy, nets, predict
from tinynets.empirical.survey import survey
from tinynets.rng import generator

F64 = torch.float64


def stack(width=64, n_nets=3, seed=1, **options):
    net = lazy.ScaledMLP([4, width, 2], "tanh", n_nets=n_nets, generator=generator(seed), **options)
    return net.to(F64)


def data():
    g = generator(2)
    return torch.randn(6, 4, dtype=F64, generator=g), torch.randn(6, 2, dtype=F64, generator=g)


def test_the_layers_formula():
    layer = lazy.ScaledLinear(4, 3, W_std=1.7, b_std=0.2, generator=generator(1)).to(F64)
    x = data()[0]
    expected = 1.7 / 2 * x @ layer.weight.T + 0.2 * layer.bias
    torch.testing.assert_close(layer(x), expected)
    without = lazy.ScaledLinear(4, 3, W_std=1.7, b_std=0.0, generator=generator(1))
    assert without.bias is None


def test_weights_are_standard_normal_and_outputs_keep_their_size():
    net = stack(400, 50, W_std=1.5, b_std=0.5)
    theta = nets.flatten(net)
    assert theta.mean().abs() < 5 / math.sqrt(theta.numel())
    assert theta.std().item() == pytest.approx(1, abs=5 / math.sqrt(2 * theta.numel()))
    # One layer: W_std^2 |x|^2 / n_in + b_std^2.
    x = data()[0]
    variance = net.layers[0](x).var((0, 2))
    torch.testing.assert_close(
        variance, 2.25 * x.square().mean(1) + 0.25, rtol=5 * math.sqrt(2 / 20_000), atol=0
    )


def test_one_of_a_stack_is_that_net():
    net, (x, _) = stack(b_std=0.3), data()
    one = net.one(1)
    torch.testing.assert_close(one(x), net(x)[1])
    with torch.no_grad():
        one.layers[0].weight.zero_()
    assert net.layers[0].weight.abs().min() > 0


def test_its_kernel_is_found_layer_by_layer():
    net, (x, _) = stack(b_std=0.3).one(0), data()
    assert survey(net, x).rest == ()
    kernel = empirical.ntk(net, x, method="layers")
    torch.testing.assert_close(kernel, empirical.ntk(net, x, method="jacobian"))


def test_every_scale_begins_with_the_same_function():
    net, (x, y) = stack(), data()
    small = 1e-6
    moved = []
    for scale in (0.1, 1.0, 30.0):
        end = lazy.descend(net, x, y, output_scale=scale, learning_rate=small, n_steps=1).nets[-1]
        moved.append(scale * (end(x) - net(x)).detach() / small)
    kernel = empirical.ntk(net.one(0), x)
    expected = torch.einsum("ijop,jp->io", kernel, y) / y.numel()
    for f in moved:
        torch.testing.assert_close(f[0], expected, rtol=1e-4, atol=1e-4)


def test_a_lazy_net_follows_its_linearisation_and_a_rich_one_leaves_it():
    net, (x, y) = stack(), data()
    one = net.one(0)
    flow = predict.GradientFlow(empirical.ntk(one, x), y)
    apart, change = {}, {}
    for scale in (0.1, 100.0):
        run = lazy.descend(net, x, y, output_scale=scale, learning_rate=0.02, n_steps=300)
        end = run.nets[-1]
        f = scale * (end(x) - net(x)).detach()[0]
        assert run.times.tolist() == [pytest.approx(6.0)]
        apart[scale] = ((f - flow.train(6.0)).norm() / f.norm()).item()
        before, after = (empirical.ntk(n, x, outputs="trace") for n in (one, end.one(0)))
        change[scale] = empirical.relative_change(after, before).item()
    assert apart[100.0] < 0.02 < 0.1 < apart[0.1]
    assert change[100.0] < 0.01 < 0.2 < change[0.1]


def test_checkpoints_are_on_the_way_and_the_stack_stays():
    net, (x, y) = stack(), data()
    before = nets.flatten(net)
    run = lazy.descend(
        net, x, y, output_scale=1.0, learning_rate=0.1, n_steps=20, checkpoints=(0, 5)
    )
    assert run.times.tolist() == pytest.approx([0.0, 0.5, 2.0])
    assert torch.equal(nets.flatten(run.nets[0]), before) and torch.equal(nets.flatten(net), before)
    torch.testing.assert_close(run.losses[0], (y.square().mean() / 2).expand(3))
    assert (run.losses.diff(dim=0) < 0).all()
    short = lazy.descend(net, x, y, output_scale=1.0, learning_rate=0.1, n_steps=5).nets[-1]
    assert torch.equal(nets.flatten(run.nets[1]), nets.flatten(short))


def test_nets_of_a_stack_are_trained_as_if_alone():
    net, (x, y) = stack(8), data()
    options = {"output_scale": 0.5, "learning_rate": 0.1, "n_steps": 30}
    together = lazy.descend(net, x, y, **options).nets[-1]
    alone = net.one(2)
    optimiser = torch.optim.SGD(alone.parameters(), lr=0.1)
    start = alone(x).detach()
    for _ in range(30):
        optimiser.zero_grad()
        f = 0.5 * (alone(x) - start)
        ((f - y).square().sum() / (2 * 12) / 0.25).backward()
        optimiser.step()
    torch.testing.assert_close(together.one(2)(x), alone(x))


def test_nets_follow_their_generator():
    before = torch.get_rng_state()
    a, b, c = (nets.flatten(stack(seed=seed)) for seed in (1, 1, 2))
    assert torch.equal(a, b) and not torch.equal(a, c)
    assert torch.equal(torch.get_rng_state(), before)
    with pytest.raises(TypeError):
        lazy.ScaledMLP([2, 1])


def test_too_large_a_step_says_so():
    net, (x, y) = stack(), data()
    with pytest.raises(ArithmeticError, match="diverged by step .* below 1000"):
        lazy.descend(net, x, y, output_scale=0.1, learning_rate=1000.0, n_steps=500)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"output_scale": 0.0}, "output_scale must"),
        ({"learning_rate": -1.0}, "learning_rate must"),
        ({"n_steps": 0}, "n_steps must"),
        ({"checkpoints": [4]}, "checkpoints must lie in 0 to n_steps=3"),
        ({"net": None}, "net must be a stack"),
    ],
)
def test_wrong_arguments_are_named(change, message):
    x, y = data()
    net = stack().one(0) if "net" in change else stack()
    arguments = {"output_scale": 1.0, "learning_rate": 0.1, "n_steps": 3}
    with pytest.raises(ValueError, match=message):
        lazy.descend(net, x, y, **arguments | {k: v for k, v in change.items() if k != "net"})
