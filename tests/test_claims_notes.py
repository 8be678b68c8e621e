"""A note whose claim stops being true stops: claims are broken, and the note is seen to stop."""

import json
import statistics
from pathlib import Path

import numpy as np
import pytest
from test_claims import cell_with

from tinynets.text import number, percent, span

ROOT = Path(__file__).resolve().parent.parent
CHAPTER_5 = "notes/nielsen/chapter-5.qmd"
STORED = (ROOT / "notes/nielsen/long_runs.json").read_text()


def run_chapter_5(run):
    """Run the claims on depth, on these results."""
    by_depth = {int(n): np.array(c) for n, c in run["result"].items()}
    scope = {"np": np, "percent": percent, "span": span, "run": run, "by_depth": by_depth}
    exec(cell_with(CHAPTER_5, "late_text"), scope)


def exchange_one_and_four(result):
    result["1"], result["4"] = result["4"], result["1"]


def spoil_two_layers(result):
    for curve in result["2"]:
        curve[-1] -= 0.01


def start_four_layers_well(result):
    result["4"][0][0] = 0.5


def test_chapter_5_holds_as_it_is():
    run_chapter_5(json.loads(STORED)["chapter 5"])


@pytest.mark.parametrize("spoil", [exchange_one_and_four, spoil_two_layers, start_four_layers_well])
def test_chapter_5_stops(spoil):
    run = json.loads(STORED)["chapter 5"]
    spoil(run["result"])
    with pytest.raises(AssertionError):
        run_chapter_5(run)


CHAPTER_1 = "notes/nielsen/chapter-1.qmd"


def run_chapter_1(result):
    """Run the claims on a hundred hidden neurons, on these curves."""
    run = json.loads(STORED)["chapter 1"] | {"result": result}
    large, small = (np.array(result[name]) for name in ("large", "small"))
    scope = {"np": np, "percent": percent, "run": run, "large": large, "small": small}
    exec(cell_with(CHAPTER_1, "n_behind"), scope | {"arrived": large[:, -1] > 0.93})


def let_another_arrive(result):
    late = min(range(5), key=lambda i: result["large"][i][-1])
    result["large"][late][-1] = 0.965


def let_one_still_climb(result):
    late = min(range(5), key=lambda i: result["large"][i][-1])
    result["large"][late][-11] -= 0.02


def leave_a_small_start_behind(result):
    result["small"][0][-1] = 0.964


def test_chapter_1_holds_as_it_is():
    run_chapter_1(json.loads(STORED)["chapter 1"]["result"])


@pytest.mark.parametrize(
    "spoil", [let_another_arrive, let_one_still_climb, leave_a_small_start_behind]
)
def test_chapter_1_stops(spoil):
    result = json.loads(STORED)["chapter 1"]["result"]
    spoil(result)
    with pytest.raises(AssertionError):
        run_chapter_1(result)


CHAPTER_3 = "notes/nielsen/chapter-3.qmd"
ANGLES = (0, 15, 30, 60, 90, 135, 180)


def turned_digits():
    """What networks read of turned digits, such as they might."""
    seeds = np.array([-0.01, 0.0, 0.01])
    rows = {
        "all": (0.91, 0.82, 0.54, 0.19, 0.16, 0.17, 0.28),
        "same": (0.96, 0.88, 0.64, 0.24, 0.22, 0.37, 0.58),
        "nine": (0.02, 0.02, 0.03, 0.17, 0.42, 0.34, 0.37),
        "six": (0.93, 0.83, 0.58, 0.07, 0.02, 0.02, 0.02),
    }
    return {
        angle: {name: values[i] + seeds for name, values in rows.items()}
        for i, angle in enumerate(ANGLES)
    }


def run_turned(read):
    """Run the claims of 3.E7 on these readings."""
    scope = {"np": np}
    exec(cell_with(CHAPTER_3, "def paired").split("\n\n\n")[-1], scope)
    exec(cell_with(CHAPTER_3, "lowest = "), scope | {"read": read, "angles": ANGLES})


