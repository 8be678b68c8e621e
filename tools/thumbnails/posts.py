"""The pictures of the posts."""

import matplotlib.pyplot as plt
import torch

from tinynets import bnn, drawing, empirical, gp, latents, lazy, nets, predict, vae, vi
from tinynets.explorables import descent as figures
from tinynets.explorables import neurons
from tinynets.kernels import exponentiated_quadratic, kernels_of
from tinynets.landscapes import descend
from tinynets.losses import cross_entropy
from tinynets.plots import bnn as bnn_plots
from tinynets.plots import cubes
from tinynets.plots import descent as descent_plots
from tinynets.plots import drawing as drawing_plots
from tinynets.plots import latents as latent_plots
from tinynets.plots import lazy as lazy_plots
from tinynets.plots import masks as mask_plots
from tinynets.plots import neurons as neuron_plots
from tinynets.rng import generator
from tinynets.samplers import adapt, hmc, sample
from tinynets.train import train

SIZE = (4.25, 2.89)  # inches
F64 = {"dtype": torch.float64}


def classifier(digits, sizes, activation, n_steps):
    """Train a net that reads digits."""
    net = nets.initialise(
        nets.MLP([digits.n_pixels, *sizes], activation), generator=generator(1, "net")
    )
    train(
        net,
        lambda net, x, y: cross_entropy(net(x), y),
        digits.train,
        batch_size=100,
        n_steps=n_steps,
        generator=generator(1, "order"),
        optimiser=torch.optim.Adam(net.parameters(), 3e-3),
    )
    return net


def one_neuron(digits):
    x = torch.linspace(neurons.LOW, neurons.HIGH, 241, **F64)
    z = 4 - 2 * x
    fig = neuron_plots.plot_neuron(
        x, torch.sigmoid(z), neurons.slopes_of("sigmoid", z), limit=neurons.SATURATED, kink=2.0
    )
    fig.set_size_inches(SIZE)
    for ax, ylim in zip(fig.axes, ((-0.2, 1.2), (-0.05, 0.3)), strict=True):
        ax.set(ylim=ylim, title="")
        ax.set_axis_off()


def two_neurons(digits):
    x = torch.linspace(neurons.LOW, neurons.HIGH, 101, **F64)
    parts = 34 * torch.sigmoid(0.94 * x + 3.64), -37 * torch.sigmoid(0.88 * x - 3.59)
    target = neurons.TARGETS["parabola"].of(x)
    f = sum(parts) - 32.3
    fig = neuron_plots.plot_two_neurons(x, f, target, ylim=(-38, 38))
    (ax,) = fig.axes
    for part in parts:
        ax.plot(x, part, linewidth=1.2)
    ax.get_legend().remove()
    ax.set_axis_off()
    fig.set_size_inches(SIZE)


def weight_masks(digits):
    masks = classifier(digits, [10], "identity", 600).layers[0].weight
    masks = masks.detach()
    fig = mask_plots.plot_tiles([masks[:3], masks[3:6]], digits.image_shape, limits="all")
    fig.set_size_inches(SIZE)


def draw_a_digit(digits):
    net = classifier(digits, [10], "identity", 600)
    nines = digits.test.images[digits.test.labels == 9].view(-1, *digits.image_shape)
    shares = drawing.rubbed_out(net, nines, 9, 4, patch=5)
    ax = drawing_plots.plot_turned(nines.mean(0), shares, 5, legend=False)
    ax.figure.set_size_inches(SIZE)


def separable_latents(digits):
    net = classifier(digits, [10, 3, 10], "sigmoid", 6000)
    with torch.no_grad():
        cloud = list(net.activations(digits.test.images[:350]))[1]
    fig = cubes.plot_cubes([[cloud]], digits.test.labels[:350], [(0, 1)])
    fig.set_size_inches(SIZE)
    fig.set_dpi(192)


def vae_latents(digits):
    net = nets.initialise(vae.VAE([digits.n_pixels, 256, 128, 2]), generator=generator(1, "vae"))
    noise = generator(1, "noise")
    train(
        net,
        vae.NegativeElbo(noise, beta=4.0),
        (digits.train.images,),
        batch_size=64,
        n_steps=2500,
        generator=generator(1, "order"),
        optimiser=torch.optim.AdamW(net.parameters(), 1e-3),
    )
    axis = torch.linspace(-3.2, 3.2, 120)
    plane = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1)
    maps = []
    for k in range(10):
        with torch.no_grad():
            mean, log_var = net.encoder(digits.test.images[digits.test.labels == k][:300])
        maps.append(
            latents.mixture_log_density(plane.view(-1, 2), mean, log_var.exp()).exp().view(120, 120)
        )
    maps = torch.stack(maps)
    ax = plt.figure(figsize=SIZE, dpi=144).gca()
    latent_plots.plot_densities(maps / latents.region_level(maps, 0.5)[..., None, None], 3.2, ax=ax)
    ax.set(aspect="auto")
    ax.set_axis_off()


def regression(x, y, noise, n_hidden, *, fan_in):
    net = nets.MLP([1, n_hidden, 1], "tanh")
    return bnn.Posterior(net, x, y, bnn.Gaussian(noise), bnn.prior_std(net, fan_in=fan_in))


