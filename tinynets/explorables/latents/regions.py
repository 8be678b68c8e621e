"""Regions of classes that a reader watches learning."""

import json
from collections.abc import Mapping, Sequence

import altair as alt
import contourpy
import numpy as np
from numpy.typing import ArrayLike

from tinynets.colours import INK
from tinynets.explorables import Explorable, explorable

SIDE = 230  # pixels of a panel: two beside one another can be read on a phone


def training_explorable(
    densities: Mapping[str, ArrayLike],
    limit: float,
    steps: Sequence[int],
    colours: Sequence[str],
    *,
    name: str,
    alt_text: str,
    n_points: int = 24,
) -> Explorable:
    """Let the reader move through training, class regions side by side.

    Parameters
    ----------
    densities : mapping of str to array of shape (frames, classes, n, n)
        One entry a panel, on a square grid over the plane, in units of the
        level to draw: the region is where a density exceeds one.
    limit : float
        Half the width of the plane.
    steps : sequence of int
        Training steps done at each frame.
    colours : sequence of str
        One a class.
    name : str
        Lower-case letters, digits and hyphens; unique on its page.
    alt_text : str
        What the eye sees at the start.
    n_points : int
        Of each region's outline.

    Returns
    -------
    Explorable
        To end a cell with.

    Examples
    --------
    >>> hill = 2 * np.exp(-np.linspace(-2, 2, 9) ** 2)
    >>> regions = {"β = 1": np.outer(hill, hill)[None, None]}
    >>> how = {"name": "training", "alt_text": "One region."}
    >>> training_explorable(regions, 2.0, [0], [INK], **how).html[:24]
    '<div class="explorable" '
    """
    scale = {"scale": alt.Scale(domain=[-limit, limit]), "axis": None}
    panels = [
        _regions(values, title, limit, n_points, colours, scale)
        for title, values in densities.items()
    ]
    says = json.dumps([f"After {step:,} steps" for step in steps])
    chart = alt.hconcat(*panels, spacing=10).add_params(
        _slider("time", "Time", 0, len(steps) - 1, 1, len(steps) - 1),
        alt.param("announce", expr=f"{says}[time]"),
    )
    return explorable(
        chart,
        name=name,
        alt_text=alt_text,
        play="time",
        labels={"time": [f"step {step:,}" for step in steps]},
        title="Ten regions learning",
        question="Play the epoch: which classes get a place of their own, and when?",
        answer="All ten start as one heap. They part early, further under the lower β than under "
        "the higher.",
    )


def _slider(name, label, low, high, step, value) -> alt.Parameter:
    return alt.param(
        name, value=value, bind=alt.binding_range(name=label, min=low, max=high, step=step)
    )


def _coloured(colours) -> alt.Color:
    return alt.Color(
        "k:N", legend=None, scale=alt.Scale(domain=list(range(len(colours))), range=list(colours))
    )


def _regions(densities, title, limit, n_points, colours, scale):
    rows, labels = [], []
    for time, k in np.ndindex(*np.shape(densities)[:2]):
        density = np.asarray(densities[time][k])
        axis = np.linspace(-limit, limit, len(density))
        lines = contourpy.contour_generator(axis, axis, density).lines(1.0)
        lines = sorted(lines, key=len)
        rows += [
            {
                "t": time,
                "k": k,
                "o": f"{k}-{i}",
                "p": _outline(line, max(6, round(n_points * len(line) / len(lines[-1])))),
            }
            for i, line in enumerate(lines)
        ]
        x, y = lines[-1].mean(0)  # the middle of the largest piece
        labels.append({"t": time, "k": k, "x": round(x, 2), "y": round(y, 2)})
    x, y = alt.X("x:Q", **scale), alt.Y("y:Q", **scale)
    outlines = (
        alt.Chart(alt.Data(values=rows))
        .transform_filter("datum.t == time")
        .transform_calculate(i="sequence(datum.p.length / 2)")
        .transform_flatten(["i"])
        .transform_calculate(x="datum.p[2 * datum.i] / 100", y="datum.p[2 * datum.i + 1] / 100")
        .mark_line(fillOpacity=0.2, strokeWidth=1.5, clip=True, aria=False)
        .encode(
            x=x,
            y=y,
            detail="o:N",
            order="i:Q",
            color=_coloured(colours),
            fill=alt.Fill(
                "k:N",
                legend=None,
                scale=alt.Scale(domain=list(range(len(colours))), range=list(colours)),
            ),
        )
    )
    names = (
        alt.Chart(alt.Data(values=labels))
        .transform_filter("datum.t == time")
        .mark_text(fontSize=15, fontWeight="bold", clip=True, aria=False)
        .encode(x=x, y=y, text="k:N", color=_coloured(colours))
    )
    return alt.layer(outlines, names).properties(
        title=title, width=SIDE, height=SIDE, view=alt.ViewConfig(stroke=INK, strokeOpacity=0.5)
    )


def _outline(line, n_points) -> list[int]:
    """Hundredths of points evenly spaced along a line, closed."""
    length = np.r_[0, np.hypot(*np.diff(line, axis=0).T).cumsum()]
    at = np.linspace(0, length[-1], n_points + 1)
    points = np.stack([np.interp(at, length, axis) for axis in line.T], -1)
    return np.round(points * 100).astype(int).ravel().tolist()
