"""The samplers of the figures draw what tinynets draws, from the same random numbers."""

import json

import lab
import numpy as np
import pytest
import torch

from tinynets import diagnostics, targets
from tinynets.explorables import sampler as figure
from tinynets.rng import generator
from tinynets.samplers import hmc, mala, metropolis, nuts, sample, ula

pytestmark = lab.needs_node
START, N_STEPS = [0.6, -0.4], 200
STEP = {"normal": 0.9, "correlated": 0.15, "banana": 0.35, "funnel": 0.2, "modes": 0.3}
FAMILIES = {
    "walk": (metropolis, {}, {}),
    "ula": (ula, {}, {}),
    "mala": (mala, {}, {}),
    "hmc": (hmc, {"n_leapfrog": 7}, {"leapfrogs": 7}),
    "nuts": (nuts, {}, {}),
}


def recorded(monkeypatch):
    """Keep what torch draws, in order."""
    drawn = {"randn": [], "rand": []}
    for name, kept in drawn.items():
        original = getattr(torch, name)

        def record(*arguments, original=original, kept=kept, **options):
            values = original(*arguments, **options)
            kept.extend(values.flatten().tolist())
            return values

        monkeypatch.setattr(torch, name, record)
    return drawn


def run(tmp_path, **asked):
    (tmp_path / "asked.json").write_text(json.dumps(asked))
    script = lab.ROOT / "tests" / "explore" / "samplers.mjs"
    return json.loads(lab.node(script, tmp_path / "asked.json"))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_chain_makes_the_same_draws(family, tmp_path, monkeypatch):
    make, options, settings = FAMILIES[family]
    asked, expected = [], []
    for name, (target, description) in figure.TARGETS.items():
        with monkeypatch.context() as patch:
            drawn = recorded(patch)
            draws = sample(
                make(target.log_density, step_size=STEP[name], **options),
                torch.tensor([START], dtype=torch.float64),
                n_draws=N_STEPS,
                generator=generator(1, family, name),
            )
        expected.append(draws)
        asked.append(
            {
                "target": description,
                "sampler": family,
                "start": START,
                "settings": {"step": STEP[name], **settings},
                "normals": drawn["randn"],
                "uniforms": drawn["rand"],
                "n_steps": N_STEPS,
            }
        )
    for name, found, draws in zip(
        figure.TARGETS, run(tmp_path, chains=asked)["chains"], expected, strict=True
    ):
        near = {"rtol": 1e-9, "atol": 1e-9}
        np.testing.assert_allclose(found["position"], draws.position[0], **near, err_msg=name)
        np.testing.assert_allclose(found["value"], draws.log_density[0], **near)
        np.testing.assert_allclose(found["acceptance"], draws.info.acceptance[0], **near)
        np.testing.assert_allclose(found["energy_error"], draws.info.energy_error[0], **near)
        for field in ("accepted", "divergent", "n_gradients"):
            assert found[field] == getattr(draws.info, field)[0].tolist(), field
        assert found["left"] == [None, None]  # it used up all random numbers


def test_densities_and_gradients_are_those_of_autograd(tmp_path):
    position = 2 * torch.randn(50, 2, dtype=torch.float64, generator=generator(2))
    asked = [
        {"target": description, "positions": position.tolist()}
        for _, description in figure.TARGETS.values()
    ]
    found = run(tmp_path, densities=asked)["densities"]
    for one, (target, _) in zip(found, figure.TARGETS.values(), strict=True):
        at = position.clone().requires_grad_()
        values = target.log_density(at)
        (gradient,) = torch.autograd.grad(values.sum(), at)
        np.testing.assert_allclose(one["values"], values.detach(), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(one["gradients"], gradient, rtol=1e-9, atol=1e-9)


def test_effective_sample_size_is_arvizs(tmp_path):
    noise = torch.randn(4, 501, dtype=torch.float64, generator=generator(3))
    series = []
    for row, memory in zip(noise, (0.0, 0.5, 0.95, -0.5), strict=True):
        values = [float(row[0])]
        for z in row[1:].tolist():
            values.append(memory * values[-1] + z)
        series += [values, values[:40], values[:9]]
    found = run(tmp_path, series=series)["sizes"]
    for size, values in zip(found, series, strict=True):
        exact = diagnostics.effective_sample_size(
            torch.tensor([values], dtype=torch.float64), kind="mean"
        )
        assert size == pytest.approx(float(exact), rel=1e-9)


def philox(counter, key):
    """Philox4x32-10 in NumPy's integers: Salmon et al. (2011), section 4.3."""
    words, (k, m) = [int(c) for c in counter], key
    for _ in range(10):
        first, second = 0xD2511F53 * words[0], 0xCD9E8D57 * words[2]
        words = [
            (second >> 32) ^ words[1] ^ k,
            second & 0xFFFFFFFF,
            (first >> 32) ^ words[3] ^ m,
            first & 0xFFFFFFFF,
        ]
        k, m = (k + 0x9E3779B9) & 0xFFFFFFFF, (m + 0xBB67AE85) & 0xFFFFFFFF
    return words


def test_python_works_out_the_same_random_numbers(tmp_path):
    (found,) = run(tmp_path, streams=[{"seed": 7, "name": 3, "count": 20}])["streams"]
    words = [philox([i, 0, 3, 0], [7, 0]) for i in range(20)]
    uniform = np.array(
        [((w[i] >> 5) * 2**26 + (w[i + 1] >> 6)) / 2**53 for w in words for i in (0, 2)]
    )
    np.testing.assert_array_equal(found["uniforms"], uniform[:20])
    radius, angle = np.sqrt(-2 * np.log1p(-uniform[20::2])), 2 * np.pi * uniform[21::2]
    normal = np.stack([radius * np.cos(angle), radius * np.sin(angle)], -1).ravel()
    np.testing.assert_allclose(found["normals"], normal, rtol=1e-12)


def test_the_targets_are_skewed_or_correlated_somewhere():
    assert set(figure.TARGETS) == set(STEP)
    assert all(isinstance(target, targets.Target) for target, _ in figure.TARGETS.values())