def fall_to_the_end(read):
    read[180]["all"] = read[180]["all"] - 0.13


def read_better_at_thirty(read):
    read[30]["all"][1] = 0.9


def keep_the_sixes(read):
    read[180]["six"][0] = 0.5


def test_turned_digits_hold_as_they_are():
    run_turned(turned_digits())


@pytest.mark.parametrize("spoil", [fall_to_the_end, read_better_at_thirty, keep_the_sixes])
def test_turned_digits_stop(spoil):
    read = turned_digits()
    spoil(read)
    with pytest.raises(AssertionError):
        run_turned(read)


def run_over_fitting(result):
    """Run the claims on learning 1,000 images by heart, on these curves."""
    names = {"large, 0.0": "large start", "large, 0.1": "large start, L2"}
    names |= {"small, 0.0": "small start", "small, 0.1": "small start, L2"}
    over = {
        names[key]: {what: np.array(v) for what, v in found.items()}
        for key, found in result.items()
    }
    scope = {"np": np, "percent": percent, "stored": json.loads(STORED), "over": over}
    exec(cell_with(CHAPTER_3, "def paired").split("\n\n\n")[-1], scope)
    exec(cell_with(CHAPTER_3, "crept_error"), scope | {"fours": np.arange(4, 401, 4)})


def help_the_small_start(result):
    for curve in result["small, 0.1"]["test accuracy"]:
        curve[-1] += 0.01


def take_the_gain_of_decay(result):
    result["large, 0.1"]["test accuracy"] = result["large, 0.0"]["test accuracy"]


def turn_late(result):
    for curve in result["small, 0.0"]["test cost"]:
        curve[50] = 0.1


def test_over_fitting_holds_as_it_is():
    run_over_fitting(json.loads(STORED)["chapter 3, over-fitting"]["result"])


@pytest.mark.parametrize("spoil", [help_the_small_start, take_the_gain_of_decay, turn_late])
def test_over_fitting_stops(spoil):
    result = json.loads(STORED)["chapter 3, over-fitting"]["result"]
    spoil(result)
    with pytest.raises(AssertionError):
        run_over_fitting(result)


def weights_that_tail_off():
    """Spread of live and dead weights by epoch, for the larger and the smaller set."""
    epochs = np.arange(0, 121, 5)
    dead = np.exp(-0.05 * epochs)
    return {n: (np.maximum(dead, level), dead) for n, level in ((5000, 0.116), (1000, 0.074))}


def run_decay(decays):
    """Run the claims of 3.P9 on these curves."""
    some, fewer = ((np.zeros(n),) for n in (5000, 1000))
    scope = {"np": np, "decays": decays, "sizes": [784, 30, 10], "some": some, "fewer": fewer}
    exec(cell_with(CHAPTER_3, "big_end, small_end"), scope)


def never_tail_off(decays):
    decays[5000] = (decays[5000][1], decays[5000][1])


def end_at_one_level(decays):
    decays[1000] = (decays[5000][0], decays[1000][1])


def end_at_half_the_level(decays):
    decays[1000] = (decays[1000][0] / 3, decays[1000][1])


def test_decay_holds_as_it_is():
    run_decay(weights_that_tail_off())


@pytest.mark.parametrize("spoil", [never_tail_off, end_at_one_level, end_at_half_the_level])
def test_decay_stops(spoil):
    decays = weights_that_tail_off()
    spoil(decays)
    with pytest.raises(AssertionError):
        run_decay(decays)


CHAPTER_6 = "notes/nielsen/chapter-6.qmd"


def run_race(result):
    """Run the claims on tanh and the sigmoid, on these curves."""
    raced = json.loads(STORED)["chapter 6, tanh"] | {"result": result}
    race = {name: 100 * np.array(result[name]) for name in ("tanh", "sigmoid")}
    scope = {"np": np, "number": number, "percent": percent, "raced": raced, "race": race}
    exec(cell_with(CHAPTER_6, "first_lead"), scope)


