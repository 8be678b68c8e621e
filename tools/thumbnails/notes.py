"""The pictures of the notes."""

import json
import math
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy.optimize import minimize
from torch.nn import functional as F

from tinynets import nets, targets
from tinynets.colours import BLUE, INK, VERMILION
from tinynets.kernels import kernels_of
from tinynets.losses import accuracy, cross_entropy
from tinynets.plots import curves, ratios, sweeps
from tinynets.rng import generator
from tinynets.samplers import nuts, sample
from tinynets.train import train
from tools.thumbnails.posts import F64, SIZE

NOTES = Path(__file__).parents[2] / "notes"
FUNCTIONS = (
    (torch.sigmoid, torch.tanh, F.relu),
    (lambda z: F.leaky_relu(z, 0.1), F.elu, F.selu),
    (F.softplus, F.silu, F.gelu),
)


def empty(**limits):
    """A panel without axes, as large as a thumbnail."""
    ax = plt.figure(figsize=SIZE).gca()
    ax.set(**limits)
    ax.set_axis_off()
    return ax


def linear_nets(_):
    """Three modes of two layers: the strong one first, each suddenly."""
    source = generator(7, "learn")
    u, v = (torch.linalg.qr(torch.randn(8, 8, **F64, generator=source))[0] for _ in range(2))
    strengths = torch.tensor([4.0, 2.0, 1.0] + 5 * [0.0], **F64)
    w1, w2 = 1e-3**0.5 * torch.randn(2, 8, 8, **F64, generator=source)
    learnt = []
    for _ in range(3000):
        learnt.append((u.T @ w2 @ w1 @ v).diagonal()[:3])
        error = u * strengths @ v.T - w2 @ w1
        w1, w2 = w1 + 2e-3 * w2.T @ error, w2 + 2e-3 * error @ w1.T
    ax = empty(ylim=(-0.2, 4.3))
    for i, mode in enumerate(torch.stack(learnt)[::20].T):
        curves.draw_line(ax, np.arange(len(mode)), mode, i, label="", linewidth=2.6)


def activations(_):
    z = torch.linspace(-3, 3, 121, **F64, requires_grad=True)
    _, axes = plt.subplots(3, 3, figsize=SIZE, sharex=True, sharey=True)
    for ax, f in zip(axes.flat, (f for row in FUNCTIONS for f in row), strict=True):
        values = f(z)
        (slope,) = torch.autograd.grad(values.sum(), z)
        ax.axhline(0, color=INK, linewidth=0.6, alpha=0.6)
        ax.plot(z.detach(), values.detach(), color=BLUE, linewidth=2.4)
        ax.plot(z.detach(), slope, "--", color=VERMILION, linewidth=1.1)
        ax.set(ylim=(-1.9, 2.6))
        ax.set_axis_off()


def regularisation(_):
    """A polynomial of degree 11 through 14 points, without a penalty and with L2."""
    source = generator(3, "points")
    x = torch.linspace(-1, 1, 14, **F64)
    y = (2.6 * x).sin() + 0.3 * torch.randn(14, **F64, generator=source)
    powers, grid = torch.arange(12), torch.linspace(-1, 1, 301, **F64)
    features = x[:, None] ** powers
    ax = empty(ylim=(-1.45, 1.65))
    for strength, how in ((0.0, {"linestyle": "--", "color": VERMILION}), (0.02, {"color": BLUE})):
        gram = features.T @ features + strength * torch.eye(12, **F64)
        weights = torch.linalg.solve(gram, features.T @ y)
        ax.plot(grid, grid[:, None] ** powers @ weights, linewidth=2.4, **how)
    ax.plot(x, y, "o", color=INK, markersize=5)


