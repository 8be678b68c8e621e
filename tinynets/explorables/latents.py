"""Latent spaces that a reader turns, watches learning and walks about in."""

import json
from collections.abc import Mapping, Sequence
from itertools import product

import altair as alt
import contourpy
import numpy as np
from numpy.typing import ArrayLike

from tinynets.colours import INK, VERMILION
from tinynets.explorables import Explorable, explorable

SIDE = 340  # pixels
INKS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"  # 64 grey levels


def cloud_explorable(
    clouds: Mapping[str, ArrayLike],
    labels: ArrayLike,
    bounds: Mapping[str, tuple[float, float]],
    steps: Sequence[int],
    accuracies: Mapping[str, ArrayLike],
    colours: Sequence[str],
    *,
    name: str,
    alt_text: str,
) -> Explorable:
    """Let the reader turn a cloud in its cube and move through training.

    Parameters
    ----------
    clouds : mapping of str to array of shape (frames, n, 3)
        One entry a kind of hidden layer, to choose from.
    labels : array of int of shape (n,)
    bounds : mapping of str to (low, high)
        What the cube of each kind spans.
    steps : sequence of int
        Training steps done at each frame.
    accuracies : mapping of str to array of shape (frames,)
    colours : sequence of str
        One a class.
    name, alt_text : str
        See `explorable`.
    """
    kinds, last = list(clouds), len(steps) - 1
    rows = [
        {
            "k": int(k),
            **{kind: _thousandths(np.asarray(clouds[kind])[:, i], bounds[kind]) for kind in kinds},
        }
        for i, k in enumerate(labels)
    ]
    edges = [
        {"a": a, "b": b}
        for a, b in product(product((-1, 1), repeat=3), repeat=2)
        if a < b and np.abs(np.subtract(a, b)).sum() == 2
    ]
    says = json.dumps(
        {
            kind: [
                f"{kind} layer after {step:,} steps: {100 * share:.0f} % of test "
                "digits read rightly"
                for step, share in zip(steps, accuracies[kind], strict=True)
            ]
            for kind in kinds
        },
        ensure_ascii=False,
    )
    parameters = [
        alt.param(
            "layer", value=kinds[0], bind=alt.binding_select(name="Hidden layer", options=kinds)
        ),
        _slider("time", "Time", 0, last, 1, last),
        _slider("turn", "Turn (degrees)", -180, 180, 3, 33),
        _slider("tilt", "Tilt (degrees)", -90, 90, 3, 21),
        alt.param(
            "digit",
            value="all",
            bind=alt.binding_select(name="Digits", options=["all", *range(10)]),
        ),
        alt.param("announce", expr=f"{says}[layer][time]"),
    ]
    for angle in ("turn", "tilt"):
        parameters += [
            alt.param(f"{f}_{angle}", expr=f"{f}({angle} * PI / 180)") for f in ("cos", "sin")
        ]
    chart = (
        alt.layer(_cube(edges), _cloud(rows, colours))
        .add_params(*parameters)
        .properties(width=SIDE * 1.25, height=SIDE * 1.1)
    )
    return explorable(
        chart,
        name=name,
        alt_text=alt_text,
        play="time",
        labels={"time": [f"step {step:,}" for step in steps]},
        drag={"across": "turn", "up": "tilt", "per": (0.6, 0.6)},
        title="The cube of hidden activations",
        question="Drag to turn the cube, and play the training: where do the ten classes go?",
        answer="All classes start in one heap; training pulls them apart towards corners, edges "
        "and faces, where units are saturated.",
    )


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
    n_points : int
        Of each region's outline.
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


