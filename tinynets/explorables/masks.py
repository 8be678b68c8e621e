"""Hold a mask against a digit: image × mask = product, and all ten scores."""

from collections.abc import Sequence

import altair as alt
import numpy as np
from numpy.typing import ArrayLike

from tinynets.colours import BLUE, INK, VERMILION
from tinynets.explorables import Explorable, Slider, explorable, live
from tinynets.explorables.images import inks

TILE = 138  # pixels: three beside one another can be read on a phone


def match_explorable(
    images: ArrayLike,
    labels: ArrayLike,
    masks: ArrayLike,
    scores: ArrayLike,
    image_shape: tuple[int, int],
    *,
    name: str,
    alt_text: str,
) -> Explorable:
    """Let the reader pick a digit and a mask.

    Parameters
    ----------
    images : array of shape (images, pixels), in [0, 1]
    labels : array of int of shape (images,)
        Their classes.
    masks : array of shape (classes, pixels)
        Weights.
    scores : array of shape (images, classes)
        Of the classifier the masks belong to, biases included.
    image_shape : (height, width)
        Pixels.
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
    >>> images, scores = np.eye(4)[:2], np.array([[1.0, -1.0], [-1.0, 1.0]])
    >>> how = {"name": "match", "alt_text": "An image, a mask and their product."}
    >>> match_explorable(images, [0, 1], images, scores, (2, 2), **how).html[:24]
    '<div class="explorable" '
    """
    images, labels, masks, scores = map(np.asarray, (images, labels, masks, scores))
    n_images, n_classes = scores.shape
    first = int(labels[0])
    picked = alt.param(
        "image", value=1, bind=alt.binding_range(name="Test image", min=1, max=n_images, step=1)
    )
    held = alt.param(
        "mask",
        value=first,
        bind=alt.binding_range(name="Mask of class", min=0, max=n_classes - 1, step=1),
    )
    says = alt.param("announce", expr=_sentences(labels, scores))
    pixels, limit = _pixels(images, masks, image_shape)
    tiles = [
        _tile(pixels, f"{_image} / 255", "Image", ink=True),
        _sign("×"),
        _tile(pixels, f"{_mask} / 999", "Mask"),
        _sign("="),
        _tile(pixels, f"{_image} * {_mask} / 255 / 999", "Product"),
    ]
    chart = alt.vconcat(
        alt.hconcat(*tiles, spacing=6), _bars(scores), spacing=14, center=True
    ).add_params(picked, held, says)
    return explorable(
        chart,
        name=name,
        alt_text=alt_text,
        play="mask",
        title="An image held against a mask",
        question="Which mask scores each image highest, and which pixels decide it?",
        answer="The score is the sum of the product: orange pixels are ink where the mask "
        "wants it, blue ones ink where it does not. The net reads the class with the largest sum.",
    )


def growth_explorable(
    frames: ArrayLike,
    image_shape: tuple[int, int],
    steps: Sequence[int],
    accuracies: Sequence[float],
    *,
    still: str,
    name: str,
    alt_text: str,
) -> Explorable:
    """Let the reader watch masks grow out of noise.

    Parameters
    ----------
    frames : array of shape (moments, classes, pixels)
        Weights; colours are on one scale, that of the last moment.
    image_shape : (height, width)
        Pixels.
    steps : sequence of int
        Training steps done at each moment.
    accuracies : sequence of float
        Of the classifier then, in [0, 1].
    still : str
        SVG of all moments, which is what a page that does not move needs.
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
    >>> how = {"still": "<svg/>", "name": "growth", "alt_text": "Two masks."}
    >>> growth_explorable(np.ones((2, 2, 4)), (2, 2), [0, 9], [0.1, 0.9], **how).html[:24]
    '<div class="explorable" '
    """
    frames = np.asarray(frames)
    limit = float(np.quantile(np.abs(frames[-1]), 0.995))
    share = np.clip(frames / limit, -1, 1)
    return live(
        name,
        module="masks",
        title="Masks growing",
        question="Play the training: which mask can be read first, and does the accuracy wait "
        "until all of them can be?",
        answer="It does not wait. Most of the accuracy is there after the first few per cent of "
        "the steps, when the masks still look like blurred means; what follows sharpens the places "
        "where two classes are confused.",
        alt_text=alt_text,
        still=still,
        controls=[
            Slider(
                "time",
                "Time",
                steps[-1],
                stops=list(steps),
                labels=[f"step {step:,}" for step in steps],
            )
        ],
        data={
            "masks": [[inks((mask + 1) / 2) for mask in frame] for frame in share],
            "shape": list(image_shape),
            "steps": list(steps),
            "says": [
                f"After {step:,} steps {100 * rate:.1f} % of test images are read rightly."
                for step, rate in zip(steps, accuracies, strict=True)
            ],
        },
        play="time",
        every=500,
    )


