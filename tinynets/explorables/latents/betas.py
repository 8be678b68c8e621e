"""Classes in the latent plane as β rises."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike

from tinynets import checks, latents
from tinynets.colours import themed_classes
from tinynets.explorables import Explorable, Slider, live
from tinynets.plots.planes import plot_rings


@checks.arguments(
    betas="positive betas",
    means="finite betas classes 2",
    covariances="finite betas classes 2 2",
    rates="finite betas",
    distortions="finite betas",
    limit="positive",
)
def betas_explorable(
    betas: Sequence[float],
    means: ArrayLike,
    covariances: ArrayLike,
    rates: Sequence[float],
    distortions: Sequence[float],
    *,
    limit: float = 3.5,
    n_between: int = 8,
    name: str = "betas",
    alt_text: str,
) -> Explorable:
    """Let the reader turn up β and watch ten classes move in the latent plane.

    The planes of separately trained nets are turned and mirrored at random;
    each is turned to fit its neighbour's classes. Between two nets, means
    and covariances are interpolated in log β, and the figure says so.

    Parameters
    ----------
    betas : sequence of float
        β of each trained net, ascending.
    means : array of shape (betas, classes, 2)
        Means of the classes' aggregate posteriors.
    covariances : array of shape (betas, classes, 2, 2)
    rates, distortions : sequence of float
        Nats per image at each β.
    limit : float
        Half the width of the plane shown.
    n_between : int
        Stops of the slider between two values of β.
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
    >>> means, covariances = np.zeros((2, 10, 2)), np.tile(np.eye(2), (2, 10, 1, 1))
    >>> how = {"alt_text": "Ten ellipses."}
    >>> betas_explorable([0.1, 1.0], means, covariances, [9, 5], [70, 90], **how).html[:24]
    '<div class="explorable" '
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
        module="betas",
        heights=(312, 452),
        title="What β does",
        question="Turn up β. Which classes give up their own place first, and at which β have all?",
        answer="At every step of β the ellipses move towards the prior, and in the upper half of "
        "the scale over one another. By and large the digits that lie nearest to each other at "
        "the lowest β are the first to merge. Where the rate is nearly 0, all classes lie in one "
        "place and z says nothing of the image.",
        alt_text=alt_text,
        still=still,
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
