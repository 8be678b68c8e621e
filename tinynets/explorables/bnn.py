"""Posterior draws of a ReLU net one by one; two bands as points are added."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from tinynets import checks
from tinynets.explorables import Explorable, Slider
from tinynets.explorables.curves import curves_explorable
from tinynets.plots.marks import Band, Line, Marks


@checks.arguments(
    x="finite points | points 1",
    functions="finite draws points",
    corners="finite draws units",
    heights="finite draws units",
    directions="finite draws units",
    labels="draws",
    data="finite 2 n | 2 n 1",
)
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
    functions = np.asarray(functions)
    bends = zip(*map(np.asarray, (corners, heights, directions)), strict=True)
    frames = {
        (i,): ([Line(f, width=2.6), *_triangles(*bend)], f"Draw {i}: {label}.")
        for i, (f, bend, label) in enumerate(zip(functions, bends, labels, strict=True), 1)
    }
    faint = [Line(f, "soft", width=0.6, opacity=0.3) for f in functions]
    return curves_explorable(
        x,
        frames,
        fixed=[*faint, Marks(*data)],
        controls=[Slider("draw", "Posterior draw", 1, 1, len(functions), 1)],
        ylim=_around(functions, data[1]),
        name=name,
        alt_text=alt_text,
        play="draw",
        title="Posterior draws, one by one",
        question="Step through the draws: how far does the curve move, and how far do its corners?",
        answer="The curve hardly moves, because the data pin it. The corners jump, because "
        "several arrangements of the hidden units draw the same curve.",
    )


@checks.arguments(
    x="finite n | n 1",
    sizes="sizes",
    bands="finite sizes 2 n | sizes 2 n 1",
    references="finite sizes 2 n | sizes 2 n 1",
    data="finite sizes 2 ...",
    ylim="finite 2",
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
    middle = np.asarray(x).size // 2  # a tensor has a method `size`
    frames = {}
    for n, band, reference, points in zip(sizes, bands, references, data, strict=True):
        wide, right = (float(np.ravel(high - low)[middle]) for low, high in (band, reference))
        edges = [Line(edge, "soft", width=1.6, dashed=True) for edge in reference]
        says = (
            f"{n} points at each place: in the middle the band is {wide:.1f} wide, and should "
            f"be {right:.1f}."
        )
        frames[n,] = ([Band(*band), *edges, Marks(*points)], says)
    return curves_explorable(
        x,
        frames,
        controls=[Slider("size", "Points at each place", sizes[0], stops=sizes)],
        ylim=ylim,
        name=name,
        alt_text=alt_text,
        play="size",
        title="More points at the same two places",
        question="Add points at the two places. Does either band close over the gap between?",
        answer="The exact band stays wide. That of independent Gaussians closes: the surer it "
        "is at both places, the surer it is between them.",
    )


def _triangles(corners: np.ndarray, heights: np.ndarray, directions: np.ndarray) -> list[Marks]:
    sides = (("right", directions > 0), ("left", directions <= 0))
    return [Marks(corners[s], heights[s], side, "orange", 6.0) for side, s in sides if s.any()]


def _around(*values: ArrayLike) -> tuple[float, float]:
    """Return limits that hold all values, with a twentieth of their range to spare."""
    flat = np.concatenate([np.ravel(v) for v in values])
    room = 0.05 * float(np.ptp(flat))
    return float(flat.min()) - room, float(flat.max()) + room
