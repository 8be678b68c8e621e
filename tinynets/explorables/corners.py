"""Hidden units as dots on a curve, which a reader swaps, rescales and removes."""

import numpy as np

from tinynets import checks
from tinynets.explorables import Explorable, Points, Slider, live
from tinynets.plots.stills import plot_corners

LOW, HIGH = -2.5, 2.5
# Input weight, bias and output weight of each unit. The fourth bends where the third does, the
# fifth bends beyond the right end and is off before it.
UNITS = ((1.0, 1.5, 1.2), (1.2, 0.6, -2.0), (0.8, -0.48, 1.1), (1.5, -0.9, 0.5), (1.0, -2.9, 0.8))
BIAS = -0.4
ALPHAS = (0.2, 0.25, 0.33, 0.5, 0.7, 1, 1.4, 2, 3, 4, 5)


@checks.arguments()
def corners_explorable(*, name: str = "corners", prior_std: float = 1.0) -> Explorable:
    """Let the reader act on the hidden units of a ReLU net whose function stands still.

    Parameters
    ----------
    name : str
        Lower-case letters, digits and hyphens; unique on its page.
    prior_std : float
        Of the weights: what the prior charges for them is said below.

    Returns
    -------
    Explorable
        To end a cell with.

    Examples
    --------
    >>> corners_explorable().html[:24]
    '<div class="explorable" '
    """
    x = np.linspace(LOW, HIGH, 161)
    w, b, a = np.array(UNITS).T
    f = np.maximum(0, x[:, None] * w + b) @ a + BIAS
    at = -b / w
    heights = np.maximum(0, at[:, None] * w + b) @ a + BIAS
    bounds = float(np.floor(f.min() - 0.5)), float(np.ceil(f.max() + 0.5))
    return live(
        name,
        module="corners",
        heights=(326, 480),
        title="Click a corner",
        question="Choose a unit and swap it, rescale it, remove it. What moves the weights and not "
        "the curve? Which two of the five can be removed without anyone noticing?",
        answer="Swapping and rescaling never move the curve: five units give 120 orderings, and "
        "each unit a line of equally good weights, on which only the prior has an opinion. Units 3 "
        "and 4 bend at the same place, so one of them can go and leave its part to the other; unit "
        "5 bends beyond the data and does nothing here. A sampler of weights has all these copies "
        "before it, which is why one looks at f.",
        alt_text="A curve of straight pieces with a dot at each corner, and below it three groups "
        "of bars for the input weights, biases and output weights of five hidden units.",
        still=plot_corners(x, f, at, heights, np.stack([w, b, a]), xlim=(LOW, HIGH), ylim=bounds),
        controls=[
            Slider("unit", "Unit", 3, 1, len(UNITS), 1),
            Slider("alpha", "Rescale by α", 1, stops=ALPHAS),
            Points("units", "Units", UNITS, (-12, -12, -12), (12, 12, 12), 0.001, least=1),
        ],
        data={"low": LOW, "high": HIGH, "bias": BIAS, "range": bounds, "prior_std": prior_std},
        buttons={"swap": "Swap with the next", "remove": "Remove"},
    )
