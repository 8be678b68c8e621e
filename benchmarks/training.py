"""Time the training loop against the usual one, a tight one, and the flops.

All train the same nets on the same digits with the same optimiser and batch
size, alternating in one process: the usual DataLoader and nn.Module; a tight
loop over the same module, by hand; `train`; and `train` with several seeds at
once. A time is the median of repeats, with the smallest and the largest; a
ratio is the median of the ratios within each repeat. Seconds of the clock tell
only on a quiet machine, CPU seconds (with OMP_NUM_THREADS=1) on a busy one too.

The limit is what the matrix products would take alone, counted from the shapes,
at the speed of a product of two large matrices, measured in each repeat.

    python benchmarks/training.py [--repeats 5] [--seeds 5] [--images 60000]
"""

import argparse
import itertools
import math
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from tinynets import losses, nets, train, vae
from tinynets.data import load_digits
from tinynets.rng import generator

BATCH_SIZE, LEARNING_RATE = 32, 1e-3
HIDDEN = [256, 128]


def our_vae(images, n_nets=None):
    net = nets.initialise(
        vae.VAE([images.shape[1], *HIDDEN, 2], n_nets=n_nets), generator=generator(1)
    )
    return fit(net, vae.NegativeElbo(generator(1, "noise")), (images,))


def autograd_vae(images):
    net = nets.initialise(vae.VAE([images.shape[1], *HIDDEN, 2]), generator=generator(1))
    loss = vae.NegativeElbo(generator(1, "noise"))
    return fit(net, lambda net, x: loss(net, x), (images,))


def our_classifier(images, labels, n_nets=None):
    net = nets.initialise(
        nets.MLP([images.shape[1], 10, 3, 10], "sigmoid", n_nets=n_nets), generator=generator(1)
    )
    return fit(net, lambda net, x, y: losses.cross_entropy(net(x), y), (images, labels))


def fit(net, loss, data):
    steps = train.steps_in_epoch(len(data[0]), BATCH_SIZE)
    return train.train(
        net,
        loss,
        data,
        batch_size=BATCH_SIZE,
        n_steps=steps,
        generator=generator(1, "order"),
        optimiser=torch.optim.AdamW(net.parameters(), lr=LEARNING_RATE, fused=True),
    )


class UsualVAE(nn.Module):
    def __init__(self, n_pixels):
        super().__init__()
        self.encoder = layers([n_pixels, *HIDDEN, 4], nn.SiLU)
        self.decoder = layers([2, *HIDDEN[::-1], n_pixels], nn.SiLU)

    def forward(self, x):
        mean, log_var = self.encoder(x).chunk(2, -1)
        z = mean + torch.exp(log_var / 2) * torch.randn_like(mean)
        kl = 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(-1)
        reconstruction = F.binary_cross_entropy_with_logits(
            self.decoder(z), x, reduction="none"
        ).sum(-1)
        return (reconstruction + kl).mean()


def layers(sizes, activation):
    parts = [
        part
        for n_in, n_out in itertools.pairwise(sizes)
        for part in (nn.Linear(n_in, n_out), activation())
    ]
    return nn.Sequential(*parts[:-1])


def usual(net, loss, *data):
    loader = DataLoader(TensorDataset(*data), BATCH_SIZE, shuffle=True)
    optimiser = torch.optim.AdamW(net.parameters(), lr=LEARNING_RATE)
    for batch in loader:
        optimiser.zero_grad()
        loss(net, *batch).backward()
        optimiser.step()


def tight(net, loss, *data):
    """Train as briefly as PyTorch alone allows: no loader, no checks."""
    optimiser = torch.optim.AdamW(net.parameters(), lr=LEARNING_RATE, fused=True)
    for index in torch.randperm(len(data[0])).split(BATCH_SIZE):
        optimiser.zero_grad()
        loss(net, *(part.index_select(0, index) for part in data)).backward()
        optimiser.step()


def vae_of(loop, images):
    loop(UsualVAE(images.shape[1]), lambda net, x: net(x), images)


def classifier_of(loop, images, labels):
    loop(
        layers([images.shape[1], 10, 3, 10], nn.Sigmoid),
        lambda net, x, y: F.cross_entropy(net(x), y),
        images,
        labels,
    )


