"""A walk about the latent plane."""

import numpy as np
from numpy.typing import ArrayLike

from tinynets import checks
from tinynets.colours import themed_classes
from tinynets.explorables import Explorable, Slider, live
from tinynets.explorables.images import inks
from tinynets.plots.planes import plot_walk


@checks.arguments(
    tiles="finite n n pixels",
    limit="positive",
    image_shape="positive 2 -> pixels",
    points="finite m 2",
    labels="finite m",
    images="finite m small",
    small_shape="positive 2 -> small",
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
        Half the width of the plane.
    image_shape : (height, width)
        Of a decoded image, pixels.
    points : array of shape (m, 2)
        Where training images lie.
    labels : array of int of shape (m,)
        Their classes.
    images : array of shape (m, small pixels), in [0, 1]
        The training images, perhaps shrunk.
    small_shape : (height, width)
        Of a training image as it is shown, pixels.
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
    >>> tiles, point, image = np.zeros((3, 3, 4)), np.zeros((1, 2)), np.zeros((1, 4))
    >>> how = {"name": "plane", "alt_text": "One digit in a plane."}
    >>> plane_explorable(tiles, 2.0, (2, 2), point, [3], image, (2, 2), **how).html[:24]
    '<div class="explorable" '
    """
    tiles, points, limit = np.asarray(tiles), np.asarray(points), float(limit)
    start, middle = 0.5, round((0.5 + limit) / (2 * limit) * (len(tiles) - 1))
    still = plot_walk(
        points, labels, (start, start), tiles[middle, middle], image_shape, limit=limit
    )
    return live(
        name,
        module="plane",
        heights=(598, 410),
        title="A walk through the latent plane",
        question="Click or drag in the plane: is there a place that decodes to no digit at all?",
        answer="Within a region the decoder draws its digit; between regions it draws blends of "
        "their digits, some of which are none.",
        alt_text=alt_text,
        still=still,
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