def plane_explorable(
    tiles: ArrayLike,
    limit: float,
    image_shape: tuple[int, int],
    points: ArrayLike,
    labels: ArrayLike,
    images: ArrayLike,
    small_shape: tuple[int, int],
    colours: Sequence[str],
    *,
    name: str,
    alt_text: str,
) -> Explorable:
    """Let the reader move a point and see what the decoder makes of it.

    Parameters
    ----------
    tiles : array of shape (n, n, pixels), in [0, 1]
        Decoded at an even grid over [-limit, limit]², first axis latent 1;
        between the knots the pixels are interpolated.
    limit : float
    image_shape : (height, width)
    points : array of shape (m, 2)
        Where training images lie.
    labels : array of int of shape (m,)
    images : array of shape (m, small pixels), in [0, 1]
        The training images, perhaps shrunk.
    small_shape : (height, width)
    colours : sequence of str
    """
    tiles = np.asarray(tiles)
    spacing = 2 * limit / (len(tiles) - 1)
    parameters = [
        _slider("across", "Latent 1", -limit, limit, 0.1, 0.5),
        _slider("up", "Latent 2", -limit, limit, 0.1, 0.5),
    ]
    for axis in ("across", "up"):
        at = f"min((({axis} + {limit}) / {spacing}), {len(tiles)} - 1.001)"
        parameters += [
            alt.param(f"i_{axis}", expr=f"floor({at})"),
            alt.param(f"f_{axis}", expr=f"{at} - floor({at})"),
        ]
    examples = alt.Data(
        name="examples",
        values=[
            {"x": round(float(x), 2), "y": round(float(y), 2), "k": int(k), "d": _inks(image)}
            for (x, y), k, image in zip(points, labels, images, strict=True)
        ],
    )
    chart = alt.hconcat(
        _plane(examples, limit, colours),
        alt.vconcat(_decoded(tiles, image_shape), _nearest(examples, small_shape), spacing=16),
        spacing=24,
    ).add_params(*parameters)
    return explorable(
        chart,
        name=name,
        alt_text=alt_text,
        drag={"group": "concat_0", "across": "across", "up": "up", "touch": "none"},
        title="A walk through the latent plane",
        question="Click or drag in the plane: is there a place that decodes to no digit at all?",
        answer="Within a region the decoder draws its digit; between regions it draws blends of "
        "their digits, some of which are none.",
    )


def _slider(name, label, low, high, step, value) -> alt.Parameter:
    return alt.param(
        name, value=value, bind=alt.binding_range(name=label, min=low, max=high, step=step)
    )


def _thousandths(points, bounds) -> list[int]:
    """Points (frames, 3) as one flat list, -999 to 999 across the cube."""
    low, high = bounds
    unit = (np.asarray(points) - low) / (high - low) * 2 - 1
    return np.round(unit.clip(-1.2, 1.2) * 999).astype(int).ravel().tolist()


def _turn(chart, source, prefix="", scale=1) -> alt.Chart:
    """Add right, up and away of a point in the cube, as now turned."""
    x, y, z = (f"({source.format(i)} / {scale})" for i in range(3))
    return chart.transform_calculate(
        **{
            f"{prefix}right": f"{x} * cos_turn - {y} * sin_turn",
            f"{prefix}away": f"{x} * sin_turn + {y} * cos_turn",
        }
    ).transform_calculate(
        **{
            f"{prefix}up": f"{z} * cos_tilt + datum.{prefix}away * sin_tilt",
            f"{prefix}near": f"{z} * sin_tilt - datum.{prefix}away * cos_tilt",
        }
    )


def _cube(edges) -> alt.Chart:
    ends = _turn(_turn(alt.Chart(alt.Data(values=edges)), "datum.a[{}]", "a_"), "datum.b[{}]", "b_")
    return ends.mark_rule(color=INK, opacity=0.6, aria=False).encode(
        x=_screen("a_right"), y=_screen("a_up"), x2="b_right", y2="b_up"
    )


def _cloud(rows, colours) -> alt.Chart:
    points = _turn(
        alt.Chart(alt.Data(values=rows))
        .transform_filter("digit == 'all' || datum.k == +digit")
        .transform_calculate(p="slice(datum[layer], 3 * time, 3 * time + 3)"),
        "datum.p[{}]",
        scale=999,
    )
    return points.mark_text(fontSize=12, aria=False).encode(
        x=_screen("right", alt.X),
        y=_screen("up", alt.Y),
        text="k:N",
        color=_coloured(colours),
        opacity=alt.Opacity(
            "near:Q", legend=None, scale=alt.Scale(domain=[-1.4, 1.4], range=[0.25, 1])
        ),
    )


