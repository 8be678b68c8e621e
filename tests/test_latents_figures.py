"""Figures of latent spaces, still and moving, and the page's long run."""

import importlib.util
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt

from tinynets import latents
from tinynets.explorables import latents as moving
from tinynets.explorables.images import INKS
from tinynets.plots import cubes, planes
from tinynets.plots import latents as plots

POST = Path(__file__).parents[1] / "posts" / "vae-latents"


def data_of(explorable):
    return json.loads(re.search(r'application/json"[^>]*>(.*?)</script>', explorable.html, re.S)[1])


def controls_of(explorable):
    return {control["name"]: control for control in data_of(explorable)["controls"]}


def test_turning_keeps_lengths_and_ends_where_it_should():
    points = np.random.default_rng(1).normal(size=(5, 3))
    np.testing.assert_allclose(cubes.projected(points, (0, 0)), points[:, [0, 2]])
    np.testing.assert_allclose(cubes.projected(points, (0, 90)), points[:, [0, 1]])
    along = cubes.projected(points, (90, 0))  # y to the left, x away
    np.testing.assert_allclose(along, np.stack([-points[:, 1], points[:, 2]], -1), atol=1e-12)


def test_cube_has_twelve_edges():
    assert len(cubes.EDGES) == 12
    fig = cubes.plot_cubes([[np.zeros((10, 3))]], np.arange(10), [(0, 1)])
    assert len(fig.axes[0].lines) == 12 + 10  # edges, then one a class


def test_pictures_draw_into_the_axes_they_are_given():
    _, (a, b) = plt.subplots(1, 2)
    assert plots.plot_pairs(np.ones((3, 3)), ax=b) is b
    assert [t.get_text() for t in b.texts][:3] == ["1", "1", "1"]
    assert not a.texts and not a.images
    tiles = np.arange(12).reshape(2, 3, 2) / 12
    image = plots.plot_mosaic(tiles, (1, 2), ax=a).images[0].get_array()
    np.testing.assert_allclose(image[1], tiles[1].ravel())


def test_cloud_keeps_every_frame_within_a_thousandth():
    clouds = {"sigmoid": np.random.default_rng(2).uniform(size=(4, 7, 3))}
    made = moving.cloud_explorable(
        clouds,
        np.arange(7),
        {"sigmoid": (0, 1)},
        (0, 1, 5, 9),
        {"sigmoid": np.linspace(0, 1, 4)},
        np.linspace(0, 1, 28).reshape(7, 4),
        (2, 2),
        name="cloud",
        alt_text="a cube",
    )
    data = data_of(made)
    kept = np.array(data["clouds"]["sigmoid"]).reshape(7, 4, 3)
    np.testing.assert_allclose((kept / 999 + 1) / 2, clouds["sigmoid"].swapaxes(0, 1), atol=3e-4)
    assert data["images"][6] == "".join(INKS[round(63 * v)] for v in np.linspace(0, 1, 28)[24:])
    controls = controls_of(made)
    assert set(controls) == {"layer", "time", "turn", "tilt", "digit"}
    assert controls["time"]["labels"] == ["step 0", "step 1", "step 5", "step 9"]


def test_regions_are_outlined_at_their_level():
    axis = np.linspace(-3, 3, 61)
    x, y = np.meshgrid(axis, axis)
    disc = 4 / (x**2 + (y - 0.5) ** 2 + 1e-9)  # above one within radius 2
    made = moving.training_explorable(
        {"β = 1": disc[None, None]}, 3.0, (0,), name="train", alt_text="a disc"
    )
    (region,) = data_of(made)["panels"][0]["frames"][0]
    outline = np.array(region["pieces"][0]) / 100
    radius = np.hypot(*(outline.reshape(-1, 2) - [0, 0.5]).T)
    np.testing.assert_allclose(radius, 2, atol=0.06)


