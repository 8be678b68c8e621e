"""How many times as much one makes as others do."""

from collections.abc import Collection, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullFormatter, StrMethodFormatter
from numpy.typing import ArrayLike

from tinynets import checks
from tinynets.colours import INK, PALETTE
from tinynets.plots import WIDTH
from tinynets.plots.curves import MARKERS

SHAPES = (*MARKERS, "P")
TICKS = (0.25, 0.5, 1, 2, 4, 8, 16, 32)


@checks.arguments()
def plot_ratios(ratios: Mapping[str, Mapping[str, ArrayLike]], *, xlabel: str) -> Figure:
    """Draw ratios on a logarithmic axis, a row a setting, a marker a rival.

    A marker is the median of the repeats, a bar goes from the least to the
    most. Left of the line at 1 the rival makes more.

    Parameters
    ----------
    ratios : mapping of str to mapping of str to array of shape (repeats,)
        Setting, then rival, to ratios above 0. A setting may lack a rival.
    xlabel : str

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a rival has no ratio, or one that is not above 0.

    Examples
    --------
    >>> figure = plot_ratios({"deep": {"A": [2.0, 3.0]}, "wide": {}}, xlabel="ratio")
    >>> figure.axes[0].get_xscale()
    'log'
    """
    for setting, rivals in ratios.items():
        for rival, values in rivals.items():
            if np.ndim(values) != 1 or not np.size(values):
                raise ValueError(
                    f"{rival} on {setting} must have one ratio a repeat, in a flat array, "
                    f"got shape {np.shape(values)}"
                )
            for value in np.asarray(values):
                checks.positive(f"the ratio to {rival} on {setting}", float(value))
    names = list(dict.fromkeys(name for rivals in ratios.values() for name in rivals))
    settings = list(ratios.values())
    figure, ax = plt.subplots(figsize=(WIDTH, 0.9 + 0.42 * len(ratios)))
    ax.axvline(1, color=INK, linewidth=1.2)
    for i, name in enumerate(names):
        rows = [row for row, rivals in enumerate(settings) if name in rivals]
        values = [np.asarray(settings[row][name]) for row in rows]
        middle = np.array([np.median(one) for one in values])
        reach = [
            middle - [one.min() for one in values],
            np.array([one.max() for one in values]) - middle,
        ]
        places = [row + _shift(name, names, settings[row]) for row in rows]
        ax.errorbar(
            middle,
            places,
            xerr=reach,
            label=name,
            color=PALETTE[i % len(PALETTE)],
            marker=SHAPES[i % len(SHAPES)],
            linestyle="none",
            elinewidth=1.4,
        )
    ax.set(xscale="log", xlabel=xlabel, yticks=range(len(ratios)), yticklabels=list(ratios))
    ax.xaxis.set_major_locator(FixedLocator(TICKS))
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.minorticks_off()
    ax.set_ylim(len(ratios) - 0.5, -0.5)
    ax.legend()
    return figure


def _shift(name: str, names: Sequence[str], rivals: Collection[str]) -> float:
    """Spread the rivals of a row evenly around it, in the order of all names."""
    present = [one for one in names if one in rivals]
    return 0.15 * (present.index(name) - (len(present) - 1) / 2)
