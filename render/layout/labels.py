"""The kinds of cross-reference, and how Quarto words them."""

from __future__ import annotations

import re
from dataclasses import dataclass

FLOATS = {"fig": "Figure", "tbl": "Table"}
PREFIXES = {**FLOATS, "eq": "Equation", "sec": "Section", "exr": "Exercise", "sol": "Solution"}
UNSPOKEN = ("thm", "lem", "cor", "prp", "cnj", "def", "exm", "rem", "lst")  # Quarto's, and unused
NBSP = "\N{NO-BREAK SPACE}"
LABEL = re.compile(rf"^({'|'.join(PREFIXES)})-(.+)$")


def kind_of(label: str) -> str | None:
    """Return `fig` for `fig-loss`, and None for what is no label."""
    match = LABEL.match(label or "")
    return match and match[1]


@dataclass(frozen=True)
class Label:
    """A label's kind and number: `2`, or `1.3` of a section."""

    kind: str
    number: str

    @property
    def name(self) -> str:
        """`Figure 2`, as captions and references have it."""
        return f"{PREFIXES[self.kind]}{NBSP}{self.number}"


class Labels:
    """What a page has numbered so far."""

    def __init__(self) -> None:
        self.by_name: dict[str, Label] = {}
        self._counts: dict[str, int] = {}

    def add(self, label: str, *, number: str | None = None) -> Label:
        """Give a label the next number of its kind, or the one given."""
        kind = kind_of(label)
        if number is None:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            number = str(self._counts[kind])
        self.by_name[label] = Label(kind, number)
        return self.by_name[label]
