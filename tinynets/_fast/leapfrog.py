"""Compiled leapfrog steps for posteriors of one hidden layer.

What PyTorch spends on a small network is the overhead of each operation. A
few lines of C make whole trajectories in one call, on vectors of chains or,
where the network is wide, of units. Where it can't be used, the posterior
takes another path to the same draws up to rounding.
"""

import ctypes
import functools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import torch
from torch import Tensor

from tinynets import checks
from tinynets._fast import build
from tinynets._fast.stack import Layer, Stack

REALS = {torch.float64: "double", torch.float32: "float"}
MOST_INPUTS = 24  # beyond it, PyTorch's matrix products are faster
BLOCK = 16  # chains that stay in one thread: the most lanes of a vector
WORTH_A_THREAD = 200_000  # activations; a thread costs some 50 microseconds


class Problem(NamedTuple):
    """A Gaussian posterior with a fixed noise, as the C code knows it."""

    stack: Stack
    x: Tensor  # (n, inputs)
    y: Tensor  # (n, 1)
    prior_precision: Tensor  # (dim,)
    noise_precision: float  # over the temperature
    constant: float  # log density of weights 0 and residuals 0


class _Model(ctypes.Structure):
    _fields_ = (
        [(name, ctypes.c_int64) for name in ("n_inputs", "n_hidden", "n_examples", "relu")]
        + [(name, ctypes.c_void_p) for name in ("x", "y", "prior_precision")]
        + [(name, ctypes.c_double) for name in ("noise_precision", "constant")]
    )


class _Chains(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int64) for name in ("n_chains", "n_steps", "stride")] + [
        (name, ctypes.c_void_p)
        for name in (
            "step_size",
            "variance",
            "position",
            "momentum",
            "value",
            "gradient",
            "path_position",
            "path_momentum",
            "path_value",
            "path_gradient",
        )
    ]


class Compiled:
    """A log density whose gradient and trajectories are compiled."""

    def __init__(self, problem: Problem, library: ctypes.CDLL):
        """Keep the arrays alive that the C structure points to."""
        first = problem.stack.layers[0]
        self._leapfrog = library.leapfrog
        self._arrays = [
            array.contiguous() for array in (problem.x, problem.y, problem.prior_precision)
        ]
        self._ones = torch.ones_like(problem.prior_precision)
        self._model = _Model(
            first.n_in,
            first.n_out,
            len(problem.x),
            first.activation == "relu",
            *(array.data_ptr() for array in self._arrays),
            problem.noise_precision,
            problem.constant,
        )

    def value_and_grad(self, position: Tensor) -> tuple[Tensor, Tensor]:
        """Return log density (chains,) and its gradient (chains, dim)."""
        position = position.contiguous()
        value = position.new_empty(len(position))
        gradient = torch.empty_like(position)
        self._run(0, self._ones, position, position, position, value, gradient)
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
        ends, value = self._follow(position, momentum, gradient, step_size, variance, n_leapfrog)
        return ends[0], ends[1], value, ends[2]

    def trajectory_states(
        self,
        position: Tensor,
        momentum: Tensor,
        gradient: Tensor,
        step_size: float | Tensor,
        variance: Tensor | None,
        n_leapfrog: int,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Make leapfrog steps and keep them all, (n_leapfrog, chains, …)."""
        shape = n_leapfrog, *position.shape
        positions, momenta, gradients = (position.new_empty(shape) for _ in range(3))
        values = position.new_empty(shape[:2])
        path = positions, momenta, values, gradients
        self._follow(position, momentum, gradient, step_size, variance, n_leapfrog, path)
        return path

    def _follow(
        self,
        position: Tensor,
        momentum: Tensor,
        gradient: Tensor,
        step_size: float | Tensor,
        variance: Tensor | None,
        n_leapfrog: int,
        path: Sequence[Tensor] = (),
    ) -> tuple[list[Tensor], Tensor]:
        ends = [
            tensor.clone(memory_format=torch.contiguous_format)
            for tensor in (position, momentum, gradient)
        ]
        chains = position.shape[0]
        value = position.new_empty(chains)
        if isinstance(step_size, Tensor):
            step_size = step_size.to(position.dtype).expand(chains, 1).contiguous()
        else:
            step_size = position.new_full((chains, 1), step_size)
        variance = self._ones if variance is None else variance.to(position.dtype).contiguous()
        self._run(n_leapfrog, variance, step_size, ends[0], ends[1], value, ends[2], path)
        return ends, value

    def _run(
        self,
        n_steps: int,
        variance: Tensor,
        step_size: Tensor,
        position: Tensor,
        momentum: Tensor,
        value: Tensor,
        gradient: Tensor,
        path: Sequence[Tensor] = (),
    ) -> None:
        chains, dim = position.shape[0], self._ones.shape[0]
        own = dim if variance.ndim == 2 else 0
        self._check("position", position, (chains, dim))
        self._check("momentum", momentum, (chains, dim))
        self._check("gradient", gradient, (chains, dim))
        self._check("variance", variance, (chains, dim) if own else (dim,))
        arrays = _Chains(
            chains,
            n_steps,
            own,
            *(
                tensor.data_ptr()
                for tensor in (step_size, variance, position, momentum, value, gradient, *path)
            ),
        )

        def part(first: int, last: int) -> int:
            return self._leapfrog(
                ctypes.byref(self._model),
                ctypes.byref(arrays),
                ctypes.c_int64(first),
                ctypes.c_int64(last),
            )

        work = max(n_steps, 1) * chains * self._model.n_hidden * self._model.n_examples
        if _in_parts(part, chains, work):
            raise MemoryError(f"no memory for a compiled trajectory of {chains} chains")

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


def why_not(stack: Stack, x: Tensor) -> str:
    """Return why the C code does not cover a net and its data; empty where it does."""
    first, *others = stack.layers
    if others != [Layer(first.n_out, 1)] or not first.bias:
        return "compiled is one hidden layer with biases and one output"
    if first.activation not in ("tanh", "relu"):
        return f"compiled are tanh and ReLU, not {first.activation}"
    if first.n_in > MOST_INPUTS:
        return f"for more than {MOST_INPUTS} inputs matrix products are faster"
    if x.dtype not in REALS:
        return f"compiled are float64 and float32, not {x.dtype}"
    if x.device.type != "cpu":
        return f"the C code runs on the CPU, the data are on {x.device}"
    return ""


def compiled(problem: Problem) -> Compiled | str:
    """Compile what `why_not` has nothing against, or say why it can't be."""
    library = build.library(REALS[problem.x.dtype])
    return library if isinstance(library, str) else Compiled(problem, library)


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
