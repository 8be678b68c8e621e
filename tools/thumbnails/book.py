"""The pictures of the notes on Nielsen's book."""

import gzip
import json
import lzma
from collections import Counter
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch

from tinynets import convnets, nets, nielsen
from tinynets.colours import BLUE, GREEN, INK, VERMILION
from tinynets.losses import cross_entropy
from tinynets.nielsen import CROSS_ENTROPY, QUADRATIC, sigmoid
from tinynets.plots import masks
from tinynets.rng import generator
from tools.thumbnails.notes import NOTES, empty
from tools.thumbnails.posts import SIZE, classifier


def index(_):
    """A dot for each exercise, a row for each chapter; problems are orange."""
    items = json.loads((NOTES / "nielsen" / "exercises.json").read_text())
    ax = empty(xlim=(-1, 27), ylim=(5.8, -0.8))
    placed = Counter()
    for item in sorted(items):
        chapter, kind = item.split(".")
        colour = VERMILION if kind.startswith("P") else BLUE
        ax.plot(placed[chapter], int(chapter) - 1, "o", color=colour, markersize=7)
        placed[chapter] += 1


def chapter_1(digits):
    """Twenty test digits in a row, of which a net misreads one: it has a frame."""
    net = classifier(digits, [30, 10], "sigmoid", 1500)
    with torch.no_grad():
        wrong = (net(digits.test.images).argmax(1) != digits.test.labels).view(-1, 20)
    row = int((wrong.sum(1) == 1).nonzero()[0])
    _, axes = plt.subplots(4, 5, figsize=SIZE)
    for i, ax in enumerate(axes.flat):
        image = digits.test.images[20 * row + i]
        masks.plot_tile(image, digits.image_shape, amounts=True, ax=ax)
        ax.spines[:].set_visible(bool(wrong[row, i]))
        ax.spines[:].set(alpha=1, linewidth=2.5, color=VERMILION)


def chapter_2(digits):
    """Three digits, and the slopes of their cost in each pixel."""
    net = classifier(digits, [30, 10], "sigmoid", 600)
    shown = [int((digits.test.labels == k).nonzero()[0]) for k in (0, 4, 6)]
    images = digits.test.images[shown].requires_grad_()
    cost = cross_entropy(net(images), digits.test.labels[shown])
    (slopes,) = torch.autograd.grad(cost.sum(), images)
    _, axes = plt.subplots(2, 3, figsize=SIZE)
    for column, (image, slope) in enumerate(zip(images.detach(), slopes, strict=True)):
        masks.plot_tile(image, digits.image_shape, amounts=True, ax=axes[0, column])
        masks.plot_tile(slope, digits.image_shape, ax=axes[1, column])


def chapter_3(_):
    """A neuron that begins badly wrong, with the quadratic cost and with cross-entropy."""
    ax = empty(ylim=(-0.03, 1.05))
    for cost, how in ((QUADRATIC, {"color": VERMILION, "linestyle": "--"}), (CROSS_ENTROPY, {})):
        w = b = 2.0
        outputs = []
        for _ in range(300):
            outputs.append(sigmoid(w + b))
            slope = cost.delta(np.array([w + b]), 0.0)[0]
            w, b = w - 0.15 * slope, b - 0.15 * slope
        ax.plot(outputs, linewidth=2.6, **how)
    ax.axhline(0, color=INK, linewidth=0.8)


def chapter_4(_):
    """A staircase of ten bumps under the function that it follows."""
    x = np.linspace(0, 1, 801)

    def f(x):
        return 0.2 + 0.4 * x**2 + 0.3 * x * np.sin(15 * x) + 0.05 * np.cos(50 * x)

    left = np.arange(-2, 12) / 10
    up, down = (sigmoid(1000 * (x[:, None] - edge)) for edge in (left, left + 0.1))
    stairs = (up - down) @ f(left + 0.05)
    ax = empty(xlim=(0, 0.995), ylim=(0, 0.95))
    ax.fill_between(x, stairs, color=BLUE, alpha=0.18, linewidth=0)
    ax.plot(x, stairs, color=BLUE, linewidth=2)
    ax.plot(x, f(x), color=VERMILION, linewidth=2.2)


