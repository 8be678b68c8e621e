"""A Bayesian post stops when a claim of its own is broken, as `test_claims.py` has it."""

import math

import pytest
import torch
from claims import cell_with

from tinynets import tables
from tinynets.text import percent

BACKPROP = "posts/bayes-by-backprop/index.qmd"


def places_facts():
    """Standard deviations of f at 5 points, two of them between the places; three fits."""
    between = torch.tensor([False, True, True, False, False])
    shares = {3: (1.5, 0.5), 15: (2.5, 0.3), 60: (2.8, 0.15)}
    std_hmc = {n: torch.where(between, 1.0, 0.1) for n in shares}
    std_fit = {
        n: (torch.where(between, low, high) * std_hmc[n]).repeat(3, 1)
        for n, (high, low) in shares.items()
    }
    return {
        "std_hmc": std_hmc,
        "std_fit": std_fit,
        "between": between,
        "at_places": ~between,
        "worst_r_hat": 1.01,
        "SIZES": tuple(shares),
    }


def scores_facts():
    """Log density and coverage of the methods on data sets of both kinds."""
    centres = {
        "quartic": {"exact posterior": (-1.2, 0.6), "Bayes by Backprop": (-0.9, 0.85)},
        "prior": {"exact posterior": (-0.2, 0.9), "Bayes by Backprop": (-0.5, 0.95)},
    }
    wobble = torch.tensor([[-0.05, -0.02], [0.0, 0.0], [0.05, 0.02], [0.0, 0.0]])
    judged = {
        kind: {
            name: torch.tensor(centre) + wobble * (1 + i)
            for i, (name, centre) in enumerate(methods.items())
        }
        for kind, methods in centres.items()
    }
    judged["quartic"]["Laplace"] = judged["quartic"]["exact posterior"] - 1
    judged["prior"]["Laplace"] = judged["prior"]["exact posterior"] - 1
    return {"judged": judged, "six_r_hats": [1.01], "N_QUARTIC": 4, "N_OWN": 12}


def bound_facts():
    return {
        "elbo": torch.tensor([-100.0]),
        "rise": torch.tensor([0.5, 0.5, 0.5]),
        "evidence": torch.tensor([-35.0, -35.5]),
    }


def run_backprop(facts):
    """Run the cells of Bayes by Backprop that hold its claims, on these facts."""
    scope = {"math": math, "torch": torch, "percent": percent, "tables": tables}
    scope |= {"N_STEPS": 1, "N_HIDDEN": 20} | facts
    exec(cell_with(BACKPROP, "level = torch"), scope)
    exec(cell_with(BACKPROP, "def exact_ahead"), scope)
    exec(cell_with(BACKPROP, "field_gap = "), scope)


def widen_one_fit_between(facts):
    facts["std_fit"][60][0] *= torch.where(facts["between"], 4.0, 1.0)


def close_the_exact_band(facts):
    facts["std_hmc"][60] = facts["std_hmc"][60] * torch.where(facts["between"], 0.5, 1.0)


def turn_the_order_round(facts):
    facts["judged"]["quartic"], facts["judged"]["prior"] = (
        facts["judged"]["prior"],
        facts["judged"]["quartic"],
    )


def blur_the_gain(facts):
    exact = facts["judged"]["prior"]["exact posterior"]
    exact[:, 0] += torch.tensor([1.0, -1.0, 1.0, -1.0])


def raise_the_bound(facts):
    facts["elbo"][0] = -30.0


def backprop_facts():
    return places_facts() | scores_facts() | bound_facts()


def test_bayes_by_backprop_holds_as_it_is():
    run_backprop(backprop_facts())


@pytest.mark.parametrize(
    "spoil",
    [
        widen_one_fit_between,
        close_the_exact_band,
        turn_the_order_round,
        blur_the_gain,
        raise_the_bound,
    ],
)
def test_bayes_by_backprop_stops(spoil):
    facts = backprop_facts()
    spoil(facts)
    with pytest.raises(AssertionError):
        run_backprop(facts)
