"""Planes of nets that were trained apart, turned onto one another."""

import torch
from torch import Tensor

from tinynets import checks


@checks.arguments(points="float ... n dims", reference="float ... n dims")
def orthogonal_fit(points: Tensor, reference: Tensor) -> Tensor:
    """Find the rotation, perhaps with a mirror, that brings points nearest to others.

    Minimises ‖points R − reference‖ over orthogonal R. Planes of nets that
    were trained apart differ by such an R, since the prior looks the same
    from all sides.

    Parameters
    ----------
    points, reference : Tensor
        (n, d), row by row the same things.

    Returns
    -------
    Tensor
        (d, d), orthogonal.

    References
    ----------
    Schönemann (1966), A generalized solution of the orthogonal Procrustes
    problem.
    """
    checks.shape("points", points, ("n", "d"))
    checks.shape("reference", reference, tuple(points.shape))
    checks.finite("points", points)
    checks.finite("reference", reference)
    u, _, vh = torch.linalg.svd(points.mT @ reference)
    return u @ vh
