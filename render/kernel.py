"""One Jupyter kernel a page: this very Python, gone when the renderer goes."""

from __future__ import annotations

import ast
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError

from render import reads
from render.errors import RenderError
from render.streams import joined

PATIENCE = 120.0  # seconds for what we ask a kernel ourselves, on a busy machine
FIGURES = {"fig-width": 7, "fig-height": 5, "fig-format": "retina", "fig-dpi": 96}

# Runs first in each kernel: on Linux it dies with the renderer, even when that is killed.
_SETUP = """
import sys as _sys
if _sys.platform == "linux":
    import ctypes as _ctypes, os as _os
    _ctypes.CDLL(None).prctl(1, 9)
    if _os.getppid() != {parent}:
        _os._exit(1)
get_ipython().config.InlineBackend.figure_formats = {{"{fig-format}"}}
get_ipython().run_line_magic("reset", "-f")
"""
# What matplotlib reads where a page imports it: figures as Quarto sets them up.
_MATPLOTLIBRC = """\
figure.figsize: {fig-width}, {fig-height}
figure.dpi: {fig-dpi}
"""
# Of numerical libraries, and of joblib's workers: a page keeps to its share of the cores.
_LIMITS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "LOKY_MAX_CPU_COUNT")

# Asked after a failure: the frames as data, for a traceback in the page's lines.
_FRAMES = """
def _render_frames():
    import json, linecache, sys, traceback
    def frames(error):
        found = [
            [f.filename, f.lineno, f.name, (f.line or "").strip(),
             "".join(linecache.getlines(f.filename)) if "ipykernel_" in f.filename else None]
            for f in traceback.extract_tb(error.__traceback__)
            if "/IPython/" not in f.filename and "/ipykernel/" not in f.filename
        ]
        if isinstance(error, SyntaxError) and error.filename:
            found.append([error.filename, error.lineno, "", (error.text or "").strip(),
                          "".join(linecache.getlines(error.filename))])
        below = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        text = "".join(traceback.format_exception_only(type(error), error)[-1:])
        return {"frames": found, "text": text, "cause": frames(below) if below else None}
    return json.dumps(frames(sys.last_value))
"""