def bayes(_):
    """Two mirrored peaks of one tanh unit, and Laplace's Gaussian at one of them."""
    source = generator(5, "tiny")
    x = 4 * torch.rand(8, **F64, generator=source) - 2
    y = 1.2 * (1.5 * x).tanh() + 0.4 * torch.randn(8, **F64, generator=source)

    def log_joint(theta):
        f = theta[..., 1:] * torch.tanh(theta[..., :1] * x)
        return -0.5 * (((y - f) / 0.4) ** 2).sum(-1) - 0.5 * theta.square().sum(-1)

    axis = torch.linspace(-3.8, 3.8, 161, **F64)
    table = log_joint(torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1))
    peak = torch.tensor([1.5, 1.2], **F64)
    for _ in range(25):
        hessian = torch.func.hessian(log_joint)(peak)
        peak = peak - torch.linalg.solve(hessian, torch.func.grad(log_joint)(peak))
    angle = torch.linspace(0, 2 * math.pi, 121, **F64)
    circle = torch.stack([angle.cos(), angle.sin()])
    ring = peak[:, None] + 2 * torch.linalg.cholesky(torch.linalg.inv(-hessian)) @ circle
    ax = empty(xlim=(-3.8, 3.8), ylim=(-3.4, 3.4))
    for drop in (4.5, 2.0, 0.5):
        level = [table.max() - drop, table.max() + 1]
        ax.contourf(axis, axis, table, levels=level, colors=[BLUE], alpha=0.3)
    ax.plot(*ring, "--", color=VERMILION, linewidth=2)
    ax.plot(*peak, "o", color=VERMILION, markersize=5)


def sampling(_):
    """Draws of a banana by NUTS, and the path of one particle on it."""
    banana = targets.banana(bend=0.5, width=2.0)
    draws = sample(
        nuts(banana.log_density, step_size=0.3),
        torch.zeros(1, 2, **F64),
        n_draws=250,
        n_warmup=0,
        generator=generator(4, "nuts"),
    ).position[0]
    q, p = torch.tensor([-3.6, 4.48], **F64), torch.tensor([0.16, -0.58], **F64)
    slope = torch.func.grad(banana.log_density)
    path = [q]
    for _ in range(62):
        p = p + 0.05 * slope(q)
        q = q + 0.1 * p
        p = p + 0.05 * slope(q)
        path.append(q)
    across, up = torch.linspace(-6, 6, 121, **F64), torch.linspace(-5, 9, 121, **F64)
    table = banana.log_density(torch.stack(torch.meshgrid(across, up, indexing="xy"), -1))
    ax = empty(xlim=(-6, 6), ylim=(-5, 9))
    levels = table.max() - torch.tensor([4.5, 2.0, 0.5], **F64)
    ax.contour(across, up, table, levels=levels, colors=[INK], linewidths=0.9, linestyles="-")
    ax.plot(*draws.T, "o", color=BLUE, markersize=2.6, alpha=0.6, markeredgewidth=0)
    ax.plot(*torch.stack(path).T, color=VERMILION, linewidth=2)
    ax.plot(*path[0], "o", color=VERMILION, markersize=6, fillstyle="none")
    ax.plot(*path[-1], "o", color=VERMILION, markersize=6)


def variational(_):
    """Two bumps, and the Gaussians nearest to them, one for each direction of KL."""
    bumps = targets.mixture(
        torch.tensor([0.65, 0.35], **F64),
        torch.tensor([[-2.0], [2.5]], **F64),
        torch.tensor([0.6, 0.8], **F64),
    )
    axis = torch.linspace(-7, 7, 281, **F64)
    log_p, width = bumps.log_density(axis[:, None]), 14 / 280

    def bell(mean, log_std):
        scaled = (axis - mean) / math.exp(log_std)
        return -0.5 * scaled**2 - log_std - 0.5 * math.log(2 * math.pi)

    def kl_to_target(q):
        log_q = bell(*q)
        return width * (log_q.exp() * (log_q - log_p)).sum().item()

    seeking = minimize(kl_to_target, (-2, 0.0)).x
    mean = width * (log_p.exp() * axis).sum()
    log_std = 0.5 * math.log(width * (log_p.exp() * (axis - mean) ** 2).sum())
    ax = empty(xlim=(-7, 7), ylim=(-0.02, 0.72))
    ax.fill_between(axis, log_p.exp(), color=INK, alpha=0.3, linewidth=0)
    ax.plot(axis, bell(*seeking).exp(), color=BLUE, linewidth=2.6)
    ax.plot(axis, bell(mean, log_std).exp(), "--", color=VERMILION, linewidth=2.2)


