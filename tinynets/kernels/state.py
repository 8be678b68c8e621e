"""What a layer of an infinitely wide network maps: the kernels of two sets of inputs.

The covariance k of two Gaussians with variances q1 and q2 is kept as its *gap* from the
largest value it can have, gap = sqrt(q1 q2) - k, which is zero exactly where the inputs are
equal. The angle between them comes from the gap without the cancellation of an arc cosine near
one, whose error is the square root of the rounding error: 1e-8 in float64, 4e-4 in float32.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from tinynets._fast import arccos

# Below it 1 - cos is computed from the difference of the vectors, not from their product. The
# angle's error is the product's, about an epsilon, divided by the angle.
NEAR = {torch.float64: 1e-4, torch.float32: 1e-2}
FEW = 8  # features, up to which all pairs are computed from differences
CHUNK = 1 << 22  # numbers in one piece of a temporary array


class Features(NamedTuple):
    """A set of inputs as unit vectors and root mean squares."""

    unit: Tensor  # (n, *positions, features), zero where the input is
    std: Tensor  # (n, *positions)

    def __getitem__(self, rows: slice) -> "Features":
        return Features(self.unit[rows], self.std[rows])

    def __len__(self) -> int:
        return len(self.std)


class Kernels(NamedTuple):
    """Covariances of one layer's units between two sets of inputs.

    B is (n1, n2), or (n,) where the sets are compared row by row. A kernel between positions
    (pixels, words) has the positions of the first input and, if `pairs`, those of the second
    behind B; if not, only equal positions are compared.
    """

    gap: Tensor  # (*B, *positions), sqrt(q1 q2) - k, 0 or above
    ntk: Tensor | None  # as gap
    q1: Tensor  # (n1, 1, *positions), the variances; 1 where it does not depend on an axis
    q2: Tensor  # (1, n2, *positions)
    own1: "Kernels | None"  # positions of each input with its own: where they will be mixed
    own2: "Kernels | None"
    n_features: int | None  # of the inputs, or of the layer before; None: not known
    gaussian: bool  # whether the units are Gaussian, as an activation needs them
    spatial: int  # number of axes of positions, those of one input
    pairs: bool  # whether all pairs of positions are there
    error: float  # estimated relative error of the covariances, of series cut short

    @property
    def product(self) -> Tensor:
        """sqrt(q1 q2), the largest value that the covariance can have."""
        return self.q1.sqrt() * self.q2.sqrt()

    @property
    def covariance(self) -> Tensor:
        """Return k = E[u v], exactly the variance where the inputs are equal."""
        done = arccos.covariances(self.gap, self.q1, self.q2)
        if done is not None:
            return done
        k = self.product.sub_(self.gap)
        if (self.gap == 0).any():
            k = torch.where(self.equal, self.q1, k)
        return k

    @property
    def equal(self) -> Tensor:
        """Where the two Gaussians are the same."""
        return (self.gap == 0) & (self.q1 == self.q2)

    @property
    def n_batch(self) -> int:
        """Number of leading axes: 2 for all pairs of inputs, 1 for row by row."""
        return self.gap.ndim - self.spatial * (2 if self.pairs else 1)


def features(x: Tensor, channel_axis: int = -1) -> Features:
    """Split inputs into direction and size.

    Parameters
    ----------
    x : torch.Tensor, (n, features), (n, *positions, features) or (n, features, *positions)
    channel_axis : int
        The axis of the features.

    Returns
    -------
    Features
        Unit vectors and root mean squares.

    Raises
    ------
    ValueError
        If there are no features.
    """
    x = x.movedim(channel_axis, -1)
    if not x.shape[-1]:
        raise ValueError(f"x must have features, got shape {tuple(x.shape)}")
    std = x.square().mean(-1).sqrt()
    norm = std * math.sqrt(x.shape[-1])
    return Features(x / torch.where(norm > 0, norm, 1)[..., None], std)


def inputs(x1: Features, x2: Features, *, diagonal: bool, ntk: bool, pairs: bool) -> Kernels:
    """Return the kernels of two sets of inputs, k = x·x'/d with d features.

    Parameters
    ----------
    x1, x2 : Features
        The two sets.
    diagonal : bool
        Compare them row by row.
    ntk : bool
        Whether a tangent kernel is wanted (zero: no parameters yet).
    pairs : bool
        Whether all pairs of positions will be needed.

    Returns
    -------
    Kernels
        Of the inputs, before any layer.
    """
    spatial = x1.std.ndim - 1
    own1 = own2 = None
    if pairs and spatial:
        own1 = _between(x1, x1, diagonal=True, pairs=True, spatial=spatial)
        own2 = own1 if x2 is x1 else _between(x2, x2, diagonal=True, pairs=True, spatial=spatial)
    kernels = _between(x1, x2, diagonal=diagonal, pairs=pairs and spatial > 0, spatial=spatial)
    return kernels._replace(
        ntk=torch.zeros_like(kernels.gap) if ntk else None, own1=own1, own2=own2
    )


def _between(x1: Features, x2: Features, *, diagonal: bool, pairs: bool, spatial: int) -> Kernels:
    unit1, unit2, std1, std2 = x1.unit, x2.unit, x1.std, x2.std
    if not diagonal:
        unit1, unit2, std1, std2 = unit1[:, None], unit2[None], std1[:, None], std2[None]
    if pairs:
        for _ in range(spatial):
            unit1, std1 = unit1.unsqueeze(-2), std1.unsqueeze(-1)
            unit2, std2 = unit2.unsqueeze(1 + (not diagonal)), std2.unsqueeze(1 + (not diagonal))
    if diagonal or spatial or x1.unit.shape[-1] <= FEW:
        gap = _by_differences(unit1, unit2).mul_(std1).mul_(std2)
    else:
        gap = _by_products(x1.unit, x2.unit, std1, std2)
    return Kernels(
        gap=gap,
        ntk=None,
        q1=std1.square(),
        q2=std2.square(),
        own1=None,
        own2=None,
        n_features=x1.unit.shape[-1],
        gaussian=False,
        spatial=spatial,
        pairs=pairs,
        error=0.0,
    )


def _by_products(unit1: Tensor, unit2: Tensor, std1: Tensor, std2: Tensor) -> Tensor:
    """Return the gaps (n1, n2) of vectors, from the products of their directions.

    Pairs of almost equal directions are computed again from differences.
    """
    gap = unit1 @ unit2.mT
    near = NEAR[gap.dtype]
    n_near = arccos.gaps(gap, std1, std2, near)
    if n_near is None:
        gap.neg_().add_(1)
        n_near = int((gap < near).sum())
        gap.mul_(std1).mul_(std2)
    if n_near:
        rows, columns = (gap < near * std1 * std2).nonzero(as_tuple=True)
        at_once = max(1, CHUNK // unit1.shape[1])
        for i, j in zip(rows.split(at_once), columns.split(at_once), strict=True):
            half = (unit1[i] - unit2[j]).square_().sum(-1).div_(2)
            gap[i, j] = half * std1[i, 0] * std2[0, j]
    return gap


def _by_differences(unit1: Tensor, unit2: Tensor) -> Tensor:
    """Return 1 - cos from differences, one feature after another."""
    shape = torch.broadcast_shapes(unit1.shape, unit2.shape)[:-1]
    gap = unit1.new_zeros(shape)
    if math.prod(shape) * unit1.shape[-1] <= CHUNK:
        return (unit1 - unit2).square_().sum(-1).div_(2)
    for a, b in zip(unit1.unbind(-1), unit2.unbind(-1), strict=True):
        gap.add_((a - b).square_(), alpha=0.5)
    return gap
