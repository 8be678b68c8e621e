"""A sampler that the reader drives, on targets whose truth is known."""

from functools import partial

import contourpy
import numpy as np
import torch

from tinynets import checks, targets
from tinynets.explorables import Choice, Explorable, Points, Slider, live
from tinynets.plots.stills import plot_driven
from tinynets.rng import generator
from tinynets.samplers import hmc, mala, metropolis, nuts, sample, ula

_EYE = torch.eye(2, dtype=torch.float64)
_LONG = torch.tensor([[1.0, 0.98], [0.98, 1.0]], dtype=torch.float64)
_MEANS = torch.tensor([[-2.5, 0.0], [2.5, 0.0]], dtype=torch.float64)
_SHARES = torch.tensor([0.4, 0.6], dtype=torch.float64)
_STDS = torch.tensor([0.8, 0.8], dtype=torch.float64)

# What `tinynets` calls a target, and what `explore/core/targets.js` makes the same one of.
TARGETS = {
    "normal": (
        targets.gaussian(torch.zeros(2, dtype=torch.float64), _EYE),
        {"kind": "gaussian", "mean": [0, 0], "covariance": _EYE.tolist()},
    ),
    "correlated": (
        targets.gaussian(torch.zeros(2, dtype=torch.float64), _LONG),
        {"kind": "gaussian", "mean": [0, 0], "covariance": _LONG.tolist()},
    ),
    "banana": (targets.banana(bend=0.5, width=1.5), {"kind": "banana", "bend": 0.5, "width": 1.5}),
    "funnel": (targets.funnel(2, neck_std=2.0), {"kind": "funnel", "neck_std": 2.0}),
    "modes": (
        targets.mixture(_SHARES, _MEANS, _STDS),
        {
            "kind": "mixture",
            "weights": _SHARES.tolist(),
            "means": _MEANS.tolist(),
            "stds": _STDS.tolist(),
        },
    ),
}
LABELS = {
    "normal": "round Gaussian",
    "correlated": "long Gaussian, correlation 0.98",
    "banana": "banana",
    "funnel": "funnel",
    "modes": "two modes",
}
BOXES = {  # what the plane shows: first coordinate, second
    "normal": ((-4, 4), (-3.2, 3.2)),
    "correlated": ((-4, 4), (-3.2, 3.2)),
    "banana": ((-5, 5), (-4, 7)),
    "funnel": ((-7, 7), (-12, 12)),
    "modes": ((-6, 6), (-4.5, 4.5)),
}
SAMPLERS = {
    "walk": "random walk",
    "ula": "ULA (Langevin, unadjusted)",
    "mala": "MALA (Langevin, adjusted)",
    "hmc": "HMC",
    "nuts": "NUTS",
}
START = (0.3, 0.6)  # where chains start, as a share of the box
STEPS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.2, 1.5, 1.8, 2.1, 2.5, 3)
N_BEGUN = 300  # draws that are there when the reader comes
DROPS = (6.0, 3.0, 1.0)  # nats below the top at which contours are drawn


@checks.arguments()
def picture(target: str) -> dict:
    """Work out what a figure shows of a target: its box, contours, and a marginal.

    Parameters
    ----------
    target : str
        A key of `TARGETS`.

    Returns
    -------
    dict
        `box` with x and y; `contours`, polylines with their level, outermost
        first; `truth`, the density of the first coordinate at 97 places
        across the box, by summing over the second on a grid.
    """
    density = TARGETS[target][0].log_density
    (x0, x1), (y0, y1) = BOXES[target]
    wide, high = ((3 * a - b) / 2 for a, b in ((x0, x1), (x1, x0))), ((3 * y0 - y1) / 2, 3 * y1)
    across, up = (torch.linspace(*ends, 300, dtype=torch.float64) for ends in (wide, high))
    height = density(torch.cartesian_prod(across, up)).view(300, 300).T.numpy()  # rows are y
    lines = contourpy.contour_generator(across.numpy(), up.numpy(), height)
    contours = [
        {"level": level, "line": _coarse(line)}
        for level, drop in enumerate(DROPS)
        for line in lines.lines(height.max() - drop)
        if len(line) > 8
    ]
    x = torch.linspace(x0, x1, 97, dtype=torch.float64)
    far = torch.linspace(-60, 60, 6001, dtype=torch.float64)
    marginal = [
        float(density(torch.stack([one.expand(6001), far], -1)).exp().sum() * (far[1] - far[0]))
        for one in x
    ]
    return {
        "box": {"x": [x0, x1], "y": [y0, y1]},
        "contours": contours,
        "truth": [round(value, 5) for value in marginal],
    }


