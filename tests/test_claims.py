"""A page whose claim stops being true stops: claims are broken, and the page is seen to stop."""

import importlib.util
import json
from pathlib import Path

import pytest
import torch
from claims import ROOT, cell_with, cells, functions_of


def stored(page):
    return json.loads((ROOT / page).with_name("long-run-8x8.json").read_text())


@pytest.fixture(autouse=True)
def beside_the_page(monkeypatch):
    """Small digits, and a page's folder as the working directory."""
    monkeypatch.setenv("TINYNETS_DATA", "8x8")
    return lambda page: monkeypatch.chdir((ROOT / page).parent)


CUBE = "posts/separable-latents/index.qmd"


def run_cube(long_run):
    """Run the cells of the cube that hold its claims, on these facts."""
    scope = {}
    exec(cell_with(CUBE, "SEED = 4", "long_run ="), scope)
    scope["long_run"] = long_run
    exec(cell_with(CUBE, "def paired"), scope)
    exec(cell_with(CUBE, "best, own = "), scope)
    exec(cell_with(CUBE, "loss, loss_error"), scope)


def nets_of(long_run, activation, width):
    return next(
        run for run in long_run["runs"] if (run["activation"], run["width"]) == (activation, width)
    )


def swap_accuracies(long_run):
    three, ten = (nets_of(long_run, "sigmoid", width) for width in (3, 10))
    three["test_accuracy"], ten["test_accuracy"] = ten["test_accuracy"], three["test_accuracy"]


def spoil_the_read_out(long_run):
    cube = nets_of(long_run, "sigmoid", 3)
    cube["own_planes"] = [[[e + 0.02 for e in row] for row in net] for net in cube["best_planes"]]


def tighten_the_wide_net(long_run):
    ten = nets_of(long_run, "sigmoid", 10)
    ten["fisher_ratio"] = [[3 * v for v in moment] for moment in ten["fisher_ratio"]]


def test_the_cube_holds_as_it_is(beside_the_page):
    beside_the_page(CUBE)
    run_cube(stored(CUBE))


@pytest.mark.parametrize("spoil", [swap_accuracies, spoil_the_read_out, tighten_the_wide_net])
def test_the_cube_stops(spoil, beside_the_page):
    beside_the_page(CUBE)
    long_run = stored(CUBE)
    spoil(long_run)
    with pytest.raises(AssertionError):
        run_cube(long_run)


PLANE = "posts/vae-latents/index.qmd"


def run_plane(facts):
    """Run the cells of the plane that read the stored runs, on these facts."""
    from IPython.display import Markdown

    from tinynets import latents
    from tinynets.data import load_digits

    scope = {"json": json, "Path": Path, "Markdown": Markdown, "latents": latents}
    exec(
        "import math, torch\nfrom tinynets.text import span\nSCALE, LOW, HIGH = 0.1, 0.1, 1.0",
        scope,
    )
    scope |= {"low": "0.1", "high": "1", "digits": load_digits()}
    scope["stored"] = facts
    scope["betas"] = [beta * scope["SCALE"] for beta in facts["protocols"]["ten epochs"]["betas"]]
    claims = cell_with(PLANE, "verdict_49 = ")
    exec(claims[claims.index("assert stored") :], scope)
    exec(cell_with(PLANE, "upper = len(betas)"), scope)
    exec(cell_with(PLANE, "between_betas"), scope)


def runs_of(facts, protocol, beta):
    return [r for r in facts["runs"] if r["protocol"] == protocol and abs(r["beta"] - beta) < 1e-9]


def exchange_the_betas(facts):
    for run in facts["runs"]:
        if run["protocol"] == "ten epochs" and run["beta"] in (0.1, 1.0):
            run["beta"] = 1.1 - run["beta"]


def widen_the_zero(facts):
    for run in runs_of(facts, "ten epochs", 0.1)[:3]:
        run["log_volume"][0] = 9.0


def raise_one_rate(facts):
    runs_of(facts, "ten epochs", 3.0)[0]["kl"] = 9.0


def keep_the_classes_apart(facts):
    for run in runs_of(facts, "ten epochs", 3.0):
        run["class_mean"] = [[10 * value for value in mean] for mean in run["class_mean"]]


def mix_up_the_pairs(facts):
    for run in runs_of(facts, "ten epochs", 0.01):
        run["bhattacharyya"] = [[9 - value for value in row] for row in run["bhattacharyya"]]


def test_the_plane_holds_as_it_is(beside_the_page):
    beside_the_page(PLANE)
    run_plane(stored(PLANE))


@pytest.mark.parametrize(
    "spoil",
    [exchange_the_betas, widen_the_zero, raise_one_rate, keep_the_classes_apart, mix_up_the_pairs],
)
def test_the_plane_stops(spoil, beside_the_page):
    beside_the_page(PLANE)
    facts = stored(PLANE)
    spoil(facts)
    with pytest.raises(AssertionError):
        run_plane(facts)


