"""Latent spaces that a reader turns, watches learning and walks about in."""

import json
import math
from collections.abc import Mapping, Sequence

import altair as alt
import contourpy
import numpy as np
import torch
from numpy.typing import ArrayLike

from tinynets import latents
from tinynets.colours import INK, themed_classes
from tinynets.explorables import Choice, Explorable, Slider, explorable, live
from tinynets.plots.latents import plot_cubes
from tinynets.plots.stills import plot_rings, plot_walk
from tinynets.plots.svg import text_of

SIDE = 230  # pixels of a panel: two beside one another can be read on a phone
INKS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"  # 64 grey levels


def cloud_explorable(
    clouds: Mapping[str, ArrayLike],
    labels: ArrayLike,
    bounds: Mapping[str, tuple[float, float]],
    steps: Sequence[int],
    accuracies: Mapping[str, ArrayLike],
    images: ArrayLike,
    image_shape: tuple[int, int],
    *,
    name: str,
    alt_text: str,
) -> Explorable:
    """Let the reader turn a cloud in its cube, play its training, and see what a point is.

    Parameters
    ----------
    clouds : mapping of str to array of shape (frames, n, 3)
        One entry per kind of hidden layer, to choose from.
    labels : array of int of shape (n,)
    bounds : mapping of str to (low, high)
        What the cube of each kind spans.
    steps : sequence of int
        Training steps done at each frame.
    accuracies : mapping of str to array of shape (frames,)
    images : array of shape (n, pixels), in [0, 1]
        What is shown of a point when the pointer is over it, perhaps shrunk.
    image_shape : (height, width)
    name, alt_text : str
        See `live`.
    """
    kinds, labels = list(clouds), np.asarray(labels)
    says = {
        kind: [
            f"{kind} layer after {step:,} steps: {100 * share:.0f} % of test digits read rightly."
            for step, share in zip(steps, accuracies[kind], strict=True)
        ]
        for kind in kinds
    }
    still = plot_cubes([[np.asarray(clouds[kinds[0]])[-1]]], labels, [bounds[kinds[0]]])
    still.set_size_inches(4.4, 4.4)
    return live(
        name,
        module="cloud",
        title="The cube of hidden activations",
        question="Drag to turn the cube, and play the training: where do the ten classes go? Which "
        "image is the lonely digit in another class's corner?",
        answer="All classes start in one heap; training pulls them apart towards corners, edges "
        "and faces, where units are saturated. A digit in another's corner is mostly one that is "
        "drawn like that other.",
        alt_text=alt_text,
        still=text_of(still),
        controls=[
            Choice("layer", "Hidden layer", kinds, kinds[0]),
            _time(steps),
            Slider("turn", "Turn", 33, -180, 180, 1, unit="°"),
            Slider("tilt", "Tilt", 21, -90, 90, 1, unit="°"),
            Choice("digit", "Digits", ["all", *range(10)], "all"),
        ],
        data={
            "labels": labels.tolist(),
            "clouds": {
                kind: [
                    _thousandths(np.asarray(clouds[kind])[:, i], bounds[kind])
                    for i in range(len(labels))
                ]
                for kind in kinds
            },
            "frames": list(steps),
            "images": [inks(image) for image in np.asarray(images)],
            "shape": list(image_shape),
            "says": says,
            "palette": themed_classes(10),
        },
        play="time",
        every=600,
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
    name, alt_text : str
        See `live`.
    """
    tiles, points = np.asarray(tiles), np.asarray(points)
    start, middle = 0.5, round((0.5 + limit) / (2 * limit) * (len(tiles) - 1))
    still = plot_walk(
        points, labels, (start, start), tiles[middle, middle], image_shape, limit=limit
    )
    return live(
        name,
        module="plane",
        title="A walk through the latent plane",
        question="Click or drag in the plane: is there a place that decodes to no digit at all?",
        answer="Within a region the decoder draws its digit; between regions it draws blends of "
        "their digits, some of which are none.",
        alt_text=alt_text,
        still=text_of(still),
        controls=[
            Slider("across", "Latent 1", start, -limit, limit, 0.05),
            Slider("up", "Latent 2", start, -limit, limit, 0.05),
        ],
        data={
            "limit": limit,
            "tiles": [[inks(tile) for tile in row] for row in tiles],
            "shape": list(image_shape),
            "points": np.round(points, 2).tolist(),
            "labels": list(map(int, labels)),
            "images": [inks(image) for image in np.asarray(images)],
            "small": list(small_shape),
            "palette": themed_classes(10),
        },
    )


def prices_explorable(
    betas: Sequence[float],
    means: ArrayLike,
    covariances: ArrayLike,
    rates: Sequence[float],
    distortions: Sequence[float],
    *,
    limit: float = 3.5,
    n_between: int = 8,
    name: str = "prices",
    alt_text: str,
) -> Explorable:
    """Let the reader turn up β and watch ten classes move in the latent plane.

    The planes of separately trained nets are turned and mirrored at random;
    each is turned to fit its neighbour's classes. Between two prices, means
    and covariances are interpolated in log β, and the figure says so.

    Parameters
    ----------
    betas : sequence of float
        Prices at which nets were trained, ascending.
    means : array of shape (prices, classes, 2)
        Means of the classes' aggregate posteriors.
    covariances : array of shape (prices, classes, 2, 2)
    rates, distortions : sequence of float
        Nats per image at each price.
    limit : float
        Half the width of the plane shown.
    n_between : int
        Stops of the slider between two prices.
    name, alt_text : str
        See `live`.
    """
    betas = [float(f"{beta:.3g}") for beta in betas]
    means, covariances = _aligned(np.asarray(means), np.asarray(covariances))
    stops = [
        float(f"{low * (high / low) ** (i / n_between):.3g}")
        for low, high in zip(betas, betas[1:], strict=False)
        for i in range(n_between)
    ] + betas[-1:]
    first = latents.Gaussian(*map(torch.as_tensor, (means[0], covariances[0])))
    rings = latents.ellipse(first, math.sqrt(2 * math.log(2)))
    still = plot_rings(rings, means[0], limit=limit)
    return live(
        name,
        module="prices",
        title="The price of a nat",
        question="Turn up β. Which classes give up their own place first, and at which β have all?",
        answer="At every step of β the ellipses move towards the prior, and in the upper half of "
        "the scale over one another. By and large the digits that lie nearest to each other at "
        "the lowest β are the first to merge. Where the rate is nearly 0, all classes lie in one "
        "place and z says nothing of the image.",
        alt_text=alt_text,
        still=text_of(still),
        controls=[Slider("beta", "β", betas[0], stops=stops)],
        data={
            "limit": limit,
            "betas": betas,
            "means": np.round(means, 3).tolist(),
            "covariances": np.round(covariances, 4).tolist(),
            "rates": [round(float(rate), 2) for rate in rates],
            "distortions": [round(float(one), 1) for one in distortions],
            "palette": themed_classes(10),
        },
        play="beta",
        every=60,
    )


def _aligned(means, covariances):
    """Turn and mirror each plane to fit the classes of the one before it."""
    means, covariances = means.copy(), covariances.copy()
    for i in range(1, len(means)):
        turn = latents.orthogonal_fit(*map(torch.as_tensor, (means[i], means[i - 1]))).numpy()
        means[i] = means[i] @ turn
        covariances[i] = turn.T @ covariances[i] @ turn
    return means, covariances


def _time(steps: Sequence[int]) -> Slider:
    labels = [f"step {step:,}" for step in steps]
    return Slider("time", "Time", steps[-1], stops=list(steps), labels=labels)


def _slider(name, label, low, high, step, value) -> alt.Parameter:
    return alt.param(
        name, value=value, bind=alt.binding_range(name=label, min=low, max=high, step=step)
    )


def _thousandths(points, bounds) -> list[int]:
    """Points (frames, 3) as one flat list, -999 to 999 across the cube."""
    low, high = bounds
    unit = (np.asarray(points) - low) / (high - low) * 2 - 1
    return np.round(unit.clip(-1.2, 1.2) * 999).astype(int).ravel().tolist()


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


def inks(image: ArrayLike) -> str:
    """Write an image, in [0, 1], as one of 64 characters per pixel."""
    levels = np.round(np.clip(np.asarray(image), 0, 1) * (len(INKS) - 1)).astype(int)
    return "".join(INKS[level] for level in levels)
