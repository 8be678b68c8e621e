"""Targets: normalised, and their draws have the moments they state."""

import math

import pytest
import torch

from tinynets import rng, targets

ALL = {
    "gaussian": lambda: targets.gaussian(
        torch.tensor([1.0, -2.0], dtype=torch.float64),
        torch.tensor([[2.0, 0.9], [0.9, 1.0]], dtype=torch.float64),
    ),
    "ill conditioned": lambda: targets.ill_conditioned(2, condition=9.0),
    "skewed": lambda: targets.skewed(2, slant=4.0),
    "banana": lambda: targets.banana(bend=0.5, width=1.5),
    "funnel": lambda: targets.funnel(2, neck_std=1.0),
    "mixture": lambda: targets.mixture(
        torch.tensor([0.3, 0.7], dtype=torch.float64),
        torch.tensor([[-1.0, 0.5], [1.5, 0.0]], dtype=torch.float64),
        torch.tensor([0.5, 1.0], dtype=torch.float64),
    ),
    "quartic": lambda: targets.quartic(2),
}


@pytest.mark.parametrize("name", ALL)
def test_density_integrates_to_one_and_to_its_moments(name):
    target = ALL[name]()
    grid = torch.linspace(-25, 25, 751, dtype=torch.float64)
    points = torch.cartesian_prod(grid, grid)
    mass = target.log_density(points).exp() * (grid[1] - grid[0]) ** 2
    assert mass.sum().item() == pytest.approx(1, abs=2e-4)
    if name != "funnel":  # its tails reach beyond any grid
        mean = mass @ points
        torch.testing.assert_close(mean, target.mean, atol=1e-4, rtol=0)
        torch.testing.assert_close(mass @ (points - mean) ** 2, target.variance, atol=0, rtol=1e-3)


@pytest.mark.parametrize("name", ALL)
def test_draws_have_the_stated_moments(name):
    target = ALL[name]()
    n_draws = 100_000
    draws = target.draw(n_draws, generator=rng.generator(1, name))
    error = (draws - target.mean).mean(0) / (target.variance / n_draws).sqrt()
    assert error.abs().max() < 5
    square = (draws - target.mean) ** 2
    error = (square.mean(0) - target.variance) / (square.std(0) / math.sqrt(n_draws))
    assert error.abs().max() < 5


@pytest.mark.parametrize("name", ALL)
def test_draws_come_from_the_generator_alone(name):
    target = ALL[name]()
    before = torch.get_rng_state()
    one, same, other = (
        target.draw(5, generator=torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(one, same) and not torch.equal(one, other)
    assert torch.equal(torch.get_rng_state(), before)
    with pytest.raises(TypeError, match="generator"):
        target.draw(5)


def test_quartic_states_the_closed_form():
    assert targets.quartic().variance.item() == pytest.approx(0.6759782)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: targets.ill_conditioned(3, condition=0.5), "condition"),
        (lambda: targets.gaussian(torch.zeros(2), -torch.eye(2)), "definite"),
        (lambda: targets.funnel(1), "dim"),
        (
            lambda: targets.mixture(torch.tensor([0.5, 0.6]), torch.zeros(2, 1), torch.ones(2)),
            "sum 1",
        ),
    ],
)
def test_impossible_targets_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
