"""Paths of optimisers to move, on landscapes with known minima."""

import functools

import torch
from torch import Tensor

from tinynets import checks, landscapes
from tinynets.explorables import Choice, Explorable, Points, Slider, Switch, live
from tinynets.landscapes import Landscape, basins, descend, minima
from tinynets.plots.descent import plot_path

_X = [round(-2 + 4 * i / 19, 6) for i in range(20)]
_NOISE = [0.11, -0.2, 0.05, 0.16, -0.09, -0.14, 0.21, 0.02, -0.17, 0.08,
          -0.03, 0.19, -0.12, 0.06, -0.22, 0.13, 0.01, -0.07, 0.18, -0.15]  # fmt: skip
_BOX = ((-3.0, 3.0), (-2.0, 2.0))

LANDSCAPES = {
    "bowl": landscapes.quadratic(1.0, 3.0, box=_BOX),
    "ravine": landscapes.quadratic(0.5, 25.0, box=_BOX),
    "saddle": landscapes.saddle(),
    "wells": landscapes.wells(
        [[-1.6, -0.7], [1.6, 0.8], [1.3, -1.1], [-1.0, 1.2]],
        [1.0, 1.7, 0.8, 1.2],
        [0.6, 0.5, 0.5, 0.5],
        rise=0.15,
        box=_BOX,
    ),
    "net": landscapes.net(
        _X,
        [
            round(0.8 * float(torch.tensor(1.5 * x).tanh()) + e, 4)
            for x, e in zip(_X, _NOISE, strict=True)
        ],
        box=((-4.0, 4.0), (-2.0, 2.0)),
    ),
}
LABELS = {
    "bowl": "bowl",
    "ravine": "ravine, 50 times as steep across as along",
    "saddle": "saddle between two minima",
    "wells": "four wells of unequal depth",
    "net": "a net of two weights, v tanh(w x)",
}
NAMES = {
    "gradient": "Gradient descent",
    "momentum": "Momentum",
    "nesterov": "Nesterov",
    "rmsprop": "RMSProp",
    "adam": "Adam",
}
# Of the basins: in shares of 2/L at the deepest minimum, but for the two that scale each step.
SHARES = {"gradient": 0.5, "momentum": 0.5, "nesterov": 0.5}
SCALED = {"rmsprop": 0.02, "adam": 0.1}
STOPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.07, 0.078, 0.082, 0.1, 0.15, 0.2, 0.3, 0.35, 0.5,
         0.65, 0.68, 1, 1.5, 2, 2.5)  # fmt: skip
CELLS, N_STEPS = (36, 24), 400


@checks.arguments()
def grid(landscape: Landscape, columns: int, rows: int) -> Tensor:
    """Return the middles of cells over a landscape's box.

    Parameters
    ----------
    landscape : Landscape
    columns, rows : int

    Returns
    -------
    Tensor, (rows · columns, 2), float64
        The top row first.

    Examples
    --------
    >>> grid(LANDSCAPES["bowl"], 2, 1).tolist()
    [[-1.5, 0.0], [1.5, 0.0]]
    """
    (x0, x1), (y0, y1) = landscape.box
    right = [x0 + (i + 0.5) / columns * (x1 - x0) for i in range(columns)]
    down = [y1 - (i + 0.5) / rows * (y1 - y0) for i in range(rows)]
    return torch.tensor([[x, y] for y in down for x in right], dtype=torch.float64)


@functools.cache
def facts(name: str) -> dict:
    """Work out what is known of a landscape: its minima, its edge, where paths end.

    Parameters
    ----------
    name : str
        Of `LANDSCAPES`.

    Returns
    -------
    dict
        `minima` (n, 2), deepest first; `depths` (n,), their losses; `edge`, 2/L at the
        deepest; `rates` and `ends`, for each optimiser its learning rate and the basin that
        each cell belongs to, (rows, columns).
    """
    landscape = LANDSCAPES[name]
    places = minima(landscape, grid(landscape, 12, 8))
    hessian = torch.func.hessian(landscape.loss)(places[0])
    edge = 2 / float(torch.linalg.eigvalsh(hessian)[-1])
    rates = {name: share * edge for name, share in SHARES.items()} | SCALED
    start = grid(landscape, *CELLS)
    ends = {
        optimiser: basins(
            descend(landscape, start, optimiser=optimiser, rate=rate, n_steps=N_STEPS)[-1],
            places,
            within=0.15,
        ).view(CELLS[1], CELLS[0])
        for optimiser, rate in rates.items()
    }
    return {
        "minima": places,
        "depths": landscape.loss(places),
        "edge": edge,
        "rates": rates,
        "ends": ends,
    }


