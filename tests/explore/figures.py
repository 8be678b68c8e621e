"""Each figure that moves, small, as the tests look at it."""

import functools

import numpy as np
import torch

from tinynets import bnn, data, drawing, nets, vae
from tinynets.explorables import digit, nielsen
from tinynets.explorables.corners import corners_explorable
from tinynets.explorables.faults import faults_explorable
from tinynets.explorables.functions import functions_explorable
from tinynets.explorables.sampler import sampler_explorable
from tinynets.nets import MLP
from tinynets.plots import svg
from tinynets.plots.drawing import plot_looks
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
    still = svg.text_of(plot_looks(looks, *digits.test, start=9))
    options = {"question": "Which digit is it?", "answer": "None."}
    return digit.digit_explorable(
        looks, *digits.test, start=9, sheets=["fig-sheet"], still=still, **options
    )


def functions():
    net = MLP([1, 3, 1], "relu")
    x = torch.linspace(-2, 2, 20, dtype=torch.float64)[:, None]
    source = generator(1, "functions")
    y = x.abs() + 0.1 * torch.randn(20, 1, dtype=torch.float64, generator=source)
    posterior = bnn.Posterior(net, x, y, bnn.Gaussian(0.1), prior_std=1.5)
    crowd = tempered_smc(posterior, n_particles=200, generator=source).position
    x_star = torch.linspace(-2.5, 2.5, 61, dtype=torch.float64)[:, None]
    reference = bnn.predictions(posterior, crowd[None], x_star)[0]
    return functions_explorable(posterior, crowd[:4], reference, x_star)


BUILDERS = {
    "bumps": bumps,
    "sampler": sampler_explorable,
    "faults": faults_explorable,
    "digit": draw_a_digit,
    "corners": corners_explorable,
    "functions": functions,
}
HANDLES = ["sampler", "digit", "corners"]  # those with something to drag
GRABBED = {"sampler": (0.6, 0.2)}  # and those whose picture is grabbed: where, in shares of it
RUNNING = ["sampler", "faults", "functions"]  # those that make steps of their own


@functools.cache
def blocks():
    """Return the block of each figure, by its name."""
    return {name: build() for name, build in BUILDERS.items()}
