"""The book's network against autograd, finite differences and itself."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from tinynets import nielsen
from tinynets.nielsen import CROSS_ENTROPY, LOG_LIKELIHOOD, QUADRATIC

COSTS = {"quadratic": QUADRATIC, "cross-entropy": CROSS_ENTROPY, "log-likelihood": LOG_LIKELIHOOD}


def draws(seed=0):
    return np.random.default_rng(seed)


@pytest.fixture
def example():
    source = draws(4)
    net = nielsen.network([7, 5, 4, 3], generator=source)
    x = source.standard_normal((6, 7))
    y = nielsen.one_hot(source.integers(0, 3, 6), 3)
    return net, x, y


def torch_cost(name, z, y):
    """The three costs once more, with torch's own functions."""
    if name == "quadratic":
        return ((torch.sigmoid(z) - y) ** 2).sum(-1).mean() / 2
    if name == "cross-entropy":
        return (
            torch.nn.functional.binary_cross_entropy_with_logits(z, y, reduction="none")
            .sum(-1)
            .mean()
        )
    return torch.nn.functional.cross_entropy(z, y)


@pytest.mark.parametrize("name", COSTS)
def test_backprop_equals_autograd(example, name):
    net, x, y = example
    weights = [torch.tensor(w, requires_grad=True) for w in net.weights]
    biases = [torch.tensor(b, requires_grad=True) for b in net.biases]
    a = torch.tensor(x)
    for w, b in zip(weights, biases, strict=True):
        z = a @ w.T + b
        a = torch.sigmoid(z)
    value = torch_cost(name, z, torch.tensor(y))
    value.backward()
    nabla = nielsen.backprop(net, x, y, COSTS[name])
    for mine, theirs in zip([*nabla.weights, *nabla.biases], [*weights, *biases], strict=True):
        np.testing.assert_allclose(mine, theirs.grad, atol=1e-12)
    np.testing.assert_allclose(
        nielsen.mean_cost(net, (x, y), COSTS[name]), value.item(), rtol=1e-12
    )


def test_backprop_equals_central_differences(example):
    net, x, y = example
    nabla = nielsen.backprop(net, x, y)
    h = 1e-5
    for p, g in zip([*net.weights, *net.biases], [*nabla.weights, *nabla.biases], strict=True):
        for i in np.ndindex(p.shape):
            was = p[i]
            p[i] = was + h
            above = nielsen.mean_cost(net, (x, y))
            p[i] = was - h
            below = nielsen.mean_cost(net, (x, y))
            p[i] = was
            assert abs((above - below) / (2 * h) - g[i]) < 1e-9


def test_a_batch_of_networks_is_each_of_them(example):
    _, x, y = example
    nets = nielsen.network([7, 5, 3], generator=draws(1), n_nets=4)
    nabla = nielsen.backprop(nets, x, y, CROSS_ENTROPY)
    for s in range(4):
        alone = nielsen.Network([w[s] for w in nets.weights], [b[s] for b in nets.biases])
        one = nielsen.backprop(alone, x, y, CROSS_ENTROPY)
        for batch, single in zip(nabla.weights, one.weights, strict=True):
            np.testing.assert_allclose(batch[s], single, atol=1e-14)


@pytest.mark.parametrize("penalty", ["L1", "L2"])
def test_one_step_is_the_books_update(example, penalty):
    net, x, y = example
    eta, lmbda = 0.3, 0.6
    nabla = nielsen.backprop(net, x, y, CROSS_ENTROPY)
    (after,) = nielsen.sgd(
        net,
        (x, y),
        epochs=1,
        mini_batch_size=6,
        eta=eta,
        lmbda=lmbda,
        penalty=penalty,
        cost=CROSS_ENTROPY,
        generator=draws(),
    )
    for w, g, new in zip(net.weights, nabla.weights, after.weights, strict=True):
        shrink = w if penalty == "L2" else np.sign(w)
        np.testing.assert_allclose(new, w - eta * lmbda / 6 * shrink - eta * g, atol=1e-12)
    for b, g, new in zip(net.biases, nabla.biases, after.biases, strict=True):
        np.testing.assert_allclose(new, b - eta * g, atol=1e-12)


def test_momentum_remembers_the_last_step(example):
    net, x, y = example
    eta, mu = 0.2, 0.7
    *_, after = nielsen.sgd(
        net, (x, y), epochs=2, mini_batch_size=6, eta=eta, mu=mu, generator=draws()
    )
    v = -eta * nielsen.backprop(net, x, y).biases[-1]
    once = [
        b - eta * g for b, g in zip(net.biases, nielsen.backprop(net, x, y).biases, strict=True)
    ]
    weights = [
        w - eta * g for w, g in zip(net.weights, nielsen.backprop(net, x, y).weights, strict=True)
    ]
    second = nielsen.backprop(nielsen.Network(weights, once), x, y)
    np.testing.assert_allclose(
        after.biases[-1], once[-1] + mu * v - eta * second.biases[-1], atol=1e-12
    )


