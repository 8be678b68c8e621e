import json
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest

from tinynets.explorables.bnn import draws_explorable
from tinynets.plots import bnn as plots

X = np.linspace(-2, 2, 9)
FUNCTIONS = np.random.default_rng(0).normal(size=(400, 9))


@pytest.fixture
def ax():
    return plt.subplots()[1]


def test_band_holds_95_per_cent_of_the_draws(ax):
    plots.plot_predictive(X, FUNCTIONS, ax=ax)
    edges = ax.collections[0].get_paths()[0].vertices
    for i, x in enumerate(X):
        heights = edges[np.isclose(edges[:, 0], x), 1]
        inside = (FUNCTIONS[:, i] >= heights.min()) & (FUNCTIONS[:, i] <= heights.max())
        assert inside.mean() == pytest.approx(0.95, abs=0.01)


def test_predictive_draws_curves_mean_reference_and_data(ax):
    plots.plot_predictive(
        X, FUNCTIONS, n_curves=7, ax=ax, data=([0.0], [1.0]), reference=(np.zeros(9), np.ones(9))
    )
    lines = [line.get_ydata() for line in ax.lines]
    assert len(lines) == 7 + 1 + 2 + 1
    np.testing.assert_allclose(lines[7], FUNCTIONS.mean(0))
    np.testing.assert_allclose(lines[9], 1.96)


def test_chains_are_pooled_and_other_shapes_refused(ax):
    """A picture takes what `bnn.predictions` gives."""
    plots.plot_predictive(X[:, None], FUNCTIONS.reshape(4, 100, 9), ax=ax)
    np.testing.assert_allclose(ax.lines[-1].get_ydata(), FUNCTIONS.mean(0))
    for wrong in (FUNCTIONS[:, :8], FUNCTIONS[0], FUNCTIONS.reshape(4, 100, 9, 1)):
        with pytest.raises(
            ValueError, match=r"functions must have shape \(..., draws, points\) with points = 9"
        ):
            plots.plot_predictive(X, wrong, ax=ax)


def test_triangles_point_where_the_unit_is_on(ax):
    plots.plot_relu_draws(
        X,
        FUNCTIONS[:1],
        [[-1.0, 1.0, 7.0]],
        [[0.0, 0.5, 9.0]],
        [[1, -1, 1]],
        data=([0.0], [1.0]),
        ax=ax,
    )
    marks = {
        line.get_marker(): list(line.get_xdata()) for line in ax.lines if line.get_marker() in "<>"
    }
    assert marks == {">": [-1.0], "<": [1.0]}


def test_entropies_are_shares(ax):
    plots.plot_entropies(
        {"noise": {"plain": [0.1, 0.1, 1.0, 2.0]}}, highest=2.0, n_bins=4, axes=[ax]
    )
    np.testing.assert_allclose(ax.patches[0].get_data().values, [0.5, 0, 0.25, 0.25])


def test_a_row_of_estimates_for_each_name(ax):
    plots.plot_intervals(["a", "b"], [[1, 2, 3], [4, 5, 6]], [2, 5], xlabel="value", ax=ax)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b"]


def explorable_of(n_draws=3):
    return draws_explorable(
        X,
        FUNCTIONS[:n_draws],
        [[-1.0, 1.0]] * n_draws,
        [[0.0, 0.5]] * n_draws,
        [[1, -1]] * n_draws,
        [f"draw number {i}" for i in range(n_draws)],
        data=([0.0], [1.0]),
        name="test-draws",
        alt_text="A curve with two corners.",
    ).html


def test_slider_steps_through_every_draw():
    data = json.loads(re.search(r'data">(.*?)</script>', explorable_of(), re.S).group(1))
    (draw,) = data["controls"]
    assert (draw["name"], draw["min"], draw["max"]) == ("draw", 1, 3)
    assert list(data["frames"]) == ["1", "2", "3"]
    third = data["frames"]["3"]["marks"][0]["line"]
    np.testing.assert_allclose(data["curves"][third], FUNCTIONS[2], atol=5e-4)


def test_explorable_says_which_draw_is_shown():
    assert "draw number 2" in explorable_of()
    assert "A curve with two corners." in explorable_of()
