"""Posterior draws of a ReLU net one by one; two bands as points are added."""

import json
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
    name : str
        Lower-case letters, digits and hyphens; unique on its page.
    alt_text : str
        What the eye sees at the start.

    Returns
    -------
    Explorable
        To end a cell with.

    Examples
    --------
    >>> x, one = np.linspace(-1, 1, 3), np.zeros((2, 1))
    >>> functions, says = np.zeros((2, 3)), ["first", "second"]
    >>> how = {"data": (x, x), "name": "draws", "alt_text": "Two curves."}
    >>> draws_explorable(x, functions, one, one, one + 1, says, **how).html[:24]
    '<div class="explorable" '
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


def clusters_explorable(
    x: ArrayLike,
    sizes: Sequence[int],
    bands: Sequence[tuple[ArrayLike, ArrayLike]],
    references: Sequence[tuple[ArrayLike, ArrayLike]],
    data: Sequence[tuple[ArrayLike, ArrayLike]],
    *,
    ylim: tuple[float, float],
    name: str,
    alt_text: str,
) -> Explorable:
    """Let the reader put more points at two places and watch two bands between them.

    Parameters
    ----------
    x : array of shape (n,)
    sizes : sequence of int
        Points at each place, ascending; one entry each in what follows.
    bands, references : sequence of (lower, upper), arrays of shape (n,)
        Of the approximation (filled) and of what it approximates (lines).
    data : sequence of (array, array)
        x and y of the points, each of shape (n,).
    ylim : pair of float
        What the panel shows.
    name : str
        Lower-case letters, digits and hyphens; unique on its page.
    alt_text : str
        What the eye sees at the start.

    Returns
    -------
    Explorable
        To end a cell with.

    Examples
    --------
    >>> x, band = np.linspace(-1, 1, 3), (-np.ones(3), np.ones(3))
    >>> how = {"ylim": (-2, 2), "name": "clusters", "alt_text": "A band and two lines."}
    >>> clusters_explorable(x, [1], [band], [band], [(x, x)], **how).html[:24]
    '<div class="explorable" '
    """
    x = np.asarray(x).ravel()
    size = alt.param(
        "size",
        value=0,
        bind=alt.binding_range(name="Points at each place", min=0, max=len(sizes) - 1, step=1),
    )
    middle = len(x) // 2
    said = []
    for n, band, reference in zip(sizes, bands, references, strict=True):
        wide, right = (float((high - low)[middle]) for low, high in (band, reference))
        said.append(
            f"{n} points at each place: in the middle the band is {wide:.1f} wide, and should "
            f"be {right:.1f}."
        )
    lists = ("low", "high", "from", "to")
    rows = [
        {"n": i, **dict(zip(lists, (np.round(v, 3).tolist() for v in (*b, *r)), strict=True))}
        for i, (b, r) in enumerate(zip(bands, references, strict=True))
    ]
    points = [
        {"n": i, "x": round(float(a), 3), "y": round(float(b), 3)}
        for i, (xs, ys) in enumerate(data)
        for a, b in zip(np.ravel(xs), np.ravel(ys), strict=True)
    ]
    across = alt.X("x:Q", title="x", scale=alt.Scale(domain=[float(x[0]), float(x[-1])]))
    scale = alt.Scale(domain=list(ylim))
    chosen = (
        alt.Chart(alt.Data(values=rows))
        .transform_filter("datum.n == size")
        .transform_flatten(list(lists))
        .transform_window(row="row_number()")
        .transform_calculate(x=_grid(x))
    )
    chart = alt.layer(
        chosen.mark_area(color=BLUE, opacity=0.35, clip=True).encode(
            x=across, y=alt.Y("low:Q", title="f(x)", scale=scale), y2="high:Q"
        ),
        *(
            chosen.mark_line(color=INK, strokeDash=[5, 4], clip=True).encode(
                x=across, y=alt.Y(f"{edge}:Q", title="f(x)", scale=scale)
            )
            for edge in ("from", "to")
        ),
        alt.Chart(alt.Data(values=points))
        .transform_filter("datum.n == size")
        .mark_circle(color=INK, size=22)
        .encode(x=across, y=alt.Y("y:Q", title="f(x)", scale=scale)),
    )
    says = alt.param("announce", expr=f"{json.dumps(said)}[size]")
    return explorable(
        chart.properties(width=620, height=300).add_params(size, says),
        name=name,
        alt_text=alt_text,
        play="size",
        labels={"size": [str(n) for n in sizes]},
        title="More points at the same two places",
        question="Add points at the two places. Does either band close over the gap between?",
        answer="The exact band stays wide. That of independent Gaussians closes: to be sure at "
        "both places they must be nearly as sure between them.",
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