LIMIT = "posts/infinite-width/index.qmd"


def in_the_limit(*marks):
    """Set the page on infinite width up, and return a cell of its with a scope to run it in."""
    scope = {}
    exec(cell_with(LIMIT, "SEED, N_SEEDS", "long_run ="), scope)
    exec(cell_with(LIMIT, "def paired").partition("# How far trained")[0], scope)
    return cell_with(LIMIT, *marks), scope


@pytest.fixture
def default_dtype():
    """Pages may compute in float64; tests get back what was there."""
    before = torch.get_default_dtype()
    yield
    torch.set_default_dtype(before)


def spoil_nothing(scope):
    pass


def weaken_the_kernels(scope):
    for run in scope["long_run"]["runs"]:
        run["NTK"], run["linear"] = run["linear"], run["NTK"]


def repeat_a_size(scope):
    runs = scope["long_run"]["runs"]
    for run in runs:
        if run["n"] == 300:
            run["NNGP"] = next(r["NNGP"] for r in runs if (r["n"], r["seed"]) == (100, run["seed"]))


def read_worse_than_the_net(scope):
    for run in scope["long_run"]["runs"]:
        run["finite net"] = run["NTK"] + 0.01


@pytest.mark.parametrize(
    "spoil", [spoil_nothing, weaken_the_kernels, repeat_a_size, read_worse_than_the_net]
)
def test_the_limit_stops_where_digits_are_read_otherwise(spoil, beside_the_page, default_dtype):
    beside_the_page(LIMIT)
    claims, scope = in_the_limit("METHODS =", "net_verdict")
    scope["pixels"] = scope["digits"].n_pixels
    exec(cell_with(LIMIT, "def centred"), scope)
    spoil(scope)
    if spoil is spoil_nothing:
        exec(claims, scope)
    else:
        with pytest.raises(AssertionError):
            exec(claims, scope)


@pytest.mark.parametrize(
    "place, wrong",
    [
        (None, None),
        ("noise_std=NOISE)\n    bayes", "noise_std=10 * NOISE)\n    bayes"),  # no longer wider
        ("t, k_star.ntk,", "t / 1e5, k_star.ntk,"),  # never long enough to fit the noise
        ("net = stacked(width, 12", "net = stacked(10, 12"),  # as narrow as all the others
    ],
)
def test_the_limit_stops_where_descent_and_bayes_agree(
    place, wrong, beside_the_page, default_dtype
):
    beside_the_page(LIMIT)
    claims, scope = in_the_limit("early, late")
    if place is None:
        exec(claims, scope)
        return
    assert claims.count(place) == 1
    with pytest.raises(AssertionError):
        exec(claims.replace(place, wrong), scope)


DESCENT = "posts/gradient-descent/index.qmd"


@pytest.fixture(scope="module")
def wells():
    """What the page knows of landscapes, but of one alone, so that it is quick."""
    from tinynets.explorables import descent

    return {"wells": descent.facts("wells")}


def descent_scope(wells):
    import torch

    from tinynets.explorables import descent, mean
    from tinynets.landscapes import basins, descend
    from tinynets.rng import generator

    return {"torch": torch, "figures": descent, "to_a_mean": mean, "known": dict(wells), "generator": generator,
            "basins": basins, "descend": descend, "SEED": 7, "N_SETS": 2000, "RATE": 0.15}  # fmt: skip


def run_mean(scope, **changes):
    scope |= changes
    exec(cell_with(DESCENT, "def descend_to_mean"), scope)


def test_descent_to_a_mean_stops_where_a_rate_is_too_large(wells):
    run_mean(descent_scope(wells))
    with pytest.raises(AssertionError):
        run_mean(descent_scope(wells), RATE=0.25)  # above 2/L for ten points


def run_rates(wells, rate="1.1", **changes):
    scope = descent_scope(wells)
    scope["known"]["wells"] = scope["known"]["wells"] | changes
    exec(cell_with(DESCENT, "ways = {share").replace("1.1", rate), scope)


def test_what_a_larger_rate_loses_holds_as_it_is(wells):
    run_rates(wells)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda one: {"edge": one["edge"] / 2},  # the deepest is found at all rates
        lambda one: {"minima": one["minima"].flip(0)},  # another well for the deepest
        lambda one: {"rate": "0.8"},  # paths settle
        lambda one: {"rate": "2.3"},  # they wander off
        lambda one: {"rate": "1.5"},  # a second well is lost
    ],
)
def test_what_a_larger_rate_loses_stops_the_page(spoil, wells):
    with pytest.raises(AssertionError):
        run_rates(wells, **spoil(wells["wells"]))


