"""Convolutional nets against NumPy, copies of images, saving, training."""

import math

import numpy as np
import pytest
import torch

from tinynets import convnets, nets, plots
from tinynets.plots import convolution
from tinynets.rng import generator

SHAPE = (12, 10)


def images(n=7, seed=1):
    return torch.rand(n, math.prod(SHAPE), generator=generator(seed))


def built(seed=2, **options):
    options = {"channels": (3,), "hidden": (6,), "kernel": 3} | options
    net = convnets.ConvNet(SHAPE, **options)
    return nets.initialise(net, scheme="nielsen", generator=generator(seed))


def test_layers_equal_loops_in_numpy():
    net, x = built(), images(2)
    first, pooled = net.feature_maps(x)
    w = net.convolutions[0].weight.detach().numpy()
    b = net.convolutions[0].bias.detach().numpy()
    pictures = first.numpy()
    assert pooled.shape == (2, 3, 5, 4)
    for i, m, row, column in np.ndindex(2, 3, 5, 4):
        z = max(
            (w[m, 0] * pictures[i, 0, r : r + 3, c : c + 3]).sum() + b[m]
            for r in (2 * row, 2 * row + 1)
            for c in (2 * column, 2 * column + 1)
        )
        assert pooled[i, m, row, column].item() == pytest.approx(max(0, z), abs=1e-5)
    hidden = torch.relu(net.layers[0](pooled.flatten(1)))
    torch.testing.assert_close(net(x), net.layers[1](hidden))


def test_the_book_counts_520_parameters_for_20_maps():
    net = convnets.ConvNet((28, 28), (20,), (100,))
    assert nets.n_parameters(net.convolutions) == 520
    assert net.layers[0].weight.shape == (100, 20 * 12 * 12)


def stack_and_each(**options):
    """Three nets side by side, and the same three one by one."""
    stack = built(n_nets=3, channels=(3, 2), **options)
    each = [
        nets.set_parameters(built(channels=(3, 2), **options), theta)
        for theta in nets.flatten(stack)
    ]
    return stack, each


def test_a_stack_gives_what_each_of_its_nets_gives():
    stack, each = stack_and_each(padding=1)
    x = torch.stack([images(5, seed) for seed in range(3)])
    torch.testing.assert_close(
        stack(x), torch.stack([net(part) for net, part in zip(each, x, strict=True)])
    )
    torch.testing.assert_close(stack(x[0]), torch.stack([net(x[0]) for net in each]))
    for found, *wanted in zip(
        stack.feature_maps(x[1]), *(net.feature_maps(x[1]) for net in each), strict=True
    ):
        torch.testing.assert_close(found, torch.stack(wanted))
    shares = convnets.accuracy_on(stack, x[0], torch.zeros(5, dtype=torch.int64), batch_size=2)
    assert shares.tolist() == [
        convnets.accuracy_on(net, x[0], torch.zeros(5, dtype=torch.int64)).item() for net in each
    ]


def test_nets_of_a_stack_learn_as_if_alone():
    stack, each = stack_and_each()
    x, labels = images(20), torch.arange(20) % 10
    how = {"epochs": 2, "rate": 0.1, "batch_size": 20, "momentum": 0.9, "decay": 0.01}
    for net in (stack, *each):  # whole batches, whose order does not matter
        for _ in convnets.train_epochs(net, x, labels, generator=generator(1), **how):
            pass
    torch.testing.assert_close(
        nets.flatten(stack), torch.stack([nets.flatten(net) for net in each])
    )


def test_a_stack_distorts_and_drops_for_each_net():
    x = images(20)
    seen = []

    def seeing(batch, *, generator):
        seen.append(batch.shape)
        return convnets.distorted(batch, SHAPE, shift=1, generator=generator)

    stack = built(n_nets=3, dropout=0.5)
    how = {"epochs": 1, "rate": 0.1, "batch_size": 10, "generator": generator(1)}
    for _ in convnets.train_epochs(stack, x, torch.arange(20) % 10, distort=seeing, **how):
        pass
    assert seen == [(30, math.prod(SHAPE))] * 2
    dropped = stack(x, generator=generator(2))
    assert not torch.equal(dropped[0], stack(x)[0])


