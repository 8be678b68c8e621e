"""How far classes lie apart: scatter, and planes between two of them."""

from typing import NamedTuple

import torch
from scipy.optimize import linprog
from torch import Tensor

from tinynets import checks
from tinynets.latents.gaussians import class_gaussians, rows_of


class Scatter(NamedTuple):
    """Covariance of classes about their means, and of means about theirs."""

    within: Tensor  # (*nets, d, d)
    between: Tensor  # (*nets, d, d)


class Plane(NamedTuple):
    """The set normal · x + offset = 0, and how well it parts two classes."""

    normal: Tensor  # (d,)
    offset: float
    error_rate: float  # share of points not on their own side


@checks.arguments(features="float ... n dims", labels="int n")
def scatter(features: Tensor, labels: Tensor, n_classes: int) -> Scatter:
    """Compute within-class and between-class scatter, classes equal.

    Parameters
    ----------
    features : Tensor, (*nets, n, d)
        Of the images.
    labels : Tensor, (n,) int64
        Their classes.
    n_classes : int
        Number of classes.

    Returns
    -------
    Scatter
        Each class counts alike.

    Raises
    ------
    ValueError
        If a class has no image.
    """
    classes = class_gaussians(features, torch.zeros_like(features), labels, n_classes)
    centred = classes.mean - classes.mean.mean(-2, keepdim=True)
    return Scatter(classes.covariance.mean(-3), centred.mT @ centred / n_classes)


@checks.arguments()
def fisher_ratio(scatter: Scatter) -> Tensor:
    """Compute tr Σ_between / tr Σ_within: far apart and tight is large.

    Parameters
    ----------
    scatter : Scatter
        From `scatter`.

    Returns
    -------
    Tensor, (*nets,)
        0 or above, no unit.
    """
    traces = [part.diagonal(dim1=-2, dim2=-1).sum(-1) for part in (scatter.between, scatter.within)]
    return traces[0] / traces[1]


@checks.arguments(a="float finite n dims", b="float finite m dims")
def separating_plane(a: Tensor, b: Tensor) -> Plane:
    """Find the plane with the least sum of violations between two classes.

    Solves min Σ s subject to ±(w·x + c) ≥ 1 − s, s ≥ 0, averaged within each
    class, by linear programming. The error rate is zero if and only if the
    two sets can be separated by a plane.

    Parameters
    ----------
    a, b : Tensor, (n_a, d) and (n_b, d)
        The two classes.

    Returns
    -------
    Plane
        In the coordinates of the points.

    References
    ----------
    Bennett, Mangasarian (1992), Eq. (2.11).
    """
    d = a.shape[-1]
    points = torch.cat([a, b]).double().cpu()  # where SciPy is
    centre, scale = points.mean(0), points.std(0).clamp_min(1e-12)
    sign = torch.cat([points.new_ones(len(a)), -points.new_ones(len(b))])
    rows = (
        torch.cat([(points - centre) / scale, points.new_ones(len(points), 1)], -1) * sign[:, None]
    )
    weights = torch.cat([points.new_full((len(s),), 1 / len(s)) for s in (a, b)])
    # The dual has d + 1 rows instead of n: max Σu, Σ u row = 0, 0 ≤ u ≤ 1/n
    answer = linprog(
        -points.new_ones(len(points)).numpy(),
        A_eq=rows.T.numpy(),
        b_eq=points.new_zeros(d + 1).numpy(),
        bounds=[(0, float(w)) for w in weights],
        method="highs",
    )
    w = -torch.from_numpy(answer.eqlin.marginals)
    wrong = rows @ w <= 1e-9
    normal = w[:d] / scale
    return Plane(normal, float(w[d] - normal @ centre), float(wrong.double().mean()))


@checks.arguments(features="float finite n dims", labels="int n")
def pairwise_error(features: Tensor, labels: Tensor, n_classes: int) -> Tensor:
    """Compute the error rate of the separating plane of each two classes.

    Parameters
    ----------
    features : Tensor, (n, d)
        Of the images.
    labels : Tensor, (n,) int64
        Their classes.
    n_classes : int
        Number of classes.

    Returns
    -------
    Tensor, (n_classes, n_classes)
        Shares in [0, 1], symmetric, diagonal 0.

    Raises
    ------
    ValueError
        If a class has no image.
    """
    checks.classes("labels", labels, n_classes)
    errors = torch.zeros(n_classes, n_classes, device="cpu")
    sets = [features[rows_of(labels, k)] for k in range(n_classes)]
    for i in range(n_classes):
        for j in range(i):
            errors[i, j] = errors[j, i] = separating_plane(sets[i], sets[j]).error_rate
    return errors
