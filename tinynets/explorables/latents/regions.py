"""Regions of classes that a reader watches learning."""

from collections.abc import Mapping, Sequence

import contourpy
import numpy as np
from numpy.typing import ArrayLike

from tinynets import checks
from tinynets.colours import themed_classes
from tinynets.explorables import Explorable, Slider, live
from tinynets.plots.planes import plot_outlines


@checks.arguments(
    densities="finite frames classes n n", limit="positive", steps="frames", n_points="positive"
)
def training_explorable(
    densities: Mapping[str, ArrayLike],
    limit: float,
    steps: Sequence[int],
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
    >>> training_explorable(regions, 2.0, [0], **how).html[:24]
    '<div class="explorable" '
    """
    limit = float(limit)
    panels = [
        {"title": title, "frames": [_regions(frame, limit, n_points) for frame in values]}
        for title, values in densities.items()
    ]
    last = {panel["title"]: panel["frames"][-1] for panel in panels}
    n_classes = len(panels[0]["frames"][0])
    return live(
        name,
        module="regions",
        heights=(180, 356),
        title="Ten regions learning",
        question="Play the epoch: which classes get a place of their own, and when?",
        answer="All ten start as one heap. They part early, further under the lower β than under "
        "the higher.",
        alt_text=alt_text,
        still=plot_outlines(last, limit=limit),
        controls=[Slider.over_training(steps)],
        data={
            "limit": limit,
            "steps": list(steps),
            "panels": panels,
            "palette": themed_classes(n_classes),
        },
        play="time",
        every=700,
    )


def _regions(densities: ArrayLike, limit: float, n_points: int) -> list[dict]:
    """Return the outlines of each class, and the middle of its largest piece."""
    axis = np.linspace(-limit, limit, np.shape(densities)[-1])
    found = []
    for density in np.asarray(densities):
        lines = contourpy.contour_generator(axis, axis, density).lines(1.0)
        if not lines:
            raise ValueError(
                "densities must pass 1, the level to draw, in each frame and class, got "
                f"{density.min():g} to {density.max():g}; divide them by region_level(…)"
            )
        longest = np.asarray(max(lines, key=len))
        pieces = [
            _outline(line, max(6, round(n_points * len(line) / len(longest)))) for line in lines
        ]
        found.append({"pieces": pieces, "middle": np.round(longest.mean(0), 2).tolist()})
    return found


def _outline(line: np.ndarray, n_points: int) -> list[int]:
    """Hundredths of points evenly spaced along a line, closed."""
    length = np.r_[0, np.hypot(*np.diff(line, axis=0).T).cumsum()]
    at = np.linspace(0, length[-1], n_points + 1)
    points = np.stack([np.interp(at, length, axis) for axis in line.T], -1)
    return np.round(points * 100).astype(int).ravel().tolist()
