"""Cholesky factors of covariances, with an error that says what to do."""

import torch
from torch import Tensor

from tinynets import checks

# Added to the diagonal of a kernel matrix before it is factorised, relative to
# its largest entry: float64 loses positive definiteness below that.
JITTER = 1e-10


class NotPositiveDefiniteError(ValueError, torch.linalg.LinAlgError):
    """A matrix that should be a covariance has no Cholesky factor."""


@checks.arguments(matrix="float ... n n")
def cholesky(
    matrix: Tensor,
    name: str,
    *,
    add: float = 0.0,
    jitter: float = 0.0,
    smallest_pivot: float = 0.0,
    remedy: str = "use float64, drop points that coincide or add noise",
) -> Tensor:
    """Return the lower Cholesky factor of a covariance, or of a batch of them.

    Parameters
    ----------
    matrix : Tensor, (..., n, n)
        Symmetric.
    name : str
        What it is, for the message.
    add, jitter : float
        Added to the diagonal: a number, and a share of its largest entry.
    smallest_pivot : float
        Least pivot that counts as one, as a share of the largest variance:
        rounding may leave a singular matrix a tiny one instead of none.
    remedy : str
        What would help.

    Returns
    -------
    Tensor, (..., n, n)

    Raises
    ------
    NotPositiveDefiniteError
        A ValueError and a torch.linalg.LinAlgError; the message says which
        matrix of the batch, why, and what to do.

    Examples
    --------
    >>> cholesky(torch.tensor([[4.0, 2.0], [2.0, 2.0]]), "covariance")
    tensor([[2., 0.],
            [1., 1.]])
    """
    size = matrix.diagonal(dim1=-2, dim2=-1).amax(-1, keepdim=True)
    # What is not read, above the diagonal, has to be what is below it.
    lopsided = ((matrix.sum(-1) - matrix.sum(-2)).abs() > 1e-3 * size.abs()).any(-1)
    if add or jitter:
        matrix = matrix.clone()
        diagonal = matrix.diagonal(dim1=-2, dim2=-1)
        diagonal += add + jitter * (size + add)
    factor, failed = torch.linalg.cholesky_ex(matrix)
    bad = (failed != 0) | lopsided
    if smallest_pivot:
        pivots = factor.diagonal(dim1=-2, dim2=-1).square()
        bad |= ~(pivots > smallest_pivot * size).all(-1)
    if bad.any():
        index = tuple(bad.nonzero()[0].tolist())
        where = f"{name} at index {index}" if index else name
        raise NotPositiveDefiniteError(_why(matrix[index], where, remedy))
    return factor


def _why(matrix: Tensor, name: str, remedy: str) -> str:
    """Say why a matrix has no Cholesky factor, and what would help."""
    what = f"{name} ({len(matrix)} x {len(matrix)}, {matrix.dtype}) is not positive definite"
    if not torch.isfinite(matrix).all():
        return f"{what}: it has NaN or infinite entries; look at what it was made from"
    asymmetry = (matrix - matrix.mT).abs().max() / matrix.abs().max()
    if asymmetry > 1e-4:
        return f"{what}: it is not symmetric (by {asymmetry:.1g} of its largest entry)"
    eigenvalues = torch.linalg.eigvalsh(matrix)
    low, high = eigenvalues[0].item(), eigenvalues[-1].item()
    return (
        f"{what}: its eigenvalues go from {low:.2g} to {high:.2g}; {remedy} (a variance above "
        f"{max(-2 * low, JITTER * high):.1g} on its diagonal would do)"
    )
