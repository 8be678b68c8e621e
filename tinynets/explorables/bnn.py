"""Step through posterior draws of a ReLU net and watch its corners move."""

from collections.abc import Sequence

import altair as alt
import numpy as np
from numpy.typing import ArrayLike

from tinynets.colours import BLUE, INK, VERMILION
from tinynets.explorables import Explorable, explorable


def draws_explorable(
    x: ArrayLike,
    functions: ArrayLike,
    corners: ArrayLike,
    heights: ArrayLike,
    directions: ArrayLike,
    labels: Sequence[str],
    *,
    data: tuple[ArrayLike, ArrayLike],
    name: str,
    alt_text: str,
) -> Explorable:
    """Let the reader step through draws, each ReLU's corner marked.

    Parameters
    ----------
    x : array of shape (points,)
    functions : array of shape (draws, points)
    corners, heights, directions : arrays of shape (draws, units)
        Where a unit bends the curve, f there, and the side (1 right, -1
        left) on which it is on.
    labels : sequence of str, one a draw
        What is said of a draw below the control.
    data : pair of arrays of shape (n,)
    name, alt_text : str
        See `explorable`.
    """
    x, functions = np.asarray(x).ravel(), np.asarray(functions)
    draw = alt.param(
        "draw",
        value=1,
        bind=alt.binding_range(name="Posterior draw", min=1, max=len(functions), step=1),
    )
    says = alt.param("announce", expr=_says(labels))
    limits = [float(v) for v in (x.min(), x.max())]
    across = alt.X("x:Q", title="x", scale=alt.Scale(domain=limits, nice=False))
    up = alt.Y("y:Q", title="f(x)")
    points = (
        alt.Chart(_rows(*map(np.ravel, map(np.asarray, data))))
        .mark_circle(color=INK, size=22)
        .encode(x=across, y=up)
    )
    all_draws = (
        alt.Chart(_curves(x, functions))
        .transform_flatten(["f"])
        .transform_window(row="row_number()", groupby=["d"])
        .transform_calculate(x=_grid(x))
        .mark_line(strokeWidth=0.6, color=INK, opacity=0.3)
        .encode(x=across, y=alt.Y("f:Q", title="f(x)"), detail="d:N")
    )
    chosen = all_draws.transform_filter("datum.d == draw").mark_line(strokeWidth=2.6, color=BLUE)
    bends = (
        alt.Chart(_bends(corners, heights, directions, limits))
        .transform_filter("datum.d == draw")
        .mark_point(filled=True, size=170, color=VERMILION, opacity=1)
        .encode(
            x=across,
            y=up,
            shape=alt.Shape(
                "s:N",
                scale=alt.Scale(
                    domain=["left", "right"], range=["triangle-left", "triangle-right"]
                ),
                legend=None,
            ),
        )
    )
    chart = (
        alt.layer(all_draws, points, chosen, bends)
        .properties(width=620, height=330)
        .add_params(draw, says)
    )
    return explorable(
        chart,
        name=name,
        alt_text=alt_text,
        play="draw",
        title="Posterior draws, one by one",
        question="Step through the draws: how far does the curve move, and how far do its corners?",
        answer="The curve hardly moves, because the data pin it. The corners jump, because "
        "several arrangements of the hidden units draw the same curve.",
    )


def _says(labels: Sequence[str]) -> str:
    quoted = ", ".join(f"'{label}'" for label in labels)
    return f"'Draw ' + draw + ': ' + [{quoted}][draw - 1]"


def _grid(x: np.ndarray) -> str:
    step = (x[-1] - x[0]) / (len(x) - 1)
    return f"{x[0]:.6g} + (datum.row - 1) * {step:.6g}"


def _rows(x: np.ndarray, y: np.ndarray) -> alt.Data:
    return alt.Data(
        values=[
            {"x": round(float(a), 3), "y": round(float(b), 3)} for a, b in zip(x, y, strict=True)
        ]
    )


def _curves(x: np.ndarray, functions: np.ndarray) -> alt.Data:
    return alt.Data(
        values=[
            {"d": i + 1, "f": [round(float(v), 3) for v in f]} for i, f in enumerate(functions)
        ],
        name="curves",
    )


def _bends(
    corners: ArrayLike, heights: ArrayLike, directions: ArrayLike, limits: list[float]
) -> alt.Data:
    rows = [
        {
            "d": i + 1,
            "x": round(float(c), 3),
            "y": round(float(h), 3),
            "s": "right" if s > 0 else "left",
        }
        for i, (cs, hs, ss) in enumerate(
            zip(np.asarray(corners), np.asarray(heights), np.asarray(directions), strict=True)
        )
        for c, h, s in zip(cs, hs, ss, strict=True)
        if limits[0] < c < limits[1]
    ]
    return alt.Data(values=rows, name="bends")
