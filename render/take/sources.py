"""What the sources of the package offer, and what pages import of it, read without running any."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from render.cells import Cell, split_page
from render.project import Page

PACKAGE = "tinynets"
WIDE = 79  # characters of a signature on one line


def signature(node: ast.ClassDef | ast.FunctionDef) -> str:
    """Return how a function is called, or what a class is built from; one parameter a line."""
    if isinstance(node, ast.ClassDef):
        made = next((one for one in _functions(node) if one.name == "__init__"), None)
        arguments = _arguments(made.args)[1:] if made else _fields(node)
        head, result = f"class {node.name}", ""
    else:
        skipped = int(bool(node.args.args) and node.args.args[0].arg in ("self", "cls"))
        arguments = _arguments(node.args)[skipped:]
        head, result = node.name, f" -> {ast.unparse(node.returns)}" if node.returns else ""
    line = f"{head}({', '.join(arguments)}){result}"
    if len(line) <= WIDE or isinstance(node, ast.FunctionDef) and not arguments:
        return line
    return f"{head}(\n" + "".join(f"    {one},\n" for one in arguments) + f"){result}"


def _arguments(given: ast.arguments) -> list[str]:
    """Return the parameters as they are written, `*` and `/` among them."""
    text = ast.unparse(given)
    found, depth, start = [], 0, 0
    for at, letter in enumerate(text):
        depth += letter in "([{"
        depth -= letter in ")]}"
        if letter == "," and depth == 0:
            found.append(text[start:at].strip())
            start = at + 1
    return [*found, text[start:].strip()] if text else []


def _fields(node: ast.ClassDef) -> list[str]:
    return [
        ast.unparse(one).replace("\n", " ")
        for one in node.body
        if isinstance(one, ast.AnnAssign) and not ast.unparse(one.target).startswith("_")
    ]


def _functions(node: ast.ClassDef) -> Iterator[ast.FunctionDef]:
    yield from (one for one in node.body if isinstance(one, ast.FunctionDef))


def methods_of(node: ast.ClassDef | ast.FunctionDef) -> list[ast.FunctionDef]:
    """Return the public methods of a class; none of a function."""
    if isinstance(node, ast.FunctionDef):
        return []
    return [one for one in _functions(node) if not one.name.startswith("_")]


def module_of(path: Path, root: Path) -> str:
    """Return the module that a file is."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_public(module: str) -> bool:
    """Tell whether a module may be imported from by others."""
    parts = module.split(".")
    return len(parts) > 1 and not any(part.startswith("_") for part in parts)


def exported_by(tree: ast.Module) -> dict[str, str | None]:
    """Return the public names of a module, each with the module it is taken from."""
    own: dict[str, str | None] = {
        node.name: None
        for node in tree.body
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_")
    }
    taken = {
        alias.asname or alias.name: node.module
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE)
        for alias in node.names
    }
    wanted = next((_strings(node.value) for node in tree.body if _is_all(node)), None)
    if wanted is None:
        return own
    return {name: taken.get(name) for name in wanted if name in taken or name in own}


def _is_all(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"


def _strings(node: ast.expr) -> list[str]:
    return [one.value for one in ast.walk(node) if isinstance(one, ast.Constant)]


def defined_in(tree: ast.Module | None, name: str) -> ast.ClassDef | ast.FunctionDef | None:
    """Return the class or function of this name in a module."""
    kinds = ast.ClassDef | ast.FunctionDef
    body = tree.body if tree else ()
    return next((one for one in body if isinstance(one, kinds) and one.name == name), None)


def imported_on(page: Page, modules: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield module and name of what a page's cells use of the package."""
    known = set(modules)
    nodes = [node for tree in _trees(page) for node in ast.walk(tree)]
    whole: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if inner in known:
                    whole[alias.asname or alias.name] = inner
                yield node.module, alias.name
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = whole.get(node.value.id)
            if module:
                yield module, node.attr


def _trees(page: Page) -> Iterator[ast.Module]:
    for part in split_page(page):
        if isinstance(part, Cell):
            try:
                yield ast.parse(part.code)
            except SyntaxError:  # of IPython's own
                continue
