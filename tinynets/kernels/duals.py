"""Closed forms of E[f(u) f(v)] and E[f'(u) f'(v)] for Gaussian u and v of mean zero.

A `Dual` belongs to an activation f. With variances q1 and q2 and the gap
sqrt(q1 q2) - E[u v] it gives the gap after f and the covariance of the slopes. Each form is
written in the gap, so that nothing cancels where u and v are nearly equal.
"""

import functools
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from tinynets import checks
from tinynets._fast import arccos


class Moments(NamedTuple):
    """What comes out of an activation for pairs (u, v)."""

    gap: Tensor  # of f(u) and f(v)
    slopes: Tensor | None  # E[f'(u) f'(v)]
    error: float = 0.0  # relative, estimated, of a series cut short


# gap, ntk, s1, s2 -> gap and ntk after the activation in one pass, or None where there is none.
Compiled = Callable[[Tensor, Tensor | None, Tensor, Tensor], tuple[Tensor, Tensor | None] | None]


class Dual(NamedTuple):
    """Second moments of an activation under Gaussian inputs."""

    name: str
    variance: Callable[[Tensor], Tensor]  # q -> E[f(u)²]
    moments: Callable[[Tensor, Tensor, Tensor, bool], Moments]  # q1, q2, gap, slopes wanted
    compiled: Compiled | None = None


def two_slopes(negative: float, positive: float) -> Dual:
    r"""Return the dual of f(u) = negative·min(u, 0) + positive·max(u, 0).

    With the angle $\theta$ between u and v, A = (a² + b²)/2 and B = (a - b)²/2π:
    $E[f f] = A k + B \sqrt{q_1 q_2} (\sin\theta - \theta \cos\theta)$ and
    $E[f' f'] = A - B \theta$.

    References
    ----------
    Cho and Saul (2009), eq. 6; Tsuchida et al. (2018), for two slopes.
    """
    checks.number("negative", negative)
    checks.number("positive", positive)
    a = (negative**2 + positive**2) / 2
    b = (negative - positive) ** 2 / (2 * math.pi)

    def moments(q1: Tensor, q2: Tensor, gap: Tensor, slopes: bool) -> Moments:
        if b == 0:
            return Moments(a * gap, torch.full_like(gap, a) if slopes else None)
        product = q1.sqrt() * q2.sqrt()
        other = (2 * product).sub(gap).clamp_(min=0).sqrt_()
        root = gap.sqrt()
        theta = torch.atan2(root, other).mul_(2)
        bend = root.mul_(other).sub_(product.sub(gap).mul_(theta))  # sin - theta cos
        new = (a * gap).sub_(bend, alpha=b).clamp_(min=0)
        return Moments(new, theta.mul_(-b).add_(a) if slopes else None)

    return Dual(
        f"two_slopes({negative:g}, {positive:g})",
        lambda q: a * q,
        moments,
        functools.partial(arccos.two_slopes, a=a, b=b) if b else None,
    )


def erf() -> Dual:
    """Return the dual of f(u) = erf(u).

    References
    ----------
    Williams (1997), eq. 11.
    """

    def moments(q1: Tensor, q2: Tensor, gap: Tensor, slopes: bool) -> Moments:
        product = q1.sqrt() * q2.sqrt()
        root = (1 + 2 * (q1 + q2) + 4 * gap * (2 * product - gap)).sqrt()
        k = torch.atan2(2 * (product - gap), root) * (2 / math.pi)
        return Moments(_gap(variance, q1, q2, gap, k), 4 / math.pi / root if slopes else None)

    def variance(q: Tensor) -> Tensor:
        return torch.atan2(2 * q, (1 + 4 * q).sqrt()) * (2 / math.pi)

    return Dual("erf", variance, moments)


def gelu() -> Dual:
    """Return the dual of f(u) = u Φ(u), the GELU in its exact form.

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
        return Moments(_gap(variance, q1, q2, gap, new), dot)

    def variance(q: Tensor) -> Tensor:
        root = (1 + 2 * q).sqrt()
        return q * (0.25 + (q / ((1 + q) * root) + torch.atan2(q, root) / 2) / math.pi)

    return Dual("gelu", variance, moments)


def sine(amplitude: float = 1.0, frequency: float = 1.0, phase: float = 0.0) -> Dual:
    r"""Return the dual of f(u) = a sin(b u + c).

    $E[f f] = a^2 e^{-b^2 (q_1 + q_2) / 2}(\cos^2 c \sinh b^2 k + \sin^2 c \cosh b^2 k)$; a
    cosine has c = π/2, and the exponentiated-quadratic kernel a = √2 and c = π/4.
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
        return Moments(_gap(variance, q1 / scale, q2 / scale, gap / scale, new), dot)

    def variance(q: Tensor) -> Tensor:
        q = frequency**2 * q
        return square * (-odd * torch.expm1(-2 * q) + even * (1 + torch.exp(-2 * q))) / 2

    return Dual(f"sine({amplitude:g}, {frequency:g}, {phase:g})", variance, moments)