def test_plane_stores_each_tile_in_its_place():
    tiles = np.linspace(0, 1, 3 * 3 * 4).reshape(3, 3, 4)
    made = moving.plane_explorable(
        tiles,
        3.0,
        (2, 2),
        np.zeros((5, 2)),
        np.arange(5),
        np.full((5, 4), 0.5),
        (2, 2),
        name="plane",
        alt_text="tiles",
    )
    stored = [
        [[INKS.index(ink) / 63 for ink in tile] for tile in row] for row in data_of(made)["tiles"]
    ]
    np.testing.assert_allclose(stored, tiles, atol=0.5 / 63 + 1e-9)


def test_planes_are_turned_to_fit_the_one_before():
    """A plane that is a turned and mirrored copy of another falls upon it."""
    source = np.random.default_rng(3)
    means = source.normal(size=(10, 2))
    factors = source.normal(size=(10, 2, 2))
    covariances = factors @ factors.swapaxes(-1, -2)
    turn = np.array([[0.6, 0.8], [0.8, -0.6]])
    made = moving.betas_explorable(
        (0.1 * 0.1, 10),  # 0.010000000000000002
        [means, means @ turn],
        [covariances, turn.T @ covariances @ turn],
        (5, 2),
        (90, 120),
        alt_text="ellipses",
    )
    data = data_of(made)
    np.testing.assert_allclose(data["means"][1], data["means"][0], atol=2e-3)
    np.testing.assert_allclose(data["covariances"][1], data["covariances"][0], atol=2e-4)
    assert controls_of(made)["beta"]["stops"][::8] == [0.01, 10]
    assert data["betas"] == [0.01, 10]


def long_run():
    where = importlib.util.spec_from_file_location("long_run", POST / "long_run.py")
    module = importlib.util.module_from_spec(where)
    where.loader.exec_module(module)
    return module


def test_long_run_describes_every_seed(monkeypatch):
    monkeypatch.setenv("TINYNETS_DATA", "8x8")
    threads = torch.get_num_threads()
    module = long_run()
    monkeypatch.setattr(module, "EPOCH", 64)
    monkeypatch.setitem(
        module.PROTOCOLS,
        "one epoch",
        {"betas": (1,), "batch_size": 64, "n_epochs": 1, "n_images": 64},
    )
    try:
        rows = module.run("one epoch", 1)
        same = module.run("one epoch", 1)
    finally:
        torch.set_num_threads(threads)
    assert rows == same
    assert [row["seed"] for row in rows] == list(range(module.N_SEEDS))
    assert all(row["beta"] == 0.1 for row in rows)  # 64 pixels: a tenth
    assert rows[0]["log_likelihood"] != rows[1]["log_likelihood"]


@pytest.mark.parametrize("size", ["8x8", "28x28"])
def test_stored_runs_are_whole_and_agree_with_their_closed_forms(size):
    module = long_run()
    stored = json.loads((POST / f"long-run-{size}.json").read_text())
    wanted = {
        (protocol, seed)
        for protocol, options in module.PROTOCOLS.items()
        for seed in range(module.N_SEEDS)
        for _ in options["betas"]
    }
    assert {(r["protocol"], r["seed"]) for r in stored["runs"]} == wanted
    assert len(stored["runs"]) == module.N_SEEDS * sum(
        len(options["betas"]) for options in module.PROTOCOLS.values()
    )
    row = next(r for r in stored["runs"] if r["protocol"] == "one epoch")
    classes = latents.Gaussian(
        torch.tensor(row["class_mean"]).double(), torch.tensor(row["class_covariance"]).double()
    )
    torch.testing.assert_close(
        latents.pairwise(latents.bhattacharyya, classes),
        torch.tensor(row["bhattacharyya"]).double(),
        rtol=0.02,
        atol=2e-3,
    )


def test_a_ring_goes_about_each_class():
    angles = np.linspace(0, 2 * np.pi, 20)
    ring = np.stack([np.cos(angles), np.sin(angles)], -1)
    figure = planes.plot_rings([ring, ring + 3], [[0, 0], [3, 3]], limit=5)
    drawn = [line.get_xydata() for line in figure.axes[0].lines if len(line.get_xydata())]
    np.testing.assert_allclose(drawn, [ring, ring + 3])
