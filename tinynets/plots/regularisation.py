"""Pictures for the notes on regularisation and on continual backprop."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from tinynets import checks
from tinynets.colours import INK, PALETTE
from tinynets.plots import WIDTH


@checks.arguments(weights="* pixels", image_shape="positive 2 -> pixels")
def plot_unit_weights(weights: Mapping[str, ArrayLike], image_shape: tuple[int, int]) -> Figure:
    """Draw the incoming weights of some units as images, a row a name.

    Each image has its own scale, symmetric about zero.

    Parameters
    ----------
    weights : mapping of str to array of shape (units, pixels)
        Name, and a row of units.
    image_shape : (height, width)
        Pixels.

    Returns
    -------
    Figure
        A row for each name.

    Examples
    --------
    >>> len(plot_unit_weights({"L1": np.eye(4), "L2": np.eye(4)}, (2, 2)).axes)
    8
    """
    weights = {name: np.asarray(w) for name, w in weights.items()}
    n_columns = max(map(len, weights.values()))
    figure, axes = plt.subplots(
        len(weights), n_columns, squeeze=False, figsize=(WIDTH, 0.86 * len(weights))
    )
    for row, (name, values) in zip(axes, weights.items(), strict=True):
        for ax, unit in zip(row, values, strict=False):
            reach = float(np.abs(unit).max()) or 1.0
            ax.imshow(unit.reshape(image_shape), vmin=-reach, vmax=reach, cmap="tinynets_weights")
        row[0].set_ylabel(name, rotation=0, ha="right", va="center")
    for ax in axes.flat:
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(True)
        ax.spines[:].set_alpha(0.3)
    return figure


@checks.arguments(differences="*")
def plot_differences(differences: Mapping[str, Mapping[str, ArrayLike]]) -> Figure:
    """Draw paired differences, a panel a measure, a row a setting.

    A dot is a seed, a bar the mean with two standard errors on either side.

    Parameters
    ----------
    differences : mapping of str to mapping of str to array of shape (seeds,)
        Measure, then setting, to its paired differences.

    Returns
    -------
    Figure
        A panel for each measure, a row for each setting.

    Examples
    --------
    >>> plot_differences({"accuracy": {"L2": [0.1, 0.2, 0.4]}}).axes[0].get_xlabel()
    'accuracy'
    """
    figure, axes = plt.subplots(
        1, len(differences), sharey=True, squeeze=False, figsize=(WIDTH, 2.8)
    )
    for ax, (measure, settings) in zip(axes[0], differences.items(), strict=True):
        ax.axvline(0, color=INK, linewidth=0.8)
        for row, values in enumerate(map(np.asarray, settings.values())):
            colour = PALETTE[row % len(PALETTE)]
            error = 2 * values.std(ddof=1) / len(values) ** 0.5
            ax.errorbar(
                values.mean(),
                row,
                xerr=error,
                color=colour,
                linewidth=2.2,
                marker="|",
                markersize=14,
            )
            ax.plot(
                values, np.full(len(values), row + 0.25), "o", color=colour, markersize=3, alpha=0.7
            )
        ax.set(xlabel=measure, yticks=range(len(settings)), yticklabels=list(settings))
    axes[0, 0].invert_yaxis()
    return figure