def _screen(field, channel=None):
    channel = channel or (alt.X if "right" in field else alt.Y)
    return channel(f"{field}:Q", axis=None, scale=alt.Scale(domain=[-1.75, 1.75]))


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


def _inks(image) -> str:
    """Write an image as one character a pixel."""
    levels = np.round(np.clip(image, 0, 1) * (len(INKS) - 1)).astype(int)
    return "".join(INKS[level] for level in levels)


def _plane(examples, limit, colours) -> alt.LayerChart:
    x, y = (
        channel(
            f"{field}:Q",
            title=title,
            axis=alt.Axis(tickCount=7),
            scale=alt.Scale(domain=[-limit, limit]),
        )
        for channel, field, title in ((alt.X, "x", "latent 1"), (alt.Y, "y", "latent 2"))
    )
    digits = (
        alt.Chart(examples)
        .mark_text(fontSize=10, opacity=0.75, clip=True, aria=False)
        .encode(x=x, y=y, text="k:N", color=_coloured(colours))
    )
    point = (
        alt.Chart(alt.Data(values=[{}]))
        .transform_calculate(x="across", y="up")
        .mark_point(size=170, color=VERMILION, strokeWidth=3, aria=False)
        .encode(x=x, y=y)
    )
    return alt.layer(digits, point).properties(width=SIDE, height=SIDE)


def _decoded(tiles, image_shape) -> alt.Chart:
    """Blend the four tiles about the point, pixel by pixel."""
    n = len(tiles)
    flat = tiles.reshape(n * n, -1)
    rows = [{"d": _inks(pixel)} for pixel in flat.T]
    corner = "indexof(inks, datum.d[{} + {} * (i_across + {})])"
    value = " + ".join(
        f"{wx} * {wy} * " + corner.format(f"i_up + {b}", n, a)
        for a, wx in ((0, "(1 - f_across)"), (1, "f_across"))
        for b, wy in ((0, "(1 - f_up)"), (1, "f_up"))
    )
    return _tile(
        alt.Chart(alt.Data(values=rows))
        .transform_window(i="row_number()")
        .transform_calculate(v=f"({value}) / {len(INKS) - 1}", i="datum.i - 1"),
        image_shape,
        "Decoded",
        190,
    ).add_params(alt.param("inks", value=INKS))


def _nearest(examples, shape) -> alt.Chart:
    height, width = shape
    three = (
        alt.Chart(examples)
        .transform_calculate(distance="pow(datum.x - across, 2) + pow(datum.y - up, 2)")
        .transform_window(rank="row_number()", sort=[alt.SortField("distance")])
        .transform_filter("datum.rank <= 3")
    )
    pixels = (
        three.transform_calculate(i=f"sequence({height * width})")
        .transform_flatten(["i"])
        .transform_calculate(
            v=f"indexof(inks, datum.d[datum.i]) / {len(INKS) - 1}",
            shift=f"(datum.rank - 1) * {width + 1}",
        )
    )
    return _tile(pixels, (height, 3 * width + 2), "Nearest training digits", 190, row=width)


def _tile(chart, shape, title, side, row=None) -> alt.Chart:
    height, width = shape
    row = row or width
    shift = "datum.shift" if row != width else "0"
    return (
        chart.transform_calculate(
            x=f"datum.i % {row} + {shift}",
            y=f"floor(datum.i / {row})",
            x2=f"datum.i % {row} + {shift} + 1",
            y2=f"floor(datum.i / {row}) + 1",
        )
        .mark_rect(color="currentColor", aria=False)
        .encode(
            x=alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, width])),
            y=alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[height, 0])),
            x2="x2:Q",
            y2="y2:Q",
            opacity=alt.Opacity("v:Q", legend=None, scale=alt.Scale(domain=[0, 1], range=[0, 1])),
        )
        .properties(
            width=side,
            height=side * height / width,
            title=title,
            view=alt.ViewConfig(stroke=INK, strokeOpacity=0.5),
        )
    )
