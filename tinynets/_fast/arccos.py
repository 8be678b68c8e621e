"""Compiled element-wise passes over kernels; see `arccos.c`.

Each returns None where it does not apply: no compiler, another device or dtype, kernels of
positions, row-by-row kernels. Then the caller goes on in PyTorch, with the same result up to
rounding.
"""

import ctypes

import torch
from torch import Tensor

from tinynets._fast import build

REALS = {torch.float64: "double", torch.float32: "float"}
_Pair = tuple[Tensor, Tensor | None]


def two_slopes(
    gap: Tensor, ntk: Tensor | None, s1: Tensor, s2: Tensor, a: float, b: float
) -> _Pair | None:
    """Return gap and ntk after an activation of two slopes.

    Parameters
    ----------
    gap, ntk : torch.Tensor, (n1, n2)
    s1, s2 : torch.Tensor, (n1, 1) and (1, n2)
        Standard deviations.
    a, b : float
        (below² + above²) / 2 and (below - above)² / 2π.
    """
    return _run("two_slopes", gap, ntk, (s1, s2), (a, b))


def affine(
    gap: Tensor,
    ntk: Tensor | None,
    stds: tuple[Tensor, Tensor],
    new_stds: tuple[Tensor, Tensor],
    weight_var: float,
    bias_var: float,
    slope: float,
    shift: float,
) -> _Pair | None:
    """Return gap and ntk after weights and biases.

    Parameters
    ----------
    gap, ntk : torch.Tensor, (n1, n2)
    stds, new_stds : pairs of torch.Tensor, (n1, 1) and (1, n2)
        Standard deviations before and after.
    weight_var, bias_var : float
    slope, shift : float
        What the tangent kernel gains: slope times the new covariance, plus shift.
    """
    scalars = (weight_var, bias_var, slope, shift)
    return _run("affine", gap, ntk, (*stds, *new_stds), scalars)


def _run(
    name: str,
    gap: Tensor,
    ntk: Tensor | None,
    vectors: tuple[Tensor, ...],
    scalars: tuple[float, ...],
) -> _Pair | None:
    arrays = (gap, *vectors) if ntk is None else (gap, ntk, *vectors)
    shapes = ((gap.shape[0], 1), (1, gap.shape[-1]))
    applies = (
        gap.ndim == 2
        and gap.dtype in REALS
        and all(a.device.type == "cpu" and a.dtype == gap.dtype for a in arrays)
        and all(v.shape == shapes[i % 2] for i, v in enumerate(vectors))
        and (ntk is None or ntk.shape == gap.shape)
    )
    library = build.library(REALS[gap.dtype], "arccos") if applies else ""
    if isinstance(library, str):
        return None
    gap, new_gap = gap.contiguous(), gap.new_empty(gap.shape)
    if ntk is None:  # a row to read and one to write, of no consequence
        old_ntk, new_ntk, stride = gap.new_zeros(gap.shape[1]), gap.new_empty(gap.shape[1]), 0
    else:
        old_ntk, new_ntk, stride = ntk.contiguous(), gap.new_empty(gap.shape), gap.shape[1]
    kept = [v.contiguous() for v in vectors]
    getattr(library, name)(
        *(ctypes.c_int64(n) for n in (*gap.shape, stride)),
        *(ctypes.c_void_p(a.data_ptr()) for a in (gap, old_ntk, *kept)),
        *(ctypes.c_double(scalar) for scalar in scalars),
        *(ctypes.c_void_p(a.data_ptr()) for a in (new_gap, new_ntk)),
    )
    return new_gap, None if ntk is None else new_ntk
