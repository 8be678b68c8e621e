"""Full-text search, by pagefind: one index for both engines, over the finished pages.

Its own interface was tried (1.5.2) and stays out. It obeys the Content-Security-Policy, but axe
finds its field without a visible label and its text too pale in the dark, and it weighs 32 kB
gzipped; the dialog of `static/search.js` weighs 3.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from render.errors import RenderError

# No prose: code, output, the TeX inside a formula, pictures, references, controls.
NOT_FOUND = (
    "pre, .code-fold, math[display=block], annotation, svg, #refs, .explorable-controls,"
    " .equation-number, .quarto-title-meta, .page-navigation, .read-next, .anchor-link, .marks"
)


def index(out: Path) -> Callable[[], None]:
    """Begin to write the search index of a built site into its folder `pagefind`.

    Returns
    -------
    callable
        Waits for the index; raises a RenderError if it can't be written.
    """
    command = [sys.executable, "-m", "pagefind", "--site", str(out), "--quiet"]
    command += ["--exclude-selectors", NOT_FOUND]
    both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    process = subprocess.Popen(command, encoding="utf-8", **both)

    def wait() -> None:
        said, _ = process.communicate()
        if process.returncode:
            raise RenderError(f"pagefind could not index the site: {said}")
        for path in (out / "pagefind").glob("pagefind-*ui*"):
            path.unlink()

    return wait