class _ThisPython(KernelSpecManager):
    """Knows one kernel, run by the interpreter that runs us."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        options = ["--HistoryManager.enabled=False", "--log-level=ERROR"]
        return KernelSpec(argv=command + options, display_name="Python", language="python")


class Kernel:
    """A running kernel; `run` executes one cell in it."""

    def __init__(self, client: NotebookClient) -> None:
        self._client = client
        self._count = 0

    async def run(self, code: str) -> list:
        """Execute code; return its outputs.

        Raises
        ------
        nbclient.exceptions.CellTimeoutError, nbclient.exceptions.DeadKernelError
        """
        self._count += 1
        cell = nbformat.v4.new_code_cell(code)
        self._client.nb.cells = [cell]
        await self._client.async_execute_cell(
            cell, 0, execution_count=self._count, store_history=True
        )
        return joined(cell.outputs)

    async def ask(
        self, code: str, expressions: Mapping[str, str], *, timeout: float = PATIENCE
    ) -> dict:
        """Evaluate expressions after silent code; return the kernel's replies by name.

        Raises
        ------
        TimeoutError
            It took longer than `timeout` seconds.
        """
        client = self._client
        request = client.kc.execute(
            code, silent=not expressions, store_history=False, user_expressions=dict(expressions)
        )
        client.timeout, kept = None, client.timeout  # nbclient's own is for cells alone
        try:
            reply = await asyncio.wait_for(client.async_wait_for_reply(request), timeout)
        finally:
            client.timeout = kept
        if reply is None:
            raise DeadKernelError("Kernel died")
        return reply["content"].get("user_expressions", {})

    async def reads(self) -> dict:
        """Return what the page read of the project, and the modules it has imported."""
        reply = await self.ask("", {"reads": reads.ASK})
        if reply.get("reads", {}).get("status") != "ok":  # a page that tampers with sys.modules
            return {}
        return json.loads(ast.literal_eval(reply["reads"]["data"]["text/plain"]))

    async def last_error(self) -> dict | None:
        """Return the frames of the exception that was raised last."""
        reply = await self.ask(_FRAMES, {"frames": "_render_frames()"})
        if reply.get("frames", {}).get("status") != "ok":
            return None
        return json.loads(ast.literal_eval(reply["frames"]["data"]["text/plain"]))


@asynccontextmanager
async def start_kernel(
    folder: Path,
    *,
    root: Path,
    cache: Path,
    figures: Mapping,
    threads: int,
    timeout: float,
    source: str,
) -> AsyncIterator[Kernel]:
    """Start a kernel that works in `folder`, set up as Quarto sets it up; end it after.

    Parameters
    ----------
    root
        Folder whose files are watched: which of them the page reads.
    figures
        `fig-width`, `fig-height` (inches), `fig-format`, `fig-dpi`.
    threads
        How many cores the libraries in it and joblib's workers may use.
    timeout
        Seconds that one cell may take.
    """
    runtime = tempfile.TemporaryDirectory(prefix="render-", ignore_cleanup_errors=True)
    manager = AsyncKernelManager(
        kernel_name="python3",
        kernel_spec_manager=_ThisPython(),
        transport="ipc",
        connection_file=f"{runtime.name}/kernel.json",
    )
    client = NotebookClient(
        nbformat.v4.new_notebook(),
        km=manager,
        timeout=timeout,
        allow_errors=True,
        record_timing=False,
        coalesce_streams=False,
        shutdown_kernel="immediate",
    )
    client.store_widget_state = False
    settings = {**FIGURES, **{k: v for k, v in figures.items() if k in FIGURES}}
    try:
        await client.async_start_new_kernel(
            cwd=str(folder), env=_environment(cache, Path(runtime.name), settings, threads)
        )
        await client.async_start_new_kernel_client()
        kernel = Kernel(client)
        await _set_up(kernel, settings, source, root, folder)
        yield kernel
    finally:
        if client.km is not None and client.km.has_kernel:
            await client.km.shutdown_kernel(now=True)
        if client.kc is not None:
            client.kc.stop_channels()
        runtime.cleanup()


async def _set_up(kernel: Kernel, settings: Mapping, source: str, root: Path, folder: Path) -> None:
    code = reads.WATCH.replace("{root}", repr(str(root)))
    code += _SETUP.format(parent=os.getpid(), **settings)
    reply = await kernel.ask(code, {"ready": "1"})
    if not folder.is_dir():
        raise RenderError(
            "its folder is gone; was the page moved or removed meanwhile? Run again", page=source
        )
    if reply.get("ready", {}).get("status") != "ok":
        raise RenderError(
            f"the Jupyter kernel could not be set up: {reply}; "
            "is ipykernel installed as constraints.txt has it?",
            page=source,
        )


def _environment(cache: Path, runtime: Path, settings: Mapping, threads: int) -> dict[str, str]:
    ipython, matplotlibrc = cache / "ipython", runtime / "matplotlibrc"
    ipython.mkdir(parents=True, exist_ok=True)
    matplotlibrc.write_text(_MATPLOTLIBRC.format(**settings), encoding="utf-8")
    retina = settings["fig-format"] == "retina"
    return {
        **os.environ,
        **{name: str(threads) for name in _LIMITS},
        "PYTHONHASHSEED": "0",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "IPYTHONDIR": str(ipython),
        "MATPLOTLIBRC": str(matplotlibrc),
        "QUARTO_FIG_WIDTH": str(settings["fig-width"]),
        "QUARTO_FIG_HEIGHT": str(settings["fig-height"]),
        "QUARTO_FIG_DPI": str(settings["fig-dpi"] * (2 if retina else 1)),
        "QUARTO_FIG_FORMAT": "png" if retina else settings["fig-format"],
    }
