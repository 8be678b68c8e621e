"""Moving figures for the notes on Nielsen's book."""

import numpy as np

from tinynets import checks
from tinynets.explorables import Choice, Explorable, Slider
from tinynets.explorables.curves import curves_explorable
from tinynets.plots.marks import Line


@checks.arguments(x="finite points | points 1", target="finite points", sums="finite points")
def bumps(x: np.ndarray, target: np.ndarray, sums: dict, *, name: str, alt_text: str) -> Explorable:
    """Step through sums of bumps that approximate a target.

    Parameters
    ----------
    x, target : ndarray of shape (points,)
        Evenly spaced points and the function's values there.
    sums : dict of (n_bumps, weight) to ndarray of shape (points,)
        Every combination of the numbers of bumps and the weights.
    name : str
        Lower-case letters, digits and hyphens; unique on its page.
    alt_text : str
        What the eye sees at the start.

    Returns
    -------
    Explorable
        To end a cell with.

    Examples
    --------
    >>> x = np.linspace(0, 1, 5)
    >>> sums = {(n, w): x / n for n in (1, 2) for w in (10, 100)}
    >>> bumps(x, x, sums, name="bumps", alt_text="Steps below a line.").html[:24]
    '<div class="explorable" '
    """
    counts = sorted({n for n, _ in sums})
    weights = sorted({w for _, w in sums})
    frames = {
        (n, w): ([Line(f, width=2)], f"Largest error with {n} bumps: {abs(f - target).max():.3f}")
        for (n, w), f in sums.items()
    }
    ylim = np.floor(10 * target.min()) / 10 - 0.1, np.ceil(10 * target.max()) / 10 + 0.1
    return curves_explorable(
        x,
        frames,
        fixed=[Line(target, "soft", width=4)],
        controls=[
            Slider("n", "Bumps", counts[len(counts) // 4], stops=counts),
            Choice("w", "Weight of the steps", weights, weights[-1]),
        ],
        ylim=ylim,
        name=name,
        alt_text=alt_text,
        play="n",
        title="A staircase of bumps",
        question="How many bumps until the largest error falls below 0.1? Do gentler steps need "
        "more, or fewer?",
        answer="With the steepest steps (weight 1000) it takes 26. With weights 100 and 50 the "
        "steps are about as wide as the treads and blend into a ramp: 14 are enough. With weight "
        "20 it never does: steps wider than the treads blur the function, and more bumps do not "
        "help.",
    )
