"""What `quarto render` runs first: checks the Python, brings the executions up to date.

Quarto gets executed pages from `_freeze/`. Here they are put there if they are up to
date, and removed if they are not; where the whole site is rendered, stale pages run
first. `python -m render` does that itself, and says so by RENDER_FROZEN.
"""

import importlib.util
import os
import sys

NEEDED = ("torch", "nbclient", "yaml", "tinynets")
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def main():
    """Stop Quarto with one sentence where the pages can't run."""
    sys.path.insert(0, ROOT)
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing or sys.version_info < (3, 11):
        sys.exit(
            "The pages can't run with %s (Python %d.%d; it lacks %s): run `make setup` once, "
            "which makes .venv, or set QUARTO_PYTHON to a Python with `pip install -e '.[site]' "
            "-c constraints.txt`."
            % ((sys.executable,) + sys.version_info[:2] + (", ".join(missing) or "nothing",))
        )
    if os.environ.get("RENDER_FROZEN"):
        return
    from render.by_hand import before

    sys.exit(before(ROOT, is_whole=os.environ.get("QUARTO_PROJECT_RENDER_ALL") == "1"))


if __name__ == "__main__":
    main()
