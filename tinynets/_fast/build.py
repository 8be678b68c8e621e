"""Compile C sources once for this machine, and load what came out."""

import ctypes
import functools
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parent
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
SECONDS = 120  # a compiler that takes longer than that has hung
SWITCH = "TINYNETS_COMPILE"


@functools.cache
def library(real: str, source: str = "chains") -> ctypes.CDLL | str:
    """Return a compiled library, or why there is none.

    It is kept in `tinynets/compiled` of the user's cache (`XDG_CACHE_HOME`),
    under a hash of source, compiler and processor, with a file beside it that
    holds the hash of its bytes: one that was cut short or altered is made
    anew. `CC` names another compiler, with its options if need be;
    `TINYNETS_COMPILE=0` turns all of this off.

    Parameters
    ----------
    real : {"double", "float"}
        The C type of all numbers.
    source : {"chains", "arccos"}
        The file beside this one, without its ending.
    """
    if os.environ.get(SWITCH) == "0":
        return f"{SWITCH}=0 switches the C code off"
    try:
        command = shlex.split(os.environ.get("CC") or "cc")
    except ValueError as error:
        return f"CC={os.environ['CC']!r} is not a command: {error}"
    if not command or shutil.which(command[0]) is None:
        return f"there is no C compiler {command[0] if command else ''!r}; install cc or set CC"
    try:
        path = FOLDER / f"{source}.c"
        name = f"{source}-{real}-{_fingerprint(command, path)}.so"
        built = _cache() / name
        if not _is_whole(built):
            _build([*command, *FLAGS, f"-DREAL={real}"], path, built)
        return ctypes.CDLL(str(built))
    except subprocess.CalledProcessError as error:
        return f"{command[0]} can't compile the C code: {_first_line(error.stderr)}"
    except subprocess.TimeoutExpired:
        return f"{command[0]} took more than {SECONDS} s"
    except OSError as error:
        return (
            f"the C code can't be kept in {_cache()} or loaded from there: {error}; let "
            "XDG_CACHE_HOME name a folder that can be written and run from"
        )


def _cache() -> Path:
    """Return the folder of compiled files; only an absolute XDG path counts."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(home) if os.path.isabs(home) else Path.home() / ".cache"
    return root / "tinynets" / "compiled"


def _build(command: list[str], source: Path, built: Path) -> None:
    """Compile in a folder of its own, then put library and digest in place.

    Both are on the disk before they get their names; the digest comes last,
    so that a library without one is not taken for whole.
    """
    built.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=built.parent) as folder:
        fresh, digest = Path(folder) / built.name, Path(folder) / "digest"
        subprocess.run(
            [*command, "-o", str(fresh), str(source)],
            check=True,
            capture_output=True,
            timeout=SECONDS,
        )
        digest.write_text(hashlib.sha256(fresh.read_bytes()).hexdigest())
        for path in (fresh, digest):
            with path.open("rb") as file:
                os.fsync(file.fileno())
        fresh.replace(built)
        digest.replace(_digest_of(built))


def _is_whole(built: Path) -> bool:
    """Tell whether a library's bytes are those that were built."""
    try:
        expected = _digest_of(built).read_text()
        return hashlib.sha256(built.read_bytes()).hexdigest() == expected
    except (OSError, UnicodeDecodeError):
        return False


def _digest_of(built: Path) -> Path:
    return built.with_suffix(".sha256")


def _fingerprint(command: list[str], source: Path) -> str:
    """Hash all that the compiled code depends on."""
    version = subprocess.run([*command, "--version"], capture_output=True, timeout=SECONDS)
    headers = sorted(source.parent.glob("*.h"))
    parts = (
        *(path.read_text(encoding="utf-8") for path in (source, *headers)),
        command,
        FLAGS,
        version.stdout,
        platform.machine(),
        platform.processor(),
        _processor_features(),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _processor_features() -> list[str]:
    """List what the processor can do: `flags` on x86, `Features` on ARM."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return []
    return sorted({line for line in lines if line.startswith(("flags", "Features", "CPU part"))})


def _first_line(stderr: bytes) -> str:
    lines = stderr.decode(errors="replace").strip().splitlines()
    return lines[0] if lines else "no message"
