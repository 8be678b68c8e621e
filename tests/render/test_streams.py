"""What a cell prints is joined as a terminal shows it, in time that grows with its length."""

from __future__ import annotations

import time

import pytest

from render.outputs import _fenced
from render.streams import joined, overwritten, size


def stream(name, text):
    return {"output_type": "stream", "name": name, "text": text}


DISPLAY = {"output_type": "display_data", "data": {"text/plain": "x", "image/png": "…"}}


def test_pieces_of_a_stream_are_joined_where_the_first_stands():
    outputs = [stream("stderr", "e"), stream("stdout", "a"), stream("stdout", "b\n"), DISPLAY]
    outputs += [stream("stdout", "c"), stream("stderr", "f")]
    told = [(o.get("name"), o.get("text")) for o in joined(outputs)]
    assert told == [("stdout", "ab\nc"), ("stderr", "ef"), (None, None)]
    later = [stream("stderr", "e"), DISPLAY, stream("stdout", "a")]
    assert [o.get("name") for o in joined(later)] == ["stderr", None, "stdout"]


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        ("10 %\r20 %\r30 %\n", "30 %\n"),
        ("a\r\nb\r\n", "a\r\nb\r\n"),
        ("one\n5\r6\nthree", "one\n6\nthree"),
        ("done\r", "done\r"),
        ("abc\b\bd", "ad"),
        ("\bx", "\bx"),
    ],
)
def test_a_progress_bar_leaves_its_last_state(text, stays):
    assert overwritten(text) == stays


def test_a_long_line_takes_no_longer_than_many_short_ones():
    def seconds(text):
        start = time.process_time()
        _fenced(joined([stream("stdout", text)])[0]["text"])
        return time.process_time() - start

    line = "x" * 2_000_000
    short = ("x" * 79 + "\n") * 25_000
    assert seconds(line) < 20 * seconds(short) + 1
    assert "line 3" in _fenced("  File /tmp/ipykernel_12/34.py:3, in f")


def test_figures_do_not_count_as_text():
    assert size([stream("stdout", "abc"), DISPLAY, {"output_type": "error"}]) == 4
