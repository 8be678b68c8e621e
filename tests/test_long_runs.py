"""What pages quote of long runs belongs to the scripts beside them."""

import importlib
import json
import re
import sys
from pathlib import Path

import pytest

NOTES = Path(__file__).parents[1] / "notes" / "nielsen"
STORED = json.loads((NOTES / "long_runs.json").read_text())


@pytest.fixture(params=["long_runs", "long_runs_convolution"])
def script(request, monkeypatch):
    monkeypatch.syspath_prepend(str(NOTES))
    yield importlib.import_module(request.param)
    for name in ("long_runs", "long_runs_convolution"):
        sys.modules.pop(name, None)


def test_stored_runs_follow_the_recipes_beside_them(script):
    assert script.RECIPES.keys() == script.RUNS.keys()
    for name, recipe in script.RECIPES.items():
        assert STORED[name]["recipe"] == recipe, name


def test_every_stored_run_has_a_recipe(monkeypatch):
    monkeypatch.syspath_prepend(str(NOTES))
    scripts = [importlib.import_module(n) for n in ("long_runs", "long_runs_convolution")]
    assert set(STORED) == {name for script in scripts for name in script.RECIPES}


@pytest.mark.parametrize("name", STORED)
def test_a_stored_run_says_how_it_came_about(name):
    run = STORED[name]
    assert re.fullmatch("[0-9a-f]{7,40}", run["commit"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", run["date"])
    assert {"torch", "numpy"} & run.keys()
    assert all(run[what] for what in ("processor", "python", "processor seconds", "result"))


def test_the_depths_have_the_seeds_and_epochs_of_their_recipe():
    run = STORED["chapter 5"]
    recipe = run["recipe"]
    assert list(run["result"]) == [str(n) for n in recipe["depths"]]
    for curves in run["result"].values():
        assert [len(c) for c in curves] == recipe["n_nets"] * [recipe["epochs"]]


@pytest.mark.parametrize(
    "name", ["chapter 1", "chapter 3, start", "chapter 3, rates", "chapter 6, tanh"]
)
def test_curves_have_the_seeds_and_epochs_of_their_recipe(name):
    run = STORED[name]
    for curves in run["result"].values():
        assert [len(c) for c in curves] == run["recipe"]["n_nets"] * [run["recipe"]["epochs"]]


def test_over_fitting_was_measured_to_its_last_epoch():
    run = STORED["chapter 3, over-fitting"]
    recipe = run["recipe"]
    assert len(run["result"]) == 2 * len(recipe["lmbdas"])
    for measures in run["result"].values():
        for curves in measures.values():
            n_points = recipe["epochs"] // recipe["every"]
            assert [len(c) for c in curves] == recipe["n_nets"] * [n_points]


def test_the_race_of_rivals_follows_its_recipe(monkeypatch):
    monkeypatch.syspath_prepend(str(NOTES.parent))
    race = importlib.import_module("continual_rivals")
    run, recipe = json.loads(race.RESULTS.read_text()), race.RECIPE
    assert run["recipe"] == recipe
    assert {"torch", "python", "processor", "processor seconds", "commit", "date"} <= run.keys()
    methods = recipe["strengths"].keys()
    assert run["tuning"].keys() == run["strength"].keys() == run["learnt"].keys() == methods
    for name, found in run["tuning"].items():
        assert [strength for strength, _ in found] == recipe["strengths"][name]
        assert run["strength"][name] == max(found, key=lambda pair: pair[1])[0]
        assert [len(v) for v in run["learnt"][name]] == recipe["seeds"] * [recipe["tasks"]]
