"""Closed forms of E[f(u) f(v)] and E[f'(u) f'(v)] for Gaussian u and v of mean zero.

A `Dual` belongs to an activation f. With variances q1 and q2 and the gap
sqrt(q1 q2) - E[u v] it gives the gap after f and the covariance of the slopes. Each form is
written in the gap, so that nothing cancels where u and v are nearly equal.
"""

from tinynets.kernels.duals.arc_cosine import angle, rectified_monomial, sign, two_slopes
from tinynets.kernels.duals.base import Dual, Moments
from tinynets.kernels.duals.smooth import erf, exponential, gaussian, gelu, rbf, sine

__all__ = [
    "Dual",
    "Moments",
    "angle",
    "erf",
    "exponential",
    "gaussian",
    "gelu",
    "rbf",
    "rectified_monomial",
    "sign",
    "sine",
    "two_slopes",
]
