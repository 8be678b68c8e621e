"""Which files of the project a page read while it ran, and whether they are still the same.

Python tells a hook of each file it opens and each folder it lists. Files that the
page wrote itself, modules being imported, and what lies outside the project or was
made by a render do not count. Processes that a page starts are not watched.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

# Runs in the kernel. Keeps path -> [time, size] of a file, or names in a folder, as first read.
WATCH = """
def _render_watch(root):
    import os, sys, types
    seen, written = {}, set()
    def state(path, is_folder):
        try:
            found = os.stat(path)
            if is_folder:
                return sorted(os.listdir(path))
            return [found.st_mtime_ns, found.st_size]
        except OSError:
            return None
    def note(event, given):
        if event == "open":
            path, mode, flags = given
        elif event in ("os.listdir", "os.scandir"):
            path, mode, flags = given[0], "r", 0
        else:
            return
        if busy or isinstance(path, int):
            return
        try:
            name = sys._getframe(1).f_code.co_filename
            if "importlib" in name:
                return
            path = os.path.abspath(os.fsdecode("." if path is None else path))
            if not path.startswith(root + os.sep) and path != root:
                return
            busy.append(1)
            try:
                if event == "open" and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                    written.add(path)
                elif path not in written and path not in seen:
                    seen[path] = state(path, event != "open")
            finally:
                busy.clear()
        except Exception:
            return
    busy = []
    sys.addaudithook(note)
    module = types.ModuleType("_render_reads")
    def found():
        import json
        files = {
            os.path.abspath(m.__file__) for m in list(sys.modules.values())
            if isinstance(getattr(m, "__file__", None), str)
        }
        modules = sorted(f for f in files if f.startswith(root + os.sep) and f.endswith(".py"))
        return json.dumps({"read": seen, "modules": modules})
    module.found = found
    sys.modules["_render_reads"] = module
_render_watch({root})
"""
ASK = "__import__('sys').modules['_render_reads'].found()"


def of_project(read: Mapping[str, list | None], root: Path) -> dict[str, list | None]:
    """Return what was read of the project's sources, without what a render makes.

    Parameters
    ----------
    read
        What the kernel tells: absolute path to time and size, or to the names in a folder.
    """
    return {path: seen for path, seen in read.items() if not is_made(os.path.relpath(path, root))}


def unchanged_since(read: Mapping[str, list | None]) -> bool:
    """Tell whether files and folders are as they were when the page read them."""
    return all(_state(Path(path)) == seen for path, seen in read.items())


def _state(path: Path) -> list | None:
    try:
        if path.is_dir():
            return sorted(os.listdir(path))
        found = path.stat()
        return [found.st_mtime_ns, found.st_size]
    except OSError:
        return None


def digests(paths: Iterable[str], root: Path) -> dict[str, str]:
    """Return path (from the root) to digest."""
    names = sorted(os.path.relpath(path, root) for path in paths)
    return {name: digest(root / name) for name in names if not is_made(name)}


def is_made(name: str) -> bool:
    """Tell whether a path (from the root) leads to something that is not a source."""
    return any(
        part.startswith((".", "_site", "__pycache__"))
        or part.endswith(("_files", ".pyc", ".quarto_ipynb", "~"))
        or part == "node_modules"
        for part in Path(name).parts
        if part != "."
    )


def digest(path: Path) -> str:
    """Hash a file, or the names of the sources in a folder; empty for what is not there."""
    try:
        if path.is_dir():
            data = "\n".join(
                sorted(name for name in os.listdir(path) if not is_made(name))
            ).encode()
        else:
            data = path.read_bytes()
    except OSError:
        return ""
    return hashlib.sha256(data).hexdigest()[:24]
