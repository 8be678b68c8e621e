"""Windows that slide over positions: what convolutions and pooling share."""

from collections.abc import Sequence
from itertools import product

import torch
from torch import Tensor

from tinynets import checks

PADDINGS = ("valid", "same", "circular")


def named(stride: int | Sequence[int], dilation: int | Sequence[int]):
    return ("stride", stride), ("dilation", dilation)


def each_axis(name: str, value: int | Sequence[int], size: Sequence[int]) -> tuple[int, ...]:
    """Give an option one value for each axis of positions.

    Parameters
    ----------
    name : str
        Of the option, for the message.
    value : int or sequence of int
        For all axes, or one for each.
    size : sequence of int
        Of the window, an entry an axis.

    Returns
    -------
    tuple of int
        One for each axis.

    Raises
    ------
    ValueError
        If there are more or fewer values than axes, or one is below 1.
    """
    values = (value,) * len(size) if isinstance(value, int) else tuple(value)
    if len(values) != len(size):
        raise ValueError(f"{name} must be one int or one for each of {len(size)} axes, got {value}")
    return tuple(checks.count(name, v) for v in values)


def margins(
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
    """Return t at each offset of a kernel, the same along the two halves of `axes`.

    Parameters
    ----------
    t : Tensor
        Covariances between positions.
    axes : sequence of int
        Those of positions, of one input or of both.
    size, strides, dilations : sequence of int
        Of the window, an entry an axis of positions.
    margins : sequence of (int, int)
        Padding before and behind, an entry an axis of positions.
    circular : bool
        Whether the padding is the other end instead of zeros.

    Returns
    -------
    list of Tensor
        Views, one an offset.

    Raises
    ------
    ValueError
        If the window is larger than the padded inputs.
    """
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
    """Average views of one shape.

    Parameters
    ----------
    views : sequence of Tensor
        One or more.

    Returns
    -------
    Tensor, of the shape of one
        Their mean.
    """
    total = views[0].clone()
    for view in views[1:]:
        total += view
    return total.div_(len(views))
