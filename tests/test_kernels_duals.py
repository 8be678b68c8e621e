"""Closed forms of E[f(u) f(v)] against quadrature in thirty digits."""

import math

import mpmath as mp
import pytest
import torch
from torch.nn import functional as F

from tinynets.kernels import duals
from tinynets.kernels.series import hermite, polynomial, series

F64 = torch.float64
# Variances and correlation: near each other, of different size, opposed, nearly parallel.
PAIRS = [(1.0, 1.0, 0.3), (0.4, 2.5, 0.9), (1.3, 0.7, -0.8), (0.02, 0.03, 0.5)]
mp.mp.dps = 20

# The dual, f and its derivative.
SMOOTH = {
    "erf": (duals.erf(), mp.erf, lambda u: 2 / mp.sqrt(mp.pi) * mp.exp(-u * u)),
    "gelu": (duals.gelu(), lambda u: u * mp.ncdf(u), lambda u: mp.ncdf(u) + u * mp.npdf(u)),
    "sine": (
        duals.sine(1.25, 0.75, 0.3125),
        lambda u: 1.25 * mp.sin(0.75 * u + 0.3125),
        lambda u: 0.9375 * mp.cos(0.75 * u + 0.3125),
    ),
    "exponential": (
        duals.exponential(1.25, 0.5),
        lambda u: 1.25 * mp.exp(u / 2),
        lambda u: 0.625 * mp.exp(u / 2),
    ),
    "gaussian": (
        duals.gaussian(1.25, 0.5),
        lambda u: 1.25 * mp.exp(-u * u / 2),
        lambda u: -1.25 * u * mp.exp(-u * u / 2),
    ),
    "rbf": (
        duals.rbf(0.5),
        lambda u: mp.sqrt(2) * mp.sin(u + mp.pi / 4),
        lambda u: mp.sqrt(2) * mp.cos(u + mp.pi / 4),
    ),
    "polynomial": (
        polynomial([0.25, 1.0, -0.5, 0.375]),
        lambda u: 0.25 + u - 0.5 * u**2 + 0.375 * u**3,
        lambda u: 1 - u + 1.125 * u**2,
    ),
    "hermite": (
        hermite(4),
        lambda u: (u**4 - 6 * u**2 + 3) / mp.sqrt(24),
        lambda u: (4 * u**3 - 12 * u) / mp.sqrt(24),
    ),
    "tanh": (series(torch.tanh), mp.tanh, lambda u: mp.sech(u) ** 2),
    "softplus": (series(F.softplus), lambda u: mp.log1p(mp.exp(u)), lambda u: 1 / (1 + mp.exp(-u))),
    "sigmoid": (
        series(torch.sigmoid),
        lambda u: 1 / (1 + mp.exp(-u)),
        lambda u: mp.sech(u / 2) ** 2 / 4,
    ),
}
# f(u) = c |u|^n with one c below zero and one above: (dual, n, below, above).
KINKED = {
    "relu": (duals.two_slopes(0.0, 1.0), 1, 0.0, 1.0),
    "leaky relu": (duals.two_slopes(0.25, 1.0), 1, -0.25, 1.0),
    "absolute": (duals.two_slopes(-1.0, 1.0), 1, 1.0, 1.0),
    "linear": (duals.two_slopes(1.5, 1.5), 1, -1.5, 1.5),
    "sign": (duals.sign(), 0, -1.0, 1.0),
    "step": (duals.rectified_monomial(0), 0, 0.0, 1.0),
    "squared relu": (duals.rectified_monomial(2), 2, 0.0, 1.0),
    "cubed relu": (duals.rectified_monomial(3), 3, 0.0, 1.0),
}


def values(dual, q1, q2, rho):
    """E[f f], E[f' f'] and E[f²] at q1, as the package has them."""
    q1, q2 = torch.tensor([q1], dtype=F64), torch.tensor([q2], dtype=F64)
    moments = dual.moments(q1, q2, (q1 * q2).sqrt() * (1 - rho), True)
    k = dual.variance(q1).sqrt() * dual.variance(q2).sqrt() - moments.gap
    return k.item(), moments.slopes.item(), dual.variance(q1).item()


def trapezium(f, q1, q2, rho, step=0.3, end=9.6):
    """E[f(u) f(v)] for analytic f: the trapezium rule converges exponentially."""
    s1, s2, rho = mp.sqrt(mp.mpf(q1)), mp.sqrt(mp.mpf(q2)), mp.mpf(rho)
    across = mp.sqrt(1 - rho**2)
    nodes = [step * i for i in range(-int(end / step), int(end / step) + 1)]
    density = [step * mp.npdf(z) for z in nodes]
    return mp.fsum(
        a
        * f(s1 * x)
        * mp.fsum(
            b * f(s2 * (rho * x + across * y))
            for y, b in zip(nodes, density, strict=True)
            if x * x + y * y < end**2
        )
        for x, a in zip(nodes, density, strict=True)
    )


def square(f, q):
    """E[f(u)²]."""
    return mp.quad(lambda z: f(mp.sqrt(q) * z) ** 2 * mp.npdf(z), [-12, -4, 0, 4, 12])


