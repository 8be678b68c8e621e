"""Activations of an infinitely wide network."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from tinynets import checks
from tinynets.kernels import duals
from tinynets.kernels.layers.base import Layer, through_own
from tinynets.kernels.series import hermite as hermite_dual
from tinynets.kernels.series import polynomial as polynomial_dual
from tinynets.kernels.series import series
from tinynets.kernels.state import Kernels


def activation(dual: duals.Dual | Callable[[Tensor], Tensor]) -> Layer:
    """Return the layer of an activation: a closed form, or any elementwise function.

    A function gets a series of Hermite polynomials (`tinynets.kernels.series`); the result of
    a kernel says how much of it was cut off.

    Parameters
    ----------
    dual : Dual or callable
        A closed form of `tinynets.kernels.duals`, or an elementwise function of float64
        tensors.

    Returns
    -------
    Layer
        The activation.

    Raises
    ------
    TypeError
        If it is neither.
    ValueError
        At the call, if the inputs are not Gaussian in the limit.

    Examples
    --------
    >>> activation(torch.tanh).name
    'tanh'
    """
    if not isinstance(dual, duals.Dual):
        if not callable(dual):
            raise TypeError(f"an activation must be a Dual or a function, got {dual!r}")
        dual = series(dual)

    def apply(k: Kernels) -> Kernels:
        if not k.gaussian:
            raise ValueError(
                f"{dual.name}: its inputs are not Gaussian in the limit, so its kernel is not "
                "known; put a dense or conv layer between it and the layer before"
            )
        gap, ntk, error = _after(dual, k)
        return k._replace(
            gap=gap,
            ntk=ntk,
            q1=dual.variance(k.q1),
            q2=dual.variance(k.q2),
            gaussian=False,
            error=max(k.error, error),
        )

    return Layer(dual.name, through_own(apply))


def _after(dual: duals.Dual, k: Kernels) -> tuple[Tensor, Tensor | None, float]:
    """Return gap, tangent kernel and error after an activation."""
    if dual.compiled is not None:
        done = dual.compiled(k.gap, k.ntk, k.q1.sqrt(), k.q2.sqrt())
        if done is not None:
            return *done, 0.0
    new = dual.moments(k.q1, k.q2, k.gap, k.ntk is not None)
    return new.gap, None if k.ntk is None else new.slopes.mul_(k.ntk), new.error


def relu() -> Layer:
    """Return the layer max(u, 0).

    Returns
    -------
    Layer
        The activation, in closed form.

    Examples
    --------
    >>> from tinynets.kernels.layers import dense, serial
    >>> serial(dense(), relu(), dense()).name
    'serial(dense, two_slopes(0, 1), dense)'
    """
    return activation(duals.two_slopes(0.0, 1.0))


def leaky_relu(negative_slope: float = 0.01) -> Layer:
    """Return the layer max(u, 0) + negative_slope · min(u, 0).

    Parameters
    ----------
    negative_slope : float
        Slope below 0.

    Returns
    -------
    Layer
        The activation, in closed form.
    """
    return activation(duals.two_slopes(negative_slope, 1.0))


def two_slopes(negative: float, positive: float) -> Layer:
    """Return the layer negative · min(u, 0) + positive · max(u, 0).

    Parameters
    ----------
    negative, positive : float
        Slopes below and above 0.

    Returns
    -------
    Layer
        The activation, in closed form.
    """
    return activation(duals.two_slopes(negative, positive))


def absolute() -> Layer:
    """Return the layer |u|.

    Returns
    -------
    Layer
        The activation, in closed form.
    """
    return activation(duals.two_slopes(-1.0, 1.0))


def erf() -> Layer:
    """Return the layer erf(u).

    Returns
    -------
    Layer
        The activation, in closed form.
    """
    return activation(duals.erf())


def gelu() -> Layer:
    """Return the layer u Φ(u).

    Returns
    -------
    Layer
        The activation, in closed form.
    """
    return activation(duals.gelu())


def sine(amplitude: float = 1.0, frequency: float = 1.0, phase: float = 0.0) -> Layer:
    """Return the layer amplitude · sin(frequency · u + phase).

    Parameters
    ----------
    amplitude, frequency, phase : float
        The phase in radians.

    Returns
    -------
    Layer
        The activation, in closed form.
    """
    return activation(duals.sine(amplitude, frequency, phase))


@checks.arguments()
def cosine(amplitude: float = 1.0, frequency: float = 1.0, phase: float = 0.0) -> Layer:
    """Return the layer amplitude · cos(frequency · u + phase).

    Parameters
    ----------
    amplitude, frequency, phase : float
        The phase in radians.

    Returns
    -------
    Layer
        The activation, in closed form.
    """
    return activation(duals.sine(amplitude, frequency, phase + torch.pi / 2))


def exponential(amplitude: float = 1.0, rate: float = 1.0) -> Layer:
    """Return the layer amplitude · exp(rate · u).

    Parameters
    ----------
    amplitude, rate : float
        Any numbers.

    Returns
    -------
    Layer
        The activation, in closed form.
    """
    return activation(duals.exponential(amplitude, rate))


def gaussian(amplitude: float = 1.0, rate: float = 1.0) -> Layer:
    """Return the layer amplitude · exp(-rate · u²).

    Parameters
    ----------
    amplitude, rate : float
        The rate is above 0.

    Returns
    -------
    Layer
        The activation, in closed form.
    """
    return activation(duals.gaussian(amplitude, rate))


def rbf(rate: float = 1.0) -> Layer:
    """Return the layer whose kernel is exp(-rate · E[(u - v)²]).

    Parameters
    ----------
    rate : float
        Above 0.

    Returns
    -------
    Layer
        The activation, in closed form.
    """
    return activation(duals.rbf(rate))


def sign() -> Layer:
    """Return the layer of the sign of u.

    Returns
    -------
    Layer
        The activation, in closed form.
    """
    return activation(duals.sign())


@checks.arguments()
def polynomial(coefficients: Sequence[float]) -> Layer:
    """Return the layer c0 + c1 u + c2 u² + ....

    Parameters
    ----------
    coefficients : sequence of float
        c0, c1, c2, ...: one or more.

    Returns
    -------
    Layer
        The activation, in closed form.
    """
    return activation(polynomial_dual(coefficients))


def hermite(degree: int) -> Layer:
    """Return the layer of a normalised Hermite polynomial.

    Parameters
    ----------
    degree : int
        0 or above.

    Returns
    -------
    Layer
        The activation, in closed form.
    """
    return activation(hermite_dual(degree))


def rectified_monomial(degree: int) -> Layer:
    """Return the layer max(u, 0)ⁿ; degree 0 is the step.

    Parameters
    ----------
    degree : int
        n, 0 or above.

    Returns
    -------
    Layer
        The activation, in closed form.
    """
    return activation(duals.rectified_monomial(degree))
