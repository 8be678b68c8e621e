"""Runs the notebooks of a built site from first cell to last, as a reader would.

    python tools/run_notebooks.py _site [posts/weight-masks/index.ipynb …]

It needs the package (`pip install .`), nbclient and ipykernel, and nothing else of the site.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 600  # that one cell may take


def main(site: str, *names: str) -> int:
    """Run all notebooks, or those named; say which fail, and how."""
    folder = Path(site)
    found = [folder / name for name in names] or sorted(folder.rglob("*.ipynb"))
    if not found:
        print(f"there are no notebooks in {site}: render the site first", file=sys.stderr)
        return 1
    failed = [path for path in found if not runs(path, folder)]
    return int(bool(failed))


def runs(path: Path, site: Path) -> bool:
    """Tell whether a notebook runs, in the folder of its page."""
    name, began = path.relative_to(site), time.monotonic()
    notebook = nbformat.read(path, as_version=4)
    place = {"metadata": {"path": str((ROOT / name).parent)}}
    try:
        NotebookClient(notebook, timeout=SECONDS, resources=place).execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return False
    print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:] or ["_site"]))