def around(n, below, above, q1, q2, rho):
    """E[f(u) f(v)] for f = c |u|^n: in polar coordinates an integral over one angle is left."""
    theta = mp.acos(mp.mpf(rho))
    corners = [theta - mp.pi / 2, theta + mp.pi / 2, -mp.pi / 2, mp.pi / 2]
    edges = sorted([-mp.pi, mp.pi, *((c + mp.pi) % (2 * mp.pi) - mp.pi for c in corners)])

    def piece(a, b):
        middle = (a + b) / 2
        c = (above if mp.cos(middle) > 0 else below) * (
            above if mp.cos(middle - theta) > 0 else below
        )
        if not c:
            return 0
        return c * mp.quad(lambda t: abs(mp.cos(t) * mp.cos(t - theta)) ** n, [a, b])

    angles = mp.fsum(piece(a, b) for a, b in zip(edges, edges[1:], strict=False))
    return (
        (mp.mpf(q1) * mp.mpf(q2)) ** (mp.mpf(n) / 2) * 2**n * mp.gamma(n + 1) * angles / (2 * mp.pi)
    )


@pytest.mark.parametrize("name", SMOOTH)
def test_smooth_forms_match_quadrature(name):
    dual, f, slope = SMOOTH[name]
    for q1, q2, rho in PAIRS[1:3]:
        found = values(dual, q1, q2, rho)
        step = 0.2 if name == "tanh" else 0.3  # its poles lie nearest
        want = (trapezium(g, q1, q2, rho, step) for g in (f, slope))
        assert found[:2] == pytest.approx(tuple(map(float, want)), rel=1e-12)
        assert found[2] == pytest.approx(float(square(f, q1)), rel=1e-13)


@pytest.mark.parametrize("name", KINKED)
def test_forms_with_a_kink_match_quadrature(name):
    dual, n, below, above = KINKED[name]
    for q1, q2, rho in PAIRS:
        found = values(dual, q1, q2, rho)
        want = around(n, below, above, q1, q2, rho)
        assert found[0] == pytest.approx(float(want), rel=1e-12, abs=1e-15)
        slope = n**2 * around(n - 1, -below, above, q1, q2, rho) if n else 0
        assert found[1] == pytest.approx(float(slope), rel=1e-12)
        square = (below**2 + above**2) / 2 * math.prod(range(1, 2 * n, 2)) * q1**n
        assert found[2] == pytest.approx(square, rel=1e-14)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("name", [*SMOOTH, *KINKED])
def test_equal_inputs_give_exactly_the_variance(name, dtype):
    dual = (SMOOTH | KINKED)[name][0]
    q = torch.tensor([0.03, 0.4, 1.0, 2.7], dtype=dtype)
    moments = dual.moments(q, q, torch.zeros_like(q), True)
    assert torch.equal(moments.gap, torch.zeros_like(q))
    eps = torch.finfo(dtype).eps
    nearly = dual.moments(q, q, q * eps**2, True)
    torch.testing.assert_close(nearly.slopes, moments.slopes, rtol=max(20 * eps, 1e-10), atol=0)


@pytest.mark.parametrize("name", KINKED)
def test_the_angle_is_exact_where_inputs_nearly_agree(name):
    """An arc cosine of 1 - 1e-14 would have lost half of its digits."""
    dual, n, below, above = KINKED[name]
    q = torch.tensor([1.0], dtype=F64)
    for gap in (1e-14, 2 - 1e-6):
        found = dual.moments(q, q, torch.tensor([gap], dtype=F64), True)
        rho = 1 - mp.mpf(torch.tensor([gap], dtype=F64).item())
        want = dual.variance(q).item() - around(n, below, above, 1, 1, rho)
        assert found.gap.item() == pytest.approx(float(want), rel=1e-12, abs=1e-15)
        if n:
            slope = n**2 * around(n - 1, -below, above, 1, 1, rho)
            assert found.slopes.item() == pytest.approx(float(slope), rel=1e-12, abs=1e-15)


def test_a_series_reports_what_it_leaves_out():
    q = torch.tensor([1.0], dtype=F64)
    kinked = series(torch.relu, max_terms=40)
    exact = duals.two_slopes(0.0, 1.0)
    for rho in (-0.9, 0.0, 0.5, 0.99):
        gap = q * (1 - rho)
        found, want = (dual.moments(q, q, gap, False) for dual in (kinked, exact))
        off = (found.gap - want.gap).abs().item() / exact.variance(q).item()
        assert off < found.error
    assert 1e-5 < found.error < 1e-2
    assert series(torch.tanh).moments(q, q, gap, False).error < 1e-13


@pytest.mark.parametrize("q", [1e-8, 0.3, 7.0, 300.0])
def test_a_series_holds_for_any_variance(q):
    q = torch.tensor([q], dtype=F64)
    for rho in (-0.5, 0.6):
        found = series(torch.erf).moments(q, 2 * q, 2**0.5 * q * (1 - rho), True)
        want = duals.erf().moments(q, 2 * q, 2**0.5 * q * (1 - rho), True)
        size = duals.erf().variance(2 * q)
        torch.testing.assert_close(
            found.gap / size, want.gap / size, rtol=0, atol=1e-13 + found.error
        )
        torch.testing.assert_close(found.slopes, want.slopes, rtol=1e-9, atol=0)


def test_bad_arguments_are_refused():
    for make in (
        lambda: duals.rectified_monomial(-1),
        lambda: polynomial([]),
        lambda: duals.gaussian(rate=-1.0),
        lambda: series(torch.tanh, max_terms=1),
    ):
        with pytest.raises(ValueError, match="must"):
            make()
