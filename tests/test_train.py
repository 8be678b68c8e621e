"""The loop: nets side by side, checkpoints, early stop, clear failures."""

import itertools

import pytest
import torch
from torch import nn

from tinynets import losses, nets, targets, train
from tinynets.rng import generator
from tinynets.stopping import EarlyStop


def problem(n=40):
    x = torch.randn(n, 4, generator=generator(1))
    return x, (x[:, 0] + x[:, 1] * x[:, 2] > 0).long()


def built(n_nets=None, sizes=(4, 16, 2)):
    return nets.initialise(nets.MLP(sizes, n_nets=n_nets), generator=generator(2))


def classify(net, x, labels):
    return losses.cross_entropy(net(x), labels)


def run(net, *, n_steps=30, lr=0.1, batch_size=8, seed=3, **options):
    return train.train(
        net,
        classify,
        problem(),
        batch_size=batch_size,
        n_steps=n_steps,
        optimiser=torch.optim.SGD(net.parameters(), lr=lr, momentum=0.5),
        generator=generator(seed),
        **options,
    )


def test_first_step_is_gradient_descent():
    net, (x, labels) = built(), problem()
    start = nets.flatten(net).requires_grad_()
    value = classify(lambda x: nets.apply(net, start, x), x, labels)
    (gradient,) = torch.autograd.grad(value, start)
    result = run(net, n_steps=1, batch_size=40)
    torch.testing.assert_close(nets.flatten(net), start - 0.1 * gradient)
    torch.testing.assert_close(result.losses[0], value.detach())


def test_nets_trained_together_equal_each_alone():
    stack = built(n_nets=3)
    starts = nets.flatten(stack)
    run(stack, batch_size=40)  # whole data: no order to differ in
    for start, end in zip(starts, nets.flatten(stack), strict=True):
        alone = nets.set_parameters(built(), start)
        run(alone, batch_size=40)
        torch.testing.assert_close(nets.flatten(alone), end, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("n_nets", [None, 3])
def test_an_epoch_shows_each_example_once(n_nets):
    batches = train.minibatches(10, 4, n_nets=n_nets, generator=generator(1))
    epochs = [torch.cat(list(itertools.islice(batches, 3)), -1) for _ in range(2)]
    for epoch in epochs:
        assert torch.equal(epoch.sort(-1).values, torch.arange(10).expand_as(epoch))
    assert not torch.equal(*epochs)
    if n_nets:
        assert not torch.equal(epochs[0][0], epochs[0][1])
    assert train.steps_in_epoch(10, 4) == 3


def test_training_reproduces_and_leaves_the_global_state():
    state = torch.get_rng_state()
    one, same, other = (run(built(n_nets=2), seed=seed).losses for seed in (3, 3, 4))
    assert torch.equal(one, same) and not torch.equal(one, other)
    assert torch.equal(torch.get_rng_state(), state)
    with pytest.raises(TypeError, match="generator"):
        train.minibatches(10, 4)


@pytest.mark.parametrize("n_nets", [None, 3])
def test_tiny_overfit_reaches_zero_loss(n_nets):
    net = built(n_nets)
    x, labels = problem(10)
    result = train.train(
        net,
        classify,
        (x, labels),
        batch_size=10,
        n_steps=300,
        optimiser=torch.optim.AdamW(net.parameters(), lr=0.05, fused=True),
        generator=generator(3),
    )
    assert (result.losses[-1] < 1e-2).all() and (result.losses[0] > 0.3).all()
    assert (losses.accuracy(net(x), labels) == 1).all()


def test_checkpoints_hold_the_parameters_of_their_steps():
    net = built(n_nets=2)
    start = nets.flatten(net)
    result = run(net, checkpoints=[20, 0, 30])
    assert result.steps.tolist() == [0, 20, 30]
    assert torch.equal(result.parameters[0], start)
    assert torch.equal(result.parameters[-1], nets.flatten(net))
    shorter = built(n_nets=2)
    run(shorter, n_steps=20)
    assert torch.equal(result.parameters[1], nets.flatten(shorter))
    assert run(built(n_nets=2)).parameters.shape == (0, 2, start.shape[-1])


def test_early_stop_keeps_each_net_at_its_best():
    scripts = torch.tensor([[3, 1, 2, 2, 2, 2], [3, 2, 1, 2, 2, 2.0]])
    looks = iter(scripts.T)
    stop = EarlyStop(lambda net: next(looks), every=2, patience=3)
    result = run(built(n_nets=2), stop=stop, checkpoints=[4, 6])
    assert len(result.losses) == 12  # looks at 2, 4, .. 12; best 4 and 6
    assert stop.best.tolist() == [1, 1] and stop.best_step.tolist() == [4, 6]
    assert torch.equal(stop.best_parameters[0], result.parameters[0, 0])
    assert torch.equal(stop.best_parameters[1], result.parameters[1, 1])


def test_divergence_names_step_net_and_learning_rate():
    stack = built(n_nets=3)
    with torch.no_grad():
        stack.layers[1].bias[1] = torch.inf
    with pytest.raises(train.DivergedError, match="net 1 is not finite at step 1 .*rate 0.25"):
        run(stack, lr=0.25)
    with pytest.raises(train.DivergedError, match=r"learning rate 3e\+38"):
        run(built(sizes=(4, 2)), lr=3e38)


def test_divergence_on_the_way_names_its_step():
    def loss(net, x, labels):
        if (values := net(x)).isnan().any():
            raise ValueError("the net is not finite")  # as a loss may, which is not what we tell
        calls.append(len(calls) + 1)
        return values.square().mean() * (torch.nan if len(calls) == 7 else 1.0)

    calls, net = [], built()
    optimiser = torch.optim.SGD(net.parameters(), lr=0.125)
    how = {"optimiser": optimiser, "batch_size": 8, "generator": generator(3)}
    with pytest.raises(train.DivergedError, match=r"at step 7 .*rate 0.125") as found:
        train.train(net, loss, problem(), n_steps=30, **how)
    assert found.value.step == 7 and len(calls) == 7


def test_a_loss_that_fails_by_itself_is_not_called_divergence():
    net = built()
    how = {"batch_size": 8, "generator": generator(3)}
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
    with pytest.raises(IndexError):
        train.train(
            net, lambda net, x, y: x[99].sum(), problem(), n_steps=2, optimiser=optimiser, **how
        )


def groups(net):
    """Weights that decay and biases that don't, and a layer of another rate."""
    first, last = net.layers
    return [
        {"params": [first.weight, last.weight], "weight_decay": 0.3},
        {"params": [first.bias, last.bias], "weight_decay": 0.0, "lr": 0.03},
    ]


OPTIMISERS = {
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, fused=True),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01, amsgrad=True),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01, centered=True, momentum=0.5),
    "adagrad": lambda p: torch.optim.Adagrad(p, lr=0.1),  # one that is not joined
}


