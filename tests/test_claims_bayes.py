"""The two Bayesian posts stop when a claim of theirs is broken, as `test_claims.py` has it."""

import math
from types import SimpleNamespace

import pytest
import torch
from claims import cell_with

from tinynets import tables
from tinynets.text import number, percent

CHAINS = "posts/hmc-vs-langevin/index.qmd"


def race_facts():
    """What the race on the wide net gave, rounded: errors of 8 chains, R-hats."""
    scatter = torch.linspace(0.7, 1.3, 8)
    runs = {("standard", 1): (1.5, 0.01), ("fan-in", 1): (0.1, 0.005)}
    runs |= {("fan-in", 2): (0.08, 0.004), ("fan-in", 3): (0.06, 0.004)}
    names = ("MALA", "HMC")
    error = {
        (*key, name): e * scatter
        for key, pair in runs.items()
        for name, e in zip(names, pair, strict=True)
    }
    r_hats = {key: 1.02 if key[-1] == "HMC" else 1.1 for key in error}
    r_hats["standard", 1, "MALA"] = 1.6
    return {"error": error, "r_hats": r_hats, "reference_r_hats": dict.fromkeys(runs, 1.004)}


def narrow_facts():
    """What 16 chains on the narrow net gave, rounded; f at 11 points."""
    whole = torch.full((11,), 0.02)
    whole[[4, 7]] = 0.1  # at x = -0.5 and x = 1
    each, left = whole.repeat(16, 1), torch.tensor([1, 2]).repeat(8)
    each[left == 1, 7], each[left == 2, 4] = 0.02, 0.02
    return {
        "visits": {"MALA": 13 * [1] + 3 * [2], "long": 15 * [2] + [1]},
        "modes": {"MALA": 16 * [1], "long": 16 * [1]},
        "together": {"MALA": 1.7, "long": 1.6},
        "alone": {"MALA": 1.3, "long": 1.01},
        "long": "long",
        "whole": whole,
        "left": left,
        "many": SimpleNamespace(x=torch.tensor([-2.4, -0.8, -0.2, 0.8, 1.2, 2.4])[:, None]),
        "each": each,
        "weight_r_hat": 2.7,
        "x_star": torch.linspace(-2.5, 2.5, 11)[:, None],
    }


def run_chains(race, narrow):
    """Run the cells of the samplers' page that hold its claims, on these facts."""
    scope = {"math": math, "torch": torch, "number": number, "percent": percent}
    scope |= {"PRIORS": ("standard", "fan-in"), "DATA_SETS": (1, 2, 3)}
    scope |= {"N_CHAINS": 8, "N_NARROW": 16, "MANY_NOISE": 0.05} | race | narrow
    exec(cell_with(CHAINS, "def gain("), scope)
    exec(cell_with(CHAINS, "least_short = "), scope)


def exchange_the_samplers(race, narrow):
    for seed in (1, 2, 3):
        mala, hmc = (("fan-in", seed, name) for name in ("MALA", "HMC"))
        race["error"][mala], race["error"][hmc] = race["error"][hmc], race["error"][mala]


def let_langevin_converge(race, narrow):
    race["r_hats"]["standard", 1, "MALA"] = 1.01


def let_one_chain_make_the_difference(race, narrow):
    for seed in (1, 2, 3):
        alike = race["error"]["fan-in", seed, "HMC"].clone()
        alike[0] *= 10
        race["error"]["fan-in", seed, "MALA"] = alike


def let_one_chain_travel(race, narrow):
    narrow["modes"]["long"][0] = 2


def let_many_chains_stay(race, narrow):
    narrow["visits"]["long"][:5] = 5 * [1]


def let_langevin_change_arrangements(race, narrow):
    narrow["visits"]["MALA"][:6] = 6 * [2]


def let_a_mode_miss_nothing(race, narrow):
    narrow["each"][narrow["left"] == 2] = narrow["whole"]


def let_points_hold_the_bends(race, narrow):
    narrow["many"].x = torch.linspace(-2.5, 2.5, 50)[:, None]


def let_chains_disagree_by_themselves(race, narrow):
    narrow["alone"]["long"] = 1.06


def test_the_samplers_hold_as_they_are():
    run_chains(race_facts(), narrow_facts())


@pytest.mark.parametrize(
    "spoil",
    [
        exchange_the_samplers,
        let_langevin_converge,
        let_one_chain_make_the_difference,
        let_one_chain_travel,
        let_many_chains_stay,
        let_langevin_change_arrangements,
        let_a_mode_miss_nothing,
        let_points_hold_the_bends,
        let_chains_disagree_by_themselves,
    ],
)
def test_the_samplers_stop(spoil):
    race, narrow = race_facts(), narrow_facts()
    spoil(race, narrow)
    with pytest.raises(AssertionError):
        run_chains(race, narrow)


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
    return {"judged": judged, "six_r_hats": [1.01] * 16, "N_QUARTIC": 4, "N_OWN": 12}


def bound_facts():
    return {
        "elbo": torch.tensor([-100.0]),
        "rise": torch.tensor([0.5, 0.5, 0.5]),
        "evidence": torch.tensor([-35.0, -35.5]),
    }


def run_backprop(facts):
    """Run the cells of Bayes by Backprop that hold its claims, on these facts."""
    scope = {"math": math, "torch": torch, "number": number, "percent": percent}
    scope |= {"tables": tables}
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
