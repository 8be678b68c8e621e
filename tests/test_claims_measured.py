"""Pages stop where what they measured does not bear out what they say: three facts of each, spoilt.

Each page's cell of claims runs on numbers of ours: once as they should be, then with one changed.
"""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from claims import cell_with

from tinynets.text import number, percent

TOOLS = {"math": math, "np": np, "torch": torch, "number": number, "percent": percent}
SEEDS = np.linspace(-1, 1, 5)  # a spread between seeds


def masks_of_three_nets():
    """Test accuracy of nets without, with 30 and with 3 hidden units, and the masks of the last."""
    factors = torch.randn(5, 10, 3, generator=torch.Generator().manual_seed(1))
    return {
        "hits": torch.full((5,), 0.92),
        "deep": torch.full((5,), 0.925),
        "narrow": torch.full((5,), 0.80),
        "masks": factors @ factors.mT,
    }


def run_three_nets(facts):
    def fit(n_hidden, rate):
        read = {30: facts["deep"], 3: facts["narrow"]}[n_hidden]
        return SimpleNamespace(scores=lambda _: read, masks=facts["masks"]), None

    scope = {"fit": fit, "accuracy": lambda scores, _: scores, "hits": facts["hits"]}
    scope |= {"test_images": None, "test_labels": None, "LEARNING_RATE": 0.1}
    exec(cell_with("posts/weight-masks/index.qmd", "deep, _ = fit(30"), TOOLS | scope)


def averages():
    """Test loss of 1 to 20 averaged sub-networks, and of the net with all units on."""
    fall = 0.3 + 0.1 / torch.arange(1, 21)[:, None]
    alone = torch.full((5,), 0.31)
    return {"averaged": fall + torch.zeros(5), "alone": alone, "truth": torch.zeros(1000)}


def batches():
    """Accuracy at the best rate by batch size, in per cent, and which rate that is."""
    chosen = np.array([95.0, 94.8, 94.3, 93.0])[:, None] + 0.1 * SEEDS
    return {"chosen": chosen, "best": np.array([2, 2, 3, 3]), "N_SEEDS": len(SEEDS)}


def bounds():
    """Bounds of 1 to 64 weighted draws, five seeds, on two correlated targets."""
    of_one = {rho: 0.5 * math.log(1 - rho**2) for rho in (0.4, 0.9)}
    falls = {0.4: np.array([1, 0.3, 0.05, 0.01]), 0.9: np.array([1, 0.7, 0.5, 0.3])}
    noise = 0.001 * SEEDS[:, None]
    return {"bounds": {f"correlation {rho}": v * falls[rho] + noise for rho, v in of_one.items()}}


def efficiencies():
    """Effective draws per gradient in 1 to 64 dimensions, three seeds."""
    dims = np.array([1, 2, 4, 8, 16, 32, 64])
    laws = {"HMC": (0.4, -0.25), "MALA": (0.4, -0.45), "random walk": (0.2, -1.0)}
    spread = np.array([0.99, 1, 1.01])[:, None]
    per_gradient = {name: a * dims**slope * spread for name, (a, slope) in laws.items()}
    per_gradient["random walk"][:, 0] = 0.2
    return {"DIMS": dims, "per_gradient": per_gradient}


def shares_left_out():
    """What a series of 40 terms leaves out of two activations."""
    ends = {"tanh": 1e-9, "ReLU": 3.5705e-4}
    return {"left_out": {name: torch.tensor([1.0, end]) for name, end in ends.items()}}


def margins():
    """Share of the largest margin by step of a descent on separable points."""
    return {"margins": [0.2, 0.4, 0.5, 0.6, 0.7, 0.95], "times": [1, 10, 100, 1e3, 1e4, 100_000]}


def differences():
    """Error of central differences by their step, and the gap between two gradients."""
    steps = 10.0 ** np.arange(-12, 0, 0.5)
    return {"steps": steps, "central": list(1e-17 / steps + steps**2), "gap": 1e-15}


def staircases():
    """Largest error of steep and of gentle bumps by their number."""
    counts = np.array([5, 10, 20, 50, 100])
    return {"order_steep": 1.0, "order_gentle": 2.0, "steep": 1 / counts, "gentle": 5 / counts**2}


def change(**how):
    """Put other values into facts; what is a function makes them from the old."""

    def spoil(facts):
        for name, new in how.items():
            facts[name] = new(facts[name]) if callable(new) else new

    return spoil


