"""A linear classifier is what its masks say, and nothing else."""

import itertools

import pytest
import torch

from tinynets import masks, nets
from tinynets.losses import cross_entropy, squared_weights
from tinynets.rng import generator
from tinynets.train import train

N_PIXELS, N_CLASSES, N_SEEDS = 12, 4, 2
BLANK = [0, 7]


@pytest.fixture(scope="module")
def data():
    """Draw images of four classes with two pixels that are always blank."""
    stream = generator(1, "images")
    labels = torch.arange(200) % N_CLASSES
    means = torch.rand(N_CLASSES, N_PIXELS, generator=stream)
    noise = torch.rand(200, N_PIXELS, generator=stream)
    images = (means[labels] + noise) / 2
    images[:, BLANK] = 0
    return images, labels


def draw_net(*hidden, activation="identity", n_nets=N_SEEDS, bias=True):
    net = nets.MLP([N_PIXELS, *hidden, N_CLASSES], activation, n_nets=n_nets, bias=bias)
    return nets.initialise(net, generator=generator(1, "weights"))


def fit(net, data, penalty, rate=0.3, n_steps=40):
    return train(
        net,
        lambda net, x, y: cross_entropy(net(x), y) + penalty / 2 * squared_weights(net),
        data,
        optimiser=torch.optim.SGD(net.parameters(), lr=rate),
        batch_size=20,
        n_steps=n_steps,
        generator=generator(1, "batches"),
    )


@pytest.mark.parametrize("hidden", [(), (5,), (5, 3)])
@pytest.mark.parametrize("n_nets", [None, 2])
@pytest.mark.parametrize("bias", [True, False])
def test_collapse_computes_what_the_net_computes(data, hidden, n_nets, bias):
    net = draw_net(*hidden, n_nets=n_nets, bias=bias)
    linear = masks.collapse(net)
    torch.testing.assert_close(linear.scores(data[0]), net(data[0]).detach())
    assert not linear.masks.requires_grad


def test_collapse_refuses_a_net_that_bends():
    with pytest.raises(ValueError, match=r"must be linear.*\['tanh'\]"):
        masks.collapse(draw_net(5, activation="tanh"))


def test_centring_leaves_probabilities_as_they_were(data):
    linear = masks.collapse(draw_net())
    centred = masks.centre(linear.masks)
    assert centred.mean(-2).abs().max() < 1e-6
    assert (linear.masks - centred).abs().max() > 0.01
    torch.testing.assert_close(
        masks.LinearMap(centred, linear.biases).scores(data[0]).softmax(-1),
        linear.scores(data[0]).softmax(-1),
    )


def test_nearest_mean_picks_the_nearest_mean(data):
    images, labels = data
    picked = masks.nearest_mean(images, labels).scores(images).argmax(-1)
    means = torch.stack([images[labels == k].mean(0) for k in range(N_CLASSES)])
    assert torch.equal(picked, torch.cdist(images, means).argmin(-1))


def test_class_means_name_a_class_without_images(data):
    with pytest.raises(ValueError, match=r"every class, got none of \[1\]"):
        masks.class_means(data[0][:2], torch.tensor([0, 2]))


@pytest.mark.parametrize("penalty", [0.0, 0.05])
def test_blank_pixels_and_the_mean_mask_only_decay(data, penalty):
    net = draw_net()
    start = masks.collapse(net).masks.clone()
    fit(net, data, penalty)
    end = masks.collapse(net).masks
    left = (1 - 0.3 * penalty) ** 40
    assert torch.equal(masks.never_inked(data[0]).nonzero().flatten(), torch.tensor(BLANK))
    torch.testing.assert_close(end[..., BLANK], left * start[..., BLANK])
    torch.testing.assert_close(end.mean(1), left * start.mean(1))
    assert (end - start)[..., 1:7].abs().min() > 1e-4  # the others learnt


def test_correlation_is_numpys_own():
    some = torch.randn(2, N_CLASSES, N_PIXELS, generator=generator(1))
    for one, table in zip(some, masks.correlation(some), strict=True):
        torch.testing.assert_close(table, torch.corrcoef(one))


def test_confusion_counts_pairs():
    labels = torch.tensor([0, 0, 1, 2, 2, 2])
    read = torch.tensor([0, 1, 1, 0, 2, 0])
    table = masks.confusion(read, labels, 3)
    for i, j in itertools.product(range(3), repeat=2):
        assert table[i, j] == ((labels == i) & (read == j)).sum()
    with pytest.raises(ValueError, match="labels must have shape .n. with n = 2 as in predicted"):
        masks.confusion(read[:2], labels, 3)
