"""An explorable is one block: a still image and a specification that runs."""

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote

import altair as alt
import matplotlib.pyplot as plt
import numpy as np
import pytest
from bs4 import BeautifulSoup

from tinynets.explorables import Choice, Points, Slider, Switch, explorable, live
from tinynets.explorables.masks import match_explorable
from tinynets.plots.svg import text_of

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "assets" / "vendor"
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(
    NODE is None,
    reason=(
        "node is not on the PATH: install Node.js 20 or later "
        "(apt-get install nodejs) to run the tests of explore/"
    ),
)


def chart(bound=True):
    bind = alt.binding_range(min=0, max=3, step=1, name="Which </script>")
    which = alt.param("which", value=2, **({"bind": bind} if bound else {}))
    says = alt.param("announce", expr="'number ' + which")
    rows = [{"x": i, "v": [i, 2 * i, 3 * i, 0]} for i in range(3)]
    return (
        alt.Chart(alt.Data(values=rows))
        .transform_calculate(y="datum.v[which]")
        .mark_bar(clip=True)
        .encode(x="x:O", y="y:Q")
        .add_params(which, says)
    )


SAID = {"title": "Bars", "question": "Which is longest?", "answer": "The last."}


def soup_of(block):
    return BeautifulSoup(block.html, "html.parser")


def data_of(block):
    return json.loads(soup_of(block).select_one(".explorable-data").string)


@pytest.fixture(scope="module")
def block():
    return explorable(chart(), name="bars", alt_text='Bars & "quotes"', play="which", **SAID)


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
    assert block._repr_mimebundle_()["image/svg+xml"].startswith("<svg")
    assert "text/markdown" not in block._repr_mimebundle_()
    assert "explorable" in repr(block) and len(repr(block)) < 60


def test_the_picture_has_its_text_and_the_still_image_none(block):
    picture = soup_of(block).select_one("[role=img]")
    assert picture["aria-label"] == 'Bars & "quotes"'
    assert picture.svg["aria-hidden"] == "true" and picture.svg["viewbox"]
    assert not picture.svg.select("[role], [aria-label]")


def test_a_question_comes_first_and_the_answer_folds(block):
    soup = soup_of(block)
    assert soup.p["class"] == ["explorable-question"]
    assert soup.p.get_text() == "Bars. Which is longest?"
    assert soup.details.p.get_text() == "The last." and not soup.details.has_attr("open")


def test_no_text_of_a_chart_can_end_the_script(block):
    assert block.html.count("</script>") == 1
    assert [control["label"] for control in data_of(block)["controls"]] == ["Which </script>"]
    assert not any("bind" in signal for signal in data_of(block)["spec"]["signals"])


def test_ids_begin_with_the_name(block):
    ids = [tag["id"] for tag in soup_of(block).select("[id]")]
    assert ids[0] == "explorable-bars" and len(ids) > 1
    assert all(i.startswith("bars-") for i in ids[1:])
    for target in re.findall(r"url\(#([^)]+)\)", block.html):
        assert target in ids


def test_the_same_chart_gives_the_same_block(block):
    again = explorable(chart(), name="bars", alt_text='Bars & "quotes"', play="which", **SAID)
    assert again == block


@pytest.mark.parametrize(
    ("change", "bound", "message"),
    [
        ({"name": "Bad name"}, True, "lower-case letters"),
        ({"alt_text": " "}, True, "alt_text of explorable 'good' must not be empty"),
        ({"question": ""}, True, "question of explorable 'good' must not be empty"),
        ({"play": "speed"}, True, "play must name one of the controls"),
        ({}, False, "must have a parameter bound"),
    ],
)
def test_a_wrong_call_says_what_to_do(change, bound, message):
    with pytest.raises(ValueError, match=message):
        explorable(chart(bound), **({"name": "good", "alt_text": "x", **SAID} | change))


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


def test_controls_stand_on_the_page_with_their_labels():
    controls = [
        Slider("rate", "Rate <1>", 0.1, stops=[0.1, 1], labels=["slow", "fast"]),
        Choice("net", "Net", ["relu", "tanh"], "tanh", ["ReLU", "tanh"]),
        Switch("noise", "Noise", True),
        Points("data", "Data", [(0, 1)], (-1, -1), (1, 1), 0.1, least=0, most=9),
    ]
    made = live(
        "figure", module="sampler", alt_text="x", still="<svg/>", controls=controls,
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
        "figure", module="sampler", alt_text="A box", still=text_of(drawn), controls=[], data={},
        **SAID,
    )  # fmt: skip
    image = soup_of(made).img
    assert image["alt"] == "A box" and (image["width"], image["height"]) == ("288", "192")
    drawn = BeautifulSoup(unquote(image["src"].split(",", 1)[1]), "html.parser").svg
    assert drawn["viewbox"] == "0 0 216 144" and drawn.select("path")
    assert not plt.get_fignums()


def test_match_starts_with_the_mask_of_the_first_image(match):
    values = {control["name"]: control["initial"] for control in data_of(match)["controls"]}
    assert values == {"image": 1, "mask": 3}


def test_match_carries_the_numbers_it_was_given(match):
    rng = np.random.default_rng(1)
    images, masks = rng.uniform(size=(4, 16)), rng.normal(size=(5, 16))
    data = {d["name"]: d.get("values") for d in data_of(match)["spec"]["data"]}
    pixels = next(rows for rows in data.values() if rows and "d" in rows[0])
    ink = np.array([row["d"] for row in pixels]).T / 255
    weights = np.array([row["m"] for row in pixels]).T / 999
    np.testing.assert_allclose(ink, images, atol=0.003)
    limit = np.quantile(np.abs(masks), 0.995)
    np.testing.assert_allclose(weights, np.clip(masks / limit, -1, 1), atol=0.001)


def test_vendored_files_are_those_of_the_registry():
    lines = (VENDOR / "SHA256SUMS").read_text().splitlines()
    sums = dict(reversed(line.split("  ")) for line in lines)
    assert {"vega.min.js", "vega-interpreter.js", "vega.LICENSE"} <= set(sums)
    for name, digest in sums.items():
        found = hashlib.sha256((VENDOR / name).read_bytes()).hexdigest()
        assert found == digest, (
            f"{name} is not the file that SHA256SUMS names: restore it, or "
            "see assets/vendor/README.md for how to update it"
        )


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


@needs_node
def test_vega_runs_each_specification_without_eval(match, tmp_path):
    """Run as the browser does, where eval and Function are forbidden."""
    (tmp_path / "spec.json").write_text(json.dumps(data_of(match)["spec"]))
    done = subprocess.run(
        [
            NODE,
            "--disallow-code-generation-from-strings",
            ROOT / "tests" / "explore" / "run_vega.mjs",
            tmp_path / "spec.json",
            json.dumps({"image": 2, "mask": 4}),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    rng = np.random.default_rng(1)
    rng.uniform(size=(4, 16)), rng.normal(size=(5, 16))
    scores = rng.normal(size=(4, 5))[1]
    share = np.exp(scores[scores.argmax()]) / np.exp(scores).sum()
    score = f"{scores[4]:+.1f}".replace("-", "−")
    assert said["announce"] == (
        f"A 1, read as {scores.argmax()} with probability {share:.2f}. "
        f"The mask of 4 scores {score}."
    )
    assert said["svg"].count("<path") > 40
