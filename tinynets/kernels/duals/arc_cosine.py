"""Activations of two slopes and of powers: arc-cosine kernels."""

import functools
import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from tinynets import checks
from tinynets._fast import arccos
from tinynets.kernels.duals.base import Dual, Moments, gap_after


def two_slopes(negative: float, positive: float) -> Dual:
    r"""Return the dual of f(u) = negative·min(u, 0) + positive·max(u, 0).

    With the angle $\theta$ between u and v, A = (a² + b²)/2 and B = (a - b)²/2π:
    $E[f f] = A k + B \sqrt{q_1 q_2} (\sin\theta - \theta \cos\theta)$ and
    $E[f' f'] = A - B \theta$.

    Parameters
    ----------
    negative, positive : float
        Slopes below and above 0.

    Returns
    -------
    Dual
        Its closed form.

    Raises
    ------
    ValueError
        If a slope is not finite.

    References
    ----------
    Cho and Saul (2009), eq. 6; Tsuchida et al. (2018), for two slopes.

    Examples
    --------
    >>> two_slopes(0.0, 1.0).variance(torch.tensor(2.0))
    tensor(1.)
    """
    for name, slope in (("negative", negative), ("positive", positive)):
        if not math.isfinite(checks.number(name, slope)):
            raise ValueError(f"{name} must be finite, got {slope}")
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


def sign() -> Dual:
    """Return the dual of the sign of u: 1 - 2θ/π; its slope is zero almost everywhere.

    Returns
    -------
    Dual
        Its closed form.
    """

    def moments(q1: Tensor, q2: Tensor, gap: Tensor, slopes: bool) -> Moments:
        theta = angle(q1, q2, gap)
        return Moments(theta * (2 / math.pi), torch.zeros_like(gap) if slopes else None)

    return Dual("sign", torch.ones_like, moments)


def rectified_monomial(degree: int) -> Dual:
    r"""Return the dual of f(u) = max(u, 0)ⁿ, the arc-cosine kernel of degree n.

    $E[f f] = (q_1 q_2)^{n/2} J_n(\theta) / 2\pi$ and $E[f' f'] = n^2$ times that of degree
    n - 1. $J_n = A_n(\cos\theta)(\pi - \theta) + B_n(\cos\theta) \sin\theta$ with polynomials
    that follow from J_n = sin^{2n+1} (d/dcos)^n (π - θ)/sin.

    Parameters
    ----------
    degree : int
        n, 0 or above; 0 is the step.

    Returns
    -------
    Dual
        Its closed form.

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
        return Moments(gap_after(variance, q1, q2, gap, k), dot)

    def variance(q: Tensor) -> Tensor:
        return math.prod(range(1, 2 * degree, 2)) / 2 * q**degree

    return Dual(f"rectified_monomial({degree})", variance, moments)


def angle(q1: Tensor, q2: Tensor, gap: Tensor) -> Tensor:
    """Return the angle between u and v, in [0, π], exact to an epsilon near both ends.

    Parameters
    ----------
    q1, q2 : Tensor
        Variances of u and v.
    gap : Tensor
        sqrt(q1 q2) - E[u v].

    Returns
    -------
    Tensor, of the broadcast shape
        Radians.
    """
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