def vmap_classifier(images, labels, n_nets):
    """Train the same stack by `stack_module_state`, `vmap` and `grad`."""
    models = [layers([images.shape[1], 10, 3, 10], nn.Sigmoid) for _ in range(n_nets)]
    stacked, _ = torch.func.stack_module_state(models)
    optimiser = torch.optim.AdamW(stacked.values(), lr=LEARNING_RATE, fused=True)
    gradient = torch.func.vmap(
        torch.func.grad(
            lambda theta, x, y: F.cross_entropy(
                torch.func.functional_call(models[0], theta, (x,)), y
            )
        )
    )
    order = train.minibatches(len(images), BATCH_SIZE, n_nets=n_nets, generator=generator(1))
    for _ in range(train.steps_in_epoch(len(images), BATCH_SIZE)):
        index = next(order)
        for name, value in gradient(stacked, images[index], labels[index]).items():
            stacked[name].grad = value
        optimiser.step()


def n_flops(*stacks):
    """Count the operations of an image's matrix products, there and back.

    A layer's product is made three times: for its outputs, for its weights'
    gradient and for its inputs', which images don't need.
    """
    products = [math.prod(pair) for sizes in stacks for pair in itertools.pairwise(sizes)]
    return 2 * (3 * sum(products) - products[0])


def product_speed(n=1024, repeats=5):
    """Return the operations per CPU second of a product of two matrices."""
    a = torch.ones(n, n)
    spent = time.process_time()
    for _ in range(repeats):
        a @ a
    return repeats * 2 * n**3 / (time.process_time() - spent)


def timed(repeats, flops, **tasks):
    """Run all tasks in turn, `repeats` times: (clock, CPU) seconds of each, by name."""
    found = {name: [] for name in ["limit", *tasks]}
    for task in tasks.values():
        task(slice(640))  # what the first call pays alone
    for _ in range(repeats):
        for name, task in tasks.items():
            wall, cpu = time.perf_counter(), time.process_time()
            task(slice(None))
            found[name].append((time.perf_counter() - wall, time.process_time() - cpu))
        found["limit"].append((flops / product_speed(),) * 2)
    return found


NAMES = {
    "usual": "DataLoader + nn.Module",
    "tight": "tight loop",
    "graph": "tinynets, by autograd",
    "ours": "tinynets",
    "stack": "tinynets, {} seeds at once",
    "vmap": "vmap, {} seeds at once",
    "limit": "matrix products alone",
}


def report(title, found, n_nets):
    """Print CPU seconds a seed with their spread, ratios to `tinynets`, and the clock's."""
    print(f"{title}: one epoch, batch {BATCH_SIZE}; CPU seconds a seed, with their range")
    print(f"  {'':28} {'median':>7} {'range':>16} {'/ ours':>7} {'clock':>7}")
    for name, label in NAMES.items():
        if name in found:
            share = n_nets if name in ("stack", "vmap") else 1
            clock, cpu = ([pair[i] / share for pair in found[name]] for i in (0, 1))
            ratio = statistics.median(
                mine / ours for mine, (_, ours) in zip(cpu, found["ours"], strict=True)
            )
            spread = f"[{min(cpu):.2f}, {max(cpu):.2f}]"
            print(
                f"  {label.format(n_nets):28} {statistics.median(cpu):7.2f} {spread:>16} "
                f"{ratio:7.2f} {statistics.median(clock):7.2f}"
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--images", type=int, default=60_000)
    options = parser.parse_args()
    digits = load_digits()
    images, labels = (part[: options.images] for part in digits.train)
    print(
        f"{digits.describe()}; {len(images):,} an epoch; torch {torch.__version__}, "
        f"{torch.get_num_threads()} threads"
    )
    n_pixels, n_seeds = images.shape[1], options.seeds
    found = timed(
        options.repeats,
        len(images) * n_flops([n_pixels, 10, 3, 10]),
        usual=lambda some: classifier_of(usual, images[some], labels[some]),
        tight=lambda some: classifier_of(tight, images[some], labels[some]),
        ours=lambda some: our_classifier(images[some], labels[some]),
        stack=lambda some: our_classifier(images[some], labels[some], n_seeds),
        vmap=lambda some: vmap_classifier(images[some], labels[some], n_seeds),
    )
    report(f"classifier {n_pixels}-10-3-10", found, n_seeds)
    found = timed(
        options.repeats,
        len(images) * n_flops([n_pixels, *HIDDEN, 4], [2, *HIDDEN[::-1], n_pixels]),
        usual=lambda some: vae_of(usual, images[some]),
        tight=lambda some: vae_of(tight, images[some]),
        graph=lambda some: autograd_vae(images[some]),
        ours=lambda some: our_vae(images[some]),
        stack=lambda some: our_vae(images[some], n_seeds),
    )
    report(f"β-VAE {n_pixels}-256-128-2", found, n_seeds)


if __name__ == "__main__":
    main()