def _coarse(line: np.ndarray, n_points: int = 60) -> list[list[float]]:
    """Points evenly spaced along a line."""
    length = np.r_[0, np.hypot(*np.diff(line, axis=0).T).cumsum()]
    at = np.linspace(0, length[-1], min(n_points, len(line)))
    return np.round([np.interp(at, length, axis) for axis in line.T], 2).T.tolist()


@checks.arguments()
def sampler_explorable(
    *,
    name: str = "sampler",
    target: str = "correlated",
    sampler: str = "mala",
    step_size: float = 0.2,
    n_leapfrog: int = 12,
    seed: int = 1,
) -> Explorable:
    """Let the reader drive a sampler.

    Parameters
    ----------
    name : str
        Lower-case letters, digits and hyphens; unique on its page.
    target : str
        Of `TARGETS`, at the start.
    sampler : str
        Of `SAMPLERS`, at the start.
    step_size : float
        Of `STEPS`, at the start.
    n_leapfrog : int
        Leapfrog steps of HMC at the start, 1 to 50.
    seed : int
        Of the random numbers, which are the same at each visit.

    Returns
    -------
    Explorable
        To end a cell with.

    Examples
    --------
    >>> sampler_explorable(sampler="walk").html[:24]
    '<div class="explorable" '
    """
    pictures = {key: picture(key) for key in TARGETS}
    for key, (_, description) in TARGETS.items():
        pictures[key]["description"] = description
    controls = [
        Choice("sampler", "Sampler", list(SAMPLERS), sampler, list(SAMPLERS.values())),
        Choice("target", "Target", list(TARGETS), target, [LABELS[key] for key in TARGETS]),
        Slider("step", "Step size ε", step_size, stops=STEPS),
        Slider("leapfrogs", "Leapfrog steps (HMC)", n_leapfrog, 1, 50, 1),
        Slider("speed", "Draws per frame", 1, stops=(1, 5, 20, 60)),
        Points("start", "Start", [START], (0, 0), (1, 1), 0.001),
    ]
    shown = pictures[target]
    made = {
        "walk": metropolis, "ula": ula, "mala": mala, "nuts": nuts,
        "hmc": partial(hmc, n_leapfrog=n_leapfrog),
    }[sampler](TARGETS[target][0].log_density, step_size=step_size)  # fmt: skip
    start = torch.tensor(
        [[a + share * (b - a) for (a, b), share in zip(BOXES[target], START, strict=True)]]
    )
    draws = sample(made, start.double(), n_draws=N_BEGUN, generator=generator(seed, name)).position[
        0
    ]
    still = plot_driven(
        [c["line"] for c in shown["contours"]], draws, draws[-2:], shown["truth"], **shown["box"]
    )
    return live(
        name,
        module="sampler",
        heights=(522, 326),
        title="Drive a sampler",
        question="Which sampler, at which step size, gets most effective draws out of 1,000 "
        "gradients on the long Gaussian? Is it also the best on the banana? Between two modes?",
        answer="On the long Gaussian HMC wins many times over: 25 leapfrog steps of 0.15 carry "
        "it from one end to the other, while MALA and the random walk diffuse. On the banana a "
        "random walk with steps of 2.5 does as well: in a plane a bold jump often lands well, "
        "which ends when dimensions are added. Between the modes gradients do not help; a chain "
        "that stays in one counts its effective draws there, and its histogram lacks the other.",
        alt_text=f"A target in the plane ({LABELS[target]}), tinted by its density, with the "
        "draws of a chain as dots and a ring where it starts. Beside it a histogram of the first "
        "coordinate with the true density as a line.",
        still=still,
        controls=controls,
        data={"targets": pictures, "seed": seed, "begun": N_BEGUN},
        runs=True,
        step_label="One draw",
    )
