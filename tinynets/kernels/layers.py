"""Layers of infinitely wide networks: functions from `Kernels` to `Kernels`.

    net = serial(dense(1.4, 0.1), relu(), dense(1.4, 0.1), relu(), dense())
    kernels_of(net)(x1, x2).ntk

In the NTK parameterisation a dense layer is z = W_std / √n_in · W x + b_std · b with standard
normal W and b (Jacot et al., 2018). With K the covariance of its inputs and Θ their tangent
kernel, its units have K' = W_std² K + b_std² and Θ' = W_std² Θ + K'; an activation f makes
K' = E[f(u) f(v)] and Θ' = Θ E[f'(u) f'(v)].
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tinynets import checks
from tinynets._fast import arccos
from tinynets.kernels import duals
from tinynets.kernels.series import hermite as hermite_dual
from tinynets.kernels.series import polynomial as polynomial_dual
from tinynets.kernels.series import series
from tinynets.kernels.state import Kernels

PARAMETERISATIONS = ("ntk", "standard")


@dataclass(frozen=True)
class Layer:
    """A function from the kernels before a layer to those after it."""

    name: str
    apply: Callable[[Kernels], Kernels]
    fresh: bool = False  # whether independent weights of mean zero stand at its end
    mixes: bool = False  # whether it needs the kernels of all pairs of positions
    channels_first: bool = False  # inputs (n, channels, *positions), not (n, *, features)

    def __call__(self, kernels: Kernels) -> Kernels:
        return self.apply(kernels)


def through_own(apply: Callable[[Kernels], Kernels]) -> Callable[[Kernels], Kernels]:
    """Let a map of kernels treat those of each input's own positions alike."""

    @functools.wraps(apply)
    def both(k: Kernels) -> Kernels:
        new = apply(k)
        if k.own1 is None or not new.spatial:
            return new._replace(own1=None, own2=None)
        own1 = apply(k.own1)
        return new._replace(own1=own1, own2=own1 if k.own2 is k.own1 else apply(k.own2))

    return both


def serial(*layers: Layer) -> Layer:
    """Compose layers, the first one first."""
    layers = _are_layers("layers", layers)

    def apply(k: Kernels) -> Kernels:
        for layer in layers:
            k = layer(k)
        return k

    fresh = False
    for layer in layers:
        fresh = layer.fresh or (fresh and layer.name in KEEPS_FRESH)
    return Layer(f"serial({_names(layers)})", apply, fresh, *_flags(layers))


# Linear maps of their input: they leave independent what is independent.
KEEPS_FRESH = (
    "identity",
    "flatten",
    "dropout",
    "layer_norm",
    "average_pool",
    "global_average_pool",
)


def identity() -> Layer:
    """Return the layer that changes nothing."""
    return Layer("identity", lambda k: k)


def dense(
    W_std: float = 1.0,
    b_std: float = 0.0,
    *,
    width: int | None = None,
    parameterisation: str = "ntk",
) -> Layer:
    r"""Return a fully connected layer, on each position by itself where there are positions.

    K' = W_std² K + b_std², and for the tangent kernel Θ' = W_std² Θ + K' ("ntk") or
    Θ' = W_std² Θ + n K + 1 ("standard"; without the 1 if there is no bias), where n is the
    number of inputs of the layer.

    Parameters
    ----------
    W_std, b_std : float
        Standard deviations of the weights, times √n_in, and of the biases; 0: no biases.
    width : int, optional
        Units of the finite network, which only the standard parameterisation and
        `concatenate` ask for.
    parameterisation : str
        "ntk" or "standard".

    References
    ----------
    Jacot et al. (2018); Lee et al. (2018), eq. 5; Sohl-Dickstein et al. (2020), eq. 10, for
    "standard".
    """
    weight_var, bias_var = weights(W_std, b_std, parameterisation)
    if width is not None:
        checks.count("width", width)

    @through_own
    def apply(k: Kernels) -> Kernels:
        return affine(k, weight_var, bias_var, parameterisation, k.n_features, width, "dense")

    return Layer("dense", apply, fresh=True)


def weights(W_std: float, b_std: float, parameterisation: str) -> tuple[float, float]:
    """Check a layer's scales and return the two variances."""
    checks.positive("W_std", W_std)
    checks.non_negative("b_std", b_std)
    checks.choice("parameterisation", parameterisation, PARAMETERISATIONS)
    return W_std**2, b_std**2


