"""The page on one neuron stops when a claim of its own stops being true."""

import pytest
from test_claims import cell_with

ONE = "posts/one-neuron/index.qmd"


def run_one(*changes):
    """Run the cells of the page that hold its claims, with words in them changed."""
    scope = {}
    for marks in (["SEED, RATE"], ["at = torch.tensor"], ["both = ["]):
        code = cell_with(ONE, *marks)
        for old, new in changes:
            code = code.replace(old, new)
        exec(code, scope)
    return scope


def train_one(scope, far):
    exec(cell_with(ONE, "def squared"), scope)
    exec(cell_with(ONE, "def descend").replace("FAR)", f"{far})"), scope)


def test_one_neuron_holds_as_it_is():
    run_one()


@pytest.mark.parametrize(
    "change",
    [
        ("(-5, 10)", "(-1.2, 2.4)"),  # a gentle switch for the steep one
        ("torch.tensor([-10.0", "torch.tensor([10.0"),  # flat on the left
        ("[2.0, 3.0]", "[2.0, 2.5]"),  # where the tint begins
    ],
)
def test_one_neuron_stops(change):
    with pytest.raises(AssertionError):
        run_one(change)


@pytest.mark.parametrize("far, holds", [(12.0, True), (6.0, False)])
def test_a_start_among_the_data_does_not_wait(far, holds):
    scope = run_one()
    if holds:
        train_one(scope, far)
    else:
        with pytest.raises(AssertionError):
            train_one(scope, far)
