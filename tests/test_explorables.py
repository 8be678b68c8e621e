"""An explorable is one block: a still image, controls, and data for a module that draws."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from bs4 import BeautifulSoup

from tinynets.explorables import Choice, Points, Slider, Switch, live
from tinynets.explorables.bnn import clusters_explorable
from tinynets.explorables.curves import curves_explorable
from tinynets.explorables.images import INKS
from tinynets.explorables.masks import match_explorable
from tinynets.plots import use_style
from tinynets.plots.marks import Line

ROOT = Path(__file__).resolve().parent.parent
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(
    NODE is None,
    reason=(
        "node is not on the PATH: install Node.js 20 or later "
        "(apt-get install nodejs) to run the tests of explore/"
    ),
)


X = np.linspace(0, 1, 5)
SLOPES = (1, 2.0, 0.5)


def lines(**change):
    """Three lines to choose among, above one that stays."""
    frames = {(k,): ([Line(k * X)], f"The slope is {k}.") for k in SLOPES}
    slider = Slider("slope", "Which </script>", 2.0, stops=sorted(SLOPES))
    given = {"fixed": [Line(X, "soft")], "controls": [slider], "ylim": (0, 2), "name": "lines"}
    given |= {"alt_text": 'Lines & "quotes"', "play": "slope"} | SAID | change
    return curves_explorable(X, frames, **given)


SAID = {"title": "Bars", "question": "Which is longest?", "answer": "The last."}


def soup_of(block):
    return BeautifulSoup(block.html, "html.parser")


def data_of(block):
    return json.loads(soup_of(block).select_one(".explorable-data").string)


@pytest.fixture(scope="module")
def block():
    return lines()


@pytest.fixture(scope="module")
def match():
    rng = np.random.default_rng(1)
    return match_explorable(
        rng.uniform(size=(4, 16)),
        [3, 1, 0, 2],
        rng.normal(size=(5, 16)),
        rng.normal(size=(4, 5)),
        (4, 4),
        name="match",
        alt_text="Tiles.",
    )


def test_a_page_gets_raw_html_and_a_notebook_the_picture(block, monkeypatch):
    monkeypatch.setenv("QUARTO_FIG_FORMAT", "svg")
    markdown = block._repr_mimebundle_()["text/markdown"]
    assert markdown.startswith('```{=html}\n<div class="explorable"')
    assert markdown.endswith("</div>\n```") and markdown.count("```") == 2
    monkeypatch.delenv("QUARTO_FIG_FORMAT")
    assert block._repr_mimebundle_()["image/svg+xml"].rstrip().endswith("</svg>")
    assert "text/markdown" not in block._repr_mimebundle_()
    assert "explorable" in repr(block) and len(repr(block)) < 60


def test_the_picture_has_its_text(block):
    assert soup_of(block).img["alt"] == 'Lines & "quotes"'


def test_a_question_comes_first_and_the_answer_folds(block):
    soup = soup_of(block)
    assert soup.p["class"] == ["explorable-question"]
    assert soup.p.get_text() == "Bars. Which is longest?"
    assert soup.details.p.get_text() == "The last." and not soup.details.has_attr("open")


def test_no_text_of_a_figure_can_end_the_script(block):
    assert block.html.count("</script>") == 1
    assert [control["label"] for control in data_of(block)["controls"]] == ["Which </script>"]


def test_the_same_figure_gives_the_same_block():
    with mpl.rc_context():
        use_style()  # as every page does: identifiers are counted, not drawn
        assert lines() == lines()


def test_frames_are_found_by_values_as_a_script_writes_them(block):
    data = data_of(block)
    assert set(data["frames"]) == {"1", "2", "0.5"}
    assert data["frames"]["2"]["says"] == "The slope is 2.0."


def test_a_curve_is_sent_once(block):
    data = data_of(block)
    assert data["fixed"][0]["line"] == data["frames"]["1"]["marks"][0]["line"]
    assert len(data["curves"]) == 3
    place = data["frames"]["0.5"]["marks"][0]["line"]
    np.testing.assert_allclose(data["curves"][place], 0.5 * X, atol=1e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "Bad name"}, "lower-case letters"),
        ({"alt_text": " "}, "alt_text of explorable 'lines' must not be empty"),
        ({"question": ""}, "question of explorable 'lines' must not be empty"),
        ({"play": "speed"}, "play must name one of the controls"),
        ({"controls": [Slider("slope", "Slope", 3, 0, 4, 1)]}, r"first values \(3,\), got \(1,\)"),
    ],
)
def test_a_wrong_call_says_what_to_do(change, message):
    with pytest.raises(ValueError, match=message):
        lines(**change)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Slider("a", "A", 1), "needs low, high and step"),
        (lambda: Slider("a", "A", 3, 0, 2, 1), "must lie between 0 and 2"),
        (lambda: Slider("a", "A", 3, stops=[1, 2]), "one of its stops"),
        (lambda: Slider("a", "A", 1, stops=[1, 2], labels=["one"]), "one label for each"),
        (lambda: Choice("a", "A", ["x"], "y"), "a must be"),
        (lambda: Points("a", "A", [(0, 3)], (0, 0), (1, 1), 0.1), "must lie between"),
    ],
)
def test_a_control_starts_where_it_can_be(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_slider_shows_its_value_as_its_script_does():
    assert 'true">−2°</span>' in Slider("turn", "Turn", -2.0, -180, 180, 1, unit="°").html("a")


def test_controls_stand_on_the_page_with_their_labels():
    controls = [
        Slider("rate", "Rate <1>", 0.1, stops=[0.1, 1], labels=["slow", "fast"]),
        Choice("net", "Net", ["relu", "tanh"], "tanh", ["ReLU", "tanh"]),
        Switch("noise", "Noise", True),
        Points("data", "Data", [(0, 1)], (-1, -1), (1, 1), 0.1, least=0, most=9),
    ]
    made = live(
        "figure", module="sampler", heights=(200, 300), alt_text="x", still=plt.figure(),
        controls=controls,
        data={"n": 3}, runs=True, step_label="One draw", buttons={"swap": "Swap two"}, **SAID,
    )  # fmt: skip
    soup, data = soup_of(made), data_of(made)
    assert soup.fieldset.has_attr("disabled")
    assert [label.get_text() for label in soup.select("label")] == ["Rate <1>", "Net", "Noise"]
    for label in soup.select("label"):
        assert soup.select_one(f"#{label['for']}") is not None
    assert soup.select_one("#figure-rate")["value"] == "0"
    assert soup.select_one(".explorable-value").string == "slow"
    assert soup.select_one("option[selected]").string == "tanh"
    pressed = {b["data-press"]: b.string for b in soup.select("button")}
    assert pressed == {"play": "Play", "step": "One draw", "swap": "Swap two", "reset": "Reset"}
    assert [control["kind"] for control in data["controls"]] == [
        "range", "choice", "switch", "points",
    ]  # fmt: skip
    assert data["controls"][3] | {"least": 0, "most": 9, "initial": [[0, 1]]} == data["controls"][3]
    assert data["n"] == 3 and data["alt"] == "x"


def test_the_still_picture_is_an_image_of_its_own():
    drawn = plt.subplots(figsize=(3, 2))[0]
    made = live(
        "figure", module="sampler", heights=(200, 300), alt_text="A box", still=drawn, controls=[],
        data={}, **SAID,
    )  # fmt: skip
    image = soup_of(made).img
    assert image["alt"] == "A box" and (image["width"], image["height"]) == ("288", "192")
    drawn = BeautifulSoup(unquote(image["src"].split(",", 1)[1]), "html.parser").svg
    assert drawn["viewbox"] == "0 0 216 144" and drawn.select("path")
    assert image.parent.name == "div" and not plt.get_fignums()


def test_a_wide_still_picture_is_laid_out_anew_for_phones():
    how = {"module": "sampler", "heights": (200, 300), "alt_text": "x", "controls": [], "data": {}}
    for narrow, height in ((None, None), (plt.figure(figsize=(3, 5)), "480")):
        still = plt.subplots(1, 2, figsize=(7, 2))[0]
        block = soup_of(live("figure", still=still, narrow=narrow, **how, **SAID))
        source = block.picture.source
        assert float(source["width"]) <= 320 and block.img["width"] == "672"
        assert height in (None, source["height"]) and not re.search(r"\s", source["srcset"])
        assert block.select_one(".explorable-view")["style"] == "--narrow: 320/200; --wide: 680/300"
    assert not plt.get_fignums()


def test_match_starts_with_the_mask_of_the_first_image(match):
    values = {control["name"]: control["initial"] for control in data_of(match)["controls"]}
    assert values == {"image": 1, "mask": 3}


def test_match_carries_the_numbers_it_was_given(match):
    rng = np.random.default_rng(1)
    images, masks, scores = (
        rng.uniform(size=(4, 16)),
        rng.normal(size=(5, 16)),
        rng.normal(size=(4, 5)),
    )
    data = data_of(match)
    levels = [[INKS.index(ink) / 63 for ink in image] for image in data["images"]]
    np.testing.assert_allclose(levels, images, atol=0.5 / 63 + 1e-9)
    weights = [[2 * INKS.index(ink) / 63 - 1 for ink in mask] for mask in data["masks"]]
    limit = np.quantile(np.abs(masks), 0.995)
    np.testing.assert_allclose(weights, np.clip(masks / limit, -1, 1), atol=1 / 63 + 1e-9)
    np.testing.assert_allclose(data["scores"], scores, atol=0.005 + 1e-9)
    odds = np.exp(scores[1]) / np.exp(scores[1]).sum()
    assert data["read"][1] == f"A 1, read as {odds.argmax()} with probability {odds.max():.2f}"


@needs_node
def test_the_logic_of_the_shell():
    done = subprocess.run(
        [NODE, "--test", *sorted((ROOT / "tests" / "explore").glob("*.test.mjs"))],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"# pass [1-9]", done.stdout)


def test_clusters_take_a_column_of_a_tensor():
    x = torch.linspace(-1, 1, 5)[:, None]
    band = (-torch.ones(5), torch.ones(5))
    how = {"ylim": (-2, 2), "name": "clusters", "alt_text": "A band and two lines."}
    html = clusters_explorable(x, [1], [band], [band], [(x[:, 0], x[:, 0])], **how).html
    assert "in the middle the band is 2.0 wide" in html
