"""Numbers as the pages write them in a sentence."""

import numpy as np
from numpy.typing import ArrayLike

from tinynets import checks


@checks.arguments()
def percent(shares: ArrayLike, digits: int = 1) -> str:
    """Write shares as per cent, several of them with commas between.

    Parameters
    ----------
    shares : float or array of shape (n,)
        1 is all.
    digits : int
        After the point.

    Returns
    -------
    str

    Examples
    --------
    >>> percent(0.9731), percent([0.5, 0.625], 0)
    ('97.3 %', '50, 62 %')
    """
    checks.count("digits", digits, at_least=0)
    shares = np.atleast_1d(shares)
    checks.fitting({"shares": shares}, {"shares": "n"})
    return ", ".join(f"{100 * float(v):.{digits}f}" for v in shares) + " %"


@checks.arguments()
def span(values: ArrayLike, text: str = "{:.0f}") -> str:
    """Write the mean of values and their range: "mean (least–most)".

    Parameters
    ----------
    values : array of shape (n,)
        Such as one measure of several nets.
    text : str
        Format of each of the three.

    Returns
    -------
    str

    Examples
    --------
    >>> span([1.0, 2.0, 6.0])
    '3 (1–6)'
    """
    array = np.asarray(values)
    checks.fitting({"values": array}, {"values": "... n"})
    least, mean, most = (text.format(float(v)) for v in (array.min(), array.mean(), array.max()))
    return f"{mean} ({least}–{most})"
