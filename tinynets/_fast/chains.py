"""Compiled gradients and trajectories of posteriors of small nets.

What PyTorch spends on a small network is the overhead of each operation. A
few lines of C make whole trajectories in one call, on vectors of chains.
Where it can't be used, the posterior takes another path to the same draws up
to rounding.
"""

import ctypes
import functools
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from tinynets import checks
from tinynets._fast import build
from tinynets._fast.fits import Problem
from tinynets._fast.stack import Layer, Stack
from tinynets._fast.structures import Chains, LayerShape, Model, Trees, Walk

REALS = {torch.float64: "double", torch.float32: "float"}
# In the order of `enum activation` in vectors.h.
KINDS = ("identity", "tanh", "relu", "sigmoid", "softplus", "silu", "gelu", "elu", "selu", "erf")
MOST_WEIGHTS = 20_000  # beyond it, PyTorch's matrix products are faster
FUNCTIONS = {type(None): "leapfrog", Trees: "no_u_turn", Walk: "hamiltonian"}
BLOCK = 16  # chains that stay in one thread: the most lanes of a vector
WORTH_A_THREAD = 200_000  # products; a thread costs some 50 microseconds


class Compiled:
    """A log density whose gradient and trajectories are compiled."""

    def __init__(self, problem: Problem, library: ctypes.CDLL):
        """Keep the arrays alive that the C structure points to."""
        stack, n = problem.stack, len(problem.x)
        share = problem.x.new_full((n, 1), 1 / problem.temperature)
        data = torch.cat([problem.x, problem.y, share], 1)
        unknown = problem.x.new_zeros(len(problem.unknown_prior))
        self._library = library
        self._arrays = [
            array.to(data.dtype).contiguous()
            for array in (
                data,
                torch.cat([problem.prior_precision, unknown]),
                problem.precision,
                problem.unknown_prior,
            )
        ]
        self._ones = torch.ones_like(self._arrays[1])
        self._layers = (LayerShape * len(stack.layers))(
            *(
                LayerShape(one.n_in, one.n_out, KINDS.index(one.activation), one.bias)
                for one in stack.layers
            )
        )
        self._data, self._lanes = data, library.lanes()
        self._rows: dict[int, Tensor] = {}
        self._model = Model(
            len(stack.layers),
            problem.x.shape[1],
            problem.y.shape[1],
            n,
            stack.dim,
            len(unknown),
            problem.categorical,
            _is_one_layer(problem),
            self._layers,
            *(array.data_ptr() for array in self._arrays),
            (ctypes.c_void_p * 5)(),
            problem.n_observed,
            problem.constant,
        )

    def value_and_grad(self, position: Tensor) -> tuple[Tensor, Tensor]:
        """Return log density (chains,) and its gradient (chains, dim)."""
        position = position.contiguous()
        value = position.new_empty(len(position))
        gradient = torch.empty_like(position)
        self._run(0, None, 1.0, [position, position, gradient, value])
        return value, gradient

    def trajectory(
        self,
        position: Tensor,
        momentum: Tensor,
        gradient: Tensor,
        step_size: float | Tensor,
        variance: Tensor | None,
        n_leapfrog: int,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Make leapfrog steps; see `tinynets.samplers.base`."""
        ends = _copies(position, momentum, gradient, position.new_empty(len(position)))
        self._run(n_leapfrog, variance, step_size, ends)
        return ends[0], ends[1], ends[3], ends[2]

    def no_u_turn(
        self,
        position: Tensor,
        log_density: Tensor,
        gradient: Tensor,
        momentum: Tensor,
        step_size: float | Tensor,
        variance: Tensor | None,
        uniform: Sequence[Tensor],
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Make a No-U-Turn step; see `tinynets.samplers._nuts`."""
        ends = _copies(position, momentum, gradient, log_density)
        report = position.new_empty(4, len(position))
        numbers = [numbers.to(position.dtype).contiguous() for numbers in uniform]
        for name, tensor in zip(("direction", "join", "merge"), numbers, strict=True):
            self._check(f"uniform.{name}", tensor, (len(numbers[0]), len(position)))
        trees = Trees(len(numbers[0]), *(one.data_ptr() for one in (*numbers, *report)))
        self._run(16, variance, step_size, ends, trees)  # leaves of a tree: a guess
        return ends[0], ends[3], ends[2], report

    def hamiltonian(
        self,
        position: Tensor,
        log_density: Tensor,
        gradient: Tensor,
        momentum: Tensor,
        step_size: float | Tensor,
        variance: Tensor | None,
        n_leapfrog: Tensor,
        uniform: Tensor | None,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Make steps of HMC, MALA or ULA; see `tinynets.samplers._blocks`."""
        n_draws, (chains, dim) = len(n_leapfrog), position.shape
        ends = _copies(position, momentum[0], gradient, log_density)
        drawn = position.new_empty(chains, n_draws, dim), position.new_empty(6, chains, n_draws)
        unused = momentum[:, :, 0]  # of the shape that is checked
        numbers = [one.contiguous() for one in (momentum, unused if uniform is None else uniform)]
        self._check("momentum", numbers[0], (n_draws, chains, dim))
        self._check("uniform", numbers[1], (n_draws, chains))
        lengths = n_leapfrog.to(torch.int64).contiguous()
        walk = Walk(
            n_draws,
            uniform is not None,
            *(one.data_ptr() for one in (lengths, *numbers, drawn[0], *drawn[1])),
        )
        self._run(int(lengths.sum()), variance, step_size, ends, walk)
        return ends[0], ends[3], ends[2], drawn[0], drawn[1][0], drawn[1][1:]

    def _run(
        self,
        n_steps: int,
        variance: Tensor | None,
        step_size: float | Tensor,
        ends: list[Tensor],
        more: Trees | Walk | None = None,
    ) -> None:
        position, momentum, gradient, value = ends
        chains, dim = position.shape[0], self._ones.shape[0]
        if isinstance(step_size, Tensor):
            step_size = step_size.to(position.dtype).expand(chains, 1).contiguous()
        else:
            step_size = position.new_full((chains, 1), step_size)
        variance = self._ones if variance is None else variance.to(position.dtype).contiguous()
        own = dim if variance.ndim == 2 else 0
        self._check("position", position, (chains, dim))
        self._check("momentum", momentum, (chains, dim))
        self._check("gradient", gradient, (chains, dim))
        self._check("variance", variance, (chains, dim) if own else (dim,))
        self._deal(chains % self._lanes)
        arrays = Chains(
            chains,
            n_steps,
            own,
            *(
                tensor.data_ptr()
                for tensor in (step_size, variance, position, momentum, value, gradient)
            ),
        )

        run = getattr(self._library, FUNCTIONS[type(more)])
        given = [ctypes.byref(one) for one in (self._model, arrays, more) if one is not None]

        def part(first: int, last: int) -> int:
            return run(*given, ctypes.c_int64(first), ctypes.c_int64(last))

        work = max(n_steps, 1) * chains * self._model.n_weights * self._model.n_examples
        if _in_parts(part, chains, work):
            raise MemoryError(f"no memory for a compiled trajectory of {chains} chains")

    def _deal(self, chains: int) -> None:
        """Lay the data out for the last group of chains, if it does not fill the lanes."""
        k = max(0, chains - 1).bit_length()
        if chains and 2**k < self._lanes and k not in self._rows:
            self._rows[k] = _by_lane(self._data, 2**k, self._lanes)
            self._model.rows[k] = self._rows[k].data_ptr()

    def _check(self, name: str, tensor: Tensor, shape: tuple) -> None:
        """Refuse what C would read or write beyond its end."""
        if tensor.shape != shape:
            checks.shape(name, tensor, shape)
        if tensor.dtype != self._ones.dtype:
            raise TypeError(
                f"{name} must be {self._ones.dtype}, the dtype of the data, got "
                f"{tensor.dtype}; convert it with {name}.to({self._ones.dtype})"
            )
        if tensor.device.type != "cpu":
            raise ValueError(
                f"{name} must be on the CPU, where the data are, got one on "
                f"{tensor.device}; move it with {name}.cpu()"
            )


def _copies(*tensors: Tensor) -> list[Tensor]:
    """Return contiguous copies, for C to write into."""
    return [tensor.clone(memory_format=torch.contiguous_format) for tensor in tensors]


def _is_one_layer(problem: Problem) -> bool:
    """Tell whether a net is one of those that have loops of their own in C."""
    first, *others = problem.stack.layers
    return (
        others == [Layer(first.n_out, 1)]
        and (first.n_in, first.bias) == (1, True)
        and first.activation in ("tanh", "relu")
        and not problem.categorical
        and not len(problem.unknown_prior)
    )


def _by_lane(data: Tensor, chains: int, lanes: int) -> Tensor:
    """Deal examples out to the copies of chains, (rows, width, lanes).

    A lane's copy is lane // chains, and has a run of the examples; what is
    missing at the end of the last runs has no share in the density.
    """
    copies = max(1, lanes // chains)
    n_rows = -(-len(data) // copies)
    padded = torch.cat([data, data.new_zeros(n_rows * copies - len(data), data.shape[1])])
    dealt = padded.unflatten(0, (copies, n_rows)).repeat_interleave(lanes // copies, 0)
    return dealt.permute(1, 2, 0).contiguous()


def why_not(stack: Stack, x: Tensor) -> str:
    """Return why the C code does not cover a net and its data; empty where it does."""
    others = {layer.activation for layer in stack.layers} - set(KINDS)
    if others:
        return f"compiled are {', '.join(KINDS[1:])}, not {others.pop()}"
    if stack.dim > MOST_WEIGHTS:
        return f"for more than {MOST_WEIGHTS:,} weights matrix products are faster"
    if x.dtype not in REALS:
        return f"compiled are float64 and float32, not {x.dtype}"
    if x.device.type != "cpu":
        return f"the C code runs on the CPU, the data are on {x.device}"
    return ""


def compiled(problem: Problem) -> Compiled | str:
    """Compile what `why_not` has nothing against, or say why it can't be."""
    library = build.library(REALS[problem.x.dtype])
    if not isinstance(library, str):
        return Compiled(problem, library)
    _say(library)
    return library


@functools.cache
def _say(reason: str) -> None:
    """Say once why the slower way is taken: a log line, on stderr unless somebody listens."""
    logging.getLogger("tinynets").warning(
        "gradients of posteriors are computed in PyTorch, not in C: %s", reason
    )


def _in_parts(part: Callable, chains: int, work: int) -> bool:
    """Share chains out to as many threads as PyTorch has, if it pays."""
    n_parts = min(torch.get_num_threads(), -(-chains // BLOCK), max(1, work // WORTH_A_THREAD))
    size = -(-chains // (BLOCK * n_parts)) * BLOCK
    bounds = [(first, min(first + size, chains)) for first in range(0, chains, size)]
    waiting = [_pool().submit(part, *bound) for bound in bounds[1:]]
    return bool(part(*bounds[0]) + sum(one.result() for one in waiting))


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(thread_name_prefix="tinynets")
