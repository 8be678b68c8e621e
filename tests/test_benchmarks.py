"""What benchmarks/mcmc.py compares, and what it leaves out. Nothing here is timed."""

import importlib
import json
import math
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[1]


@pytest.fixture
def mcmc(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    yield importlib.import_module("mcmc")
    for name in ("mcmc", "mcmc_peers"):
        sys.modules.pop(name, None)


def found(seconds, r_hat=1.01):
    """Repeats with 100 effective draws and 1,000 gradients each."""
    return {
        "repeats": [
            {
                "ess": 100.0,
                "ess within": 200.0,
                "r_hat": r_hat,
                "n_gradients": 1000,
                "draw seconds": s,
                "warm-up seconds": 3.0,
            }
            for s in seconds
        ]
    }


def test_a_ratio_is_the_median_of_repeats_with_its_spread(mcmc):
    ours, theirs = found([1.0, 1.0, 1.0]), found([2.0, 4.0, 3.0])
    assert mcmc.median_ratio(ours, theirs, "gradients/s") == "3 [2, 4]"
    assert mcmc.median_ratio(ours, theirs, "ESS/s") == "3 [2, 4]"
    assert mcmc.median_ratio(ours, theirs, "ESS/s with warm-up") == "1.5 [1.2, 1.8]"


@pytest.mark.parametrize("bad", [1.05, math.nan])
def test_no_effective_draws_are_compared_where_chains_disagree(mcmc, bad):
    one, other = found([1.0, 1.0]), found([1.0, 1.0])
    other["repeats"][1]["r_hat"] = bad
    for pair in ((one, other), (other, one)):
        assert mcmc.median_ratio(*pair, "ESS/s") == "-"
        assert mcmc.median_ratio(*pair, "ESS/s with warm-up") == "-"
        assert mcmc.median_ratio(*pair, "within/s") == "1 [1, 1]"
        assert mcmc.median_ratio(*pair, "gradients/s") == "1 [1, 1]"


def test_storing_a_setting_leaves_the_others(mcmc, monkeypatch, tmp_path):
    monkeypatch.setattr(mcmc, "STORED", tmp_path / "stored.json")
    for key, entry in (("over 4 32", 1), ("deep 4 32", 2), ("over 4 32", 3)):
        mcmc.store(key, entry)
    assert json.loads(mcmc.STORED.read_text()) == {"deep 4 32": 2, "over 4 32": 3}


def test_a_peer_is_held_against_ours_of_its_kind(mcmc):
    assert {name: mcmc.ours_beside(name) for name in ("numpyro_nuts", "blackjax_chees")} == {
        "numpyro_nuts": "tinynets_nuts",
        "blackjax_chees": "tinynets_hmc",
    }
    assert mcmc.MANY_CHAINS | {"numpyro_nuts", *mcmc.PATHS} <= mcmc.METHODS.keys()
    assert mcmc.PLAIN.keys() <= set(mcmc.PATHS)


def test_chains_that_start_in_one_mode_start_at_its_draws(mcmc):
    def two_modes(position):  # the one at -40 is higher by 3 nats
        left, right = (position + 40).square().sum(-1), (position - 40).square().sum(-1)
        return -0.5 * torch.minimum(left, right + 6)

    start = torch.tensor([-40.0, -40, 40, 40], dtype=torch.float64)[:, None].expand(4, 2)
    found = mcmc.in_one_mode(two_modes, start, 3, n_draws=30)
    assert found.shape == (3, 2) and len(found.unique(dim=0)) == 3
    assert (found + 40).abs().max() < 6


@pytest.mark.parametrize("regime", ["under", "moons"])
def test_a_repeat_counts_the_draws_that_it_made(mcmc, regime):
    problem = mcmc.problem_of(regime, 4) | mcmc.recipe(regime, 4, 32, 0.0, 1)
    problem |= {"block": 6, "n_draws": 15, "n_warmup": 20, "n_leapfrog": 4}
    method = mcmc.METHODS["tinynets_hmc"](problem)
    repeats = [mcmc.repeat(method, problem, seed) for seed in (1, 1, 2)]
    assert repeats[0]["draws"].shape[:2] == (4, 18)  # whole blocks
    assert 2 * 4 * 18 <= repeats[0]["n_gradients"] <= 6 * 4 * 18
    assert (repeats[0]["draws"] == repeats[1]["draws"]).all()
    assert not (repeats[0]["draws"] == repeats[2]["draws"]).any(-1).all()
    f = mcmc.functions(torch.as_tensor(repeats[0]["draws"]).double(), problem)
    assert f.shape == (4, 18, len(problem["x_star"]))
    measured = mcmc.measure(repeats[0], problem)
    assert measured["n_draws"] == 18 and "draws" not in measured
    assert measured["ess"] > 0 and measured["r_hat"] > 0
    json.dumps(measured)


def test_what_the_site_shows_was_measured_by_this_script(mcmc):
    for key, entry in json.loads(mcmc.STORED.read_text()).items():
        given = entry["recipe"]
        assert key == mcmc.key_of(given)
        asked = {name: given[name] for name in ("chains", "bits", "seconds", "repeats")}
        assert given == mcmc.recipe(given["regime"], **asked, speed="speed" in given)
        assert {"processor", "date", "commit", *mcmc.VERSIONS} <= entry["made"].keys()
        assert "tinynets_hmc" in entry["methods"].keys() <= mcmc.METHODS.keys()
        for method in entry["methods"].values():
            assert len(method["repeats"]) == given["repeats"] >= 3
            for repeat in method["repeats"]:
                assert repeat["n_draws"] >= given["n_draws"]
                assert (
                    repeat["draw seconds"] >= given["seconds"]
                    or repeat["n_draws"] >= mcmc.MOST_DRAWS
                )
