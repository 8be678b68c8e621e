"""Layers with positions: convolution and flattening."""

import math
from collections.abc import Sequence
from itertools import product

import torch
from torch import Tensor

from tinynets import checks
from tinynets.kernels.combine import proportions_gap
from tinynets.kernels.layers import Layer
from tinynets.kernels.layers.affine import affine, weights
from tinynets.kernels.layers.base import through_own
from tinynets.kernels.state import Kernels

PADDINGS = ("valid", "same", "circular")


def conv(
    kernel_size: Sequence[int],
    W_std: float = 1.0,
    b_std: float = 0.0,
    *,
    stride: int | Sequence[int] = 1,
    padding: str | int | Sequence[int] = "valid",
    dilation: int | Sequence[int] = 1,
    width: int | None = None,
    parameterisation: str = "ntk",
) -> Layer:
    """Return a convolution over one axis of positions, or two, or more.

    Its n_in is channels times kernel positions: K'[p, p'] is W_std² times the mean of
    K[p + δ, p' + δ] over the kernel's offsets δ, plus b_std².

    Parameters
    ----------
    kernel_size : sequence of int
        One size for each axis of positions.
    W_std, b_std : float
        As in `dense`, for the n_in above.
    stride, dilation : int or sequence of int
    padding : "valid", "same", "circular", int or sequence of int
        No padding; zeros so that the size stays (for stride 1); the other end's values, so
        that it stays; or that many zeros at both ends.
    width : int, optional
        Channels of the finite network.
    parameterisation : str
        "ntk" or "standard", with n the n_in above.

    References
    ----------
    Novak et al. (2019), eq. 7; Arora et al. (2019), section 4.
    """
    size = tuple(checks.count("kernel_size", s) for s in kernel_size)
    weight_var, bias_var = weights(W_std, b_std, parameterisation)
    strides, dilations = (each_axis(name, v, size) for name, v in _named(stride, dilation))
    before = _margins(padding, size, dilations)
    circular = padding == "circular"
    if width is not None:
        checks.count("width", width)

    @through_own
    def apply(k: Kernels) -> Kernels:
        if k.spatial != len(size):
            raise ValueError(
                f"conv: its kernel_size {size} is for {len(size)} axes of positions, its inputs "
                f"have {k.spatial}"
            )

        def patches(t: Tensor, *axes: int) -> list[Tensor]:
            return shifted(t, axes, size, strides, dilations, before, circular)

        first = [k.n_batch + a for a in range(k.spatial)]
        second = [a + k.spatial for a in first] if k.pairs else first
        both = [*first, *second] if k.pairs else first
        ones = 1 / math.prod(size)
        stds1 = [q.clamp(min=0).sqrt() for q in patches(k.q1, *first)]
        stds2 = [q.clamp(min=0).sqrt() for q in patches(k.q2, *second)]
        q1, q2 = (sum(s.square() for s in stds) * ones for stds in (stds1, stds2))
        averaged = k._replace(
            gap=mean(patches(k.gap, *both)).add_(
                proportions_gap(
                    [(a * ones**0.5, b * ones**0.5) for a, b in zip(stds1, stds2, strict=True)],
                    q1.sqrt(),
                    q2.sqrt(),
                )
            ),
            ntk=None if k.ntk is None else mean(patches(k.ntk, *both)),
            q1=q1,
            q2=q2,
        )
        n_in = None if k.n_features is None else k.n_features * math.prod(size)
        return affine(averaged, weight_var, bias_var, parameterisation, n_in, width, "conv")

    return Layer("conv", apply, fresh=True, channels_first=True)


def _named(stride: int | Sequence[int], dilation: int | Sequence[int]):
    return ("stride", stride), ("dilation", dilation)


def each_axis(name: str, value: int | Sequence[int], size: Sequence[int]) -> tuple[int, ...]:
    values = (value,) * len(size) if isinstance(value, int) else tuple(value)
    if len(values) != len(size):
        raise ValueError(f"{name} must be one int or one for each of {len(size)} axes, got {value}")
    return tuple(checks.count(name, v) for v in values)