def test_a_stack_starts_as_wide_as_one_net():
    def start(**options):
        net = convnets.ConvNet((28, 28), (40,), **options)
        return nets.initialise(net, scheme="glorot", generator=generator(1)).convolutions[0].weight

    assert start(n_nets=6).std().item() == pytest.approx(start().std().item(), rel=0.1)


def test_dropout_keeps_the_mean_and_needs_a_generator():
    net, x = built(hidden=(4000,), dropout=0.25), images(1)
    plain = net(x)
    assert torch.equal(plain, net(x))
    source = generator(3)
    many = torch.stack([net(x, generator=source)[0] for _ in range(200)])
    error = many.std(0) / math.sqrt(200)
    assert (many.std(0) > 0).all()
    assert ((many.mean(0) - plain[0]).abs() < 5 * error).all()
    share = (
        (convnets.dropped(torch.ones(10_000), 0.25, generator=generator(4)) == 0).double().mean()
    )
    assert abs(share - 0.25) < 5 * math.sqrt(0.25 * 0.75 / 10_000)


def test_no_distortion_returns_the_images():
    x = images()
    same = convnets.distorted(x, SHAPE, generator=generator(1))
    torch.testing.assert_close(same, x, rtol=0, atol=1e-5)
    assert same.data_ptr() != x.data_ptr()


def test_shifts_are_whole_pixels_within_reach():
    x = torch.zeros(400, *SHAPE)
    x[:, 6, 4] = 1.0
    moved = convnets.distorted(x.flatten(1), SHAPE, shift=2, generator=generator(1)).reshape(
        x.shape
    )
    assert torch.equal((moved > 0.999).flatten(1).sum(1), torch.ones(400))
    where = (moved > 0.999).nonzero()[:, 1:] - torch.tensor([6, 4])
    seen = {tuple(offset) for offset in where.tolist()}
    assert seen == {(i, j) for i in range(-2, 3) for j in range(-2, 3)}


def test_a_quarter_turn_maps_pixels_as_rot90(monkeypatch):
    x = torch.rand(3, 81, generator=generator(5))
    monkeypatch.setattr(torch, "rand", lambda n, **_: torch.ones(n))  # the full reach
    turned = convnets.distorted(x, (9, 9), rotation=90, generator=generator(1))
    expected = torch.rot90(x.reshape(3, 9, 9), 1, (1, 2))
    torch.testing.assert_close(turned.reshape(3, 9, 9), expected, rtol=0, atol=1e-4)
    slanted = convnets.distorted(x, (9, 9), skew=1, generator=generator(1))
    for row in range(9):  # row r moves by r - 4 columns
        moved = slanted.reshape(3, 9, 9)[:, row]
        for column in range(9):
            origin = column + row - 4
            wanted = x.reshape(3, 9, 9)[:, row, origin] if 0 <= origin < 9 else torch.zeros(3)
            torch.testing.assert_close(moved[:, column], wanted, rtol=0, atol=1e-4)


def test_accuracy_counts_a_partial_last_batch():
    net, x = built(), images(23)
    labels = net(x).argmax(-1)
    labels[[0, 22]] += 1
    for batch_size in (1, 5, 23, 100):
        assert convnets.accuracy_on(net, x, labels, batch_size=batch_size) == pytest.approx(21 / 23)