_image, _mask = "datum.d[image - 1]", "datum.m[mask]"


def _pixels(images, masks, image_shape) -> tuple[alt.Data, float]:
    """One row a pixel; ink in 0…255, weights in thousandths of the limit."""
    limit = float(np.quantile(np.abs(masks), 0.995))
    ink = np.round(images * 255).astype(int)
    weight = np.round(np.clip(masks / limit, -1, 1) * 999).astype(int)
    y, x = np.indices(image_shape).reshape(2, -1)
    rows = [
        {"x": int(x[i]), "y": int(y[i]), "d": ink[:, i].tolist(), "m": weight[:, i].tolist()}
        for i in range(len(x))
    ]
    return alt.Data(values=rows, name="pixels"), limit


def _tile(pixels, value, title, *, ink=False) -> alt.Chart:
    colour = (
        alt.value("currentColor")
        if ink
        else alt.condition("datum.v > 0", alt.value(VERMILION), alt.value(BLUE))
    )
    place = {"axis": None, "scale": alt.Scale(padding=0)}
    return (
        alt.Chart(
            pixels,
            title=title,
            width=TILE,
            height=TILE,
            view=alt.ViewConfig(stroke=INK, strokeOpacity=0.5),
        )
        .transform_calculate(v=value)
        .mark_rect(aria=False)
        .encode(
            x=alt.X("x:O", **place),
            y=alt.Y("y:O", **place),
            color=colour,
            opacity=alt.Opacity(
                "size:Q", legend=None, scale=alt.Scale(domain=[0, 1], range=[0, 1])
            ),
        )
        .transform_calculate(size="abs(datum.v)")
    )


def _sign(sign) -> alt.Chart:
    return (
        alt.Chart(alt.Data(values=[{}]), width=12, height=TILE)
        .mark_text(fontSize=20, aria=False)
        .encode(text=alt.value(sign))
    )


def _bars(scores) -> alt.LayerChart:
    rows = [
        {"k": k, "s": [round(float(s), 2) for s in scores[:, k]]} for k in range(scores.shape[1])
    ]
    top = float(np.ceil(np.abs(scores).max()))
    base = alt.Chart(
        alt.Data(values=rows), title="Scores", width=3 * TILE + 48, height=130
    ).transform_calculate(score="datum.s[image - 1]", held="datum.k == mask")
    x = alt.X("k:O", title=None, axis=alt.Axis(labelAngle=0, labelPadding=4))
    y = alt.Y("score:Q", title=None, scale=alt.Scale(domain=[-1.3 * top, 1.3 * top]), axis=None)
    bars = base.mark_bar(aria=False).encode(
        x=x,
        y=y,
        opacity=alt.condition("datum.held", alt.value(1), alt.value(0.35)),
        color=alt.condition("datum.score > 0", alt.value(VERMILION), alt.value(BLUE)),
    )
    return (
        bars
        + _numbers(base, x, y, "top", "datum.score < 0")
        + _numbers(base, x, y, "bottom", "datum.score >= 0")
    )


def _numbers(base, x, y, baseline, where) -> alt.Chart:
    away = 4 if baseline == "top" else -4
    return (
        base.transform_filter(where)
        .mark_text(baseline=baseline, dy=away, aria=False)
        .encode(x=x, y=y, text=alt.Text("score:Q", format="+.1f"))
    )


def _sentences(labels, scores) -> str:
    """Write the expression of what is said of image and mask."""
    odds = np.exp(scores - scores.max(1, keepdims=True))
    shares = odds / odds.sum(1, keepdims=True)
    read = [
        f"'A {label}, read as {share.argmax()} with probability {share.max():.2f}'"
        for label, share in zip(labels, shares, strict=True)
    ]
    table = [[round(float(score), 1) for score in row] for row in scores]
    return (
        f"[{', '.join(read)}][image - 1] + '. The mask of ' + mask + "
        f"' scores ' + format({table}[image - 1][mask], '+.1f') + '.'"
    )
