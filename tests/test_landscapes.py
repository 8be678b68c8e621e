"""Landscapes have the minima that they state, and paths end where theory says."""

import pytest
import torch

from tinynets import landscapes
from tinynets.landscapes import basins, descend, minima

BOX = ((-2.0, 2.0), (-2.0, 2.0))
GRID = torch.cartesian_prod(*[torch.linspace(-1.9, 1.9, 9, dtype=torch.float64)] * 2)
WELLS = landscapes.wells([[-1.0, 0.0], [1.2, 0.3]], [1.0, 1.6], [0.5, 0.4], rise=0.1, box=BOX)
NET = landscapes.net([-2.0, -0.5, 0.7, 1.5], [-0.9, -0.4, 0.6, 0.8], box=BOX)


def test_minima_of_the_closed_forms():
    bowl = minima(landscapes.quadratic(1.0, 3.0, box=BOX), GRID)
    torch.testing.assert_close(bowl, torch.zeros(1, 2, dtype=torch.float64), atol=1e-8, rtol=0)
    two = minima(landscapes.saddle(), GRID)
    wanted = torch.tensor([[-1.0, 0], [1, 0]], dtype=torch.float64)
    torch.testing.assert_close(two, wanted, atol=1e-8, rtol=0)


def test_minima_come_deepest_first_and_nothing_near_them_is_lower():
    places = minima(WELLS, GRID)
    values = WELLS.loss(places)
    assert len(places) == 2 and values[0] < values[1] and places[0, 0] > 0
    for turn in torch.linspace(0, 6.2, 25, dtype=torch.float64):
        around = places + 1e-3 * torch.stack([turn.cos(), turn.sin()])
        assert (WELLS.loss(around) > values).all()


def test_the_net_has_each_minimum_twice():
    places = minima(NET, GRID)
    assert len(places) == 2
    torch.testing.assert_close(places[0], -places[1], atol=1e-7, rtol=0)


@pytest.mark.parametrize(
    "landscape", [landscapes.saddle(), WELLS, NET], ids=["saddle", "wells", "net"]
)
def test_all_examples_together_are_the_loss(landscape):
    n = len(landscape.description.get("inputs", range(landscapes.N_EXAMPLES)))
    together = landscape.loss(GRID, list(range(n)))
    torch.testing.assert_close(together, landscape.loss(GRID), atol=1e-12, rtol=0)
    assert (landscape.loss(GRID, [0]) - landscape.loss(GRID)).abs().max() > 0.01


@pytest.mark.parametrize(("share", "ends"), [(0.98, True), (1.02, False)])
def test_gradient_descent_ends_below_two_over_the_curvature(share, ends):
    landscape = landscapes.quadratic(1.0, 25.0, box=BOX)
    path = descend(landscape, GRID + 0.1, optimiser="gradient", rate=share * 2 / 25, n_steps=400)
    away = path[-1].norm(dim=-1)
    assert (away < 1e-3).all() if ends else (away > 100).all()


def test_one_start_does_not_feel_another():
    for optimiser in landscapes.OPTIMISERS:
        many = descend(WELLS, GRID, optimiser=optimiser, rate=0.05, n_steps=30)
        alone = descend(WELLS, GRID[7:8], optimiser=optimiser, rate=0.05, n_steps=30)
        torch.testing.assert_close(many[:, 7:8], alone, atol=1e-12, rtol=0)


def test_ends_belong_to_the_nearest_minimum_or_to_none():
    places = torch.tensor([[0.0, 0], [1, 0]], dtype=torch.float64)
    ends = torch.tensor([[0.95, 0.0], [0.05, 0], [0.5, 0], [torch.nan, 0], [torch.inf, 0]])
    assert basins(ends.double(), places).tolist() == [1, 0, -1, -1, -1]


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="depths must have shape"):
        landscapes.wells([[0, 0]], [1, 2], [1], rise=0.1, box=BOX)
    with pytest.raises(ValueError, match="optimiser"):
        descend(WELLS, GRID, optimiser="newton", rate=0.1, n_steps=1)
    with pytest.raises(ValueError, match="rate"):
        descend(WELLS, GRID, optimiser="adam", rate=-0.1, n_steps=1)
