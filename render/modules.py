"""What Python code computes: the project's modules it reaches, without comments and docstrings.

Reading, hashing and walking a module's tree takes milliseconds, and a project has
many, so the result is kept in `.render/` by the hash of the module's text.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

_MAGIC = re.compile(r"^\s*[%!].*$", re.MULTILINE)  # IPython's, no Python
_IMPORT = re.compile(r"^\s*(?:from|import)\s+([A-Za-z_][\w.]*)", re.MULTILINE)
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class Facts(NamedTuple):
    """What matters of a piece of code.

    Parameters
    ----------
    digest
        Hash of its syntax tree without docstrings; comments and layout are not in it.
    names
        What it imports, and what it names in strings (`python -m package.module`).
    """

    digest: str
    names: tuple[str, ...]


def facts(text: str, package: str = "") -> Facts:
    """Return what matters of a piece of code.

    Parameters
    ----------
    package
        Where relative imports begin: the package that the code stands in.
    """
    try:
        tree = ast.parse(_MAGIC.sub("", text))
    except SyntaxError:  # found when it runs
        return Facts(hash_of(text), tuple(sorted(set(_IMPORT.findall(text)))))
    names = tuple(sorted(set(_names(tree, package))))
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return Facts(hash_of(ast.dump(tree)), names)


def _names(tree: ast.AST, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1]
            parts = [*(base if node.level else []), *([node.module] if node.module else [])]
            yield from (".".join([*parts, alias.name]) for alias in node.names)
        elif isinstance(getattr(node, "value", None), str) and _DOTTED.fullmatch(node.value):
            yield f"{node.value}.__main__"


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]


class Modules:
    """The modules of a project.

    Parameters
    ----------
    root
        The project's folder, where its packages lie.
    memory
        File that keeps what is known of modules by their text, if there is one.
    """

    def __init__(self, root: Path, memory: Path | None = None) -> None:
        self._root, self._memory = root, memory
        self._known = self._remembered()
        self._used: dict[str, Facts] = {}
        self._read: dict[Path, Facts] = {}

    def reached(self, codes: Iterable[str], folder: Path) -> list[Path]:
        """Return the project's modules that code imports, directly or by way of others.

        Parameters
        ----------
        codes
            Pieces of code that run in `folder`.
        """
        found: dict[Path, None] = {}
        waiting = [name for code in codes for name in self._facts_of_text(code).names]
        bases, asked = [folder, self._root], set()
        while waiting:
            if (name := waiting.pop()) in asked:
                continue
            asked.add(name)
            for path in self._files(name, bases):
                if path not in found:
                    found[path] = None
                    waiting += self.facts_of(path).names
        return sorted(found)

    def facts_of(self, path: Path) -> Facts:
        """Return what matters of a module."""
        if path not in self._read:
            text = path.read_text(encoding="utf-8", errors="replace")
            inside = path.parent.relative_to(self._root) if self._is_below(path) else Path()
            self._read[path] = self._facts_of_text(text, ".".join(inside.parts))
        return self._read[path]

    def data_beside(self, modules: Sequence[Path]) -> list[Path]:
        """Return the files of the modules' packages that are no modules: C sources and data."""
        folders = {path.parent for path in modules if (path.parent / "__init__.py").is_file()}
        return sorted({file for folder in folders for file in _data(folder)})

    def save(self) -> None:
        """Remember what is known of the modules that were asked for."""
        if self._memory is None or self._used == self._known:
            return
        self._memory.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"python": sys.version, "facts": self._used}, indent=0)
        self._memory.write_text(text, encoding="utf-8")
        self._known = dict(self._used)

    def _remembered(self) -> dict[str, Facts]:
        try:
            kept = json.loads(self._memory.read_text(encoding="utf-8")) if self._memory else {}
            if kept.get("python") != sys.version:  # trees are written otherwise there
                return {}
            return {
                key: Facts(digest, tuple(names)) for key, (digest, names) in kept["facts"].items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def _facts_of_text(self, text: str, package: str = "") -> Facts:
        key = hash_of(f"{package}:{text}")
        found = self._known.get(key) or self._used.get(key) or facts(text, package)
        self._used[key] = found
        return found

    def _is_below(self, path: Path) -> bool:
        return path.is_relative_to(self._root)

    def _files(self, name: str, bases: Sequence[Path]) -> Iterator[Path]:
        """The files that `import a.b.c` runs: of a, of a.b and of a.b.c as far as they are ours."""
        for base in bases:
            for part in name.split("."):
                module, package = base / f"{part}.py", base / part / "__init__.py"
                if package.is_file():
                    yield package
                elif module.is_file():
                    yield module
                base = base / part


def _data(package: Path) -> Iterator[Path]:
    for path in sorted(package.iterdir()):
        if path.name.startswith((".", "__pycache__")) or path.suffix in (".py", ".pyc"):
            continue
        if path.is_file():
            yield path
        elif not (path / "__init__.py").is_file():
            yield from _data(path)
