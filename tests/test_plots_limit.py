"""Pictures of infinitely wide networks show the numbers that they are given."""

import matplotlib as mpl
import numpy as np
import pytest

from tinynets import plots
from tinynets.plots import limit, stills

X = np.linspace(-1, 1, 5)
DATA = (X[:2], np.array([0.5, 0.7]))


@pytest.fixture(autouse=True)
def styled():
    with mpl.rc_context():
        plots.use_style()
        yield


def heights(ax):
    vertices = ax.collections[0].get_paths()[0].vertices[:, 1]
    return vertices.min(), vertices.max()


def test_panels_show_two_standard_deviations_about_a_mean():
    bands = {"a": (0 * X, 1 + 0 * X), "b": (X, 0.5 + 0 * X)}
    fig = limit.plot_panels(X, bands, DATA, truth=X**2, ylim=(-3, 3))
    first, second = fig.axes
    assert [first.get_title(), second.get_title()] == ["a", "b"]
    assert heights(first) == (-2, 2) and heights(second) == (-2, 2)
    mean, truth, points = second.lines
    np.testing.assert_array_equal(mean.get_ydata(), X)
    np.testing.assert_array_equal(truth.get_ydata(), X**2)
    np.testing.assert_array_equal(points.get_ydata(), DATA[1])
    assert len(limit.plot_panels(X, bands, DATA, ylim=(-3, 3)).axes[0].lines) == 2


def test_depth_shows_the_limit_as_lines_and_networks_as_dots():
    layers = np.arange(1, 7)
    curves = {"order": (1 - 0.1 / layers, np.array([layers / 10, layers / 20]))}
    left, right = limit.plot_depth(layers, curves, X + 2, np.exp(X)).axes
    line, first, second = left.lines
    np.testing.assert_array_equal(line.get_ydata(), 1 - 0.1 / layers)
    np.testing.assert_array_equal(first.get_ydata(), [0.1, 0.4])
    np.testing.assert_array_equal(second.get_xdata(), [1, 4])
    np.testing.assert_array_equal(right.lines[0].get_ydata(), np.exp(X))
    assert right.get_yscale() == "log"


def test_errors_are_means_with_their_range_over_seeds():
    errors = {"linear": [[20.0, 30.0], [10.0, 12.0]], "NTK": [[9.0, 11.0], [4.0, 8.0, 6.0]]}
    ax = limit.plot_errors([100, 1000], errors)
    first, second = ax.containers
    np.testing.assert_allclose(first.lines[0].get_ydata(), [25, 11])
    np.testing.assert_allclose(second.lines[0].get_ydata(), [10, 6])
    bars = [segment[:, 1] for segment in second.lines[2][0].get_segments()]
    np.testing.assert_allclose(bars, [[9, 11], [4, 8]])
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["100", "1,000"]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["5", "10", "20"]


def test_the_still_shows_band_net_and_prediction():
    fig = stills.plot_wide(X, [X, 1 + 0 * X], X**2, X**3, DATA, ylim=(-4, 4))
    (ax,) = fig.axes
    assert heights(ax) == (-3, 3)
    drawn = [line.get_ydata() for line in ax.lines]
    for found, expected in zip(drawn, [X, X**2, X**3, DATA[1]], strict=True):
        np.testing.assert_array_equal(found, expected)
    assert ax.get_ylim() == (-4, 4)
