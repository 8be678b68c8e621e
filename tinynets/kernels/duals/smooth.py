"""Smooth activations with a closed form."""

import math

import torch
from torch import Tensor

from tinynets import checks
from tinynets.kernels.duals.base import Dual, Moments, gap_after


def erf() -> Dual:
    """Return the dual of f(u) = erf(u).

    Returns
    -------
    Dual
        Its closed form.

    References
    ----------
    Williams (1997), eq. 11.

    Examples
    --------
    >>> erf().variance(torch.tensor(1.0)).round(decimals=4)
    tensor(0.4646)
    """

    def moments(q1: Tensor, q2: Tensor, gap: Tensor, slopes: bool) -> Moments:
        product = q1.sqrt() * q2.sqrt()
        root = (1 + 2 * (q1 + q2) + 4 * gap * (2 * product - gap)).sqrt()
        k = torch.atan2(2 * (product - gap), root) * (2 / math.pi)
        return Moments(gap_after(variance, q1, q2, gap, k), 4 / math.pi / root if slopes else None)

    def variance(q: Tensor) -> Tensor:
        return torch.atan2(2 * q, (1 + 4 * q).sqrt()) * (2 / math.pi)

    return Dual("erf", variance, moments)


def gelu() -> Dual:
    """Return the dual of f(u) = u Φ(u), the GELU in its exact form.

    Returns
    -------
    Dual
        Its closed form.

    References
    ----------
    Tsuchida, Pearce et al. (2021), "Avoiding kernel fixed points", prop. 2.
    """

    def moments(q1: Tensor, q2: Tensor, gap: Tensor, slopes: bool) -> Moments:
        product = q1.sqrt() * q2.sqrt()
        k = product - gap
        both = (1 + q1) * (1 + q2)
        squared = 1 + q1 + q2 + gap * (2 * product - gap)  # (1 + q1)(1 + q2) - k²
        root = squared.sqrt()
        angle = 0.25 + torch.atan2(k, root) / (2 * math.pi)
        new = k * angle + (k**2 / root + q1 * q2 * root) / (2 * math.pi * both)
        dot = None
        if slopes:
            rest = 1 / squared + (1 - q1 * q2) / both + 1
            dot = angle + rest * k / (2 * math.pi * root)
        return Moments(gap_after(variance, q1, q2, gap, new), dot)

    def variance(q: Tensor) -> Tensor:
        root = (1 + 2 * q).sqrt()
        return q * (0.25 + (q / ((1 + q) * root) + torch.atan2(q, root) / 2) / math.pi)

    return Dual("gelu", variance, moments)


def sine(amplitude: float = 1.0, frequency: float = 1.0, phase: float = 0.0) -> Dual:
    r"""Return the dual of f(u) = a sin(b u + c).

    $E[f f] = a^2 e^{-b^2 (q_1 + q_2) / 2}(\cos^2 c \sinh b^2 k + \sin^2 c \cosh b^2 k)$; a
    cosine has c = π/2, and the exponentiated-quadratic kernel a = √2 and c = π/4.

    Parameters
    ----------
    amplitude, frequency, phase : float
        a, b and c; the phase in radians.

    Returns
    -------
    Dual
        Its closed form.
    """
    checks.number("amplitude", amplitude)
    checks.number("frequency", frequency)
    checks.number("phase", phase)
    square, odd = amplitude**2, math.cos(phase) ** 2
    even = 1 - odd

    def moments(q1: Tensor, q2: Tensor, gap: Tensor, slopes: bool) -> Moments:
        q1, q2, gap = frequency**2 * q1, frequency**2 * q2, frequency**2 * gap
        k = q1.sqrt() * q2.sqrt() - gap
        # e^{-(q1 + q2)/2 ± k}: the first is near one where u and v are near.
        plus = torch.exp(-((q1.sqrt() - q2.sqrt()) ** 2) / 2 - gap)
        minus = torch.exp(-(q1 + q2) / 2 - k)
        size = torch.exp(-(q1 + q2) / 2 + k.abs())
        sinh = -torch.sign(k) * size * torch.expm1(-2 * k.abs()) / 2
        cosh = (plus + minus) / 2
        new = square * (odd * sinh + even * cosh)
        dot = square * frequency**2 * (odd * cosh + even * sinh) if slopes else None
        scale = frequency**2 or 1.0
        return Moments(gap_after(variance, q1 / scale, q2 / scale, gap / scale, new), dot)

    def variance(q: Tensor) -> Tensor:
        q = frequency**2 * q
        return square * (-odd * torch.expm1(-2 * q) + even * (1 + torch.exp(-2 * q))) / 2

    return Dual(f"sine({amplitude:g}, {frequency:g}, {phase:g})", variance, moments)


