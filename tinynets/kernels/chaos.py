r"""Order and chaos: what depth does to lengths and angles in wide random networks.

From layer to layer the variance of the units goes by $q' = W^2\, E[f(\sqrt q z)^2] + b^2$, and
at its fixed point $q^*$ the correlation of two inputs by
$c' = (W^2\, E[f(u) f(v)] + b^2) / q^*$, with W and b the scales `W_std` and `b_std`. Two equal
inputs stay equal; $\chi_1$, the slope of the second map at c = 1, says whether two near ones
approach each other (below 1: order) or part (above: chaos).

References
----------
Poole et al. (2016), eqs. 3 to 6; Schoenholz et al. (2017), eqs. 7 to 9.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from tinynets import checks
from tinynets.kernels.duals import Dual
from tinynets.kernels.series import series

Activation = Dual | Callable[[Tensor], Tensor]
LARGEST, SMALLEST = 1e12, 1e-12  # variances that count as infinite and as zero


class FixedPoint(NamedTuple):
    """Where depth leads, for each pair of scales; all of the scales' shape."""

    q: Tensor  # variance, from 1 at the start; infinite where it grows without end
    q_slope: Tensor  # of the map of variances
    c: Tensor  # correlation of two inputs, where small differences lead
    c_slope: Tensor  # of the map of correlations there
    chi_1: Tensor  # its slope at c = 1

    @property
    def q_depth(self) -> Tensor:
        """Layers in which a variance's distance from q falls by e."""
        return _depth(self.q_slope)

    @property
    def c_depth(self) -> Tensor:
        """Layers in which a correlation's distance from c falls by e: the depth scale ξ."""
        return _depth(self.c_slope)


@checks.arguments()
def variance_map(activation: Activation, q: Tensor, W_std: Tensor, b_std: Tensor) -> Tensor:
    """Return the variance one layer on.

    Parameters
    ----------
    activation : Dual or callable
        A closed form of `tinynets.kernels.duals`, or an elementwise function.
    q, W_std, b_std : torch.Tensor, of shapes that broadcast
        Variance and scales, float64.

    Returns
    -------
    Tensor, of the broadcast shape
        Variance, float64.
    """
    _check_together(q=q, W_std=W_std, b_std=b_std)
    _check_sign("q", q)
    return W_std**2 * _dual(activation).variance(q) + b_std**2


