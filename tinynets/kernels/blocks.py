"""Large kernels in blocks: bounded memory, several processes, devices or machines.

    whole = in_blocks(kernels, x, block_size=2000, n_jobs=4, progress=True)

Blocks go through `joblib`, so that they run wherever its backend does:

    with joblib.parallel_config(backend="dask"):    # or "ray", "threading", "loky"
        whole = in_blocks(kernels, x)
"""

from collections.abc import Iterable, Iterator, Sequence

import joblib
import torch
from torch import Tensor
from tqdm import tqdm

from tinynets import checks
from tinynets.kernels import state
from tinynets.kernels.infinite import KernelFunction, Limit, tiles

Slices = tuple[slice, slice]


def in_blocks(
    kernels: KernelFunction,
    x1: Tensor,
    x2: Tensor | None = None,
    *,
    want: str = "both",
    block_size: int = 2000,
    n_jobs: int | None = None,
    devices: Sequence[str | torch.device] = (),
    progress: bool = False,
) -> Limit:
    """Compute kernels block by block, each where it fits.

    Parameters
    ----------
    kernels : KernelFunction
        From `kernels_of`.
    x1, x2 : Tensor, (n1, ...) and (n2, ...)
        Inputs as the network takes them; without `x2` the blocks of one half are computed
        and mirrored.
    want : "both", "nngp" or "ntk"
    block_size : int
        Inputs on a side of a block; it need not divide n1 or n2. What a job holds is two sets
        of that many inputs and its blocks of the results.
    n_jobs : int, optional
        Blocks at a time, as in `joblib.Parallel`; None takes what
        `joblib.parallel_config` says, or one.
    devices : sequence of str or torch.device
        Where blocks are computed, in turn: `["cuda:0", "cuda:1"]`. Empty: where `x1` is.
        Results come back to the device of `x1`.
    progress : bool
        Show a bar of blocks.

    Returns
    -------
    Limit
        The same as from `kernels(x1, x2)`.
    """
    checks.count("block_size", block_size)
    first, second = kernels.prepare(x1, x2, want=want, diagonal=False)
    symmetric = first is second
    places = list(tiles(len(first), len(second), block_size, symmetric))
    shape = len(first), len(second)
    outs = {name: first.std.new_empty(shape) for name in ("nngp", "ntk") if want in (name, "both")}
    error = 0.0
    for (rows, columns), block in tqdm(
        _done(kernels, first, second, places, want, n_jobs, devices),
        total=len(places),
        unit="block",
        disable=not progress,
    ):
        for name, out in outs.items():
            value = getattr(block, name).to(out.device)
            out[rows, columns] = value
            if symmetric and rows != columns:
                out[columns, rows] = value.mT
        error = max(error, block.error)
    return Limit(outs.get("nngp"), outs.get("ntk"), error)


def _done(
    kernels: KernelFunction,
    first: state.Features,
    second: state.Features,
    places: Sequence[Slices],
    want: str,
    n_jobs: int | None,
    devices: Sequence[str | torch.device],
) -> Iterator[tuple[Slices, Limit]]:
    """Yield blocks as they are done, in whatever order."""

    def tasks() -> Iterable:
        for i, (rows, columns) in enumerate(places):
            same = first is second and rows == columns
            parts = _own(first[rows]), None if same else _own(second[columns])
            device = devices[i % len(devices)] if devices else None
            yield joblib.delayed(_block)(kernels, i, *parts, want, device)

    parallel = joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered")
    for i, block in parallel(tasks()):
        yield places[i], block


def _block(
    kernels: KernelFunction,
    i: int,
    x1: state.Features,
    x2: state.Features | None,
    want: str,
    device: str | torch.device | None,
) -> tuple[int, Limit]:
    x1, x2 = (None if x is None else _moved(x, device) for x in (x1, x2))
    return i, kernels.between(x1, x1 if x2 is None else x2, want=want, diagonal=False)


def _own(x: state.Features) -> state.Features:
    """Copy a slice: pickled, a view would take the whole of its tensor along."""
    return state.Features(*(part.clone() for part in x))


def _moved(x: state.Features, device: str | torch.device | None) -> state.Features:
    return x if device is None else state.Features(*(part.to(device) for part in x))