@pytest.mark.parametrize("name", OPTIMISERS)
@pytest.mark.parametrize("n_nets", [None, 2])
def test_parameters_as_one_tensor_learn_as_in_a_plain_loop(name, n_nets):
    x, labels = problem()
    x, how = x.double(), {"batch_size": 16, "n_steps": 20}
    ours, plain = built(n_nets).double(), built(n_nets).double()
    optimiser, peer = OPTIMISERS[name](groups(ours)), OPTIMISERS[name](groups(plain))
    order = generator(3)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimiser, 0.95)
    for _ in range(2):  # a second training goes on from the running means of the first
        train.train(
            ours, classify, (x, labels), optimiser=optimiser, generator=order, **how,
            stop=lambda step, net: schedule.step(),
        )  # fmt: skip
    order, fading = generator(3), torch.optim.lr_scheduler.ExponentialLR(peer, 0.95)
    for _ in range(2):
        rows = train.minibatches(len(x), 16, n_nets=n_nets, generator=order)
        for index in itertools.islice(rows, 20):
            peer.zero_grad()
            classify(plain, x[index], labels[index]).sum().backward()
            peer.step()
            fading.step()
    torch.testing.assert_close(nets.flatten(ours), nets.flatten(plain), rtol=0, atol=1e-6)
    for mine, theirs in zip(ours.parameters(), plain.parameters(), strict=True):
        kept, expected = optimiser.state[mine], peer.state[theirs]
        assert kept.keys() == expected.keys()
        for key in kept:
            torch.testing.assert_close(kept[key], expected[key], rtol=0, atol=1e-6)
    assert [len(group["params"]) for group in optimiser.param_groups] == [2, 2]


def test_while_it_lasts_a_step_is_over_one_tensor():
    net, seen = built(), []
    optimiser = torch.optim.AdamW(net.parameters(), lr=0.01)

    def stop(step, net):
        seen.append([one.numel() for one in optimiser.param_groups[0]["params"]])
        net.zero_grad()  # whoever sets a gradient to None does not cut the net off

    start = nets.flatten(net)
    train.train(net, classify, problem(), optimiser=optimiser, batch_size=8, n_steps=3,
                generator=generator(3), stop=stop)  # fmt: skip
    assert seen == [[nets.n_parameters(net)]] * 3
    moved = (nets.flatten(net) - start).abs()
    assert moved.max() > 0.025  # three steps of 0.01 by AdamW, not one
    assert optimiser.param_groups[0]["params"] == list(net.parameters())


