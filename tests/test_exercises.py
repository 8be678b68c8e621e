"""The notes answer every exercise of Nielsen's book; each exercise has marks, hint and answer."""

import json
import re
from pathlib import Path

import pytest

from render.keys import LEVELS
from render.layout.exercises import KINDS
from tests.conftest import ROOT, page_sources

NOTES = Path(__file__).parents[1] / "notes" / "nielsen"
# Exercises and problems a chapter, counted in the book itself.
COUNTS = {1: (8, 0), 2: (3, 2), 3: (13, 14), 4: (0, 3), 5: (1, 2), 6: (1, 11)}
CHAPTERS = sorted(COUNTS)


def listed():
    """Number -> section of the book and our title, in the book's order."""
    return json.loads((NOTES / "exercises.json").read_text())


def answers(chapter):
    """Label -> text of what is folded under each exercise of a page."""
    text = (NOTES / f"chapter-{chapter}.qmd").read_text()
    parts = re.split(r"^:{3,} *\{#exr-(\d-[ep]\d+) [^}]*\}$", text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_list_is_the_books():
    for chapter, (exercises, problems) in COUNTS.items():
        for kind, count in (("E", exercises), ("P", problems)):
            found = {n for n in listed() if n.startswith(f"{chapter}.{kind}")}
            assert found == {f"{chapter}.{kind}{i + 1}" for i in range(count)}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_exercise_stands_in_order(chapter):
    expected = [
        number.replace(".", "-").lower() for number in listed() if number.startswith(f"{chapter}.")
    ]
    found = [label for label in answers(chapter) if label in expected]
    assert found == expected
    assert list(answers(chapter)) == expected


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_answer_is_folded_and_runs(chapter):
    for label, text in answers(chapter).items():
        number = label.upper().replace("-", ".")
        assert f"## {number} · " in text.split("<details")[0], label
        folded = re.search(
            r'<details class="solution">\s*<summary>.*?</summary>(.*?)'
            r"</details>",
            text,
            re.S,
        )
        assert folded, f"{number} has no folded answer"
        solution = folded[1]
        assert f"{{#sol-{label}}}" in solution, number
        prose = re.sub(r"```.*?```", "", solution, flags=re.S)
        assert len(prose.split()) >= 40, f"{number}: the answer is too short"
        assert "```{python}" in solution, f"{number}: nothing is checked"


EXERCISE = re.compile(
    r"^:{3,} *\{#exr-(\S+?)(?: ([^}\n]*))?\}\n(.*?)(?=^:{3,} *\{#exr-|\Z)", re.S | re.M
)


@pytest.mark.parametrize("source", page_sources("{#exr-"))
def test_every_exercise_has_marks_a_hint_and_an_answer(source):
    for label, given, text in EXERCISE.findall((ROOT / source).read_text(encoding="utf-8")):
        marks = dict(re.findall(r'(\w+)="([^"]*)"', given))
        how = f'{source}: write {{#exr-{label} kind="derive" difficulty="easy" minutes="10"}}'
        assert set(marks) == {"kind", "difficulty", "minutes"}, how
        assert marks["kind"] in KINDS and marks["difficulty"] in LEVELS, how
        assert 0 < int(marks["minutes"]) <= 120, how
        hint = re.search(r'<details class="hint"><summary>Hint</summary>\n(.+)\n</details>', text)
        answer = text.find('<details class="solution"><summary>Answer</summary>')
        assert hint, f"{source}: exr-{label} has no folded hint of one line"
        assert hint.end() < answer, (
            f"{source}: the hint of exr-{label} must stand before its answer"
        )
