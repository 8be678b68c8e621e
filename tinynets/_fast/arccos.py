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


def gaps(products: Tensor, s1: Tensor, s2: Tensor, near: float) -> int | None:
    """Turn products of unit vectors into gaps, in place; return how many are near one.

    Parameters
    ----------
    products : torch.Tensor, (n1, n2), contiguous
    s1, s2 : torch.Tensor, (n1, 1) and (1, n2)
    near : float
        From what 1 - product on a pair does not count.
    """
    library = _library(products, (s1, s2)) if products.is_contiguous() else None
    if library is None:
        return None
    library.gaps.restype = ctypes.c_int64
    return library.gaps(
        *_sizes(*products.shape), *_arrays(s1, s2), ctypes.c_double(near), *_arrays(products)
    )


def covariances(gap: Tensor, q1: Tensor, q2: Tensor) -> Tensor | None:
    """Return sqrt(q1 q2) - gap, exactly the variance where both inputs are equal."""
    library = _library(gap, (q1, q2))
    if library is None:
        return None
    gap, out, stds = gap.contiguous(), gap.new_empty(gap.shape), (q1.sqrt(), q2.sqrt())
    library.covariances(*_sizes(*gap.shape), *_arrays(gap, *stds, q1, q2, out))
    return out


def hermite_sums(
    gap: Tensor, s1: Tensor, s2: Tensor, first: Tensor, second: Tensor, parity: int | None
) -> tuple[Tensor, Tensor] | None:
    """Return sum_n a_n b_n rho^n and its derivative with respect to rho.

    Parameters
    ----------
    gap : torch.Tensor, (n1, n2)
    s1, s2 : torch.Tensor, (n1, 1) and (1, n2), above zero
    first, second : torch.Tensor, (n1, 1, n_terms) and (1, n2, n_terms)
        Coefficients a and b.
    parity : int, optional
        0 or 1, if only even or odd degrees are not zero.
    """
    library = _library(gap, (s1, s2))
    if library is None:
        return None
    (n1, n2), n_terms, block = gap.shape, first.shape[-1], 256 // gap.element_size()
    gap, total, slope = gap.contiguous(), gap.new_empty(gap.shape), gap.new_empty(gap.shape)
    b = gap.new_zeros(n_terms, -(-n2 // block) * block)
    b[:, :n2] = second.reshape(n2, n_terms).mT
    a = first.reshape(n1, n_terms).contiguous()
    steps = (0, 1) if parity is None else (parity, 2)
    library.hermite_sums(
        *_sizes(n1, n2, n_terms, b.shape[1], *steps), *_arrays(gap, s1, s2, a, b, total, slope)
    )
    return total, slope


def _run(
    name: str,
    gap: Tensor,
    ntk: Tensor | None,
    vectors: tuple[Tensor, ...],
    scalars: tuple[float, ...],
) -> _Pair | None:
    library = _library(gap, vectors)
    if library is None or (ntk is not None and ntk.shape != gap.shape):
        return None
    gap, new_gap = gap.contiguous(), gap.new_empty(gap.shape)
    if ntk is None:  # a row to read and one to write, of no consequence
        old_ntk, new_ntk, stride = gap.new_zeros(gap.shape[1]), gap.new_empty(gap.shape[1]), 0
    else:
        old_ntk, new_ntk, stride = ntk.contiguous(), gap.new_empty(gap.shape), gap.shape[1]
    getattr(library, name)(
        *_sizes(*gap.shape, stride),
        *_arrays(gap, old_ntk, *(v.contiguous() for v in vectors)),
        *(ctypes.c_double(scalar) for scalar in scalars),
        *_arrays(new_gap, new_ntk),
    )
    return new_gap, None if ntk is None else new_ntk


def _library(gap: Tensor, vectors: tuple[Tensor, ...]) -> ctypes.CDLL | None:
    """Return the compiled code for (n1, n2) and vectors (n1, 1), (1, n2), ..., if there is one."""
    if gap.ndim != 2 or gap.dtype not in REALS or gap.device.type != "cpu":
        return None
    shapes = ((gap.shape[0], 1), (1, gap.shape[1]))
    if any(
        v.shape != shapes[i % 2] or v.dtype != gap.dtype or v.device != gap.device
        for i, v in enumerate(vectors)
    ):
        return None
    library = build.library(REALS[gap.dtype], "arccos")
    return None if isinstance(library, str) else library


def _sizes(*sizes: int) -> list[ctypes.c_int64]:
    return [ctypes.c_int64(size) for size in sizes]


def _arrays(*tensors: Tensor) -> list[ctypes.c_void_p]:
    return [ctypes.c_void_p(tensor.data_ptr()) for tensor in tensors]
