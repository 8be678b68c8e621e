"""Time the training loop against the usual DataLoader and nn.Module one.

Both train the same nets on the same digits with the same optimiser and batch
size, alternating in one process; the smallest time of each counts. Seconds
of the clock tell only on a quiet machine; CPU seconds (with
OMP_NUM_THREADS=1) tell on a busy one too.

    python benchmarks/training.py [--repeats 3] [--seeds 5] [--images 60000]
"""

import argparse
import itertools
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
    noise = generator(1, "noise")
    return fit(net, lambda net, x: -vae.elbo(net, x, generator=noise).objective.mean(-1), (images,))


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


def usual_vae(images):
    usual(UsualVAE(images.shape[1]), lambda net, x: net(x), images)


def usual_classifier(images, labels):
    usual(
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


def smallest(repeats, **tasks):
    """Run all tasks in turn, `repeats` times; keep each one's best times."""
    best = {name: (float("inf"),) * 2 for name in tasks}
    for _ in range(repeats):
        for name, task in tasks.items():
            wall, cpu = time.perf_counter(), time.process_time()
            task()
            spent = time.perf_counter() - wall, time.process_time() - cpu
            best[name] = tuple(map(min, best[name], spent))
    return best


def report(title, best, n_nets, bar):
    names = {
        "usual": "DataLoader + nn.Module",
        "ours": "tinynets",
        "stack": f"tinynets, {n_nets} seeds at once",
        "vmap": f"vmap, {n_nets} seeds at once",
    }
    print(f"{title}: one epoch, batch {BATCH_SIZE}; the bar is {bar} s for 60,000 images")
    print(f"  {'seconds a seed':28} {'clock':>7} {'ratio':>6} {'CPU':>7} {'ratio':>6}")
    for name, times in best.items():
        share = n_nets if name in ("stack", "vmap") else 1
        columns = (
            f"{t / share:7.2f} {u / t * share:6.1f}"
            for t, u in zip(times, best["usual"], strict=True)
        )
        print(f"  {names[name]:28}", *columns)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--images", type=int, default=60_000)
    options = parser.parse_args()
    digits = load_digits()
    images, labels = (part[: options.images] for part in digits.train)
    print(
        f"{digits.describe()}; {len(images):,} an epoch; torch {torch.__version__}, "
        f"{torch.get_num_threads()} threads"
    )
    report(
        "classifier {n, 10, 3, 10}",
        smallest(
            options.repeats,
            usual=lambda: usual_classifier(images, labels),
            ours=lambda: our_classifier(images, labels),
            stack=lambda: our_classifier(images, labels, options.seeds),
            vmap=lambda: vmap_classifier(images, labels, options.seeds),
        ),
        options.seeds,
        2,
    )
    report(
        "β-VAE {n, 256, 128, 2}",
        smallest(
            options.repeats,
            usual=lambda: usual_vae(images),
            ours=lambda: our_vae(images),
            stack=lambda: our_vae(images, options.seeds),
        ),
        options.seeds,
        6,
    )


if __name__ == "__main__":
    main()
