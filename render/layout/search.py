"""Full-text search, by pagefind: one index for both engines, over the finished pages.

Its own interface stays out: the dialog of `static/search.js` is 3 kB, and needs no
style sheet or script of its own.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from render.errors import RenderError

# No prose: code, output, the TeX inside a formula, pictures, references, controls.
NOT_FOUND = (
    "pre, .code-fold, math[display=block], annotation, svg, #refs, .explorable-controls, .equation-number,"
    " .quarto-title-meta, .page-navigation, .anchor-link"
)


def index(out: Path) -> None:
    """Write the search index of a built site into its folder `pagefind`."""
    command = [sys.executable, "-m", "pagefind", "--site", str(out), "--quiet"]
    command += ["--exclude-selectors", NOT_FOUND]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    if done.returncode:
        raise RenderError(f"pagefind could not index the site: {done.stderr or done.stdout}")
    for path in (out / "pagefind").glob("pagefind-*ui*"):
        path.unlink()
