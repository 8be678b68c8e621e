"""Weights and biases of an infinitely wide network."""

from torch import Tensor

from tinynets import checks
from tinynets._fast import arccos
from tinynets.kernels.layers.base import Layer, through_own
from tinynets.kernels.state import Kernels

PARAMETERISATIONS = ("ntk", "standard")


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

    Returns
    -------
    Layer
        Weights and biases; what follows it is Gaussian in the limit.

    Raises
    ------
    ValueError
        If a scale is out of range; at the call, if "standard" does not know its number of
        inputs.

    References
    ----------
    Jacot et al. (2018); Lee et al. (2018), eq. 5; Sohl-Dickstein et al. (2020), eq. 10, for
    "standard".

    Examples
    --------
    >>> from tinynets.kernels import KernelFunction
    >>> import torch
    >>> KernelFunction(dense(2.0, 1.0)).nngp(torch.tensor([[3.0, 4.0]]))
    tensor([[51.]])
    """
    weight_var, bias_var = weights(W_std, b_std, parameterisation)
    if width is not None:
        checks.count("width", width)

    @through_own
    def apply(k: Kernels) -> Kernels:
        return affine(k, weight_var, bias_var, parameterisation, k.n_features, width, "dense")

    return Layer("dense", apply, fresh=True)


def weights(W_std: float, b_std: float, parameterisation: str) -> tuple[float, float]:
    """Check a layer's scales and return the two variances.

    Parameters
    ----------
    W_std, b_std : float
        Above 0, and 0 or above.
    parameterisation : str
        "ntk" or "standard".

    Returns
    -------
    float, float
        W_std² and b_std².
    """
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
    """Return the kernels after weights and biases, whose inputs have the kernels k.

    Parameters
    ----------
    k : Kernels
        Of the inputs.
    weight_var, bias_var : float
        W_std² and b_std².
    parameterisation : str
        "ntk" or "standard".
    n_in : int or None
        Inputs of the layer, which "standard" needs.
    width : int or None
        Its units, for the layer after it.
    name : str
        Of the layer, for the message.

    Returns
    -------
    Kernels
        Of its units.

    Raises
    ------
    ValueError
        If "standard" does not know the number of inputs.
    """
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
