"""Moving figures for the notes on Nielsen's book."""

import json

import altair as alt
import numpy as np

from tinynets.colours import BLUE, INK
from tinynets.explorables import Explorable, explorable


def bumps(x: np.ndarray, target: np.ndarray, sums: dict, *, name: str, alt_text: str) -> Explorable:
    """Step through sums of bumps that approximate a target.

    Parameters
    ----------
    x, target : ndarray of shape (points,)
        Evenly spaced points and the function's values there.
    sums : dict of (n_bumps, weight) to ndarray of shape (points,)
        Every combination of the numbers of bumps and the weights.
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
    >>> x = np.linspace(0, 1, 5)
    >>> sums = {(n, w): x / n for n in (1, 2) for w in (10, 100)}
    >>> bumps(x, x, sums, name="bumps", alt_text="Steps below a line.").html[:24]
    '<div class="explorable" '
    """
    counts = sorted({n for n, _ in sums})
    weights = sorted({w for _, w in sums})
    rows = [{"n": n, "w": w, "f": np.round(f, 3).tolist()} for (n, w), f in sums.items()]
    errors = json.dumps({f"{n},{w}": f"{abs(f - target).max():.3f}" for (n, w), f in sums.items()})
    n_bumps = alt.param(
        "n",
        value=counts[len(counts) // 4],
        bind=alt.binding_range(
            min=counts[0], max=counts[-1], step=counts[1] - counts[0], name="Bumps "
        ),
    )
    weight = alt.param(
        "w", value=weights[-1], bind=alt.binding_select(options=weights, name="Weight of the steps")
    )
    axes = {
        "x": alt.X("x:Q", title="x"),
        "y": alt.Y(
            "y:Q",
            title="f(x)",
            scale=alt.Scale(
                domain=[
                    float(np.floor(10 * target.min()) / 10 - 0.1),
                    float(np.ceil(10 * target.max()) / 10 + 0.1),
                ]
            ),
        ),
    }
    spacing = float(x[1] - x[0])
    wanted = alt.Chart(alt.Data(values=[{"f": np.round(target, 3).tolist()}]))
    shown = alt.Chart(alt.Data(values=rows)).transform_filter("datum.n == n && datum.w == w")
    curves = [
        _curve(chart, spacing, float(x[0]))
        .mark_line(color=colour, strokeWidth=width, clip=True)
        .encode(**axes)
        for chart, colour, width in ((wanted, INK, 4), (shown, BLUE, 2))
    ]
    says = alt.param(
        "announce", expr=(f"'Largest error with ' + n + ' bumps: ' + {errors}[n + ',' + w]")
    )
    chart = alt.layer(*curves).add_params(n_bumps, weight, says).properties(width=600, height=300)
    return explorable(
        chart,
        name=name,
        alt_text=alt_text,
        play="n",
        title="A staircase of bumps",
        question="How many bumps until the largest error falls below 0.1? Do gentler steps need "
        "more, or fewer?",
        answer="With the steepest steps the error falls as one over the number of bumps; where "
        "the steps are as wide as the treads, they blend into a ramp, and fewer bumps do.",
    )


def _curve(chart: alt.Chart, spacing: float, start: float) -> alt.Chart:
    """Unfold a row's list `f` into points (x, y)."""
    return (
        chart.transform_flatten(["f"], as_=["y"])
        .transform_window(i="row_number()")
        .transform_calculate(x=f"{start} + {spacing} * (datum.i - 1)")
    )
