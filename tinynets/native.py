"""Compiled leapfrog steps for one-hidden-layer posteriors, an option.

What PyTorch spends on a small network is the overhead of each operation. A
few lines of C make whole trajectories in one call, on vectors of chains or,
where the network is wide, of units. Where there is no C compiler, `compiled`
returns the posterior as it is: the same draws up to rounding, only slower.
"""

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from torch import Tensor

from tinynets import checks
from tinynets.bnn import Posterior
from tinynets.onelayer import OneLayer

SOURCE = Path(__file__).with_name("onelayer.c")
FLAGS = [
    "-O3",
    "-march=native",
    "-fopenmp-simd",
    "-std=gnu11",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-shared",
    "-fPIC",
]
if platform.machine() in ("x86_64", "AMD64"):
    FLAGS.append("-mprefer-vector-width=512")
REALS = {torch.float64: "double", torch.float32: "float"}
BLOCK = 16  # chains that stay in one thread: the most lanes of a vector
WORTH_A_THREAD = 200_000  # activations; a thread costs some 50 microseconds


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
    """A posterior whose gradient and trajectories are compiled.

    It is called like the posterior, of which it is the same function.
    """

    def __init__(self, posterior: Posterior, library: ctypes.CDLL):
        """Keep the arrays alive that the C structure points to."""
        shape = posterior.forward
        self.posterior = posterior
        self._leapfrog = library.leapfrog
        self._arrays = [
            array.contiguous() for array in (posterior.x, posterior.y, posterior.prior_std**-2)
        ]
        self._ones = torch.ones_like(posterior.prior_std)
        nothing = torch.zeros_like(posterior.prior_std)[None]
        residual = posterior.y - posterior.functions(nothing, posterior.x)[0]
        precision = 1 / (posterior.noise**2 * posterior.temperature)
        constant = posterior(nothing) + 0.5 * precision * (residual**2).sum()
        self._model = _Model(
            shape.n_inputs,
            shape.n_hidden,
            len(posterior.x),
            shape.activation == "relu",
            *(array.data_ptr() for array in self._arrays),
            precision,
            constant.item(),
        )

    def __call__(self, position: Tensor) -> Tensor:
        """Return the log density of each position, (chains,)."""
        return self.posterior(position)

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

    def path(
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
        path = [position.new_empty(shape[:width]) for width in (3, 3, 2, 3)]
        self._follow(position, momentum, gradient, step_size, variance, n_leapfrog, path)
        return tuple(path)

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
        self._run(n_leapfrog, variance, step_size, *ends[:2], value, ends[2], path)
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
                f"{name} must be {self._ones.dtype}, the dtype of the data "
                f"of a compiled posterior, got {tensor.dtype}"
            )
        if tensor.device.type != "cpu":
            raise ValueError(
                f"{name} must be on the CPU, where a compiled "
                f"posterior is, got one on {tensor.device}"
            )


def compiled(posterior: Posterior) -> Compiled | Posterior:
    """Compile a posterior, if it can be; else return it as it is.

    Parameters
    ----------
    posterior : Posterior
        Of one hidden layer and one output, with a fixed noise, all of it in
        float64 or, for half the time and precision, in float32.

    Returns
    -------
    Compiled or Posterior
        Log densities with `value_and_grad`; the first has `trajectory` and
        `path` too.
    """
    possible = (
        isinstance(posterior.forward, OneLayer)
        and posterior.forward.n_outputs == 1
        and isinstance(posterior.noise, (int, float))
        and posterior.x.dtype == posterior.y.dtype == posterior.prior_std.dtype
        and posterior.x.dtype in REALS
        and posterior.x.device.type == "cpu"
    )
    found = library(REALS[posterior.x.dtype]) if possible else None
    return posterior if found is None else Compiled(posterior, found)


@functools.cache
def library(real: str = "double") -> ctypes.CDLL | None:
    """Compile the C source once for this machine; None where none can.

    The result is kept in the user's cache (`XDG_CACHE_HOME`), under a hash
    of source, compiler and processor. `TINYNETS_NATIVE=0` turns it off.
    """
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None or os.environ.get("TINYNETS_NATIVE") == "0":
        return None
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    built = cache / "tinynets" / (f"onelayer-{real}-{_fingerprint(compiler)}.so")
    try:
        if not built.exists():
            built.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=built.parent) as folder:
                fresh = Path(folder) / built.name
                subprocess.run(
                    [compiler, *FLAGS, f"-DREAL={real}", "-o", fresh, SOURCE],
                    check=True,
                    capture_output=True,
                )
                fresh.replace(built)
        return ctypes.CDLL(built)
    except (OSError, subprocess.CalledProcessError):
        return None  # no place to write, or a compiler of another kind


def _fingerprint(compiler: str) -> str:
    version = subprocess.run([compiler, "--version"], capture_output=True)
    flags = [line for line in _read("/proc/cpuinfo").splitlines() if line.startswith("flags")][:1]
    return hashlib.sha256(
        repr(
            (
                SOURCE.read_text(),
                FLAGS,
                version.stdout,
                platform.machine(),
                platform.processor(),
                flags,
            )
        ).encode()
    ).hexdigest()[:16]


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


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