def kernels(_):
    """The tangent kernel of an infinite net with one layer of erf."""
    x = torch.linspace(-2.5, 2.5, 51, **F64)[:, None]
    net = nets.MLP([1, 1, 1], "erf")
    table = kernels_of(net, W_std=1.5, b_std=0.3)(x).ntk
    ax = empty()
    limit = float(table.abs().max())
    ax.imshow(table, cmap="tinynets_weights", vmin=-limit, vmax=limit, aspect="auto")
    ax.contour(table, levels=9, colors=[INK], linewidths=0.8, alpha=0.8, linestyles="-")


def accuracy_after(digits, batch_size, rate):
    """Accuracy of a net after four passes through 2,000 digits."""
    net = nets.initialise(nets.MLP([digits.n_pixels, 30, 10], "relu"), generator=generator(1, "w"))
    images, labels = (part[:2000] for part in digits.train)
    train(
        net,
        lambda net, x, y: cross_entropy(net(x), y),
        (images, labels),
        batch_size=batch_size,
        n_steps=4 * len(images) // batch_size,
        generator=generator(1, "order"),
        optimiser=torch.optim.SGD(net.parameters(), rate),
    )
    with torch.no_grad():
        return float(accuracy(net(digits.test.images[:2000]), digits.test.labels[:2000]))


def sweep_grid(digits):
    sizes, rates = (16, 64, 256), tuple(0.025 * 2**k for k in range(8))
    values = [[100 * accuracy_after(digits, size, rate) for rate in rates] for size in sizes]
    ax = empty()
    sweeps.plot_grid(sizes, rates, values, low=40, high=100, text="", ax=ax)
    ax.set_axis_off()


def continual_backprop(_):
    learnt = json.loads((NOTES / "continual_rivals.json").read_text())["learnt"]
    ax = empty(ylim=(0.1, 1.02))
    for i, name in enumerate(("continual backprop", "backprop")):
        nets_ = np.array(learnt[name])
        curves.draw_line(ax, np.arange(nets_.shape[1]), nets_, i, label="", linewidth=2.6)


def benchmarks(_):
    """Gradients per second, ours over a peer's, a row for each stored run."""
    stored = json.loads((NOTES / "benchmarks.json").read_text())
    rows = {
        name: compared(run["methods"])
        for name, run in stored.items()
        if "speed" not in run["recipe"]
    }
    fig = ratios.plot_ratios(rows, xlabel="")
    fig.set_size_inches(SIZE)
    fig.axes[0].get_legend().remove()
    fig.axes[0].set_axis_off()
    plt.setp(fig.axes[0].lines, markersize=6)


def compared(methods):
    """Peer to how many gradients ours makes while it makes one, for each repeat."""
    speeds = {
        name: [one["n_gradients"] / one["draw seconds"] for one in method["repeats"]]
        for name, method in methods.items()
    }
    ours = {name: f"tinynets_{'nuts' if name.endswith('nuts') else 'hmc'}" for name in speeds}
    return {
        name: np.divide(speeds[ours[name]], theirs)
        for name, theirs in speeds.items()
        if ours[name] in speeds and name != ours[name]
    }


sweep_grid.__name__ = "sweeps"
DRAWN = (
    linear_nets,
    activations,
    regularisation,
    bayes,
    sampling,
    variational,
    kernels,
    sweep_grid,
    continual_backprop,
    benchmarks,
)