@pytest.mark.parametrize("mu", [0.0, 0.9])
@pytest.mark.parametrize("penalty, slope", [("L2", lambda w: w), ("L1", np.sign)])
def test_weights_without_a_gradient_only_decay(penalty, slope, mu):
    source = draws(5)
    x, y = source.random((8, 4)), np.eye(2)[source.integers(0, 2, 8)]
    x[:, 2:] = 0.0  # two inputs that are never on
    net = nielsen.network([4, 3, 2], generator=source, large=True)
    how = {"epochs": 5, "mini_batch_size": 2, "eta": 0.3, "lmbda": 0.4, "penalty": penalty}
    *_, trained = nielsen.sgd(net, (x, y), mu=mu, generator=source, **how)
    w, v = net.weights[0][:, 2:].copy(), 0.0
    for _ in range(5 * 4):
        v = mu * v - 0.3 * 0.4 / 8 * slope(w)
        w = w + v
    np.testing.assert_allclose(trained.weights[0][:, 2:], w, atol=1e-12)
    assert abs(w - net.weights[0][:, 2:]).min() > 0.01


def test_training_leaves_the_start_alone_and_repeats(example):
    net, x, y = example
    before = [w.copy() for w in net.weights]
    ends = [
        list(nielsen.sgd(net, (x, y), epochs=3, mini_batch_size=2, eta=1.0, generator=draws(seed)))[
            -1
        ]
        for seed in (0, 0, 1)
    ]
    for was, now in zip(before, net.weights, strict=True):
        assert np.array_equal(was, now)
    assert np.array_equal(ends[0].weights[0], ends[1].weights[0])
    assert not np.array_equal(ends[0].weights[0], ends[2].weights[0])


def test_a_tiny_set_is_learnt_by_heart(example):
    _, x, y = example
    begun = nielsen.network([7, 20, 3], generator=draws(2))
    how = {"epochs": 300, "mini_batch_size": 3, "eta": 1.0, "cost": LOG_LIKELIHOOD}
    *_, net = nielsen.sgd(begun, (x, y), generator=draws(), **how)
    assert nielsen.accuracy(net, (x, y.argmax(-1))) == 1
    assert nielsen.mean_cost(net, (x, y), LOG_LIKELIHOOD) < 0.01


def test_the_penalty_is_lambda_over_2n_times_the_squares(example):
    net, x, y = example
    plain = nielsen.mean_cost(net, (x, y))
    squares = sum((w**2).sum() for w in net.weights)
    np.testing.assert_allclose(
        nielsen.mean_cost(net, (x, y), lmbda=0.4), plain + 0.4 / (2 * 6) * squares
    )


def test_the_two_starts_have_their_spread():
    for large, std in ((True, 1), (False, 1 / 20)):
        net = nielsen.network([400, 300, 2], generator=draws(), large=large)
        assert abs(net.weights[0].std() / std - 1) < 0.02
        assert abs(net.biases[0].std() - 1) < 0.2


def test_nothing_overflows():
    z = np.array([-1e4, -800.0, 0.0, 800.0, 1e4])
    with np.errstate(all="raise", under="ignore"):
        assert np.array_equal(nielsen.sigmoid(z), [0, 0, 0.5, 1, 1])
        for cost in COSTS.values():
            assert np.isfinite(cost.value(z, np.eye(5)[0])).all()
    assert abs(nielsen.softmax(z).sum() - 1) < 1e-15


@pytest.mark.parametrize(
    "change, message",
    [
        ({"eta": -1.0}, "eta must be"),
        ({"epochs": 0}, "epochs must be"),
        ({"mini_batch_size": 7}, "at most the 6"),
        ({"lmbda": -1}, "lmbda must"),
        ({"penalty": "L3"}, "'L1', 'L2', got 'L3'"),
    ],
)
def test_bad_options_are_named(example, change, message):
    net, x, y = example
    options = {"epochs": 1, "mini_batch_size": 2, "eta": 0.1} | change
    with pytest.raises(ValueError, match=message):
        next(nielsen.sgd(net, (x, y), generator=draws(), **options))


def test_bad_shapes_are_named(example):
    net, x, y = example
    options = {"epochs": 1, "mini_batch_size": 2, "eta": 0.1}
    for data, message in [
        ((x, y[:-1]), "got shapes"),
        ((x[:, :5], y), "from 7 to 3 .* got 5 inputs"),
    ]:
        with pytest.raises(ValueError, match=message):
            next(nielsen.sgd(net, data, generator=draws(), **options))
    with pytest.raises(ValueError, match="two layers or more"):
        nielsen.network([3], generator=draws())


def test_the_books_networks_need_no_pytorch():
    blocked = "import sys; sys.modules['torch'] = None; from tinynets import nielsen"
    code = f"{blocked}; assert 'sklearn' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
