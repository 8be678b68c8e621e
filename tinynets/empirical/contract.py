"""Sum over parameters: from what each example adds to the kernel between examples."""

from collections.abc import Sequence

import torch
from torch import Tensor

from tinynets.empirical.factors import Dense, Factor, Product

# Rows and columns of a tile's largest intermediate: it stays in the cache, and a symmetric
# kernel computes little more than its upper half.
TILE = (160, 2048)


def fill(out: Tensor, rows: Sequence[Factor], columns: Sequence[Factor], outputs: str) -> None:
    """Write the kernel between two sets of examples into `out`, tile by tile.

    Parameters
    ----------
    out : torch.Tensor, (n1, outputs, n2, outputs), (n1, n2) or (n1, n2, outputs)
        For `outputs` "full", "trace" or "diagonal".
    rows, columns : sequence of Factor
        Of the first and second examples, in the same order. The same object twice: the
        kernel is symmetric, and half of its tiles are computed.
    """
    symmetric = rows is columns
    second = 2 if outputs == "full" else 1
    n_rows, n_columns = out.shape[0], out.shape[second]
    height, breadth = (max(1, entries // _width(rows, outputs)) for entries in TILE)
    for i in range(0, n_rows, height):
        tile_rows = [factor.take(slice(i, i + height)) for factor in rows]
        strip = out[i : i + height]
        for j in range(i if symmetric else 0, n_columns, breadth):
            tile_columns = [factor.take(slice(j, j + breadth)) for factor in columns]
            tile = strip.narrow(second, j, min(breadth, n_columns - j))
            tile.zero_()
            for first, other in zip(tile_rows, tile_columns, strict=True):
                ADD[type(first), outputs](tile, first, other)
        if symmetric:
            end = i + len(strip)
            symmetrise(strip.narrow(second, i, len(strip)), outputs)
            mirror(out, slice(i, end), slice(end, n_columns), outputs)


def mirror(out: Tensor, rows: slice, columns: slice, outputs: str) -> None:
    """Copy a block of a symmetric kernel to the other side of the diagonal."""
    if outputs == "full":
        out[columns, :, rows] = _transposed(out[rows, :, columns], outputs)
    else:
        out[columns, rows] = _transposed(out[rows, columns], outputs)


def symmetrise(out: Tensor, outputs: str) -> None:
    """Make a kernel equal to its transpose, to the last bit."""
    out += _transposed(out, outputs).clone()
    out /= 2


def _transposed(out: Tensor, outputs: str) -> Tensor:
    """Exchange first and second inputs, and their outputs."""
    return out.permute(2, 3, 0, 1) if outputs == "full" else out.transpose(0, 1)


def _width(factors: Sequence[Factor], outputs: str) -> int:
    """Entries that one example has on each side of the largest intermediate."""
    widths = [1]
    for factor in factors:
        if isinstance(factor, Dense):
            n_outputs, positions = factor.jacobian.shape[1], 1
        elif factor.cotangents is None:
            n_outputs, positions = 1, factor.inputs.shape[1]
        else:
            n_outputs, positions = factor.cotangents.shape[1:3]
        widths.append((n_outputs if outputs == "full" else 1) * positions)
    return max(widths)


def _dense_full(out: Tensor, a: Dense, b: Dense) -> None:
    flat = a.jacobian.flatten(0, 1) @ b.jacobian.flatten(0, 1).mT
    out += flat.view(out.shape)


def _dense_trace(out: Tensor, a: Dense, b: Dense) -> None:
    out.addmm_(a.jacobian.flatten(1), b.jacobian.flatten(1).mT, alpha=1 / a.jacobian.shape[1])


def _dense_diagonal(out: Tensor, a: Dense, b: Dense) -> None:
    out += torch.einsum("iop,jop->ijo", a.jacobian, b.jacobian)


def _product_full(out: Tensor, a: Product, b: Product) -> None:
    gram = _gram_of_inputs(a, b)
    if a.cotangents is None:
        out.diagonal(dim1=1, dim2=3).add_(gram[:, 0, :, 0, None])
    elif gram.shape[1] == gram.shape[3] == 1:
        flat = a.cotangents.flatten(0, 2) @ b.cotangents.flatten(0, 2).mT
        out.addcmul_(flat.view(out.shape), gram[:, 0, None, :, 0, None])
    else:
        flat = a.cotangents.flatten(0, 2) @ b.cotangents.flatten(0, 2).mT
        shape = (*a.cotangents.shape[:3], *b.cotangents.shape[:3])  # i, o, s, j, p, t
        out += (flat.view(shape) * gram[:, None, :, :, None]).sum((2, 5))


def _product_trace(out: Tensor, a: Product, b: Product) -> None:
    gram = _gram_of_inputs(a, b)  # (i, s, j, t)
    if a.cotangents is None:
        out += gram[:, 0, :, 0]
        return
    n_outputs = a.cotangents.shape[1]
    first, second = (f.cotangents.transpose(1, 2).flatten(2) for f in (a, b))
    flat = first.flatten(0, 1) @ second.flatten(0, 1).mT
    out.add_((flat.view(gram.shape) * gram).sum((1, 3)), alpha=1 / n_outputs)


def _product_diagonal(out: Tensor, a: Product, b: Product) -> None:
    gram = _gram_of_inputs(a, b)
    if a.cotangents is None:
        out += gram[:, 0, :, 0, None]
        return
    for o in range(a.cotangents.shape[1]):
        flat = a.cotangents[:, o].flatten(0, 1) @ b.cotangents[:, o].flatten(0, 1).mT
        out[..., o] += (flat.view(gram.shape) * gram).sum((1, 3))


def _gram_of_inputs(a: Product, b: Product) -> Tensor:
    """Return the inputs' Gram matrix, a bias's part included, (n1, positions, n2, positions)."""
    flat = a.inputs.flatten(0, 1) @ b.inputs.flatten(0, 1).mT + a.bias
    return flat.view(*a.inputs.shape[:2], *b.inputs.shape[:2])


ADD = {
    (Dense, "full"): _dense_full,
    (Dense, "trace"): _dense_trace,
    (Dense, "diagonal"): _dense_diagonal,
    (Product, "full"): _product_full,
    (Product, "trace"): _product_trace,
    (Product, "diagonal"): _product_diagonal,
}
