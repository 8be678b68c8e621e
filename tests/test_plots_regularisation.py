"""Pictures of regularisers: what they are given is what they show."""

import numpy as np

from tinynets.colours import PALETTE
from tinynets.plots import curves
from tinynets.plots import regularisation as pictures


def test_each_unit_is_drawn_on_a_scale_of_its_own():
    weights = np.arange(-4.0, 8).reshape(2, 6)
    figure = pictures.plot_unit_weights({"plain": weights, "L1": 0 * weights[:1]}, (2, 3))
    axes = np.reshape(figure.axes, (2, 2))
    assert [ax.get_ylabel() for ax in axes[:, 0]] == ["plain", "L1"]
    shown = [ax.images[0] for ax in axes.flat if ax.images]
    assert len(shown) == 3  # a row may have fewer units
    assert [image.get_clim() for image in shown] == [(-4, 4), (-7, 7), (-1, 1)]
    np.testing.assert_array_equal(shown[1].get_array(), weights[1].reshape(2, 3))


def test_bars_are_means_with_two_standard_errors():
    values = np.array([1.0, 2.0, 6.0])
    figure = pictures.plot_differences(
        {
            "loss": {"L2": values, "dropout": -values},
            "accuracy": {"L2": 0 * values, "dropout": values},
        }
    )
    left, right = figure.axes
    assert (left.get_xlabel(), right.get_xlabel()) == ("loss", "accuracy")
    assert [t.get_text() for t in left.get_yticklabels()] == ["L2", "dropout"]
    bar = left.containers[0].lines[2][0].get_segments()[0]
    half = 2 * values.std(ddof=1) / 3**0.5
    np.testing.assert_allclose(bar, [[3 - half, 0], [3 + half, 0]])
    top, bottom = left.get_ylim()[::-1]
    assert top < bottom  # the first setting on top


def test_panels_share_names_and_colours():
    x = np.arange(1, 4)
    figure = curves.plot_panels(
        {
            "dead": {"plain": [1, 2, 3], "L2": [3, 2, 1]},
            "rank": {"L2": [5, 5, 5]},
            "size": {"plain": [0, 0, 0]},
        },
        x=x,
        xlabel="task",
    )
    axes = figure.axes
    assert [ax.get_title() for ax in axes] == ["dead", "rank", "size"]
    assert {ax.get_xlabel() for ax in axes} == {"task"}
    drawn = {
        line.get_color(): line.get_ydata().tolist()
        for line in axes[1].lines
        if not np.isnan(line.get_ydata()).all()
    }
    assert drawn == {PALETTE[1]: [5, 5, 5]}
    (legend,) = figure.legends
    assert [t.get_text() for t in legend.get_texts()] == ["plain", "L2"]
