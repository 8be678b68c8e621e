"""An explorable is one block: a still image and a specification that runs."""

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import altair as alt
import numpy as np
import pytest
from bs4 import BeautifulSoup

from tinynets.explorables import explorable
from tinynets.explorables.masks import match_explorable

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "assets" / "vendor"
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(
    NODE is None,
    reason=(
        "node is not on the PATH: install Node.js 20 or later "
        "(apt-get install nodejs) to run the tests of assets/explorable.js"
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


def soup_of(block):
    return BeautifulSoup(block.html, "html.parser")


def spec_of(block):
    return json.loads(soup_of(block).select_one(".explorable-spec").string)


@pytest.fixture(scope="module")
def block():
    return explorable(chart(), name="bars", alt_text='Bars & "quotes"')


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


def test_a_notebook_shows_one_block_of_raw_html(block):
    markdown = block._repr_markdown_()
    assert markdown.startswith('```{=html}\n<div class="explorable"')
    assert markdown.endswith("</div>\n```") and markdown.count("```") == 2
    assert "explorable" in repr(block) and len(repr(block)) < 60


def test_the_picture_has_its_text_and_the_still_image_none(block):
    picture = soup_of(block).select_one("[role=img]")
    assert picture["aria-label"] == 'Bars & "quotes"'
    assert picture.svg["aria-hidden"] == "true" and picture.svg["viewbox"]
    assert not picture.svg.select("[role], [aria-label]")


def test_no_text_of_a_chart_can_end_the_script(block):
    assert block.html.count("</script>") == 1
    bound = [s["bind"] for s in spec_of(block)["signals"] if "bind" in s]
    assert [bind["name"] for bind in bound] == ["Which </script>"]


def test_ids_begin_with_the_name(block):
    ids = [tag["id"] for tag in soup_of(block).select("[id]")]
    assert ids[0] == "explorable-bars" and len(ids) > 1
    assert all(i.startswith("bars-") for i in ids[1:])
    for target in re.findall(r"url\(#([^)]+)\)", block.html):
        assert target in ids


def test_the_same_chart_gives_the_same_block(block):
    again = explorable(chart(), name="bars", alt_text='Bars & "quotes"')
    assert again == block


@pytest.mark.parametrize(
    ("name", "alt_text", "bound", "message"),
    [
        ("Bad name", "x", True, "lower-case letters"),
        ("good", " ", True, "must say what the eye sees"),
        ("good", "x", False, "must have a parameter bound"),
    ],
)
def test_a_wrong_call_says_what_to_do(name, alt_text, bound, message):
    with pytest.raises(ValueError, match=message):
        explorable(chart(bound), name=name, alt_text=alt_text)


def test_match_starts_with_the_mask_of_the_first_image(match):
    values = {s["name"]: s.get("value") for s in spec_of(match)["signals"]}
    assert (values["image"], values["mask"]) == (1, 3)


def test_match_carries_the_numbers_it_was_given(match):
    rng = np.random.default_rng(1)
    images, masks = rng.uniform(size=(4, 16)), rng.normal(size=(5, 16))
    data = {d["name"]: d.get("values") for d in spec_of(match)["data"]}
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
def test_the_logic_of_the_module():
    done = subprocess.run(
        [NODE, "--test", ROOT / "tests" / "explorable.test.mjs"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"# pass [1-9]", done.stdout)


@needs_node
def test_vega_runs_each_specification_without_eval(match, tmp_path):
    """Run as the browser does, where eval and Function are forbidden."""
    (tmp_path / "spec.json").write_text(json.dumps(spec_of(match)))
    done = subprocess.run(
        [
            NODE,
            "--disallow-code-generation-from-strings",
            ROOT / "tests" / "run_explorable.mjs",
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