def chapter_5(digits):
    """Length of the bias gradient in ten layers of sigmoids, and of ReLUs, log scale."""
    images, labels = (part[:1000] for part in digits.train)
    ax = empty()
    for i, (activation, scheme) in enumerate((("sigmoid", "nielsen"), ("relu", "he"))):
        sizes = [digits.n_pixels, *10 * [30], 10]
        net = nets.initialise(
            nets.MLP(sizes, activation), scheme=scheme, generator=generator(5, "net")
        )
        biases = [layer.bias for layer in net.layers[:-1]]
        grads = torch.autograd.grad(cross_entropy(net(images), labels).sum(), biases)
        lengths = np.array([grad.norm().item() for grad in grads])
        ax.plot(lengths / lengths[-1], "o-", color=(BLUE, GREEN)[i], linewidth=2.4, markersize=7)
    ax.set(yscale="log")


def chapter_6(digits):
    """A digit, three filters of a trained net, and what each makes of the digit."""
    field = {"kernel": 5} if digits.image_shape[0] >= 28 else {"kernel": 3, "padding": 1}
    net = convnets.ConvNet(digits.image_shape, (8,), (50,), **field)
    nets.initialise(net, scheme="he", generator=generator(6, "net"))
    images, labels = (part[:2000] for part in digits.train)
    for _ in convnets.train_epochs(
        net, images, labels, epochs=5, rate=0.01, batch_size=10, momentum=0.9,
        generator=generator(6, "order"),
    ):  # fmt: skip
        pass
    with torch.no_grad():
        raw, _, *_ = net.feature_maps(digits.test.images[:1])
        maps = torch.relu(net.convolutions[0](raw))[0]
    chosen = maps.flatten(1).std(1).argsort(descending=True)[:3]
    filters = net.convolutions[0].weight[:, 0].detach()
    fig, axes = plt.subplots(2, 4, figsize=SIZE, width_ratios=(1.6, 1, 1, 1))
    for ax in axes[:, 0]:
        ax.remove()
    ax = fig.add_subplot(axes[0, 0].get_gridspec()[:, 0])
    masks.plot_tile(raw.flatten(), digits.image_shape, amounts=True, ax=ax)
    for values, row in zip((filters, maps), axes[:, 1:], strict=True):
        limit = float(values[chosen].abs().max())
        for value, ax in zip(values[chosen], row, strict=True):
            masks.plot_tile(value.flatten(), value.shape, limit=limit, ax=ax)


def appendix(digits):
    """Squares as large as what a reader of digits is made of, compressed."""
    x, y = digits.train.images.numpy(), nielsen.one_hot(digits.train.labels.numpy())
    source = np.random.default_rng(8)
    net = nielsen.network([digits.n_pixels, 30, 10], generator=source, dtype=x.dtype)
    steps = nielsen.sgd(
        net, (x, y.astype(x.dtype)), epochs=1, eta=0.5, mini_batch_size=10,
        generator=source, cost=CROSS_ENTROPY,
    )  # fmt: skip
    (net,) = steps
    whole = [np.round(8 * p).astype(np.int16).tobytes() for part in net for p in part]
    files = sorted(Path(nielsen.__file__).parent.glob("*.py"))
    lengths = (
        len(gzip.compress((255 * x).round().astype(np.uint8).tobytes())),
        len(lzma.compress(b"".join(whole))),
        len(gzip.compress(b"".join(path.read_bytes() for path in files))),
    )
    ax, right = empty(xlim=(-0.17, 1.3), ylim=(-0.02, 1.02), aspect="equal"), 1.22
    for length, colour, alpha in zip(lengths, (INK, BLUE, VERMILION), (0.25, 1, 1), strict=True):
        side = (length / lengths[0]) ** 0.5
        place = right - side, 0
        ax.add_patch(plt.Rectangle(place, side, side, color=colour, alpha=alpha, linewidth=0))
        right -= side + 0.06


DRAWN = (index, chapter_1, chapter_2, chapter_3, chapter_4, chapter_5, chapter_6, appendix)