def test_rates_follow_the_schedule_and_leaving_stops():
    net, x = built(), images(20)
    labels = torch.arange(20) % 10
    options = {"epochs": 4, "batch_size": 5}
    rates = [
        rate
        for _, rate in convnets.train_epochs(
            net, x, labels, rate=lambda epoch: 0.1 / epoch, generator=generator(1), **options
        )
    ]
    assert rates == [0.1 / epoch for epoch in range(1, 5)]
    one, same = built(), built()
    next(convnets.train_epochs(one, x, labels, rate=0.1, generator=generator(1), **options))
    for _ in convnets.train_epochs(same, x, labels, rate=0.1, generator=generator(1), **options):
        break
    assert torch.equal(nets.flatten(one), nets.flatten(same))
    assert not torch.equal(nets.flatten(one), nets.flatten(built()))


def test_one_epoch_is_one_step_of_gradient_descent():
    net, other, x = built(), built(), images(20)
    labels = torch.arange(20) % 10
    torch.nn.functional.cross_entropy(other(x), labels).backward()
    expected = [p - 0.3 * (p.grad + 0.01 * p) for p in other.parameters()]
    next(
        convnets.train_epochs(
            net, x, labels, rate=0.3, epochs=1, decay=0.01, batch_size=20, generator=generator(1)
        )
    )
    for found, wanted in zip(net.parameters(), expected, strict=True):
        torch.testing.assert_close(found, wanted)


def test_draws_reproduce_and_leave_the_global_state():
    state = torch.get_rng_state()

    def trained(seed):
        net = built(dropout=0.5)
        for _ in convnets.train_epochs(
            net,
            images(20),
            torch.arange(20) % 10,
            epochs=1,
            rate=0.1,
            batch_size=5,
            generator=generator(seed),
            distort=lambda x, generator: convnets.distorted(
                x, SHAPE, shift=1, rotation=5, generator=generator
            ),
        ):
            pass
        return nets.flatten(net)

    assert torch.equal(trained(1), trained(1))
    assert not torch.equal(trained(1), trained(2))
    assert torch.equal(torch.get_rng_state(), state)
    for call in (
        lambda: convnets.distorted(images(), SHAPE),
        lambda: convnets.dropped(images(), 0.5),
    ):
        with pytest.raises(TypeError, match="generator"):
            call()


def test_vote_is_the_majority():
    guesses = torch.tensor([[4, 7, 3], [1, 2, 3], [1, 7, 9]])
    assert convnets.vote(guesses).tolist() == [1, 7, 3]


def test_a_saved_net_comes_back_bit_for_bit(tmp_path):
    net, x = built(activation="tanh", dropout=0.5), images()
    convnets.save(net, tmp_path / "net.npz")
    again = convnets.load(tmp_path / "net.npz")
    assert torch.equal(net(x), again(x))
    assert again.options == net.options
    for name, content in (("text", b"not a net"), ("empty", b"")):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(ValueError, match="written by convnets.save"):
            convnets.load(path)
    np.savez(tmp_path / "other.npz", a=np.zeros(2))
    with pytest.raises(ValueError, match="written by convnets.save"):
        convnets.load(tmp_path / "other.npz")


@pytest.mark.parametrize(
    "options, words",
    [
        ({"kernel": 7, "channels": (2, 2)}, "leave nothing of 12 pixels"),
        ({"activation": "swoosh"}, "'swoosh'"),
        ({"dropout": 1.5}, "dropout"),
    ],
)
def test_errors_name_the_argument(options, words):
    with pytest.raises(ValueError, match=words):
        built(**options)


def test_pictures_have_a_tile_for_each():
    plots.use_style()
    net, x = built(), images(1)
    picture, pooled = (a[0].detach().numpy() for a in net.feature_maps(x))
    filters = net.convolutions[0].weight[:, 0].detach().numpy()
    figure = convolution.plot_maps_of(picture[0], filters, pooled, pooled)
    assert sum(len(ax.images) for ax in figure.axes) == 1 + 3 * 3
    figure = convolution.plot_gallery(images(5), SHAPE, list("abcde"), columns=3)
    assert [ax.get_title() for ax in figure.axes] == [*"abcde", ""]
