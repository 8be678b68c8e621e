"""Each figure that moves, small, as the tests look at it."""

import functools

import matplotlib as mpl
import numpy as np
import torch

from tinynets import bnn, data, drawing, nets, vae
from tinynets.explorables import bnn as explorable_bnn
from tinynets.explorables import digit, latents, masks, nielsen
from tinynets.explorables.corners import corners_explorable
from tinynets.explorables.descent import descent_explorable
from tinynets.explorables.faults import faults_explorable
from tinynets.explorables.functions import functions_explorable
from tinynets.explorables.mean import mean_explorable
from tinynets.explorables.neurons import neuron_explorable, two_neurons_explorable
from tinynets.explorables.sampler import sampler_explorable
from tinynets.explorables.tenmasks import masks_explorable
from tinynets.explorables.wide import wide_explorable
from tinynets.nets import MLP
from tinynets.plots import use_style
from tinynets.rng import generator
from tinynets.samplers import tempered_smc


def bumps():
    x = np.linspace(0, 1, 41)
    sums = {(n, w): x**2 + np.sin(n * x) / w for n in range(2, 13, 2) for w in (10, 100)}
    return nielsen.bumps(x, x**2, sums, name="bumps", alt_text="Two curves.")


def draw_a_digit():
    digits = data.load_small_digits()
    n = digits.n_pixels
    looks = drawing.Looks(
        nets.MLP([n, 10]), nets.MLP([n, 10, 3, 10], "sigmoid"), [vae.VAE([n, 8, 4, 2])], [1]
    )
    for number, net in enumerate((looks.masks, looks.cube, *looks.vaes)):
        nets.initialise(net, generator=generator(number))
    options = {"question": "Which digit is it?", "answer": "None."}
    return digit.digit_explorable(looks, *digits.test, start=9, sheets=["fig-sheet"], **options)


def masks_drawn():
    digits = data.load_small_digits()
    net = nets.initialise(nets.MLP([digits.n_pixels, 10]), generator=generator(0))
    return masks_explorable(net, *digits.test, start=4, question="Do they?", answer="Most.")


def functions():
    net = MLP([1, 3, 1], "relu")
    x = torch.linspace(-2, 2, 20, dtype=torch.float64)[:, None]
    source = generator(1, "functions")
    y = x.abs() + 0.1 * torch.randn(20, 1, dtype=torch.float64, generator=source)
    posterior = bnn.Posterior(net, x, y, bnn.Gaussian(0.1), prior_std=1.5)
    particles = tempered_smc(posterior, n_particles=200, generator=source).position
    x_star = torch.linspace(-2.5, 2.5, 61, dtype=torch.float64)[:, None]
    reference = bnn.predictions(posterior, particles[None], x_star)[0]
    return functions_explorable(posterior, particles[:4], reference, x_star)


RNG = np.random.default_rng(1)


def cloud():
    clouds = {kind: RNG.uniform(size=(6, 60, 3)) for kind in ("sigmoid", "tanh")}
    bounds, marks = dict.fromkeys(clouds, (0, 1)), dict.fromkeys(clouds, np.linspace(0.1, 0.9, 6))
    images = RNG.uniform(size=(60, 16))
    return latents.cloud_explorable(
        clouds,
        np.arange(60) % 10,
        bounds,
        (0, 1, 3, 10, 30, 100),
        marks,
        images,
        (4, 4),
        name="cloud",
        alt_text="A cube with digits in it.",
    )


def plane():
    tiles, points = RNG.uniform(size=(5, 5, 64)), RNG.normal(size=(40, 2))
    return latents.plane_explorable(
        tiles,
        3.0,
        (8, 8),
        points,
        np.arange(40) % 10,
        RNG.uniform(size=(40, 64)),
        (8, 8),
        name="plane",
        alt_text="A plane with digits in it, and an image.",
    )


def betas():
    means = RNG.normal(size=(3, 10, 2))
    covariances = np.broadcast_to(0.2 * np.eye(2), (3, 10, 2, 2))
    return latents.betas_explorable(
        (0.1, 1, 10), means, covariances, (5, 3, 1), (80, 90, 100), alt_text="Ten ellipses."
    )


