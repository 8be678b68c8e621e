"""Pictures of curves that controls choose among, all computed while the page is rendered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from tinynets import checks
from tinynets.explorables.block import Explorable, live
from tinynets.explorables.controls import Control
from tinynets.plots.marks import Band, Line, Mark, Marks, along, plot_marks

Frame = tuple[Sequence[Mark], str]  # what is drawn, and the sentence below it


@checks.arguments(x="finite points | points 1", ylim="finite 2")
def curves_explorable(
    x: ArrayLike,
    frames: Mapping[tuple, Frame],
    *,
    fixed: Sequence[Mark] = (),
    controls: Sequence[Control],
    ylim: tuple[float, float],
    name: str,
    title: str,
    question: str,
    answer: str,
    alt_text: str,
    play: str | None = None,
    every: int = 700,
) -> Explorable:
    """Let the reader choose among pictures of curves, bands and points over one axis.

    For whatever can be computed while the page is rendered: a frame for each combination of
    the controls' values. What several frames share is sent once.

    Parameters
    ----------
    x : array of shape (points,)
        Of all curves, evenly spaced.
    frames : mapping of tuple to (sequence of Line, Band or Marks, str)
        For each combination of values, in the order of the controls: what is drawn, and the
        sentence that says what is seen.
    fixed : sequence of Line, Band or Marks
        Drawn below every frame.
    controls : sequence of Slider, Choice, Switch
        Their values are the keys of `frames`.
    ylim : pair of float
        What the panel shows.
    name : str
        Lower-case letters, digits and hyphens; unique on its page.
    title, question, answer : str
        The question is answered by moving the figure; the answer folds open below it.
    alt_text : str
        What the eye sees at the start.
    play : str, optional
        The control that a Play button moves on.
    every : int
        Milliseconds between its steps.

    Returns
    -------
    Explorable
        To end a cell with.

    Raises
    ------
    ValueError
        If there is no frame for the values with which the controls start.

    Examples
    --------
    >>> from tinynets.explorables import Slider
    >>> x, slopes = np.linspace(0, 1, 5), (1, 2)
    >>> frames = {(k,): ([Line(k * x)], f"The slope is {k}.") for k in slopes}
    >>> said = dict(title="Slope", question="How steep?", answer="Twice.", alt_text="A line.")
    >>> curves_explorable(x, frames, controls=[Slider("k", "Slope", 1, stops=slopes)],
    ...                   ylim=(0, 2), name="slope", **said).html[:24]
    '<div class="explorable" '
    """
    x = np.ravel(np.asarray(x, dtype=float))
    start = tuple(control.data()["initial"] for control in controls)
    if start not in frames:
        raise ValueError(
            f"frames of explorable {name!r} must have one for the controls' first values "
            f"{start}, got {', '.join(map(str, list(frames)[:4]))} …"
        )
    table = _Table(len(x))
    sent = {
        ",".join(map(_as_script, key)): {"marks": [table.data(m) for m in marks], "says": says}
        for key, (marks, says) in frames.items()
    }
    return live(
        name,
        module="curves",
        heights=(210, 330),
        title=title,
        question=question,
        answer=answer,
        alt_text=alt_text,
        still=plot_marks([*fixed, *frames[start][0]], x, ylim=ylim),
        controls=controls,
        data={
            "fixed": [table.data(mark) for mark in fixed],
            "frames": sent,
            "x": [float(x[0]), float(x[-1])],
            "y": [float(value) for value in ylim],
            "curves": table.curves,
        },
        play=play,
        every=every,
    )


def _as_script(value: float | str | bool) -> str:
    """Write a control's value as JavaScript does."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


class _Table:
    """Curves, each kept once; marks name them by their number."""

    def __init__(self, n_points: int) -> None:
        self.n_points = n_points
        self.curves: list[list[float]] = []
        self.places: dict[tuple, int] = {}

    def data(self, mark: Mark) -> dict:
        match mark:
            case Line():
                about = {"line": self.place(mark.y), "width": mark.width, "dashed": mark.dashed}
                return about | {"colour": mark.colour, "opacity": mark.opacity}
            case Band():
                about = {"band": [self.place(mark.low), self.place(mark.high)]}
                return about | {"colour": mark.colour, "opacity": mark.opacity}
            case Marks():
                about = {"at": np.transpose([_short(mark.x), _short(mark.y)]).tolist()}
                return about | {"shape": mark.shape, "colour": mark.colour, "size": mark.size}

    def place(self, curve: ArrayLike) -> int:
        values = _short(along("a curve of frames", curve, self.n_points))
        known = self.places.setdefault(tuple(values), len(self.curves))
        if known == len(self.curves):
            self.curves.append(values)
        return known


def _short(values: ArrayLike) -> list[float]:
    return np.round(np.ravel(np.asarray(values, dtype=float)), 3).tolist()
