"""Numbers as the pages write them in a sentence."""

import numpy as np
from numpy.typing import ArrayLike

from tinynets import checks

_RAISED = str.maketrans("−0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


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
def number(value: float, text: str = "{:.1f}") -> str:
    """Write a number with a true minus, and a power of ten as one.

    Parameters
    ----------
    value : float
        What rounds to 0 has no minus. NaN and infinity are written as "nan" and "inf",
        which no sentence should say: assert that a value is finite where it may not be.
    text : str
        Its format, such as "{:+.1f}" or "{:.0e}".

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the text has no place for the number.

    Examples
    --------
    >>> number(-0.28, "{:.2f}"), number(2e-8, "{:.0e}")
    ('−0.28', '2 × 10⁻⁸')
    """
    written = text.format(float(value))
    if written == text:
        raise ValueError(f"text must have a place for the number, such as '{{:.1f}}', got {text!r}")
    if not any(digit in written.partition("e")[0] for digit in "123456789"):
        written = written.replace("-", "")
    mantissa, _, power = written.replace("-", "−").partition("e")
    if not power:
        return mantissa
    exponent = power.replace("+", "").lstrip("0").replace("−0", "−")
    return f"{mantissa} × 10{(exponent or '0').translate(_RAISED)}"


@checks.arguments()
def span(values: ArrayLike, text: str = "{:.0f}") -> str:
    """Write the mean of values and their range: "mean (least–most)".

    Where all three read the same there is no range; a range from below 0 has
    "to" in place of the dash.

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
    least, mean, most = (number(v, text) for v in (array.min(), array.mean(), array.max()))
    if least == most:
        return mean
    return f"{mean} ({least}{' to ' if least.startswith('−') else '–'}{most})"
