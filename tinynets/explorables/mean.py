"""Gradient descent to move, on its way to the mean of some points."""

import torch
from torch import Tensor

from tinynets import checks
from tinynets.explorables import Choice, Explorable, Points, Slider, live
from tinynets.plots.descent import plot_mean
from tinynets.rng import generator

N_MOST, TRUTH, RANGE = 100, 2.0, (-4.0, 8.0)
STOPS = (0.005, 0.01, 0.015, 0.02, 0.025, 0.05, 0.1, 0.15, 0.19, 0.21, 0.5, 1, 1.5, 1.9, 2, 2.1)


@checks.arguments()
def normals(seed: int = 1) -> Tensor:
    """Return the noise of the points whose mean is found.

    Parameters
    ----------
    seed : int
        Of the draws.

    Returns
    -------
    Tensor, (100,), float64
        Standard normal, in three decimals, since so they travel.

    Examples
    --------
    >>> normals().shape
    torch.Size([100])
    """
    drawn = torch.randn(N_MOST, dtype=torch.float64, generator=generator(seed, "points"))
    return drawn.round(decimals=3)


@checks.arguments()
def mean_explorable(*, question: str, answer: str, name: str = "mean", seed: int = 1) -> Explorable:
    """Let the reader find a mean by gradient descent.

    Parameters
    ----------
    question, answer : str
        What the reader is asked, and what they find.
    name : str
        Of the figure, unique on its page.
    seed : int
        Of the points.

    Returns
    -------
    Explorable
        To be the last line of a cell.

    Examples
    --------
    >>> figure = mean_explorable(question="Which rate?", answer="Below 2/L.")
    >>> 'data-module="mean"' in figure.html
    True
    """
    n, noise, rate, most, start = 10, 2.0, 0.15, 40, -3.0
    points = TRUTH + noise * normals(seed)[:n]
    path = points.mean() + (1 - rate) ** torch.arange(most + 1, device=points.device) * (
        start - points.mean()
    )
    return live(
        name,
        module="mean",
        heights=(224, 300),
        title="Find a mean",
        question=question,
        answer=answer,
        alt_text="An orange curve of dots rises from −3 and settles on a blue line, the mean "
        "of ten grey points at the right; a dashed green line, the true mean, lies beside it.",
        still=plot_mean(points, path, TRUTH, ylim=RANGE, most=most),
        controls=[
            Slider("n", "Points", n, stops=(2, 5, 10, 20, 50, 100)),
            Slider("noise", "Noise (standard deviation)", noise, 0, 3, 0.5),
            Choice(
                "loss", "Loss", ["mean", "sum"], "mean", ["mean over points", "sum over points"]
            ),
            Slider("rate", "Learning rate", rate, stops=STOPS),
            Slider("steps", "Steps", most, 0, most, 1),
            Points("start", "Start", [(start,)], (RANGE[0],), (RANGE[1],), 0.01),
        ],
        data={"noise": normals(seed).tolist(), "truth": TRUTH, "range": list(RANGE), "most": most},
        play="steps",
        every=120,
    )
