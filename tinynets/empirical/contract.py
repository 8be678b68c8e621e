"""Sum over parameters: from what each example adds to the kernel between examples."""

import itertools
from collections.abc import Iterator, Sequence

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
    out : torch.Tensor, (outputs, n1, outputs, n2), (n1, n2) or (n1, n2, outputs)
        For `outputs` "full", "trace" or "diagonal".
    rows, columns : sequence of Factor
        Of the first and second examples, in the same order. The same object twice: the
        kernel is symmetric, and half of its tiles are computed.
    outputs : "full", "trace" or "diagonal"
        Which entries of the kernel over outputs.
    """
    first, second = AXES[outputs]
    n_rows, n_columns = out.shape[first], out.shape[second]
    positions = max([1, *map(_positions, rows)])
    height, breadth = (max(1, entries // positions) for entries in TILE)
    for i in _spans(0, n_rows, height):
        tile_rows = [factor.take(i) for factor in rows]
        strip = out.narrow(first, i.start, i.stop - i.start)
        across = _spans(0, n_columns, breadth)
        if rows is columns:  # the square on the diagonal, and what is to the right of it
            across = itertools.chain([i], _spans(i.stop, n_columns, breadth))
        for j in across:
            tile = strip.narrow(second, j.start, j.stop - j.start)
            square = rows is columns and i == j
            tile_columns = tile_rows if square else [factor.take(j) for factor in columns]
            _fill_tile(tile, tile_rows, tile_columns, outputs, positions)
            if square:
                symmetrise(tile, outputs)
        if rows is columns:
            mirror(out, i, slice(i.stop, n_columns), outputs)


def mirror(out: Tensor, rows: slice, columns: slice, outputs: str) -> None:
    """Copy a block of a symmetric kernel to the other side of the diagonal.

    Parameters
    ----------
    out : Tensor
        The kernel, changed in place.
    rows, columns : slice
        The block that is there.
    outputs : "full", "trace" or "diagonal"
        Which entries over outputs the kernel has.
    """
    if outputs == "full":
        out[:, columns, :, rows] = _transposed(out[:, rows, :, columns], outputs)
    else:
        out[columns, rows] = _transposed(out[rows, columns], outputs)


def symmetrise(out: Tensor, outputs: str) -> None:
    """Make a kernel equal to its transpose, to the last bit, by its upper half.

    Of a full one with several outputs that is the half of the pairs of outputs: `out[o, :, p]`
    for o < p is copied, and for o = p replaced by the mean of itself and its transpose.

    Parameters
    ----------
    out : Tensor
        The kernel, changed in place.
    outputs : "full", "trace" or "diagonal"
        Which entries over outputs the kernel has.
    """
    if outputs != "full":
        out += _transposed(out, outputs).clone()
        out /= 2
        return
    for o in range(len(out)):
        own = out[o, :, o]
        own += own.mT.clone()
        own /= 2
        out[o + 1 :, :, o] = out[o, :, o + 1 :].permute(1, 2, 0)


def _transposed(out: Tensor, outputs: str) -> Tensor:
    """Exchange first and second inputs, and their outputs."""
    return out.permute(2, 3, 0, 1) if outputs == "full" else out.transpose(0, 1)


def _spans(start: int, stop: int, size: int) -> Iterator[slice]:
    return (slice(at, min(at + size, stop)) for at in range(start, stop, size))


def _positions(factor: Factor) -> int:
    return 1 if isinstance(factor, Dense) else factor.inputs.shape[1]


def _fill_tile(out: Tensor, rows, columns, outputs: str, positions: int) -> None:
    """Sum over factors; of a symmetric full tile only outputs o <= p, by blocks of both."""
    out.zero_()
    grams = [
        None if isinstance(a, Dense) else _gram_of_inputs(a, b)
        for a, b in zip(rows, columns, strict=True)
    ]
    if outputs != "full":
        for a, b, gram in zip(rows, columns, grams, strict=True):
            ADD[type(a), outputs](out, a, b, gram)
        return
    n_outputs, n_rows, _, n_columns = out.shape
    high, broad = (
        max(1, size // (n * positions)) for size, n in zip(TILE, (n_rows, n_columns), strict=True)
    )
    for o in _spans(0, n_outputs, high):
        for p in _spans(o.start if rows is columns else 0, n_outputs, broad):
            part = out[o, :, p]
            for a, b, gram in zip(rows, columns, grams, strict=True):
                ADD[type(a), outputs](part, a.of(o), b.of(p), gram)
    for a, gram in zip(rows, grams, strict=True):
        if isinstance(a, Product) and a.cotangents is None:
            out.diagonal(dim1=0, dim2=2).add_(gram[:, 0, :, 0, None])


def _gram_of_inputs(a: Product, b: Product) -> Tensor:
    """Return the inputs' Gram matrix, a bias's part included, (n1, positions, n2, positions)."""
    flat = a.inputs.flatten(0, 1) @ b.inputs.flatten(0, 1).mT
    return (flat + a.bias if a.bias else flat).view(*a.inputs.shape[:2], *b.inputs.shape[:2])


def _dense_full(out: Tensor, a: Dense, b: Dense, _: None) -> None:
    flat = a.jacobian.flatten(0, 1) @ b.jacobian.flatten(0, 1).mT
    out += flat.view(out.shape)


def _dense_trace(out: Tensor, a: Dense, b: Dense, _: None) -> None:
    first, second = (f.jacobian.transpose(0, 1).flatten(1) for f in (a, b))
    out.addmm_(first, second.mT, alpha=1 / len(a.jacobian))


def _dense_diagonal(out: Tensor, a: Dense, b: Dense, _: None) -> None:
    out += torch.einsum("oip,ojp->ijo", a.jacobian, b.jacobian)


def _product_full(out: Tensor, a: Product, b: Product, gram: Tensor) -> None:
    if a.cotangents is None:  # the identity: added once, for the whole tile
        return
    flat = a.cotangents.flatten(0, 2) @ b.cotangents.flatten(0, 2).mT
    if gram.shape[1] == gram.shape[3] == 1:
        out.addcmul_(flat.view(out.shape), gram[:, 0, None, :, 0])
    else:
        shape = (*a.cotangents.shape[:3], *b.cotangents.shape[:3])  # o, i, s, p, j, t
        out += (flat.view(shape) * gram[:, :, None]).sum((2, 5))


def _product_trace(out: Tensor, a: Product, b: Product, gram: Tensor) -> None:
    if a.cotangents is None:
        out += gram[:, 0, :, 0]
        return
    first, second = (f.cotangents.movedim(0, 2).flatten(2).flatten(0, 1) for f in (a, b))
    flat = first @ second.mT
    out.add_((flat.view(gram.shape) * gram).sum((1, 3)), alpha=1 / len(a.cotangents))


def _product_diagonal(out: Tensor, a: Product, b: Product, gram: Tensor) -> None:
    if a.cotangents is None:
        out += gram[:, 0, :, 0, None]
        return
    for o, (first, second) in enumerate(zip(a.cotangents, b.cotangents, strict=True)):
        flat = first.flatten(0, 1) @ second.flatten(0, 1).mT
        out[..., o] += (flat.view(gram.shape) * gram).sum((1, 3))


# The axes of the first and second examples.
AXES = {"full": (1, 3), "trace": (0, 1), "diagonal": (0, 1)}
ADD = {
    (Dense, "full"): _dense_full,
    (Dense, "trace"): _dense_trace,
    (Dense, "diagonal"): _dense_diagonal,
    (Product, "full"): _product_full,
    (Product, "trace"): _product_trace,
    (Product, "diagonal"): _product_diagonal,
}