def truth_by_hmc(posterior, x_star):
    draws = sample(
        adapt(hmc, posterior, n_leapfrog=120, jitter=0.2, step_size=0.01),
        bnn.draw_prior(posterior.prior_std, 16, generator=generator(1, "chains")),
        n_draws=200,
        n_warmup=200,
        generator=generator(1, "hmc"),
    )
    return bnn.predictions(posterior, draws.position, x_star).flatten(0, 1)


def hmc_vs_langevin(_):
    x_star = torch.linspace(-2.2, 2.2, 120, **F64)[:, None]
    x = torch.tensor([-1.9, -1.6, -1.5, -1.1, 1.0, 1.2, 1.5, 1.9], **F64)
    posterior = regression(x[:, None], (1.7 * x).sin()[:, None], 0.1, 100, fan_in=False)
    bnn_plots.plot_predictive(
        x_star,
        truth_by_hmc(posterior, x_star),
        n_curves=25,
        data=(posterior.x, posterior.y),
        ylim=(-4.2, 4.2),
        ax=plt.figure(figsize=SIZE).gca(),
    ).set_axis_off()


def bayes_by_backprop(_):
    x_star = torch.linspace(-2, 2, 120, **F64)[:, None]
    g = generator(1, "clusters")
    x = torch.cat([c + 0.15 * torch.randn(40, 1, **F64, generator=g) for c in (-1.3, 1.3)])
    y = -(x**4) + 3 * x**2 + 1 + 0.2 * torch.randn(80, 1, **F64, generator=g)
    posterior = regression(x, y, 0.2, 20, fan_in=False)
    exact = truth_by_hmc(posterior, x_star)
    q = vi.fit(
        vi.mean_field(bnn.draw_prior(posterior.prior_std, 1, generator=g)[0], 0.02),
        vi.expected_log_likelihood(posterior, n_samples=8),
        posterior,
        n_steps=2500,
        learning_rate=0.01,
        generator=g,
    ).q
    f = posterior.functions(q.sample(1000, generator=g), x_star)
    bnn_plots.plot_predictive(
        x_star,
        f,
        data=(x, y),
        reference=(exact.mean(0), exact.std(0)),
        ylim=(-1.5, 5),
        n_curves=10,
        ax=plt.figure(figsize=SIZE).gca(),
    ).set_axis_off()


def lazy_or_rich(_):
    x = torch.tensor([-1.8, -1.4, -1.1, -0.3, 0.2, 0.9, 1.2, 1.9])[:, None]
    y, grid = torch.sin(2.5 * x), torch.linspace(-2.2, 2.2, 150)[:, None]
    net = lazy.ScaledMLP([1, 10, 1], b_std=1.0, n_nets=1, generator=generator(1, "curve"))
    start = net.one(0)
    kernel = empirical.ntk(start, x, outputs="trace")
    rate = 0.5 * predict.largest_learning_rate(kernel, len(y))
    run = lazy.descend(net, x, y, output_scale=1.0, learning_rate=rate, n_steps=3000)
    flow = predict.GradientFlow(kernel.double(), y.double())
    k_star = empirical.ntk(start, grid, x, outputs="trace").double()
    with torch.no_grad():
        curve = run.nets[-1].one(0)(grid) - start(grid)
    twin = flow.test(run.times[-1].item(), k_star)
    fig = lazy_plots.plot_linearised(
        grid[:, 0], {"": (curve[:, 0], twin[:, 0])}, (x[:, 0], y[:, 0])
    )
    fig.set_size_inches(SIZE)
    fig.axes[0].get_legend().remove()
    fig.axes[0].set_axis_off()


def infinite_width(_):
    x_star = torch.linspace(-2.5, 2.5, 61, **F64)[:, None]
    data = gp.draw_regression(
        10, exponentiated_quadratic, torch.linspace(-2.5, 2.5, 101, **F64)[:, None],
        noise_std=0.1, gap=(-0.8, 0.9), generator=generator(1, "data", 10),
    )  # fmt: skip
    kernels = kernels_of(nets.MLP([1, 1, 1], "erf"), W_std=1.5, b_std=0.7)
    k, star, prior = kernels(data.x), kernels(x_star, data.x), kernels.nngp(x_star)
    found = predict.GradientFlow(k.ntk, data.y[:, 0]).ensemble(
        100.0, star.ntk, nngp=k.nngp, nngp_star=star.nngp, prior=prior, covariance=True
    )
    process = gp.GPPosterior(found.mean, found.covariance, torch.zeros(()))
    curves = process.sample(300, generator=generator(2))
    fig, ax = plt.subplots(figsize=SIZE)
    bnn_plots.plot_predictive(x_star, curves, data=(data.x, data.y), n_curves=5, ax=ax)
    ax.axis("off")


def gradient_descent(_):
    name, start = "wells", torch.tensor([[-0.25, -0.1]], **F64)
    landscape, known = figures.LANDSCAPES[name], figures.facts(name)
    path = descend(landscape, start, optimiser="momentum", rate=0.05, n_steps=300)[:, 0]
    ax = descent_plots.plot_path(landscape, path, known["minima"])
    ax.figure.set_size_inches(SIZE)
    ax.set_axis_off()


DRAWN = (
    one_neuron,
    two_neurons,
    weight_masks,
    draw_a_digit,
    separable_latents,
    vae_latents,
    hmc_vs_langevin,
    bayes_by_backprop,
    lazy_or_rich,
    infinite_width,
    gradient_descent,
)
