"""What is known of a page's run: when, on what, from which commit, how long; its seeds, its claims.

Nothing of it is written by hand. What only the run knows is kept with the execution; the rest is
read off the code that ran.
"""

from __future__ import annotations

import ast
import datetime
import platform
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from render import digits
from render.cells import Cell, Text

SET_UP = "setup"  # label of a cell whose code is shown below the page
PACKAGES = ("torch", "numpy", "scipy", "matplotlib")
LOADERS = ("load_digits", "digits_in_use")  # of tinynets.data and of tinynets.sweep
DIGITS = {True: "scikit-learn digits, 8 × 8 pixels", False: "MNIST, 28 × 28 pixels"}


def of_run(root: Path) -> dict[str, str]:
    """Return what a run that ends now should remember: date, commit, versions, machine, digits."""
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": commit(root),
        "versions": ", ".join([f"Python {platform.python_version()}", *_versions()]),
        "machine": platform.machine(),
        "digits": DIGITS[digits.small()],
    }


def commit(root: Path) -> str:
    """Return the commit that a checkout stands at; nothing where there is none."""
    command = ["git", "-C", str(root), "rev-parse", "--verify", "--quiet", "HEAD"]
    try:
        found = subprocess.run(command, capture_output=True, text=True)
    except OSError:
        return ""
    return found.stdout.strip()


def seeds(parts: Sequence[Text | Cell]) -> str:
    """Return the seeds that a page sets, as in `1`: what is bound to names with SEED in them."""
    found = {ast.unparse(value): None for name, value in _bound(parts) if _is_seed(name)}
    return ", ".join(found)


def n_claims(parts: Sequence[Text | Cell]) -> int:
    """Count the assertions that a page stands on."""
    return sum(isinstance(node, ast.Assert) for node in _nodes(parts))


def data_set(parts: Sequence[Text | Cell], made: Mapping) -> str:
    """Name the digits that a page loads; nothing for a page that makes its own data."""
    code = "\n".join(part.code for part in parts if isinstance(part, Cell))
    loads = any(name in code for name in LOADERS)
    return made.get("digits", "") if loads else ""


def set_up(parts: Sequence[Text | Cell]) -> str:
    """Return the code of a page's first cell, if that runs unseen or is its folded set-up."""
    first = next((part for part in parts if isinstance(part, Cell)), None)
    options = first.options if first else {}
    folded = options.get("label") == SET_UP and options.get("code-fold") is True
    return first.code.strip() if folded or options.get("include") is False else ""


def _is_seed(name: str) -> bool:
    return name == "SEED" or name.endswith("_SEED") or name == "SEEDS"


def _versions() -> Iterator[str]:
    for name in PACKAGES:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            continue


def _bound(parts: Sequence[Text | Cell]) -> Iterator[tuple[str, ast.expr]]:
    for node in _nodes(parts):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from _pairs(target, node.value)


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, its in zip(target.elts, value.elts, strict=False):
            yield from _pairs(one, its)


def _nodes(parts: Sequence[Text | Cell]) -> Iterator[ast.AST]:
    for part in parts:
        if isinstance(part, Cell):
            yield from _nodes_of(part.code)


@lru_cache(maxsize=1024)  # a site's cells; a preview may see others for hours
def _nodes_of(code: str) -> list[ast.AST]:
    try:
        return list(ast.walk(ast.parse(code)))
    except SyntaxError:  # of IPython's own: such a cell claims nothing
        return []