@pytest.mark.parametrize("n_units, holds", [("10", True), ("24", False)])
def test_home_wants_corners_that_a_finger_can_tell_apart(n_units, holds, monkeypatch):
    prepared, drawn, asserted = (cells("index.qmd")[i] for i in (0, 3, 4))
    scope = {}
    exec(prepared, scope)
    exec(drawn.replace("N_STEPS = 19, 10,", f"N_STEPS = 19, {n_units},"), scope)
    if holds:
        exec(asserted, scope)
    else:
        with pytest.raises(AssertionError):
            exec(asserted, scope)


@pytest.fixture(scope="module")
def corners_of_home():
    scope = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TINYNETS_DATA", "8x8")
        for i in (0, 3):
            exec(cells("index.qmd")[i], scope)
    return scope


def bend_where_no_unit_switches(scope):
    scope["prediction"] = scope["prediction"].clone()
    scope["prediction"][scope["nearest"].argmax() + 1] += 0.1


def fit_worse(scope):
    scope["run"] = scope["run"]._replace(losses=scope["run"].losses + 1)


def never_bend(scope):
    scope["prediction"] = 0 * scope["prediction"]


@pytest.mark.parametrize("spoil", [bend_where_no_unit_switches, fit_worse, never_bend])
def test_home_stops(spoil, corners_of_home):
    scope = dict(corners_of_home)
    exec(cells("index.qmd")[4], scope)
    spoil(scope)
    with pytest.raises(AssertionError):
        exec(cells("index.qmd")[4], scope)


def made_and_recipe(post, size):
    """What a post's long run stored, and the recipe in its script."""
    script = ROOT / "posts" / post / "long_run.py"
    spec = importlib.util.spec_from_file_location("long_run", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return json.loads(script.with_name(f"long-run-{size}.json").read_text()), module.RECIPE


@pytest.mark.parametrize("size", ["8x8", "28x28"])
def test_stored_runs_follow_the_recipe_beside_them(size):
    made, recipe = made_and_recipe("separable-latents", size)
    assert made["recipe"] == recipe
    assert [[run["activation"], run["width"]] for run in made["runs"]] == recipe["nets"]


@pytest.mark.parametrize("size, largest", [("8x8", 1000), ("28x28", 10_000)])
def test_stored_readings_follow_the_recipe_beside_them(size, largest):
    made, recipe = made_and_recipe("infinite-width", size)
    assert made["recipe"] == recipe
    seeds = range(recipe["seed"], recipe["seed"] + recipe["n_seeds"])
    sizes = [n for n in recipe["sizes"] if n <= largest]
    assert [(run["seed"], run["n"]) for run in made["runs"]] == [
        (seed, n)
        for seed in seeds
        for n in sizes
        if n < recipe["once_from"] or seed == recipe["seed"]
    ]


LAZY_OR_RICH = "posts/lazy-or-rich/index.qmd"


def lazy_facts():
    """Changes of the kernel of four nets by width: about 1/√width, much more if rich."""
    widths = (32, 128, 512)
    wobble = torch.tensor([0.96, 0.99, 1.01, 1.04]).double()[:, None]
    falling = wobble * torch.tensor(widths) ** (-0.5 * wobble)
    changes = {scale: falling / scale**2 for scale in (0.1, 1.0, 10.0)}
    return {
        "WIDTHS": widths,
        "SCALES": tuple(changes),
        "changes": changes,
        "fits": {(512, scale): (0, 0, 0, torch.full((4,), 0.005 * scale)) for scale in changes},
        "pinched": {"no bottleneck": falling.clone(), "bottleneck": falling**0.2},
    }


def run_lazy(facts):
    """Run the cells of lazy or rich that hold its claims, on these facts."""
    scope = {"torch": torch, "RICH": 0.1, "LAZY": 10.0, "N_NETS": 4} | facts
    exec(functions_of(LAZY_OR_RICH, "paired", "slope"), scope)
    exec(cell_with(LAZY_OR_RICH, "falls = slope"), scope)
    exec(cell_with(LAZY_OR_RICH, "free, tight = slope"), scope)


def keep_one_kernel_moving(facts):
    facts["changes"][10.0][2, -1] = 1.0


def make_the_rich_lazy(facts):
    facts["changes"][0.1] = 5 * facts["changes"][10.0]


def widen_the_bottleneck(facts):
    facts["pinched"]["bottleneck"] = facts["pinched"]["no bottleneck"] * 2


def let_the_lazy_learn_faster(facts):
    facts["fits"][512, 10.0] = (0, 0, 0, torch.full((4,), 1e-4))


def test_lazy_or_rich_holds_as_it_is():
    run_lazy(lazy_facts())


@pytest.mark.parametrize(
    "spoil",
    [keep_one_kernel_moving, make_the_rich_lazy, widen_the_bottleneck, let_the_lazy_learn_faster],
)
def test_lazy_or_rich_stops(spoil):
    facts = lazy_facts()
    spoil(facts)
    with pytest.raises(AssertionError):
        run_lazy(facts)