def growth():
    frames = RNG.normal(size=(6, 10, 64)) * np.arange(1, 7)[:, None, None]
    return masks.growth_explorable(
        frames,
        (8, 8),
        (0, 1, 3, 10, 30, 100),
        np.linspace(0.1, 0.9, 6),
        name="growth",
        alt_text="Masks.",
    )


def clusters():
    x, sizes = np.linspace(-2, 2, 41), (3, 15, 60)
    wide = [(-1 - x**2 / n, 1 + x**2 / n) for n in sizes]
    data = [(RNG.normal(size=n), RNG.normal(size=n)) for n in sizes]
    return explorable_bnn.clusters_explorable(
        x, sizes, wide, wide, data, ylim=(-3, 3), name="clusters", alt_text="Two bands."
    )


def match():
    images, weights = RNG.uniform(size=(4, 64)), RNG.normal(size=(10, 64))
    return masks.match_explorable(
        images,
        [3, 1, 0, 2],
        weights,
        images @ weights.T,
        (8, 8),
        name="match",
        alt_text="An image, a mask, their product, and bars.",
    )


def training():
    axis = np.linspace(-3, 3, 31)
    x, y = np.meshgrid(axis, axis)
    discs = [
        [4 / ((x - k * t / 9) ** 2 + (y - k / 5) ** 2 + 1) for k in range(10)] for t in range(4)
    ]
    return latents.training_explorable(
        {"β = 1": discs, "β = 10": discs[::-1]},
        3.0,
        (0, 1, 10, 100),
        name="training",
        alt_text="Two planes with ten regions each.",
    )


def draws():
    x = np.linspace(-2, 2, 41)
    f = np.abs(x[None] - np.linspace(-1, 1, 5)[:, None])
    at = np.linspace(-1, 1, 5)[:, None]
    return explorable_bnn.draws_explorable(
        x,
        f,
        at,
        0 * at,
        np.ones((5, 1)),
        [f"corner at {float(a):.1f}" for a in at.ravel()],
        data=(x, np.abs(x)),
        name="draws",
        alt_text="A curve with a corner.",
    )


def wide():
    x = torch.tensor([-1.8, -1.2, 1.1, 1.9])
    return wide_explorable(x, x.sin(), answer="Wide, and no.")


SAID = {"question": "Which?", "answer": "This one."}

BUILDERS = {
    "wide": wide,
    "bumps": bumps,
    "match": match,
    "training": training,
    "draws": draws,
    "sampler": sampler_explorable,
    "faults": faults_explorable,
    "digit": draw_a_digit,
    "corners": corners_explorable,
    "functions": functions,
    "cloud": cloud,
    "plane": plane,
    "betas": betas,
    "growth": growth,
    "clusters": clusters,
    "masks": masks_drawn,
    "neuron": functools.partial(neuron_explorable, **SAID),
    "neurons": functools.partial(two_neurons_explorable, **SAID),
    "mean": lambda: mean_explorable(question="Which rate?", answer="Below 2/L."),
    "descent": lambda: descent_explorable(question="Which well?", answer="The nearest."),
}
# What is dragged:
HANDLES = ["sampler", "digit", "masks", "corners", "plane", "wide", "neuron", "neurons", "descent"]
GRABBED = {
    "sampler": (0.6, 0.2),
    "cloud": (0.3, 0.5),
    "plane": (0.3, 0.2),
    "descent": (0.6, 0.3),
}  # and those whose picture is grabbed: where, in shares of it
PLAYED = [name for name in BUILDERS if name not in ("digit", "corners", "plane", "masks", "neuron")]
# Those that make steps of their own:
RUNNING = ["sampler", "faults", "functions", "wide", "neurons", "descent"]


def blocks():
    """Return the HTML of each figure, by its name."""
    with mpl.rc_context():
        use_style()  # as every page does
        return {name: build().html for name, build in BUILDERS.items()}
