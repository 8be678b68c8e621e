"""A ReLU network on the line, with every corner that its units put into it."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from tinynets import checks
from tinynets.colours import BLUE, INK, VERMILION


@checks.arguments(
    x="finite points | points 1",
    prediction="finite points",
    units="units points",
    data="2 examples | 2 examples 1",
)
def plot_corners(
    x: ArrayLike,
    prediction: ArrayLike,
    units: ArrayLike,
    corners: ArrayLike,
    *,
    data: tuple[ArrayLike, ArrayLike],
    ax: Axes | None = None,
) -> Axes:
    """Draw a prediction, what each unit adds to it, and where it bends.

    Parameters
    ----------
    x, prediction : arrays of shape (points,)
    units : array of shape (units, points)
        What each hidden unit adds to the prediction.
    corners : array of shape (n,)
        Where units switch on or off; those outside `x` are left out.
    data : pair of arrays of shape (examples,)
        The points that the network was fitted to.
    ax : Axes, optional

    Returns
    -------
    Axes
        Without axis lines: shape is all there is to read.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 5)
    >>> ax = plot_corners(x, np.abs(x), np.stack([x, -x]), [0.0, 3.0], data=(x, x**2))
    >>> ax.lines[-1].get_xdata().tolist()
    [0.0]
    """
    ax = plt.gca() if ax is None else ax
    x, prediction, corners = map(np.asarray, (x, prediction, corners))
    inside = corners[(corners > x.min()) & (corners < x.max())]
    heights = np.interp(inside, x, prediction)
    ax.plot(x, np.asarray(units).T, color=INK, alpha=0.35, linewidth=0.7)
    ax.plot(*data, "o", color=INK, alpha=0.6, markersize=3.2)
    ax.plot(x, prediction, color=BLUE, linewidth=2.4)
    ax.plot(inside, heights, "o", color=VERMILION, markersize=6.5)
    ax.set(xlim=(x.min(), x.max()), ylim=(prediction.min() - 0.5, prediction.max() + 0.5))
    ax.set_axis_off()
    return ax
