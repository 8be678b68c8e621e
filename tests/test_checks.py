"""Every check lets the good pass and names the bad."""

import math

import numpy as np
import pytest
import torch

from tinynets import checks


@pytest.mark.parametrize(
    "check, good, bad",
    [
        (checks.positive, [1, 0.5], [0, -1, math.nan, math.inf]),
        (checks.non_negative, [0, 2.5], [-1e-9, math.nan, math.inf]),
        (checks.probability, [0, 0.5, 1], [-0.1, 1.1, math.nan]),
        (checks.count, [1, 7], [0, -3]),
    ],
)
def test_ranges(check, good, bad):
    for value in good:
        assert check("step_size", value) == value
    for value in bad:
        with pytest.raises(ValueError, match="step_size must.*got"):
            check("step_size", value)


@pytest.mark.parametrize(
    "check", [checks.positive, checks.non_negative, checks.probability, checks.count]
)
@pytest.mark.parametrize("value", ["1", None, True, [1]])
def test_types(check, value):
    with pytest.raises(TypeError, match="step_size must be"):
        check("step_size", value)


def test_a_count_is_whole():
    with pytest.raises(TypeError, match="n_draws must be an int, got 2.0"):
        checks.count("n_draws", 2.0)


def test_numbers_of_numpy_will_do():
    assert checks.count("n_draws", np.int64(3)) == 3
    assert checks.positive("step_size", np.float32(0.5)) == 0.5


def test_choice_lists_the_options():
    assert checks.choice("activation", "relu", ["relu", "tanh"]) == "relu"
    with pytest.raises(ValueError, match="'relu', 'tanh', got 'rleu'"):
        checks.choice("activation", "rleu", ["relu", "tanh"])


def test_shape_matches_sizes_and_names():
    position = torch.zeros(4, 3)
    assert checks.shape("position", position, ("chains", 3)) is position
    checks.shape("covariance", torch.zeros(2, 2), ("dim", "dim"))
    for expected in [("chains", 2), ("chains",), ("dim", "dim")]:
        with pytest.raises(ValueError, match=r"position.*got \(4, 3\)"):
            checks.shape("position", position, expected)
    with pytest.raises(TypeError, match="torch.Tensor"):
        checks.shape("position", [1.0], ("dim",))


def test_finite_says_where():
    values = torch.ones(2, 3)
    assert checks.finite("images", values) is values
    values[1, 2] = math.nan
    with pytest.raises(ValueError, match=r"images.*1 values.*\(1, 2\)"):
        checks.finite("images", values)


def test_sizes_hold_through_lists_and_mappings():
    @checks.arguments(
        image_shape="positive 2 -> pixels",
        images="n pixels",
        curves="* n",
        edges="finite sizes 2 ...",
        limit="positive",
    )
    def f(**_: object) -> None:
        """Do nothing."""

    def given(**values):
        f(**values)

    given(image_shape=(2, 2), images=np.ones((3, 4)), curves={"a": np.ones((7, 3))}, limit=2.0)
    given(edges=[([0.0], [1.0]), ([0.0, 1.0], [1.0, 2.0])])
    for bad, message in [
        ({"image_shape": (2, 3), "images": np.ones((3, 4))}, "pixels = 6 as in image_shape, got"),
        ({"images": np.ones((3, 4)), "curves": {"a": {"b": np.ones((7, 2))}}}, r"\['a'\]\['b'\]"),
        ({"images": [[1.0], [1.0, 2.0]]}, r"images must have shape \(n, pixels\), got \(2, unlike"),
        ({"edges": [([0.0], [1.0]), ([0.0], [math.nan])]}, "edges must be finite, got nan"),
        ({"edges": [([0.0], [1.0]), ([0.0],)]}, "edges must have shape"),
        ({"limit": 0}, "limit must be finite and above 0, got 0"),
        ({"limit": torch.tensor(math.inf)}, "limit must be finite and above 0, got inf"),
        ({"limit": "2"}, "limit must be finite and above 0, got '2'"),
    ]:
        with pytest.raises(ValueError, match=message):
            given(**bad)