@checks.arguments()
def correlation_map(
    activation: Activation, c: Tensor, q: Tensor, W_std: Tensor, b_std: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the correlation one layer on, and the map's slope.

    Parameters
    ----------
    activation : Dual or callable
        A closed form of `tinynets.kernels.duals`, or an elementwise function.
    c, q, W_std, b_std : torch.Tensor, of shapes that broadcast
        Correlation, the fixed point of the variance, and scales, float64.

    Returns
    -------
    Tensor, of the broadcast shape
        Correlation, in [-1, 1].
    Tensor, of the broadcast shape
        Slope of the map.

    Raises
    ------
    ValueError
        If a correlation lies outside -1 to 1, or a variance is negative.
    """
    _check_together(c=c, q=q, W_std=W_std, b_std=b_std)
    _check_sign("q", q)
    if not (c.abs() <= 1).all():
        raise ValueError(f"c must lie in -1 to 1, got {c.min()} to {c.max()}")
    loss, slope = _correlation_loss(_dual(activation), 1 - c, q, W_std)
    return 1 - loss, slope


@checks.arguments()
def fixed_points(activation: Activation, W_std: Tensor, b_std: Tensor) -> FixedPoint:
    """Find the fixed points of both maps and their slopes.

    Parameters
    ----------
    activation : Dual or callable
        A closed form of `tinynets.kernels.duals`, or an elementwise function.
    W_std, b_std : torch.Tensor, of shapes that broadcast
        Scales, float64: of a grid, `W_std (n, 1)` and `b_std (1, m)`.

    Returns
    -------
    FixedPoint
        NaN for correlations where the variance has no finite fixed point.

    Raises
    ------
    TypeError
        If a scale is not a float64 tensor.
    ValueError
        If a scale is not finite.

    Examples
    --------
    >>> from tinynets.kernels import duals
    >>> scale = torch.tensor([1.0], dtype=torch.float64)
    >>> fixed_points(duals.erf(), 0.5 * scale, 0.3 * scale).c.round(decimals=3)
    tensor([1.], dtype=torch.float64)
    """
    for name, scale in (("W_std", W_std), ("b_std", b_std)):
        if not isinstance(scale, Tensor) or scale.dtype != torch.float64:
            raise TypeError(f"{name} must be a float64 torch.Tensor, got {scale!r}")
        _check_sign(name, scale)
    dual = _dual(activation)
    W_std, b_std = (t.contiguous() for t in torch.broadcast_tensors(W_std, b_std))
    q = _fixed_variance(dual, W_std, b_std)
    finite = q.isfinite()
    inner = torch.where(finite, q, 1)
    chi_1 = _correlation_loss(dual, torch.zeros_like(q), inner, W_std)[1]
    loss = _fixed_loss(dual, inner, W_std, chi_1)
    slope = _correlation_loss(dual, loss, inner, W_std)[1]
    nan = torch.full_like(q, torch.nan)
    c, c_slope, chi_1 = (torch.where(finite, t, nan) for t in (1 - loss, slope, chi_1))
    q_slope = torch.where(finite, _variance_slope(dual, inner, W_std), nan)
    return FixedPoint(q, q_slope, c, c_slope, chi_1)


@checks.arguments(q="float ...")
def critical_line(activation: Activation, q: Tensor) -> tuple[Tensor, Tensor]:
    """Return the scales at which χ₁ = 1 and q is the variance's fixed point.

    Parameters
    ----------
    activation : Dual or callable
        A closed form of `tinynets.kernels.duals`, or an elementwise function.
    q : torch.Tensor
        Variances, float64.

    Returns
    -------
    tuple of two torch.Tensor
        W_std and b_std, of the shape of q; b_std is NaN where no bias would do.
    """
    _check_sign("q", q)
    dual = _dual(activation)
    slope = dual.moments(q, q, torch.zeros_like(q), True).slopes
    W_std = slope.rsqrt()
    left = q - W_std**2 * dual.variance(q)
    # Rounding must not make a NaN of b_std = 0.
    return W_std, torch.where(left.abs() < 1e-12 * q, 0, left).sqrt()


def _dual(activation: Activation) -> Dual:
    return activation if isinstance(activation, Dual) else series(activation)


def _correlation_loss(dual: Dual, loss: Tensor, q: Tensor, W_std: Tensor) -> tuple[Tensor, Tensor]:
    """Map 1 - c to that of the next layer, without cancellation; with the slope."""
    shape = torch.broadcast_shapes(loss.shape, q.shape, W_std.shape)
    loss, q = loss.expand(shape), q.expand(shape)
    after = dual.moments(q, q, loss * q, True)
    safe = torch.where(q > 0, q, 1)
    return torch.where(q > 0, W_std**2 * after.gap / safe, loss), W_std**2 * after.slopes


def _fixed_variance(dual: Dual, W_std: Tensor, b_std: Tensor) -> Tensor:
    """Iterate from 1, then by Newton's steps where the map contracts."""
    q = torch.ones_like(W_std)
    for step in range(80):
        new = W_std**2 * dual.variance(q) + b_std**2
        if step >= 20:
            slope = _variance_slope(dual, q, W_std)
            newton = q + (new - q) / (1 - slope)
            new = torch.where((slope < 1 - 1e-6) & (newton > 0), newton, new)
        q = new.clamp(SMALLEST, LARGEST)
    left = (W_std**2 * dual.variance(q) + b_std**2 - q).abs()
    settled = (left <= 1e-9 * q) & (q < LARGEST)
    zero = (q <= SMALLEST) & (b_std == 0)
    return torch.where(zero, 0, torch.where(settled, q, torch.inf))


def _variance_slope(dual: Dual, q: Tensor, W_std: Tensor) -> Tensor:
    """Return W² dV/dq, by differences in log q and Richardson's extrapolation."""
    q = q.clamp(min=SMALLEST)

    def difference(step: float) -> Tensor:
        up, down = (dual.variance(q * torch.e**s) for s in (step, -step))
        return (up - down) / (2 * step * q)

    return W_std**2 * (4 * difference(5e-4) - difference(1e-3)) / 3


def _check_sign(name: str, values: Tensor) -> None:
    if not (checks.finite(name, values) >= 0).all():
        raise ValueError(f"{name} must be 0 or above, got a least of {values.min()}")


def _fixed_loss(dual: Dual, q: Tensor, W_std: Tensor, chi_1: Tensor) -> Tensor:
    """Return 1 - c at the attracting fixed point, by bisection where it is not c = 1.

    The map is convex for c from 0 to 1, so that there is one such point.
    """
    low, high = torch.zeros_like(q), torch.ones_like(q)  # 1 - c
    for _ in range(60):
        middle = (low + high) / 2
        parts = _correlation_loss(dual, middle, q, W_std)[0] > middle
        low, high = torch.where(parts, middle, low), torch.where(parts, high, middle)
    return torch.where(chi_1 > 1, high, 0)


def _depth(slope: Tensor) -> Tensor:
    return -1 / slope.abs().log()


def _check_together(**values: Tensor) -> None:
    try:
        torch.broadcast_shapes(*(value.shape for value in values.values()))
    except RuntimeError as error:
        shapes = ", ".join(f"{name} {tuple(value.shape)}" for name, value in values.items())
        raise ValueError(f"sizes must be equal, or 1, got {shapes}") from error
