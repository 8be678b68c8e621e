"""Covariance functions of Gaussian processes."""

import torch

from tinynets import checks


def exponentiated_quadratic(
    x1: torch.Tensor, x2: torch.Tensor, *, amplitude: float = 1.0, length_scale: float = 1.0
) -> torch.Tensor:
    r"""Return the exponentiated-quadratic kernel between two sets of inputs.

    $k(x, x') = a^2 \exp(-\lVert x - x' \rVert^2 / (2 \ell^2))$

    Parameters
    ----------
    x1, x2 : torch.Tensor, (n1, inputs) and (n2, inputs)
        Inputs, in the unit of `length_scale`.
    amplitude : float
        Standard deviation $a$ of the process, above 0.
    length_scale : float
        Distance $\ell$ over which the process forgets itself, above 0.

    Returns
    -------
    torch.Tensor, (n1, n2)
        Covariances, in the unit of `amplitude` squared.

    Examples
    --------
    >>> x = torch.tensor([[0.0], [1.0]], dtype=torch.float64)
    >>> exponentiated_quadratic(x, x).round(decimals=4)
    tensor([[1.0000, 0.6065],
            [0.6065, 1.0000]], dtype=torch.float64)
    """
    checks.positive("amplitude", amplitude)
    checks.positive("length_scale", length_scale)
    checks.shape("x1", x1, ("n1", "inputs"))
    checks.shape("x2", x2, ("n2", x1.shape[1]))
    squared = (x1[:, None] - x2).square().sum(-1)  # (n1, n2)
    return amplitude**2 * torch.exp(-squared / (2 * length_scale**2))
