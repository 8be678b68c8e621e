"""What a cell prints: joined as a terminal would show it, and of a bounded size."""

from __future__ import annotations

import re
from collections.abc import Sequence

MOST = 1_000_000  # characters that one cell may show; a page should stay below that in all
_BACKSPACE = re.compile(r"[^\n\x08]\x08")


def joined(outputs: Sequence[dict]) -> list[dict]:
    """Join what a cell wrote to the same stream, where it first did so; stdout before stderr.

    As nbclient does it, but in time that grows with the length; its patterns take the
    square of a long line.
    """
    pieces: dict[str, list[str]] = {}
    done: list[dict] = []
    for output in outputs:
        if output["output_type"] != "stream":
            done.append(output)
            continue
        if output["name"] not in pieces:
            done.append({"output_type": "stream", "name": output["name"], "text": ""})
        pieces.setdefault(output["name"], []).append(output["text"])
    for output in done:
        if output["output_type"] == "stream":
            output["text"] = overwritten("".join(pieces[output["name"]]))
    names = [output.get("name") for output in done]
    at = names.index("stderr") if "stderr" in names else len(done)
    if names[at + 1 : at + 2] == ["stdout"]:
        done[at : at + 2] = [done[at + 1], done[at]]
    return done


def overwritten(text: str) -> str:
    """Return what stays of a text whose carriage returns and backspaces overwrite."""
    while "\b" in text and (shorter := _BACKSPACE.sub("", text)) != text:
        text = shorter
    if "\r" not in text:
        return text
    lines = text.split("\n")
    return "\n".join(line[line.rfind("\r", 0, len(line) - 1) + 1 :] for line in lines)


def size(outputs: Sequence[dict]) -> int:
    """Return how many characters of text a cell shows; figures don't count."""
    texts = [output["text"] for output in outputs if output["output_type"] == "stream"]
    data = [output["data"] for output in outputs if "data" in output]
    texts += [found.get("text/markdown", found.get("text/plain", "")) for found in data]
    return sum(map(len, texts))