def fall_like(slower, faster):
    """Let one sampler's efficiency fall as another's does."""
    return change(per_gradient=lambda found: found | {slower: found[faster]})


def bound(rho, of):
    return change(
        bounds=lambda all_of: (
            all_of | {f"correlation {rho}": of(all_of[f"correlation {rho}"].copy())}
        )
    )


def flat(values):
    values[:, 2] = values[:, 1]
    return values


def cell(page, *marks):
    """Return a function that runs a page's cell on facts."""
    return lambda facts: exec(cell_with(page, *marks), TOOLS | facts)


PAGES = {
    "weight-masks": (
        masks_of_three_nets,
        run_three_nets,
        {
            "depth helps": change(deep=lambda read: read + 0.03),
            "three units are enough": change(narrow=lambda read: read + 0.1),
            "masks of full rank": change(masks=lambda masks: masks + torch.eye(10)),
        },
    ),
    "regularisation": (
        averages,
        cell("notes/regularisation.qmd", "one_text, average_text"),
        {
            "averaging does harm": change(averaged=lambda loss: loss.flip(0)),
            "one net is no better": change(alone=torch.full((5,), 0.5)),
            "the average is another": change(alone=torch.full((5,), 0.1)),
        },
    ),
    "sweeps": (
        batches,
        cell("notes/sweeps.qmd", "apart = chosen[0]"),
        {
            "nothing is lost": change(chosen=lambda found: found[[0, 0, 0, 0]]),
            "seeds differ as much": change(
                chosen=lambda found: found + np.array([[0], [0], [0], [20]]) * SEEDS
            ),
            "the best rate grows eightfold": change(best=np.array([0, 1, 2, 3])),
        },
    ),
    "variational": (
        bounds,
        cell("notes/variational.qmd", "easy, hard = "),
        {
            "one draw has another bound": bound(0.9, lambda values: values + 0.1),
            "draws do not tighten it": bound(0.4, flat),
            "the hard one is tight": bound(0.9, lambda values: values * [1, 0.5, 0.1, 0.01]),
        },
    ),
    "sampling": (
        efficiencies,
        cell("notes/sampling.qmd", "def falls"),
        {
            "HMC falls as fast": fall_like("HMC", "random walk"),
            "MALA does as well": fall_like("MALA", "HMC"),
            "the random walk does as well": fall_like("random walk", "MALA"),
        },
    ),
    "kernels": (
        shares_left_out,
        cell("notes/kernels.qmd", "tanh_left"),
        {
            "tanh is left out": change(left_out=lambda s: s | {"tanh": torch.tensor([1, 1e-6])}),
            "much of ReLU": change(left_out=lambda s: s | {"ReLU": torch.tensor([1, 1e-3])}),
            "little of ReLU": change(left_out=lambda s: s | {"ReLU": torch.tensor([1, 1e-9])}),
        },
    ),
    "linear-nets": (
        margins,
        cell("notes/linear-nets.qmd", "final_margin"),
        {
            "it stays far": change(margins=lambda found: [*found[:-1], 0.8]),
            "it arrives": change(margins=lambda found: [*found[:-1], 1.0]),
            "it falls in the end": change(margins=lambda found: [*found[:4], 0.97, 0.95]),
        },
    ),
    "chapter-2": (
        differences,
        cell("notes/nielsen/chapter-2.qmd", "gap_text, best_text"),
        {
            "two gradients differ": change(gap=1e-6),
            "no step is too small": change(central=lambda found: sorted(found)),
            "a large step is as good": change(central=lambda found: [*found[:-1], min(found)]),
        },
    ),
    "chapter-4": (
        staircases,
        cell("notes/nielsen/chapter-4.qmd", "order_steep:.2f"),
        {
            "steep is second order": change(order_steep=2.0),
            "gentle is first order": change(order_gentle=1.0),
            "gentle does worse": change(gentle=lambda found: 5 * found),
        },
    ),
}
SPOILT = [(page, how) for page, (_, _, spoils) in PAGES.items() for how in spoils]


@pytest.fixture(autouse=True)
def default_dtype():
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_holds_as_it_is(page):
    facts, run, _ = PAGES[page]
    run(facts())


@pytest.mark.parametrize(("page", "how"), SPOILT)
def test_a_page_stops(page, how):
    facts, run, spoils = PAGES[page]
    spoilt = facts()
    spoils[how](spoilt)
    with pytest.raises(AssertionError):
        run(spoilt)
