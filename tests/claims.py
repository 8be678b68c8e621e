"""Cells of a page, for tests that run them on facts of their own."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def cells(page):
    """The code of a page's cells, without their options."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = re.findall(r"^```\{python\}\n(.*?)^```$", text, flags=re.M | re.S)
    return [re.sub(r"^#\|.*\n", "", cell, flags=re.M) for cell in found]


def cell_with(page, *marks):
    """The one cell in which all these words stand."""
    chosen = [cell for cell in cells(page) if all(mark in cell for mark in marks)]
    assert len(chosen) == 1, (marks, len(chosen))
    return chosen[0]


def functions_of(page, *names):
    """The page's functions of these names, as code that defines them and runs nothing else."""
    trees = [ast.parse(cell) for cell in cells(page)]
    found = {
        node.name: ast.unparse(node)
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
    }
    return "\n".join(found[name] for name in names)
