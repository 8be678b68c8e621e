"""Pictures of kernels show the numbers that they are given."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from tinynets import plots
from tinynets.plots import lazy


@pytest.fixture(autouse=True)
def styled():
    with mpl.rc_context():
        plots.use_style()
        yield
        plt.close("all")


def test_curves_are_geometric_means_with_their_range():
    values = np.array([[1.0, 0.1], [4.0, 0.4]])
    ax = lazy.plot_by_width({"α = 1": values}, [16, 64], ylabel="change", slope=-0.5)
    curve, guide = ax.lines
    np.testing.assert_allclose(curve.get_ydata(), [2.0, 0.2])
    heights = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert heights.min() == 0.1 and heights.max() == 4.0
    below = guide.get_ydata()
    np.testing.assert_allclose(np.log(below[1] / below[0]) / np.log(4), -0.5)
    assert (below < values.min()).any()
    assert [text.get_text() for text in ax.texts] == ["α = 1", "width to the power −0.5"]
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


def test_kernels_are_parted_between_groups():
    kernel = np.arange(25.0).reshape(5, 5)
    fig = lazy.plot_kernels({"start": kernel, "end": -kernel}, [2, 3])
    image = fig.axes[1].images[0]
    np.testing.assert_array_equal(image.get_array(), -kernel)
    low, high = image.get_clim()
    assert low == -high < 0
    assert [line.get_xdata()[0] for line in fig.axes[0].lines][0] == 1.5
