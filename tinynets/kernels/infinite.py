"""The kernels of an infinitely wide network as functions of its inputs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from tinynets import checks
from tinynets.kernels import state
from tinynets.kernels.layers import Layer

WANTED = ("both", "nngp", "ntk")
TILE = 1 << 19  # bytes of a kernel that are worked on at once, so that they stay in cache


class Limit(NamedTuple):
    """Kernels of an infinitely wide network, those of each of its outputs.

    Outputs are independent and alike: the covariance of all of them is one of these times the
    identity.
    """

    nngp: Tensor | None  # (n1, n2), or (n,) on the diagonal
    ntk: Tensor | None  # as nngp
    error: float  # relative, estimated, from activations without a closed form


@dataclass(frozen=True)
class KernelFunction:
    """The NNGP and NTK of an infinitely wide network; made by `kernels_of`.

    The NNGP is the covariance of an output over random weights. The NTK is the inner product
    of an output's gradients with respect to the parameters, of one output: a trace over the
    outputs divided by their number.
    """

    layer: Layer
    before: Callable[[Tensor], Tensor] | None = None  # what a net does before its first weights

    def __post_init__(self):
        if not isinstance(self.layer, Layer):
            raise TypeError(
                f"layer must be a Layer such as dense() or serial(...), got {self.layer!r}"
            )

    def __call__(
        self, x1: Tensor, x2: Tensor | None = None, *, want: str = "both", diagonal: bool = False
    ) -> Limit:
        """Compute the kernels between two sets of inputs.

        Parameters
        ----------
        x1, x2 : torch.Tensor, (n1, features) and (n2, features)
            Inputs, float64 or float32: as the network takes them, so with positions
            (n, channels, *positions) for convolutions and (n, positions, features) for
            attention. Without `x2` it is `x1`, and half of the work is done.
        want : "both", "nngp" or "ntk"
        diagonal : bool
            Compare x1[i] with x2[i] alone, which gives vectors.

        Returns
        -------
        Limit
        """
        features1, features2 = self.prepare(x1, x2, want=want, diagonal=diagonal)
        return self.between(features1, features2, want=want, diagonal=diagonal)

    def nngp(self, x1: Tensor, x2: Tensor | None = None) -> Tensor:
        """Return the covariances (n1, n2) of the network's outputs over random weights."""
        return self(x1, x2, want="nngp").nngp

    def ntk(self, x1: Tensor, x2: Tensor | None = None) -> Tensor:
        """Return the neural tangent kernel (n1, n2)."""
        return self(x1, x2, want="ntk").ntk

    def prepare(
        self, x1: Tensor, x2: Tensor | None, *, want: str, diagonal: bool
    ) -> tuple[state.Features, state.Features]:
        """Check inputs and split them into directions and sizes."""
        checks.choice("want", want, WANTED)
        first = self._features("x1", x1)
        if x2 is None or x2 is x1:
            return first, first
        second = self._features("x2", x2)
        if x1.shape[1:] != x2.shape[1:] or x1.dtype != x2.dtype:
            raise ValueError(
                f"x2 must have the shape and dtype of x1 but for the first axis, "
                f"{tuple(x1.shape)} and {x1.dtype}, got {tuple(x2.shape)} and {x2.dtype}"
            )
        if diagonal and len(x1) != len(x2):
            raise ValueError(
                f"x2 must have as many rows as x1 for a diagonal, {len(x1)}, got {len(x2)}"
            )
        return first, second

    def _features(self, name: str, x: Tensor) -> state.Features:
        if not isinstance(x, Tensor) or x.dtype not in state.NEAR:
            got = x.dtype if isinstance(x, Tensor) else type(x).__name__
            raise TypeError(f"{name} must be a float64 or float32 torch.Tensor, got {got}")
        with torch.no_grad():
            x = x if self.before is None else self.before(x)
            if x.ndim < 2:
                raise ValueError(
                    f"{name} must have shape (n, features) or more axes, got {tuple(x.shape)}"
                )
            return state.features(x, 1 if self.layer.channels_first else -1)

    def between(
        self, x1: state.Features, x2: state.Features, *, want: str, diagonal: bool
    ) -> Limit:
        """Compute the kernels of prepared inputs; half of them, mirrored, if they are one."""
        symmetric = x1 is x2 and not diagonal
        shape = (len(x1),) if diagonal else (len(x1), len(x2))
        outs = {name: x1.std.new_empty(shape) for name in ("nngp", "ntk") if want in (name, "both")}
        error = 0.0
        pairs = self.layer.mixes and x1.std.ndim > 1
        side = _side(x1, pairs=pairs, diagonal=diagonal)
        for rows, columns in tiles(len(x1), len(x2), side, symmetric, diagonal):
            part1 = x1[rows]
            part2 = part1 if x1 is x2 and rows == columns else x2[columns]
            with torch.no_grad():
                k = self.layer(
                    state.inputs(part1, part2, diagonal=diagonal, ntk="ntk" in outs, pairs=pairs)
                )
            self._check_output(k)
            values = {"nngp": k.covariance if "nngp" in outs else None, "ntk": k.ntk}
            place = rows if diagonal else (rows, columns)
            for name, out in outs.items():
                value = values[name]
                if symmetric and rows == columns:  # rounding may differ by the order
                    value = value.triu() + value.triu(1).mT
                out[place] = value
                if symmetric and rows != columns:
                    out[columns, rows] = value.mT
            error = max(error, k.error)
        return Limit(outs.get("nngp"), outs.get("ntk"), error)

    def _check_output(self, k: state.Kernels) -> None:
        if k.spatial:
            raise ValueError(
                f"{self.layer.name}: its outputs still have {k.spatial} axes of positions; end "
                "with flatten or global_average_pool and a dense layer"
            )


def _side(x: state.Features, *, pairs: bool, diagonal: bool) -> int:
    """Return how many inputs a side of a tile has."""
    positions = x.std[:1].numel()
    tile = max(1, TILE // x.std.element_size() // positions ** (2 if pairs else 1))
    return tile if diagonal else max(1, int(tile**0.5))


def tiles(
    n1: int, n2: int, side: int, symmetric: bool, diagonal: bool = False
) -> Iterator[tuple[slice, slice]]:
    """Cut a matrix into squares of `side`; if it is symmetric, its upper half.

    Parameters
    ----------
    n1, n2 : int
        Rows and columns.
    side : int
        Of a square.
    symmetric : bool
        Whether the lower half is left out.
    diagonal : bool
        Whether only the diagonal is wanted, as a vector.

    Yields
    ------
    slice, slice
        Rows and columns of one tile.
    """
    for i in range(0, n1, side):
        rows = slice(i, min(i + side, n1))
        if diagonal:
            yield rows, rows
            continue
        for j in range(i if symmetric else 0, n2, side):
            yield rows, slice(j, min(j + side, n2))
