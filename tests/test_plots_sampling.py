"""Pictures of chains show the numbers that they are given."""

import matplotlib as mpl
import numpy as np
import pytest

from tinynets import plots
from tinynets.plots import curves, sampling


@pytest.fixture(autouse=True)
def styled():
    with mpl.rc_context():
        plots.use_style()
        yield


def test_traces_are_the_chains():
    values = np.random.default_rng(1).normal(size=(12, 40))
    ax = sampling.plot_traces(values, ylabel="f(0)", n_warmup=10)
    assert len(ax.lines) == 12
    np.testing.assert_array_equal(ax.lines[11].get_ydata(), values[11])
    assert ax.get_ylabel() == "f(0)" and ax.texts[0].get_text() == "warm-up"


def test_a_warm_up_longer_than_the_chains_is_refused():
    with pytest.raises(ValueError, match="n_warmup must be at most the 10 draws, got 11"):
        sampling.plot_traces(np.zeros((2, 10)), n_warmup=11)


def test_ranks_are_the_counts_beside_their_expectation():
    ax = sampling.plot_ranks([3, 5, 4], expected=4.0, band=(1.0, 7.0), label="f(0)")
    assert [bar.get_height() for bar in ax.containers[0]] == [3, 5, 4]
    assert ax.lines[0].get_ydata()[0] == 4.0
    assert ax.get_xlabel() == "rank of f(0)"


def test_autocorrelation_is_the_mean_of_the_chains():
    values = np.array([[1.0, 0.6, 0.2], [1.0, 0.4, 0.0]])
    ax = sampling.plot_autocorrelation({"MALA": values, "HMC": [1.0, 0.1, 0.0]})
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [1, 0.5, 0.1])
    np.testing.assert_allclose(ax.lines[1].get_ydata(), [1, 0.1, 0])
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["MALA", "HMC"]


@pytest.mark.parametrize(("slope", "name"), [(2, "slope 2"), (-0.5, "slope \N{MINUS SIGN}0.5")])
def test_power_law_has_its_slope(slope, name):
    x = np.array([0.1, 0.2, 0.4])
    ax = curves.plot_power_law(x, {"leapfrog": 3 * x**slope}, slope=slope)
    assert ax.get_legend().get_texts()[-1].get_text() == name
    for line in ax.lines:
        slopes = np.diff(np.log(line.get_ydata())) / np.diff(np.log(x))
        np.testing.assert_allclose(slopes, slope)
