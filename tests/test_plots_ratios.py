"""A marker stands where the median of its repeats is, its bar goes from least to most."""

import numpy as np
import pytest

from tinynets.plots.ratios import plot_ratios


def test_medians_and_ranges_stand_in_their_rows():
    figure = plot_ratios({"a": {"X": [1.0, 4.0, 3.0]}, "b": {"Y": [0.5, 0.5]}}, xlabel="ratio")
    ax = figure.axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    bars = {bar.get_label(): bar for bar in ax.containers}
    line, _, (reach,) = bars["X"]
    assert line.get_xdata() == [3.0] and abs(line.get_ydata()[0]) < 0.5
    np.testing.assert_allclose(reach.get_segments()[0][:, 0], [1, 4])
    assert abs(bars["Y"][0].get_ydata()[0] - 1) < 0.5


def test_a_row_spreads_only_the_rivals_that_it_has():
    rows = {"a": {name: [1.0] for name in "UVWXYZ"}, "b": {"U": [1.0], "Z": [1.0]}, "c": {"Z": [2]}}
    bars = {bar.get_label(): bar[0] for bar in plot_ratios(rows, xlabel="").axes[0].containers}
    np.testing.assert_allclose(bars["U"].get_ydata(orig=False), [-0.375, 0.925])
    np.testing.assert_allclose(bars["Z"].get_ydata(orig=False), [0.375, 1.075, 2])
    assert len({bar.get_marker() for bar in bars.values()}) == 6


@pytest.mark.parametrize("bad", [[], [[1.0]], [1.0, -2.0], [np.nan], [0.0]])
def test_ratios_that_cannot_be_are_refused(bad):
    with pytest.raises(ValueError, match="X on a"):
        plot_ratios({"a": {"X": bad}}, xlabel="ratio")
