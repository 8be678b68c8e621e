"""Claims of the notes on theory stop their page when they stop being true."""

import numpy as np
import pytest
import torch
from claims import cell_with

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
    scope = {"reached": reached, "raced": RACED, "backward": {n: chi.get(n, 1.0) for n in RACED}}
    exec(cell_with(ACTIVATIONS, "failing = sorted"), scope | {"FUNCTIONS": dict.fromkeys(RACED)})


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
