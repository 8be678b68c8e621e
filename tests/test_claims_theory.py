"""Claims of the notes on theory stop their page when they stop being true."""

import json

import numpy as np
import pytest
import torch
from claims import ROOT, cell_with

from tinynets.text import number

ACTIVATIONS = "notes/activations.qmd"
RACED = ("sigmoid", "tanh", "ReLU", "SELU", "softplus", "SiLU", "GELU")


def accuracies():
    """What nets of two and of eight hidden layers reach, such as they might."""
    seeds = torch.tensor([-0.01, 0.0, 0.01])
    deep = {"sigmoid": 0.1, "softplus": 0.75}
    return {(n, 2): 0.9 + seeds for n in RACED} | {(n, 8): deep.get(n, 0.88) + seeds for n in RACED}


def run_training(reached):
    """Run the claims on depth, on these accuracies."""
    chi = {"sigmoid": 0.15, "softplus": 0.32}
    functions = (*RACED, "leaky ReLU", "ELU")
    scope = {"reached": reached, "raced": RACED, "FUNCTIONS": dict.fromkeys(functions)}
    scope |= {"backward": {name: chi.get(name, 1.0) for name in functions}}
    exec(cell_with(ACTIVATIONS, "failing = sorted"), scope)


def let_the_sigmoid_learn(reached):
    reached["sigmoid", 8] = reached["sigmoid", 2]


def let_one_softplus_learn(reached):
    reached["softplus", 8][0] = 0.88


def spoil_two_layers(reached):
    reached["tanh", 2] = reached["tanh", 2] - 0.1


def test_depth_holds_as_it_is():
    run_training(accuracies())


@pytest.mark.parametrize("spoil", [let_the_sigmoid_learn, let_one_softplus_learn, spoil_two_layers])
def test_depth_stops(spoil):
    reached = accuracies()
    spoil(reached)
    with pytest.raises(AssertionError):
        run_training(reached)


def noisy_fits():
    """Losses and steepest gradients of 40 seeds, by curve and floor."""
    seeds = torch.linspace(-0.5, 0.5, 40)
    return {
        (curve, floor): (-1.9 + 0.5 * (floor == 0) + seeds, (600 if floor == 0 else 150) + seeds)
        for curve in ("exp", "softplus")
        for floor in (0.0, 0.02)
    }


def run_noise(fits):
    """Run the claims on a floor, on these fits."""
    exec(cell_with(ACTIVATIONS, "saved, calmer"), {"np": np, "fits": fits})


def save_nothing(fits):
    fits["exp", 0.02] = (fits["exp", 0.0][0], fits["exp", 0.02][1])


def calm_nothing(fits):
    fits["softplus", 0.02] = (fits["softplus", 0.02][0], fits["softplus", 0.0][1])


def set_the_curves_apart(fits):
    fits["softplus", 0.02] = (fits["softplus", 0.02][0] - 1, fits["softplus", 0.02][1])


def test_a_floor_holds_as_it_is():
    run_noise(noisy_fits())


@pytest.mark.parametrize("spoil", [save_nothing, calm_nothing, set_the_curves_apart])
def test_a_floor_stops(spoil):
    fits = noisy_fits()
    spoil(fits)
    with pytest.raises(AssertionError):
        run_noise(fits)


BAYES = "notes/bayes.qmd"
METHODS = {  # log density among the data and elsewhere, coverage among and elsewhere, spread
    "exact": (0.0, 0.0, 0.92, 0.92, 1.0),
    "one net": (0.0, -0.4, 0.87, 0.70, 0.0),
    "five nets": (0.0, -0.35, 0.87, 0.72, 0.2),
    "five nets, weak prior": (0.0, -0.4, 0.87, 0.74, 0.3),
    "Laplace, weights drawn": (-1.5, -1.0, 1.0, 1.0, 3.0),
    "Laplace, linearised": (0.0, -0.1, 0.93, 0.88, 0.9),
    "Laplace, last layer": (0.0, -0.2, 0.91, 0.78, 0.5),
}


def run_cheap(values):
    """Run the claims on approximations, on means that vary a little over 12 functions."""
    values = torch.tensor(list(values.values()))
    values = values + 0.01 * torch.randn(
        12, *values.shape, generator=torch.Generator().manual_seed(0)
    )
    judged, spreads = values[..., :4].unflatten(-1, (2, 2)), values[..., 4]
    scope = {"judged": judged, "cost": judged[:, :, 0] - judged[:, :1, 0], "spreads": spreads}
    scope |= {"methods": list(METHODS), "N_FUNCTIONS": 12, "compared": [(0, 0, 0, 1.01)]}
    exec(cell_with(BAYES, "drawn_at, lin, last"), scope)


def test_approximations_hold_as_they_are():
    run_cheap(METHODS)


@pytest.mark.parametrize(
    ("method", "values"),
    [
        ("Laplace, weights drawn", METHODS["exact"]),
        ("Laplace, linearised", METHODS["one net"]),
        ("Laplace, last layer", METHODS["one net"]),
        ("five nets", METHODS["exact"]),
        ("five nets, weak prior", METHODS["exact"]),
        ("one net", (-0.3, -0.4, 0.87, 0.70, 0.0)),
    ],
)
def test_approximations_stop(method, values):
    with pytest.raises(AssertionError):
        run_cheap(METHODS | {method: values})


CONTINUAL = "notes/continual-backprop.qmd"


def run_rivals(race):
    """Run the claims on rivals, on this race."""
    scope = {"span": lambda values, text: str(values), "number": number, "Markdown": str}
    scope |= {"race": race, "recipe": race["recipe"], "raced": {}, "ends": {}}
    for name, values in race["learnt"].items():
        scope["raced"][name] = torch.tensor(values)
        scope["ends"][name] = scope["raced"][name][:, -5:].mean(1)
    scope["tuned_ones"] = [name for name, found in race["tuning"].items() if len(found) > 1]
    exec(cell_with(CONTINUAL, 'champion = "continual'), scope)
    exec(cell_with(CONTINUAL, "def surely"), scope)


def exchange(one, other):
    def spoil(race):
        learnt = race["learnt"]
        learnt[one], learnt[other] = learnt[other], learnt[one]

    return spoil


def wear_out(race):
    for curve in race["learnt"]["layer norm"]:
        curve[-5:] = [0.93] * 5


def let_one_seed_lose(race):
    race["learnt"]["layer norm"][0][-5:] = [0.8] * 5


def test_rivals_hold_as_they_are():
    run_rivals(json.loads((ROOT / "notes/continual_rivals.json").read_text()))


@pytest.mark.parametrize(
    "spoil",
    [
        wear_out,
        let_one_seed_lose,
        exchange("layer norm", "continual backprop"),
        exchange("ReDo", "renewal at random"),
        exchange("L2", "L2 to the start"),
        exchange("fresh net", "backprop"),
    ],
)
def test_rivals_stop(spoil):
    race = json.loads((ROOT / "notes/continual_rivals.json").read_text())
    spoil(race)
    with pytest.raises(AssertionError):
        run_rivals(race)
