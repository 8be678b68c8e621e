"""How a failed cell is told."""

from __future__ import annotations

import pytest

from render.cells import split_page
from render.failure import describe


@pytest.mark.parametrize("is_told", [True, False])
def test_the_text_of_an_exception_is_told_in_part(site, is_told):
    value = "x" * 3_000_000
    text = f"ValueError: {value}"
    page = site.page("a.qmd", "```{python}\nraise ValueError\n```\n")
    cell = next(part for part in split_page(page) if hasattr(part, "code"))
    frames = {"frames": [], "text": text, "cause": None} if is_told else None
    raised = {"output_type": "error", "ename": "ValueError", "evalue": value, "traceback": [text]}
    error = describe(frames, [raised], page, cell, [cell])
    assert str(error).startswith("a.qmd:6: cell #1: raised ValueError: xxx")
    assert len(str(error)) < 6_000 and "characters)" in str(error)