def exponential(amplitude: float = 1.0, rate: float = 1.0) -> Dual:
    """Return the dual of f(u) = a exp(b u): E[f f] = a² exp(b² ((q1 + q2)/2 + k)).

    Parameters
    ----------
    amplitude, rate : float
        a and b.

    Returns
    -------
    Dual
        Its closed form.
    """
    checks.number("amplitude", amplitude)
    checks.number("rate", rate)
    square, fast = amplitude * amplitude, rate * rate  # ** would raise where this is inf

    def moments(q1: Tensor, q2: Tensor, gap: Tensor, slopes: bool) -> Moments:
        k = q1.sqrt() * q2.sqrt() - gap
        new = square * torch.exp(fast * ((q1 + q2) / 2 + k))
        largest = square * torch.exp(fast * (q1 + q2))
        distance = fast * ((q1.sqrt() - q2.sqrt()) ** 2 / 2 + gap)
        return Moments(-largest * torch.expm1(-distance), fast * new if slopes else None)

    return Dual(
        f"exponential({amplitude:g}, {rate:g})", lambda q: square * torch.exp(2 * fast * q), moments
    )


def gaussian(amplitude: float = 1.0, rate: float = 1.0) -> Dual:
    """Return the dual of f(u) = a exp(-b u²), b above zero.

    Parameters
    ----------
    amplitude, rate : float
        a, and b above 0.

    Returns
    -------
    Dual
        Its closed form.
    """
    checks.number("amplitude", amplitude)
    checks.positive("rate", rate)
    square, b = amplitude**2, rate

    def moments(q1: Tensor, q2: Tensor, gap: Tensor, slopes: bool) -> Moments:
        product = q1.sqrt() * q2.sqrt()
        determinant = 1 + 2 * b * (q1 + q2) + 4 * b**2 * gap * (2 * product - gap)
        new = square * determinant.rsqrt()
        dot = 4 * b**2 * (product - gap) * new / determinant if slopes else None
        return Moments(gap_after(variance, q1, q2, gap, new), dot)

    def variance(q: Tensor) -> Tensor:
        return square * (1 + 4 * b * q).rsqrt()

    return Dual(f"gaussian({amplitude:g}, {rate:g})", variance, moments)


def rbf(rate: float = 1.0) -> Dual:
    """Return the dual of f(u) = √2 sin(√(2b) u + π/4): E[f f] = exp(-b (q1 + q2 - 2k)).

    After a dense layer that is the exponentiated-quadratic kernel of the inputs, with length
    scale √(d / 2b) / W_std for d input features (Rahimi and Recht, 2007).

    Parameters
    ----------
    rate : float
        b, above 0.

    Returns
    -------
    Dual
        Its closed form.
    """
    checks.positive("rate", rate)

    def moments(q1: Tensor, q2: Tensor, gap: Tensor, slopes: bool) -> Moments:
        distance = rate * ((q1.sqrt() - q2.sqrt()) ** 2 + 2 * gap)
        dot = 2 * rate * torch.exp(-distance) if slopes else None
        return Moments(-torch.expm1(-distance), dot)

    return Dual(f"rbf({rate:g})", torch.ones_like, moments)
