"""Curves, bands and points of a figure that moves, as data and as its still picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from tinynets import checks
from tinynets.colours import BLUE, GREEN, INK, VERMILION
from tinynets.plots import WIDTH

COLOURS = {"soft": INK, "blue": BLUE, "orange": VERMILION, "green": GREEN}


@dataclass(frozen=True)
class Line:
    """A curve over the panel's x.

    Attributes
    ----------
    y : array of shape (points,)
    colour : "soft", "blue", "orange" or "green"
    width : float
        Pixels.
    opacity : float
    dashed : bool
    """

    y: ArrayLike
    colour: str = "blue"
    width: float = 2.4
    opacity: float = 1.0
    dashed: bool = False

    def draw(self, x: np.ndarray, ax: Axes) -> None:
        """Draw it."""
        dashes = (0, (5, 4)) if self.dashed else "-"
        style = {"color": COLOURS[self.colour], "alpha": self.opacity, "linestyle": dashes}
        ax.plot(x, along("y of a line", self.y, len(x)), linewidth=0.75 * self.width, **style)


@dataclass(frozen=True)
class Band:
    """What lies between two curves over the panel's x.

    Attributes
    ----------
    low, high : arrays of shape (points,)
    colour : "soft", "blue", "orange" or "green"
    opacity : float
    """

    low: ArrayLike
    high: ArrayLike
    colour: str = "blue"
    opacity: float = 0.35

    def draw(self, x: np.ndarray, ax: Axes) -> None:
        """Draw it."""
        style = {"color": COLOURS[self.colour], "alpha": self.opacity, "linewidth": 0}
        low, high = (along("an edge of a band", edge, len(x)) for edge in (self.low, self.high))
        ax.fill_between(x, low, high, **style)


@dataclass(frozen=True)
class Marks:
    """Points of one shape.

    Attributes
    ----------
    x, y : arrays of shape (n,)
    shape : "dot", "left" or "right"
        A dot, or a triangle that points to a side.
    colour : "soft", "blue", "orange" or "green"
    size : float
        Radius in pixels.
    """

    x: ArrayLike
    y: ArrayLike
    shape: str = "dot"
    colour: str = "soft"
    size: float = 2.6

    def draw(self, x: np.ndarray, ax: Axes) -> None:
        """Draw them."""
        marker = {"dot": "o", "left": "<", "right": ">"}[self.shape]
        style = {"color": COLOURS[self.colour], "markersize": 1.5 * self.size, "linewidth": 0}
        ax.plot(np.ravel(self.x), np.ravel(self.y), marker=marker, **style)


Mark = Line | Band | Marks


@checks.arguments()
def along(name: str, curve: ArrayLike, n_points: int) -> np.ndarray:
    """Return a curve as a vector, if it has a finite number at each point of x.

    Parameters
    ----------
    name : str
        What the curve is called in a message.
    curve : array of shape (n_points,) or (n_points, 1)
    n_points : int
        Of x.

    Returns
    -------
    ndarray of shape (n_points,)

    Raises
    ------
    ValueError
        If its length is another, or a number is not finite.
    """
    curve = np.ravel(np.asarray(curve, float))
    checks.fitting({name: curve}, {name: f"finite {n_points}"})
    return curve


@checks.arguments(x="finite points | points 1", ylim="finite 2")
def plot_marks(
    marks: Sequence[Mark], x: ArrayLike, *, ylim: Sequence[float], xlabel="x", ylabel="f(x)"
) -> Figure:
    """Draw curves, bands and points over one another.

    Parameters
    ----------
    marks : sequence of Line, Band, Marks
        The first at the bottom.
    x : array of shape (points,)
        Of lines and bands.
    ylim : pair of float
        What the panel shows.
    xlabel, ylabel : str

    Returns
    -------
    Figure
        One panel.
    """
    x = np.ravel(x)
    fig, ax = plt.subplots(figsize=(WIDTH, 3.6))
    for mark in marks:
        mark.draw(x, ax)
    ax.set(xlim=(x[0], x[-1]), ylim=ylim, xlabel=xlabel, ylabel=ylabel)
    return fig
