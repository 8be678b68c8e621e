"""What the cores of a drawn digit compute is what torch computes."""

import base64
import copy
import json
from pathlib import Path

import lab
import numpy as np
import pytest
import torch

from tinynets import data, drawing, nets, vae
from tinynets.explorables import digit, weights
from tinynets.rng import generator

pytestmark = lab.needs_node
PAPER = 230


@pytest.fixture(scope="module")
def digits():
    return data.load_digits()


@pytest.fixture(scope="module", params=["as set", "8x8"])
def run(request, digits, tmp_path_factory):
    if request.param == "8x8":
        digits = data.load_small_digits()
    side, n = digits.image_shape[0], 100
    grey = (digits.test.images[:n].double() * 255).round()
    images = grey / 255
    sheets = drawing.draw_large(
        grey.view(n, side, side),
        paper=PAPER,
        times=(3, 8) if side == 28 else (9, 28),
        generator=generator(3, "paper"),
    )
    net = nets.initialise(
        nets.MLP([digits.n_pixels, 10, 3, 10], "sigmoid"), generator=generator(1, "net")
    )
    autoencoder = vae.VAE([digits.n_pixels, 12, 5, 2])
    nets.initialise(autoencoder, generator=generator(1, "vae"))
    matrix = torch.randn(7, digits.n_pixels, dtype=torch.float64, generator=generator(1, "w"))
    bias = torch.randn(7, dtype=torch.float64, generator=generator(1, "b"))
    rows = weights.int8_rows(matrix)
    given = {
        "drawn": [base64.b64encode(paper.numpy().astype(np.uint8)).decode() for paper in sheets],
        "width": PAPER,
        "side": side,
        "inputs": images.tolist(),
        "layers": digit._layers(net),
        "sheet": base64.b64encode(digit.sheet_png(autoencoder)).decode(),
        "vae": digit.stored(autoencoder),
        "png": base64.b64encode(weights.grey_png(rows.bytes)).decode(),
        "scales": rows.scales.tolist(),
        "bias": bias.tolist(),
    }
    path = tmp_path_factory.mktemp("digits") / "given.json"
    path.write_text(json.dumps(given))
    got = json.loads(lab.node(Path(__file__).with_name("run_digits.mjs"), path))
    return sheets / 255, images.numpy(), (net, autoencoder), (rows, bias), got


def side_of(images):
    return round(images.shape[1] ** 0.5)


def test_a_digit_drawn_large_comes_back_as_it_was(run):
    _, images, *_, got = run
    same = (np.abs(np.array(got["prepared"]) - images) < 1e-3).all(1).mean()
    # block means of 8 × 8 lose where the box stood between two columns
    assert same >= (0.98 if side_of(images) == 28 else 0.85)


def test_browser_and_package_prepare_alike(run):
    sheets, images, *_, got = run
    for name, make in (("prepared", drawing.prepare), ("shrunk", drawing.shrink)):
        wanted = torch.stack([make(sheet, side_of(images)).ravel() for sheet in sheets])
        np.testing.assert_allclose(got[name], wanted, atol=1e-12)


def test_a_digit_that_is_only_shrunk_does_not_come_back(run):
    _, images, *_, got = run
    assert (np.abs(np.array(got["shrunk"]) - images) < 0.05).all(1).mean() < 0.05


def test_blank_paper_stays_blank(run):
    assert not any(run[-1]["blank"])


def test_a_net_gives_what_torch_gives_with_the_rounded_weights(run):
    _, images, (net, _), _, got = run
    for layer in net.layers:
        for values in (layer.weight, layer.bias):
            values.data = weights.rounded_to_half(values)
    with torch.no_grad():
        parts = list(net.double().activations(torch.from_numpy(images)))
    for place, part in enumerate(parts):
        ours = np.array([outputs[place] for outputs in got["outputs"]])
        np.testing.assert_allclose(ours, part, atol=1e-12, rtol=1e-12)


def test_a_vae_gives_what_torch_gives_with_the_rounded_weights(run):
    _, images, (_, autoencoder), _, got = run
    net = digit.as_stored(copy.deepcopy(autoencoder))
    with torch.no_grad():
        mean, _ = net.encoder(torch.from_numpy(images))
        drawn = net.decoder(mean[:20]).sigmoid()
    np.testing.assert_allclose(got["latents"], mean, atol=1e-6)
    np.testing.assert_allclose(got["decoded"], drawn, atol=1e-6)


def test_a_matrix_in_a_picture_is_the_rounded_matrix(run):
    _, images, _, (rows, bias), got = run
    wanted = torch.from_numpy(images) @ rows.restored().T + bias
    np.testing.assert_allclose(got["affine"], wanted, atol=1e-11)


def test_rounding_is_off_by_half_a_scale_at_most():
    matrix = torch.randn(5, 40, generator=generator(2, "w"))
    matrix[3] = 0
    rows = weights.int8_rows(matrix)
    off = (rows.restored() - matrix.double()).abs()
    assert (off <= torch.from_numpy(rows.scales)[:, None] / 2 + 1e-12).all()
    assert off.max() > 0 and (rows.bytes[3] == weights.ZERO).all()


def test_softmax_does_not_overflow_and_argmax_takes_the_first(run):
    assert run[-1]["softmax"] == [0, 0, 1] and run[-1]["argmax"] == 1


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="65,504"):
        weights.halves(torch.tensor([7e4]))
    with pytest.raises(ValueError, match="uint8"):
        weights.grey_png(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="weight"):
        weights.int8_rows(torch.full((2, 2), torch.nan))
