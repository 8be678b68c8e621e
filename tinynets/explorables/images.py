"""Images as text, for figures that move."""

import numpy as np
from numpy.typing import ArrayLike

from tinynets import checks

INKS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"  # 64 grey levels


@checks.arguments(image="pixels")
def inks(image: ArrayLike) -> str:
    """Write an image, in [0, 1], as one of 64 characters per pixel.

    Parameters
    ----------
    image : array of shape (pixels,)
        In [0, 1]; what lies outside is cut off.

    Returns
    -------
    str
        A character a pixel.
    """
    levels = np.round(np.clip(np.asarray(image), 0, 1) * (len(INKS) - 1)).astype(int)
    return "".join(INKS[level] for level in levels)