def _stored(name: str) -> dict:
    """Return what the page holds of a landscape."""
    known = facts(name)
    rows = torch.cat([known["minima"], known["depths"][:, None]], 1)
    letters = {
        optimiser: "".join("-" if end < 0 else str(int(end)) for end in ends.flatten())
        for optimiser, ends in known["ends"].items()
    }
    return {
        "description": LANDSCAPES[name].description,
        "box": [list(ends) for ends in LANDSCAPES[name].box],
        "minima": [[round(v, 6) + 0.0 for v in row] for row in rows.tolist()],
        "edge": known["edge"],
        "basins": letters,
    }


@checks.arguments()
def descent_explorable(
    *,
    question: str,
    answer: str,
    name: str = "descent",
    landscape: str = "wells",
    optimiser: str = "momentum",
    rate: float = 0.02,
    start: tuple[float, float] = (0.3, 0.85),
    seed: int = 1,
) -> Explorable:
    """Let the reader send optimisers down a landscape.

    Parameters
    ----------
    question, answer : str
        What the reader is asked, and what they find.
    name : str
        Of the figure, unique on its page.
    landscape, optimiser : str
        Of `LANDSCAPES` and `NAMES`, at the start.
    rate : float
        Learning rate at the start, of `STOPS`.
    start : (float, float)
        Where paths start, in shares of what is shown: right, up.
    seed : int
        Of the batches, which are the same at each visit.

    Returns
    -------
    Explorable
        To be the last line of a cell.

    Examples
    --------
    >>> figure = descent_explorable(question="Which well?", answer="The nearest.")
    >>> 'data-module="descent"' in figure.html
    True
    """
    shown, (ends_x, ends_y) = LANDSCAPES[landscape], LANDSCAPES[landscape].box
    at = [a + share * (b - a) for share, (a, b) in zip(start, (ends_x, ends_y), strict=True)]
    path = descend(
        shown,
        torch.tensor([at], dtype=torch.float64),
        optimiser=optimiser,
        rate=rate,
        n_steps=N_STEPS,
    )[:, 0]
    names = {
        "gradient": "gradient descent",
        "momentum": "momentum",
        "nesterov": "Nesterov momentum",
    }
    return live(
        name,
        module="descent",
        heights=(211, 400),
        title="Paths on a landscape",
        question=question,
        answer=answer,
        alt_text=f"A plane of two weights, darker where the loss is lower ({LABELS[landscape]}), "
        "with a path from a ring to an orange dot, and a cross at each minimum.",
        still=plot_path(shown, path, facts(landscape)["minima"]),
        controls=[
            Choice("landscape", "Landscape", list(LANDSCAPES), landscape, list(LABELS.values())),
            Choice(
                "optimiser", "Optimiser", list(NAMES), optimiser, list((NAMES | names).values())
            ),
            Slider("rate", "Learning rate", rate, stops=STOPS),
            Slider("batch", "Examples per step", 20, stops=(1, 5, 20), labels=("1", "5", "all 20")),
            Switch("many", "Many starts"),
            Switch("basins", "Basins"),
            Points("start", "Start", [start], (0, 0), (1, 1), 0.001),
        ],
        data={
            "landscapes": {key: _stored(key) for key in LANDSCAPES},
            "names": NAMES,
            "examples": landscapes.N_EXAMPLES,
            "cells": list(CELLS),
            "seed": seed,
        },
        runs=True,
        step_label="One step",
    )
