"""`tools/read.py` shows sentences as they came out."""

import importlib.util
from pathlib import Path

import pytest

from render.project import Executed, read_page

ROOT = Path(__file__).resolve().parent.parent

PAGE = """---
title: T
---

First, {python} nothing to see. The nets read `{python} share` of `{python} n`
images. No value here. And `{python} verdict`

```{python}
1
```

The end is `{python} end`.
"""
EXECUTED = """---
title: T
---

First, {python} nothing to see. The nets read 90\\.1 % of 10
images. No value here. And they are right. All of them.

`1`

The end is near.
"""
LINES = (1, 2, 3, 4, 5, 6, 7, 8, 11, 12)


@pytest.fixture(scope="module")
def read():
    spec = importlib.util.spec_from_file_location("tools_read", ROOT / "tools" / "read.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def page(tmp_path):
    (tmp_path / "page.qmd").write_text(PAGE)
    return read_page(tmp_path, tmp_path / "page.qmd")


def test_sentences_with_values_are_shown_whole(read, page, tmp_path):
    executed = Executed(page, EXECUTED, LINES, tmp_path, 1.0)
    assert read.sentences(page, executed) == [
        ("page.qmd:5", "The nets read «90.1 %» of «10» images."),
        ("page.qmd:6", "And «they are right. All of them.»"),
        ("page.qmd:12", "The end is «near»."),
    ]


def test_changed_sentences_come_first_and_data_sets_stand_side_by_side(read, page):
    one = {"page.qmd": [("page.qmd:1", "Old «1»."), ("page.qmd:2", "New «2».")]}
    two = {"page.qmd": [("page.qmd:1", "Old «1»."), ("page.qmd:2", "New «3».")]}
    lines = list(read.report([page], {"MNIST": one, "8×8": two}, {"page.qmd": ["Old «1»."]}))
    assert lines == [
        "* page.qmd:2",
        "    MNIST  New «2».",
        "    8×8    New «3».",
        "  page.qmd:1",
        "    both   Old «1».",
    ]


def test_a_page_that_did_not_run_is_named(read, page):
    sets = {"MNIST": {"page.qmd": []}, "8×8": {}}
    assert list(read.report([page], sets, {})) == ["page.qmd: not executed on 8×8 as it is now"]
