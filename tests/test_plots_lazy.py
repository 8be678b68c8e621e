"""Pictures of kernels show the numbers that they are given."""

import matplotlib as mpl
import numpy as np
import pytest

from tinynets import plots
from tinynets.plots import lazy


@pytest.fixture(autouse=True)
def styled():
    with mpl.rc_context():
        plots.use_style()
        yield


def test_curves_are_geometric_means_with_their_range():
    values = np.array([[1.0, 0.1], [4.0, 0.4]])
    ax = lazy.plot_by_width({"α = 1": values}, [16, 64], ylabel="change")
    (curve,) = ax.lines
    np.testing.assert_allclose(curve.get_ydata(), [2.0, 0.2])
    heights = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert heights.min() == 0.1 and heights.max() == 4.0
    assert [text.get_text() for text in ax.texts] == ["α = 1"]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["16", "64"]
    assert ax.get_xscale() == ax.get_yscale() == "log"


def test_each_net_is_drawn_over_its_twin():
    x = np.linspace(-1, 1, 5)
    fig = lazy.plot_linearised(x, {"a": (x, 2 * x), "b": (x**2, -x)}, (x[:2], x[1:3]))
    assert [ax.get_title() for ax in fig.axes] == ["a", "b"]
    net, linear, points = fig.axes[1].lines
    np.testing.assert_array_equal(net.get_ydata(), x**2)
    np.testing.assert_array_equal(linear.get_ydata(), -x)
    np.testing.assert_array_equal(points.get_ydata(), x[1:3])


def test_points_are_means_and_bars_the_range():
    values = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 3.5]])
    ax = lazy.plot_inputs({"start": values, "end": 2 * values})
    first, second = ax.containers
    np.testing.assert_allclose(first.lines[0].get_ydata(), [1.5, 3.0, 3.25])
    np.testing.assert_allclose(second.lines[0].get_ydata(), [3.0, 6.0, 6.5])
    bars = [segment[:, 1] for segment in first.lines[2][0].get_segments()]
    np.testing.assert_allclose(bars, [[1, 2], [2, 4], [3, 3.5]])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["start", "end"]
