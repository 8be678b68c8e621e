"""Layers that mix positions, and need the kernels of all their pairs: pooling and attention."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from tinynets import checks
from tinynets.kernels._windows import each_axis, mean, shifted
from tinynets.kernels.layers import Layer
from tinynets.kernels.layers.affine import weights
from tinynets.kernels.spatial import same_positions
from tinynets.kernels.state import Kernels


@checks.arguments()
def average_pool(
    window: Sequence[int], *, stride: int | Sequence[int] | None = None, padding: int = 0
) -> Layer:
    """Return the mean over windows of positions, moved by `stride` (a window if not given).

    Parameters
    ----------
    window : sequence of int
        Width along each axis of positions.
    stride : int or sequence of int, optional
        A window if left out.
    padding : int
        Zeros at each end of each axis.

    Returns
    -------
    Layer
        The pooling.

    Raises
    ------
    ValueError
        At the call, if the inputs have another number of axes of positions.
    """
    size = tuple(checks.count("window", w) for w in window)
    if not size:
        raise ValueError("window must have a width for each axis of positions, such as (2, 2)")
    strides = size if stride is None else each_axis("stride", stride, size)
    margins = [(checks.count("padding", padding, at_least=0),) * 2] * len(size)

    def pool(t: Tensor, axis: int, i: int) -> Tensor:
        views = shifted(t, [axis], size[i : i + 1], strides[i : i + 1], [1], margins[i:], False)
        return mean(views)

    def apply(k: Kernels) -> Kernels:
        if k.spatial != len(size):
            raise ValueError(
                f"average_pool: its window {size} is for {len(size)} axes of positions, its "
                f"inputs have {k.spatial}"
            )

        def reduce(t: Tensor) -> Tensor:
            for i in range(2 * k.spatial):
                t = pool(t, t.ndim - 2 * k.spatial + i, i % k.spatial)
            return t

        return _pooled(k, reduce, k.spatial)

    return Layer("average_pool", apply, mixes=True)


def global_average_pool() -> Layer:
    """Return the mean over all positions: K' is the mean of K[p, p'] over all pairs.

    Returns
    -------
    Layer
        The pooling; without positions it changes nothing.
    """

    def apply(k: Kernels) -> Kernels:
        if not k.spatial:
            return k
        return _pooled(k, lambda t: t.mean(tuple(range(t.ndim - 2 * k.spatial, t.ndim))), 0)

    return Layer("global_average_pool", apply, mixes=True)


def _pooled(k: Kernels, reduce: Callable[[Tensor], Tensor], spatial: int) -> Kernels:
    own1, own2 = k.own1, k.own2
    cov1, cov2 = (reduce(own.product - own.gap) for own in (own1, own2))

    def between(k: Kernels, cov1: Tensor, cov2: Tensor) -> Kernels:
        q1, q2 = _variances(cov1, cov2, k.n_batch, spatial)
        covariance = reduce(k.product - k.gap)
        new = k._replace(
            gap=(q1.sqrt() * q2.sqrt()).sub(covariance).clamp_(min=0),
            ntk=None if k.ntk is None else reduce(k.ntk),
            q1=q1,
            q2=q2,
            spatial=spatial,
            pairs=spatial > 0,
        )
        return _without_rounding(k, new)

    first = between(own1, cov1, cov1)
    second = first if own2 is own1 else between(own2, cov2, cov2)
    new = between(k, cov1, cov2)
    if not spatial:
        return new._replace(own1=None, own2=None)
    return new._replace(own1=first, own2=second)


def _variances(cov1: Tensor, cov2: Tensor, n_batch: int, spatial: int) -> tuple[Tensor, Tensor]:
    """Take the variances from within-input covariances, laid out to broadcast."""

    def diagonal(cov: Tensor) -> Tensor:  # (n, *positions)
        shape = cov.shape[1 : 1 + spatial]
        size = math.prod(shape)
        flat = cov.reshape(len(cov), size, size)
        return flat.diagonal(dim1=-2, dim2=-1).reshape(len(cov), *shape)

    ones = (1,) * spatial
    q1, q2 = diagonal(cov1), diagonal(cov2)
    q1 = q1.reshape(*q1.shape, *ones)
    q2 = q2.reshape(len(q2), *ones, *q2.shape[1:])
    return (q1, q2) if n_batch == 1 else (q1[:, None], q2[None])


def _without_rounding(old: Kernels, new: Kernels) -> Kernels:
    """Set the gap of equal inputs, which sums leave near zero, to zero."""
    equal = same_positions(old).equal
    alike = equal.flatten(old.n_batch).all(-1)  # (*B,)
    if not alike.any():
        return new
    shape = new.gap.shape[old.n_batch : old.n_batch + new.spatial]
    eye = torch.eye(math.prod(shape), dtype=torch.bool, device=new.gap.device)
    eye = eye.reshape((*shape, *shape))
    where = alike.reshape(*alike.shape, *(1,) * (2 * new.spatial)) & eye
    return new._replace(gap=new.gap.masked_fill(where, 0))


def attention(
    W_out_value_std: float = 1.0,
    W_query_key_std: float = 1.0,
    b_std: float = 0.0,
    *,
    kind: str = "softmax",
    width: int | None = None,
) -> Layer:
    """Return self-attention over the positions, with infinitely many heads.

    Parameters
    ----------
    W_out_value_std, W_query_key_std : float
        Products of the standard deviations of output and value weights, and of query and key
        weights.
    b_std : float
        Standard deviation of the output's bias.
    kind : str
        "softmax": softmax(⟨q, k⟩ / n) with queries and keys that share their weights; "linear":
        ⟨q, k⟩ / √n with independent ones and no softmax.
    width : int, optional
        Features of the finite network.

    Returns
    -------
    Layer
        The attention.

    Raises
    ------
    ValueError
        If a scale or `kind` is out of range; at the call, if the inputs have no positions.

    References
    ----------
    Hron et al. (2020), eqs. 9 and 13.
    """
    checks.choice("kind", kind, ("softmax", "linear"))
    value_var, bias_var = weights(W_out_value_std, b_std, "ntk")
    checks.positive("W_query_key_std", W_query_key_std)
    maps = {
        "softmax": lambda k: _softmax_attention(k, value_var, bias_var, W_query_key_std),
        "linear": lambda k: _linear_attention(k, value_var * W_query_key_std**2, bias_var),
    }[kind]

    def apply(k: Kernels) -> Kernels:
        if not k.spatial:
            raise ValueError("attention: its inputs have no positions to attend to")
        return maps(k)._replace(n_features=width)

    return Layer(f"attention({kind})", apply, fresh=True, mixes=True)


def _square(k: Kernels, t: Tensor) -> Tensor:
    """View (*B, *positions, *positions) as (*B, size, size)."""
    size = math.prod(k.gap.shape[k.n_batch : k.n_batch + k.spatial])
    return t.reshape(*k.gap.shape[: k.n_batch], size, size)


def _softmax_attention(k: Kernels, value_var: float, bias_var: float, std: float) -> Kernels:
    weight1, weight2 = (
        F.softmax(std * _square(own, own.product - own.gap), -1) for own in (k.own1, k.own2)
    )  # (n, size, size): from the position that asks to the one that answers

    def attend(k: Kernels, left: Tensor, right: Tensor) -> tuple[Tensor, Tensor | None]:
        covariance, ntk = (
            None if t is None else left @ _square(k, t) @ right.mT
            for t in (k.product - k.gap, k.ntk)
        )
        covariance = value_var * covariance
        return covariance + bias_var, (
            None if ntk is None else value_var * ntk + 2 * covariance + bias_var
        )

    return _attended(
        k,
        attend(k.own1, weight1, weight1)[0],
        attend(k.own2, weight2, weight2)[0],
        *attend(k, *((weight1, weight2) if k.n_batch == 1 else (weight1[:, None], weight2[None]))),
    )


def _linear_attention(k: Kernels, var: float, bias_var: float) -> Kernels:
    def attend(k: Kernels) -> tuple[Tensor, Tensor | None]:
        covariance = _square(k, k.product - k.gap)
        total = covariance.square().sum((-2, -1), keepdim=True)
        new = var * total * covariance + bias_var
        if k.ntk is None:
            return new, None
        ntk = _square(k, k.ntk)
        inner = (covariance * ntk).sum((-2, -1), keepdim=True)
        return new, var * (2 * inner * covariance + total * (ntk + 4 * covariance)) + bias_var

    return _attended(k, attend(k.own1)[0], attend(k.own2)[0], *attend(k))


def _attended(
    k: Kernels, cov1: Tensor, cov2: Tensor, covariance: Tensor, ntk: Tensor | None
) -> Kernels:
    def between(k: Kernels, cov1: Tensor, cov2: Tensor, covariance: Tensor) -> Kernels:
        shaped = [c.reshape(len(c), *_positions(k), *_positions(k)) for c in (cov1, cov2)]
        q1, q2 = _variances(*shaped, k.n_batch, k.spatial)
        covariance = covariance.reshape(k.gap.shape)
        gap = (q1.sqrt() * q2.sqrt()).sub(covariance).clamp_(min=0)
        return _without_rounding(k, k._replace(gap=gap, q1=q1, q2=q2, ntk=None, gaussian=True))

    own1 = between(k.own1, cov1, cov1, cov1)
    own2 = own1 if k.own2 is k.own1 else between(k.own2, cov2, cov2, cov2)
    new = between(k, cov1, cov2, covariance)
    return new._replace(own1=own1, own2=own2, ntk=None if ntk is None else ntk.reshape(k.gap.shape))


def _positions(k: Kernels) -> tuple[int, ...]:
    return tuple(k.gap.shape[k.n_batch : k.n_batch + k.spatial])