def exchange_tanh_and_sigmoid(result):
    result["tanh"], result["sigmoid"] = result["sigmoid"], result["tanh"]


def leave_the_sigmoid_behind(result):
    for curve in result["sigmoid"]:
        curve[-1] -= 0.02


def start_one_sigmoid_well(result):
    result["sigmoid"][0][0] = result["tanh"][0][0]


def test_the_race_of_chapter_6_holds_as_it_is():
    run_race(json.loads(STORED)["chapter 6, tanh"]["result"])


@pytest.mark.parametrize(
    "spoil", [exchange_tanh_and_sigmoid, leave_the_sigmoid_behind, start_one_sigmoid_well]
)
def test_the_race_of_chapter_6_stops(spoil):
    result = json.loads(STORED)["chapter 6, tanh"]["result"]
    spoil(result)
    with pytest.raises(AssertionError):
        run_race(result)


APPENDIX = "notes/nielsen/appendix.qmd"
WEIGHED = {
    "source": b"def backprop(): ...\ndef sgd(): ...",
    "program": 5_000,
    "images": 90_000,
    "full": 0.95,
    "coarse": 0.25,
    "net": None,
    "test": None,
}


def run_appendix(**changes):
    """Run the claims on the lengths, on these."""

    class FakeNielsen:
        accuracy = staticmethod(lambda net, test: 0.95)

    scope = WEIGHED | {"nielsen": FakeNielsen, "rounded": lambda net, step: net} | changes
    exec(cell_with(APPENDIX, "program_text"), scope)
    return scope


def test_the_lengths_of_the_appendix_hold_as_they_are():
    assert run_appendix()["ratio_text"] == "18"


@pytest.mark.parametrize(
    "changes", [{"source": b"import this"}, {"images": 4_000}, {"full": 0.8}], ids=str
)
def test_the_lengths_of_the_appendix_stop(changes):
    with pytest.raises(AssertionError):
        run_appendix(**changes)


BENCHMARKS = "notes/benchmarks.qmd"


def run_benchmarks(spoil=lambda stored: None):
    """Run the verdict on the stored run, spoilt."""
    runs = json.loads((ROOT / "notes/benchmarks.json").read_text())
    spoil(runs)
    scope = {"stored": runs, "median": statistics.median}
    exec(cell_with(BENCHMARKS, "def told"), scope)
    return scope


def repeat_once(runs):
    for run in runs.values():
        for method in run["methods"].values():
            del method["repeats"][1:]


def repeat_otherwise(runs):
    next(iter(runs.values()))["recipe"]["repeats"] += 1


def drop_a_repeat_of_a_peer(runs):
    del next(iter(runs.values()))["methods"]["blackjax_hmc"]["repeats"][0]


def slow_ours_down(runs):
    for repeat in next(iter(runs.values()))["methods"]["tinynets_hmc"]["repeats"]:
        repeat["draw seconds"] *= 1000


def leave_the_chains_apart(runs):
    for run in runs.values():
        run["methods"]["blackjax_hmc"]["repeats"][0]["r_hat"] = 2.0


@pytest.mark.parametrize(
    "spoil, error",
    [
        (repeat_once, AssertionError),
        (repeat_otherwise, AssertionError),
        (drop_a_repeat_of_a_peer, ValueError),
    ],
)
def test_the_benchmarks_stop(spoil, error):
    with pytest.raises(error):
        run_benchmarks(spoil)


def test_the_benchmarks_say_who_is_ahead_and_which_chains_disagree():
    held = run_benchmarks()
    assert held["verdict"].startswith("In all ")
    slowed = run_benchmarks(slow_ours_down)
    assert "A peer is ahead on" in slowed["verdict"]
    assert held["alone_text"].startswith("No chain leaves")
    apart = run_benchmarks(leave_the_chains_apart)
    assert apart["alone_text"].startswith("There the chains of 5 of 6")
    assert apart["left_out"] > held["left_out"]