def exponential(amplitude: float = 1.0, rate: float = 1.0) -> Dual:
    """Return the dual of f(u) = a exp(b u): E[f f] = a² exp(b² ((q1 + q2)/2 + k))."""
    checks.number("amplitude", amplitude)
    checks.number("rate", rate)
    square, fast = amplitude**2, rate**2

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
    """Return the dual of f(u) = a exp(-b u²), b above zero."""
    checks.number("amplitude", amplitude)
    checks.positive("rate", rate)
    square, b = amplitude**2, rate

    def moments(q1: Tensor, q2: Tensor, gap: Tensor, slopes: bool) -> Moments:
        product = q1.sqrt() * q2.sqrt()
        determinant = 1 + 2 * b * (q1 + q2) + 4 * b**2 * gap * (2 * product - gap)
        new = square * determinant.rsqrt()
        dot = 4 * b**2 * (product - gap) * new / determinant if slopes else None
        return Moments(_gap(variance, q1, q2, gap, new), dot)

    def variance(q: Tensor) -> Tensor:
        return square * (1 + 4 * b * q).rsqrt()

    return Dual(f"gaussian({amplitude:g}, {rate:g})", variance, moments)


def rbf(rate: float = 1.0) -> Dual:
    """Return the dual of f(u) = √2 sin(√(2b) u + π/4): E[f f] = exp(-b (q1 + q2 - 2k)).

    After a dense layer that is the exponentiated-quadratic kernel of the inputs, with length
    scale √(d / 2b) / W_std for d input features (Rahimi and Recht, 2007).
    """
    checks.positive("rate", rate)

    def moments(q1: Tensor, q2: Tensor, gap: Tensor, slopes: bool) -> Moments:
        distance = rate * ((q1.sqrt() - q2.sqrt()) ** 2 + 2 * gap)
        dot = 2 * rate * torch.exp(-distance) if slopes else None
        return Moments(-torch.expm1(-distance), dot)

    return Dual(f"rbf({rate:g})", torch.ones_like, moments)


def sign() -> Dual:
    """Return the dual of the sign of u: 1 - 2θ/π; its slope is zero almost everywhere."""

    def moments(q1: Tensor, q2: Tensor, gap: Tensor, slopes: bool) -> Moments:
        theta = angle(q1, q2, gap)
        return Moments(theta * (2 / math.pi), torch.zeros_like(gap) if slopes else None)

    return Dual("sign", torch.ones_like, moments)


def rectified_monomial(degree: int) -> Dual:
    r"""Return the dual of f(u) = max(u, 0)ⁿ, the arc-cosine kernel of degree n.

    $E[f f] = (q_1 q_2)^{n/2} J_n(\theta) / 2\pi$ and $E[f' f'] = n^2$ times that of degree
    n - 1. $J_n = A_n(\cos\theta)(\pi - \theta) + B_n(\cos\theta) \sin\theta$ with polynomials
    that follow from J_n = sin^{2n+1} (d/dcos)^n (π - θ)/sin.

    References
    ----------
    Cho and Saul (2009), eq. 4.
    """
    checks.count("degree", degree, at_least=0)
    if degree == 1:
        return two_slopes(0.0, 1.0)

    def moments(q1: Tensor, q2: Tensor, gap: Tensor, slopes: bool) -> Moments:
        if degree == 0:
            new = angle(q1, q2, gap) / (2 * math.pi)
            return Moments(new, torch.zeros_like(gap) if slopes else None)
        k = _arc_cosine(degree, q1, q2, gap)
        dot = degree**2 * _arc_cosine(degree - 1, q1, q2, gap) if slopes else None
        return Moments(_gap(variance, q1, q2, gap, k), dot)

    def variance(q: Tensor) -> Tensor:
        return math.prod(range(1, 2 * degree, 2)) / 2 * q**degree

    return Dual(f"rectified_monomial({degree})", variance, moments)


def angle(q1: Tensor, q2: Tensor, gap: Tensor) -> Tensor:
    """Return the angle between u and v, in [0, π], exact to an epsilon near both ends."""
    other = (2 * (q1.sqrt() * q2.sqrt()) - gap).clamp_(min=0)
    return torch.atan2(gap.sqrt(), other.sqrt_()).mul_(2)


def _arc_cosine(degree: int, q1: Tensor, q2: Tensor, gap: Tensor) -> Tensor:
    product = q1.sqrt() * q2.sqrt()
    theta = angle(q1, q2, gap)
    cosine = 1 - gap / torch.where(product > 0, product, 1)
    first, second = (_polynomial(c, cosine) for c in _arc_cosine_polynomials(degree))
    j = first * (math.pi - theta) + second * torch.sin(theta)
    return product**degree * j / (2 * math.pi)


def _arc_cosine_polynomials(degree: int) -> tuple[Sequence[float], Sequence[float]]:
    """Coefficients of A_n and B_n in cos θ, from the constant up."""
    poly = np.polynomial.Polynomial
    c, sin2 = poly([0, 1]), poly([1, 0, -1])
    a, b = poly([1]), poly([0])
    for n in range(degree):
        a, b = a.deriv() * sin2 + (2 * n + 1) * c * a, a + b.deriv() * sin2 + 2 * n * c * b
    return a.coef.tolist(), b.coef.tolist()


def _polynomial(coefficients: Sequence[float], x: Tensor) -> Tensor:
    value = torch.zeros_like(x)
    for coefficient in reversed(coefficients):
        value = value.mul_(x).add_(coefficient)
    return value


def _gap(
    variance: Callable[[Tensor], Tensor], q1: Tensor, q2: Tensor, gap: Tensor, k: Tensor
) -> Tensor:
    """Turn a covariance after the activation into a gap, zero for equal inputs."""
    new = (variance(q1).sqrt() * variance(q2).sqrt()).sub(k).clamp_(min=0)
    return new.masked_fill_((gap == 0) & (q1 == q2), 0)
