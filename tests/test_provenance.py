"""The box at a page's end says what ran."""

import re
from importlib.metadata import version

from tinynets.provenance import how_made

SETUP = "#| label: setup\n#| include: false\nSEED = 0\n\ny = 2\n"


def test_the_box_shows_the_set_up_code_without_options():
    box = how_made(SETUP, seed=0, data="Ten digits")
    assert re.search(r"```python\n(.*?)\n```", box, re.S)[1] == "SEED = 0\n\ny = 2"
    assert f"torch {version('torch')}" in box
    assert "*Seed:* 0;" in box and "*Data:* Ten digits." in box


def test_what_a_page_has_not_is_left_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # in no repository
    box = how_made(SETUP)
    assert "Seed:" not in box and "Data:" not in box and "commit" not in box
