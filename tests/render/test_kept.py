"""Laid-out pages are kept by what they were made of, and laid out by several processes."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest

from render.errors import RenderError, RenderErrors
from render.layout import kept
from render.layout.document import Document

EMPTY = Document(title="", subtitle="", description="", toc="", body="", images=["a.svg"])


def lay_out(text: str, name: str) -> Document:
    """Stand in for the layout; another process can import it."""
    if text.startswith("bad"):
        raise RenderError(text, page=name, line=3)
    return replace(EMPTY, title=text, body=f"by {os.getpid()}")


def documents(folder, texts, n_processes=1):
    tasks = [(text, f"{i}.qmd") for i, text in enumerate(texts)]
    return kept.documents(folder, lay_out, tasks, texts, n_processes=n_processes)


def test_only_what_changed_is_laid_out_again(tmp_path, monkeypatch):
    first = documents(tmp_path, ["one", "two", "three"])
    assert [document.title for document in first] == ["one", "two", "three"]
    seen = []
    monkeypatch.setitem(globals(), "lay_out", lambda text, name: seen.append(text) or EMPTY)
    again = documents(tmp_path, ["one", "other", "three"])
    assert seen == ["other"]
    assert (again[0], again[2]) == (first[0], first[2])
    assert documents(tmp_path, ["three", "one"]) == [first[2], first[0]]


def test_much_is_laid_out_by_several_processes_in_its_order(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "LITTLE", 20)
    texts = [f"{i} {'long ' * (i % 3)}" for i in range(6)]
    made = documents(tmp_path, texts, n_processes=2)
    assert [document.title for document in made] == texts
    assert f"by {os.getpid()}" not in {document.body for document in made}
    few = documents(tmp_path, texts[:2] + ["new"], n_processes=2)
    assert [few[0].body, few[2].body] == [made[0].body, f"by {os.getpid()}"], "it is soon done"


@pytest.mark.parametrize("n_processes", [1, 2])
def test_all_that_is_wrong_is_told_and_the_rest_is_kept(tmp_path, monkeypatch, n_processes):
    monkeypatch.setattr(kept, "LITTLE", 0)
    with pytest.raises(RenderErrors) as caught:
        documents(tmp_path, ["bad one", "good", "bad two"], n_processes)
    assert [str(one) for one in caught.value.errors] == ["0.qmd:3: bad one", "2.qmd:3: bad two"]
    assert kept.Shelf(tmp_path).get(kept.Shelf(tmp_path).key("good")).title == "good"


def test_the_code_that_lays_out_counts(tmp_path, monkeypatch):
    documents(tmp_path, ["one"])
    monkeypatch.setattr(kept, "_tools", lambda: "another pandoc")
    assert kept.Shelf(tmp_path).get(kept.Shelf(tmp_path).key("one")) is None


def test_a_damaged_document_is_laid_out_again(tmp_path):
    documents(tmp_path, ["one"])
    (place,) = tmp_path.iterdir()
    place.write_text(place.read_text()[:-9])
    assert documents(tmp_path, ["one"])[0].title == "one"


def test_what_was_not_used_for_the_longest_time_is_forgotten(tmp_path):
    for i in range(kept.KEPT):
        documents(tmp_path, [f"{i}"])
        (latest,) = (p for p in tmp_path.iterdir() if f'"{i}"' in p.read_text())
        os.utime(latest, (i, i))
    documents(tmp_path, ["0"])
    documents(tmp_path, ["new"])
    titles = {json.loads(place.read_text())["title"] for place in tmp_path.iterdir()}
    assert titles == {"0", "2", "3", "new"}
