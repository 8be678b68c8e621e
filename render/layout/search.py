"""Full-text search, by pagefind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from render.errors import RenderError


def index(out: Path) -> None:
    """Write the search index of a built site into its folder `pagefind`."""
    command = [sys.executable, "-m", "pagefind", "--site", str(out), "--quiet"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    if done.returncode:
        raise RenderError(f"pagefind could not index the site: {done.stderr or done.stdout}")
    for path in (out / "pagefind").glob("pagefind-*ui*"):
        path.unlink()