def affine(
    k: Kernels,
    weight_var: float,
    bias_var: float,
    parameterisation: str,
    n_in: int | None,
    width: int | None,
    name: str,
) -> Kernels:
    """Return the kernels after weights and biases, whose inputs have the kernels k."""
    slope, shift = 1.0, 0.0  # Θ' = W_std² Θ + slope K' + shift
    if k.ntk is not None and parameterisation == "standard":
        if n_in is None:
            raise ValueError(
                f"{name}: the standard parameterisation needs the number of its inputs: give "
                "the layer with weights before it a width"
            )
        slope = n_in / weight_var
        shift = (bias_var > 0) - bias_var * slope
    stds = k.q1.sqrt(), k.q2.sqrt()
    q1, q2 = weight_var * k.q1 + bias_var, weight_var * k.q2 + bias_var
    new_stds = q1.sqrt(), q2.sqrt()
    done = arccos.affine(k.gap, k.ntk, stds, new_stds, weight_var, bias_var, slope, shift)
    if done is None:
        gap = _affine_gap(k.gap, stds, new_stds, weight_var, bias_var)
        ntk = None
        if k.ntk is not None:
            ntk = (new_stds[0] * new_stds[1]).sub_(gap).mul_(slope).add_(shift)
            ntk.add_(k.ntk, alpha=weight_var)
        done = gap, ntk
    gap, ntk = done
    return k._replace(gap=gap, ntk=ntk, q1=q1, q2=q2, n_features=width, gaussian=True)


def _affine_gap(
    gap: Tensor,
    stds: tuple[Tensor, Tensor],
    new_stds: tuple[Tensor, Tensor],
    weight_var: float,
    bias_var: float,
) -> Tensor:
    if not bias_var:
        return weight_var * gap
    # The product of the new standard deviations less that of (W s1, b) with (W s2, b).
    denominator = new_stds[0] * new_stds[1]
    denominator.add_(stds[0] * stds[1], alpha=weight_var).add_(bias_var)
    extra = (stds[0] - stds[1]).square_().mul_(weight_var * bias_var).div_(denominator)
    return extra.add(gap, alpha=weight_var)


def activation(dual: duals.Dual | Callable[[Tensor], Tensor]) -> Layer:
    """Return the layer of an activation: a closed form, or any elementwise function.

    A function gets a series of Hermite polynomials (`tinynets.kernels.series`); the result of
    a kernel says how much of it was cut off.
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
    """Return the layer max(u, 0)."""
    return activation(duals.two_slopes(0.0, 1.0))


def leaky_relu(negative_slope: float = 0.01) -> Layer:
    """Return the layer max(u, 0) + negative_slope · min(u, 0)."""
    return activation(duals.two_slopes(negative_slope, 1.0))


def two_slopes(negative: float, positive: float) -> Layer:
    """Return the layer negative · min(u, 0) + positive · max(u, 0)."""
    return activation(duals.two_slopes(negative, positive))


def absolute() -> Layer:
    """Return the layer |u|."""
    return activation(duals.two_slopes(-1.0, 1.0))


def erf() -> Layer:
    """Return the layer erf(u)."""
    return activation(duals.erf())


def gelu() -> Layer:
    """Return the layer u Φ(u)."""
    return activation(duals.gelu())


def sine(amplitude: float = 1.0, frequency: float = 1.0, phase: float = 0.0) -> Layer:
    """Return the layer amplitude · sin(frequency · u + phase)."""
    return activation(duals.sine(amplitude, frequency, phase))


def cosine(amplitude: float = 1.0, frequency: float = 1.0, phase: float = 0.0) -> Layer:
    """Return the layer amplitude · cos(frequency · u + phase)."""
    return activation(duals.sine(amplitude, frequency, phase + torch.pi / 2))


def exponential(amplitude: float = 1.0, rate: float = 1.0) -> Layer:
    """Return the layer amplitude · exp(rate · u)."""
    return activation(duals.exponential(amplitude, rate))


def gaussian(amplitude: float = 1.0, rate: float = 1.0) -> Layer:
    """Return the layer amplitude · exp(-rate · u²)."""
    return activation(duals.gaussian(amplitude, rate))


def rbf(rate: float = 1.0) -> Layer:
    """Return the layer whose kernel is exp(-rate · E[(u - v)²])."""
    return activation(duals.rbf(rate))


def sign() -> Layer:
    """Return the layer of the sign of u."""
    return activation(duals.sign())


def polynomial(coefficients: Sequence[float]) -> Layer:
    """Return the layer c0 + c1 u + c2 u² + ...."""
    return activation(polynomial_dual(coefficients))


def hermite(degree: int) -> Layer:
    """Return the layer of a normalised Hermite polynomial."""
    return activation(hermite_dual(degree))


def rectified_monomial(degree: int) -> Layer:
    """Return the layer max(u, 0)ⁿ; degree 0 is the step."""
    return activation(duals.rectified_monomial(degree))


def _are_layers(name: str, layers: Sequence[Layer]) -> Sequence[Layer]:
    for layer in layers:
        if not isinstance(layer, Layer):
            raise TypeError(
                f"{name} must be layers, made by the functions of tinynets.kernels.layers, "
                f"got {layer!r}"
            )
    return layers


def _names(layers: Sequence[Layer]) -> str:
    return ", ".join(layer.name for layer in layers)


def _flags(layers: Sequence[Layer]) -> tuple[bool, bool]:
    return any(layer.mixes for layer in layers), any(layer.channels_first for layer in layers)