def _margins(
    padding: str | int | Sequence[int], size: Sequence[int], dilations: Sequence[int]
) -> list[tuple[int, int]]:
    """Return how much is added at the two ends of each axis."""
    if isinstance(padding, str):
        checks.choice("padding", padding, PADDINGS)
        if padding == "valid":
            return [(0, 0)] * len(size)
        total = [d * (s - 1) for s, d in zip(size, dilations, strict=True)]
        return [(t // 2, t - t // 2) for t in total]
    values = (padding,) * len(size) if isinstance(padding, int) else tuple(padding)
    if len(values) != len(size):
        raise ValueError(f"padding must be one int or one for each of {len(size)} axes")
    return [(checks.count("padding", v, at_least=0),) * 2 for v in values]


def shifted(
    t: Tensor,
    axes: Sequence[int],
    size: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
    margins: Sequence[tuple[int, int]],
    circular: bool,
) -> list[Tensor]:
    """Return t at each offset of a kernel, the same along the two halves of `axes`."""
    n = len(size)
    for i, axis in enumerate(axes):
        t = _padded(t, axis, *margins[i % n], circular)
    lengths = [
        (t.shape[axis] - dilations[i % n] * (size[i % n] - 1) - 1) // strides[i % n] + 1
        for i, axis in enumerate(axes)
    ]
    if min(lengths) < 1:
        raise ValueError(
            f"conv: its kernel_size {tuple(size)} is larger than its padded inputs, "
            f"{tuple(t.shape[a] for a in axes[:n])}"
        )
    views = []
    for offset in product(*(range(s) for s in size)):
        view = t
        for i, axis in enumerate(axes):
            start = offset[i % n] * dilations[i % n]
            stop = start + (lengths[i] - 1) * strides[i % n] + 1
            view = view[(slice(None),) * axis + (slice(start, stop, strides[i % n]),)]
        views.append(view)
    return views


def _padded(t: Tensor, axis: int, before: int, after: int, circular: bool) -> Tensor:
    if not before and not after:
        return t
    length = t.shape[axis]
    if circular:
        return torch.cat(
            [t.narrow(axis, length - before, before), t, t.narrow(axis, 0, after)], axis
        )
    shape = list(t.shape)
    shape[axis] = length + before + after
    wide = t.new_zeros(shape)
    wide.narrow(axis, before, length).copy_(t)
    return wide


def mean(views: Sequence[Tensor]) -> Tensor:
    total = views[0].clone()
    for view in views[1:]:
        total += view
    return total.div_(len(views))


def flatten() -> Layer:
    """Return the layer that makes features of positions: K' is the mean of K[p, p]."""

    def apply(k: Kernels) -> Kernels:
        if not k.spatial:
            return k
        if k.pairs:
            k = same_positions(k)
        axes = tuple(range(k.n_batch, k.gap.ndim))
        q1, q2 = k.q1.mean(axes), k.q2.mean(axes)
        size = math.prod(k.gap.shape[k.n_batch :])
        s1, s2 = (
            (q / size)
            .sqrt()
            .expand(*q.shape[: k.n_batch], *k.gap.shape[k.n_batch :])
            .flatten(k.n_batch)
            for q in (k.q1, k.q2)
        )
        extra = proportions_gap(
            list(zip(s1.unbind(-1), s2.unbind(-1), strict=True)), q1.sqrt(), q2.sqrt()
        )
        return k._replace(
            gap=k.gap.mean(axes) + extra,
            ntk=None if k.ntk is None else k.ntk.mean(axes),
            q1=q1,
            q2=q2,
            own1=None,
            own2=None,
            n_features=None if k.n_features is None else k.n_features * size,
            gaussian=False,
            spatial=0,
            pairs=False,
        )

    return Layer("flatten", apply)


def same_positions(k: Kernels) -> Kernels:
    """Keep of all pairs of positions those of a position with itself."""
    shape = k.gap.shape[k.n_batch : k.n_batch + k.spatial]

    def pick(t: Tensor | None) -> Tensor | None:
        if t is None:
            return None
        size = math.prod(shape)
        t = t.expand(*t.shape[: k.n_batch], *shape, *shape)
        t = t.reshape(*t.shape[: k.n_batch], size, size)
        return t.diagonal(dim1=-2, dim2=-1).reshape(*t.shape[: k.n_batch], *shape)

    return k._replace(
        gap=pick(k.gap),
        ntk=pick(k.ntk),
        q1=pick(k.q1),
        q2=pick(k.q2),
        own1=None,
        own2=None,
        pairs=False,
    )
