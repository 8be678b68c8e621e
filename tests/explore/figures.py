"""Each figure that moves, small, as the tests look at it."""

import functools

import numpy as np

from tinynets.explorables import nielsen


def bumps():
    x = np.linspace(0, 1, 41)
    sums = {(n, w): x**2 + np.sin(n * x) / w for n in range(2, 13, 2) for w in (10, 100)}
    return nielsen.bumps(x, x**2, sums, name="bumps", alt_text="Two curves.")


BUILDERS = {"bumps": bumps}


@functools.cache
def blocks():
    """Return the block of each figure, by its name."""
    return {name: build() for name, build in BUILDERS.items()}
