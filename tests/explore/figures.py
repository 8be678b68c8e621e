"""Each figure that moves, small, as the tests look at it."""

import functools

import numpy as np

from tinynets.explorables import nielsen
from tinynets.explorables.faults import faults_explorable
from tinynets.explorables.sampler import sampler_explorable


def bumps():
    x = np.linspace(0, 1, 41)
    sums = {(n, w): x**2 + np.sin(n * x) / w for n in range(2, 13, 2) for w in (10, 100)}
    return nielsen.bumps(x, x**2, sums, name="bumps", alt_text="Two curves.")


BUILDERS = {"bumps": bumps, "sampler": sampler_explorable, "faults": faults_explorable}
HANDLES = ["sampler"]  # those with something to drag
GRABBED = {"sampler": (0.6, 0.2)}  # and those whose picture is grabbed: where, in shares of it
RUNNING = ["sampler", "faults"]  # those that make steps of their own


@functools.cache
def blocks():
    """Return the block of each figure, by its name."""
    return {name: build() for name, build in BUILDERS.items()}
