"""How a page was made: its set-up code, seed, data, versions and run time."""

import datetime
import platform
import subprocess
import time
from importlib.metadata import version

PACKAGES = ("torch", "numpy", "matplotlib")


def how_made(setup: str, *, seed: int | None = None, data: str | None = None) -> str:
    """Describe the page that is running now, for the box at its end.

    Parameters
    ----------
    setup : str
        Code that ran unseen at the page's top: `In[1]` in a notebook kernel. Lines of cell
        options are left out.
    seed : int, optional
        What all random numbers of the page derive from.
    data : str, optional
        The data set, such as `Digits.describe()` says it.

    Returns
    -------
    str
        Markdown: a list, and the code in a closed `<details>`.

    Examples
    --------
    >>> how_made("import torch", seed=3).splitlines()[0]
    '- *Seed:* 3; every random number on the page derives from it.'
    """
    code = "\n".join(line for line in setup.splitlines() if not line.startswith("#|")).strip()
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    seeded = f"- *Seed:* {seed}; every random number on the page derives from it."
    lines = [
        *([f"- *Data:* {data}."] if data else []),
        *([seeded] if seed is not None else []),
        f"- *Versions:* Python {platform.python_version()}, {versions}.",
        f"- *Run:* {datetime.date.today():%-d %B %Y}, {platform.machine()}, "
        f"{time.process_time():.0f} seconds of processor time up to here{_commit()}.",
    ]
    return (
        "\n".join(lines)
        + "\n\n<details><summary>Set-up code</summary>\n\n```python\n"
        + code
        + "\n```\n\n</details>\n"
    )


def _commit() -> str:
    """Name the commit that the working directory stands at, where there is git."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    try:
        found = subprocess.run(command, capture_output=True, text=True)
    except OSError:
        return ""
    return f", commit `{found.stdout.strip()}`" if found.returncode == 0 else ""