def test_what_gets_no_gradient_stays_as_it_was():
    net = built()
    net.spare = nn.Parameter(torch.ones(5))
    run(net, lr=0.1)
    assert torch.equal(net.spare, torch.ones(5))
    for kind in (torch.optim.AdamW, torch.optim.SGD):
        optimiser = kind(net.parameters(), lr=0.1, weight_decay=0.5)
        how = {"optimiser": optimiser, "batch_size": 8, "generator": generator(3)}
        train.train(net, classify, problem(), n_steps=5, **how)
        assert torch.equal(net.spare, torch.ones(5))


@pytest.mark.parametrize(
    "options, error, words",
    [
        ({"checkpoints": [31]}, ValueError, r"n_steps = 30, got \[31\]"),
        ({"n_steps": 0}, ValueError, "n_steps"),
        ({"batch_size": 0}, ValueError, "batch_size"),
    ],
)
def test_errors_name_the_argument(options, error, words):
    with pytest.raises(error, match=words):
        run(built(), **options)


def test_data_must_be_tensors_of_one_length():
    net = built()
    options = {
        "optimiser": torch.optim.SGD(net.parameters()),
        "n_steps": 1,
        "batch_size": 4,
        "generator": generator(1),
    }
    with pytest.raises(ValueError, match=r"\[5, 4\]"):
        train.train(net, classify, (torch.zeros(5, 4), torch.zeros(4)), **options)
    with pytest.raises(TypeError, match=r"\(images,\)"):
        train.train(net, classify, torch.zeros(5, 4), **options)


def test_losses_equal_their_definitions_for_each_net():
    logits = torch.randn(3, 7, 5, generator=generator(1)).double()
    labels = torch.randint(5, (3, 7), generator=generator(2))
    a = logits.sigmoid()
    for seed in range(3):
        y = torch.eye(5).double()[labels[seed]]
        pairs = {
            losses.cross_entropy: nn.functional.cross_entropy(logits[seed], labels[seed]),
            losses.logistic_cross_entropy: -(
                y * a[seed].log() + (1 - y) * (1 - a[seed]).log()
            ).sum()
            / 7,
            losses.quadratic: ((y - a[seed]) ** 2).sum() / 14,
        }
        for loss, expected in pairs.items():
            torch.testing.assert_close(loss(logits, labels)[seed], expected)
        shared = losses.cross_entropy(logits, labels[seed])
        torch.testing.assert_close(shared[seed], pairs[losses.cross_entropy])


def test_squared_weights_leave_biases_out():
    net = built(n_nets=2)
    by_hand = [sum((layer.weight[seed] ** 2).sum() for layer in net.layers) for seed in range(2)]
    torch.testing.assert_close(losses.squared_weights(net), torch.stack(by_hand))


def gaussian():
    """A correlated Gaussian of three coordinates, and its mean."""
    mean = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    covariance = torch.tensor([[1, 0.5, 0], [0.5, 2, 0], [0, 0, 0.3]], dtype=torch.float64)
    return targets.gaussian(mean, covariance).log_density, mean


def test_maximise_finds_the_mode_from_every_start():
    posterior, mean = gaussian()
    start = 3 * torch.randn(6, 3, dtype=torch.float64, generator=generator(1))
    end = train.maximise(posterior, start, n_steps=800, learning_rate=0.1)
    torch.testing.assert_close(end.position, mean.expand(6, 3), rtol=1e-3, atol=1e-3)
    assert (end.history[-1] > end.history[0]).all()


def test_ascents_side_by_side_do_not_meet():
    posterior, _ = gaussian()
    start = torch.randn(4, 3, dtype=torch.float64, generator=generator(1))
    together = train.maximise(posterior, start, n_steps=20, learning_rate=0.1)
    alone = train.maximise(posterior, start[2:3], n_steps=20, learning_rate=0.1)
    torch.testing.assert_close(alone.position[0], together.position[2])


def test_maximise_takes_any_function():
    end = train.maximise(
        lambda t: -(t - 2).square().sum(1),
        torch.zeros(2, 3, dtype=torch.float64),
        n_steps=500,
        learning_rate=0.1,
    )
    torch.testing.assert_close(
        end.position, torch.full((2, 3), 2.0, dtype=torch.float64), rtol=0, atol=1e-3
    )


def test_the_learning_rate_of_an_ascent_falls_to_nothing():
    position = torch.zeros(1, dtype=torch.float64)
    reached = []

    def gradient(step):
        reached.append(position.item())
        position.grad = torch.ones_like(position)
        return step

    assert train.ascend([position], gradient, n_steps=100, learning_rate=0.1) == [*range(100)]
    steps = torch.tensor([*reached[1:], position.item()]).diff()
    assert (steps > 0).all() and (steps.diff() < 0).all()
    assert steps[-1] < 1e-3 * steps[0]
