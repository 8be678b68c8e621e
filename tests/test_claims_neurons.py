"""The two pages on single neurons stop when a claim of theirs stops being true."""

import importlib.util
import json

import pytest
from test_claims import ROOT, cell_with

ONE, TWO = "posts/one-neuron/index.qmd", "posts/two-neurons/index.qmd"


def run_one(*changes):
    """Run the cells of the first page that hold its claims, with words in them changed."""
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


@pytest.fixture
def facts(monkeypatch):
    monkeypatch.chdir((ROOT / TWO).parent)
    return json.loads((ROOT / TWO).with_name("long-run.json").read_text())


def run_two(facts):
    """Run the cell of the second page that reads the stored fits, on these facts."""
    scope = {}
    exec(cell_with(TWO, "SEED = 1", "long_run ="), scope)
    scope |= {"long_run": facts, "recipe": facts["recipe"]}
    exec(cell_with(TWO, "LINE, UNITS"), scope)


def fits(facts, target, units):
    return next(r for r in facts["runs"] if (r["target"], r["units"]) == (target, units))


def match_the_corner_with_two(facts):
    for part in ("train_error", "test_error"):
        fits(facts, "corner", 2)[part] = fits(facts, "corner", 20)[part]


def stop_the_parabola_early(facts):
    run = fits(facts, "parabola", 2)
    run["test_error"] = [[5.8, last] for _, last in run["test_error"]]


def spoil_one_of_the_many(facts):
    fits(facts, "sine", 10)["test_error"][0] = [9.0, 9.0]


def match_the_sine_with_two_once(facts):
    """One fit that the training points don't pick out."""
    fits(facts, "sine", 2)["test_error"][0] = [1e-3, 1e-3]


def let_a_stuck_fit_move(facts):
    run = fits(facts, "sine", 3)
    stuck = next(i for i, (_, last) in enumerate(run["test_error"]) if last > 0.03)
    run["train_error"][stuck][0] *= 2


def tell_where_the_step_is(facts):
    run = fits(facts, "step", 20)
    run["test_error"] = [[1e-3, 1e-3] for _ in run["test_error"]]


def test_two_neurons_hold_as_they_are(facts):
    run_two(facts)


@pytest.mark.parametrize(
    "spoil",
    [
        match_the_corner_with_two,
        match_the_sine_with_two_once,
        stop_the_parabola_early,
        spoil_one_of_the_many,
        let_a_stuck_fit_move,
        tell_where_the_step_is,
    ],
)
def test_two_neurons_stop(spoil, facts):
    spoil(facts)
    with pytest.raises(AssertionError):
        run_two(facts)


def test_stored_fits_follow_the_recipe_beside_them(facts):
    script = ROOT / "posts/two-neurons/long_run.py"
    spec = importlib.util.spec_from_file_location("long_run_neurons", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert facts["recipe"] == module.RECIPE
    asked = [(target, n) for target in module.TARGETS for n in module.RECIPE["units"]]
    assert [(run["target"], run["units"]) for run in facts["runs"]] == asked
    assert all(len(run["test_error"]) == module.RECIPE["n_seeds"] for run in facts["runs"])
