"""Decides what is stale: a page runs again when what it computes changed.

A page's stamp is a hash of its cells, their options and its inline expressions;
of the project's modules that it imports, directly or not, without their comments
and docstrings; of the C sources and data in those modules' packages; of the
versions of what is installed; of the digits, where it loads any; and of the code
here that runs cells. The files that a page reads are only known once it ran: they
are kept with the execution (`render.cache`). Prose, titles, styles and other pages
are in no page's stamp. Nothing heavy is imported here: a site that is up to date is
told so at once.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from render import digits, reads
from render.cells import Cell, Text, split_page
from render.modules import Modules
from render.project import CONFIG, Executed, Page, Project

PINS = "constraints.txt"
PICTURES = (".svg", ".png", ".jpg", ".jpeg", ".webp", ".gif")
_HERE = Path(__file__).parent
_EXECUTES = ("execute", "kernel", "outputs", "reads", "streams")
_LIBRARIES = re.compile(r"^([\w.-]+)-([^-]+)\.dist-info$")


class Stamps:
    """The stamps of a project's pages, as its files are now."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._parts: dict[str, list[Text | Cell]] = {}
        self._modules = Modules(project.root, project.cache_dir / "modules.json")

    def parts(self, page: Page) -> list[Text | Cell]:
        """Return a page split into Markdown and cells.

        Raises
        ------
        RenderError, RenderErrors
            A cell is malformed.
        """
        if page.source not in self._parts:
            self._parts[page.source] = split_page(page)
        return self._parts[page.source]

    def of_page(self, page: Page) -> str:
        """Return what a page computes, hashed.

        Raises
        ------
        RenderError, RenderErrors
            A cell is malformed.
        """
        codes = list(_codes(self.parts(page)))
        modules = self._modules.reached(codes, page.path.parent)
        given = [_canonical([_asked(part) for part in self.parts(page)])]
        given.append(_canonical(self._project.execute_defaults(page)))
        given += [f"{self._name(path)} {self._modules.facts_of(path).digest}" for path in modules]
        given.append(_files_hash(self._project.root, self._modules.data_beside(modules)))
        if self._project.root / digits.LOADER in modules:
            given.append(digits.stamp())
        return _hash([page.source, *given, self._shared])

    def of_reads(self, page: Page, told: Mapping) -> dict[str, str] | None:
        """Return path to digest of what a page read while it ran; None if that changed since.

        Parameters
        ----------
        told
            What the kernel said (`Kernel.reads`).
        """
        known = self._modules.reached(list(_codes(self.parts(page))), page.path.parent)
        read = reads.of_project(told.get("read", {}), self._project.root)
        others = set(told.get("modules", ())) - {str(path) for path in known}
        if not reads.unchanged_since(read):
            return None
        return reads.digests({*read, *others}, self._project.root)

    def of_frame(self, engine: str) -> str:
        """Return what the site depends on beside what its pages computed, hashed."""
        texts = [f"{page.source} {page.text}" for page in self._project.pages]
        package = _files_hash(self._project.root, _tree(self._project.root / "tinynets"))
        return _hash([self.of_shell(engine), package, *texts])  # its docstrings: the reference

    def of_shell(self, engine: str) -> str:
        """Return what shows on more than one page, hashed: front matter, settings, styles."""
        project, root = self._project, self._project.root
        files = [root / CONFIG, *root.glob("*.bib"), *root.glob("*.csl"), *project.resources]
        files += [*_tree(root / "assets"), *_tree(root / "explore")]
        files += _tree(_HERE)  # its layout, or its frame round what Quarto lays out
        files += _quartos(root) if engine == "quarto" else []
        files += [file for page in project.pages for file in _beside(page, root)]
        pages = [f"{page.source} {_canonical(dict(page.meta))}" for page in project.pages]
        return _hash([engine, str(project.drafts), *pages, _files_hash(root, files)])

    def save(self) -> None:
        """Remember what was found out about modules."""
        self._modules.save()

    def _name(self, path: Path) -> str:
        return os.path.relpath(path, self._project.root)

    @cached_property
    def _shared(self) -> str:
        pins = self._project.root / PINS
        pinned = _pinned(pins.read_text(encoding="utf-8")) if pins.is_file() else {}
        variables = sorted(
            f"{name}={value}"
            for name, value in os.environ.items()
            if name.startswith("TINYNETS_") and name != digits.VARIABLE
        )
        code = [self._modules.facts_of(_HERE / f"{name}.py").digest for name in _EXECUTES]
        versions = [_canonical(pinned), *_installed(pinned)]
        return _hash([sys.version, *versions, *variables, *code])


def of_site(frame: str, executed: Iterable[Executed]) -> str:
    """Return what a site was made from, hashed; empty where an execution was not kept."""
    keys = [run.key for run in executed]
    return _hash([frame, *keys]) if all(keys) else ""


def may_run(parts: Sequence[Text | Cell]) -> bool:
    """Tell whether a page has anything to run."""
    return any(isinstance(part, Cell) or part.inlines for part in parts)


def _codes(parts: Sequence[Text | Cell]) -> Iterator[str]:
    """All Python of a page: its cells, one after another, and its inline expressions."""
    for part in parts:
        if isinstance(part, Cell):
            yield part.code
        else:
            yield from (inline.expression for inline in part.inlines)


def _asked(part: Text | Cell) -> list:
    if isinstance(part, Cell):
        return [part.code, dict(part.options), part.indent]
    return [inline.expression for inline in part.inlines]


def _canonical(value) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _pinned(text: str) -> dict[str, str]:
    """Return name to version of what a constraints file pins; comments and blanks don't count."""
    pins = re.findall(r"^\s*([\w.-]+)\s*==\s*([^\s;#]+)", text, flags=re.MULTILINE)
    return {_plain(name): version for name, version in pins}


def _installed(pinned: Mapping[str, str]) -> list[str]:
    """Return `name version` of what is installed of the pinned packages."""
    paths = sysconfig.get_paths()
    folders = {Path(paths["purelib"]), Path(paths["platlib"])}
    names = (name for folder in folders if folder.is_dir() for name in os.listdir(folder))
    found = (match.groups() for name in names if (match := _LIBRARIES.match(name)))
    return sorted(f"{_plain(name)} {version}" for name, version in found if _plain(name) in pinned)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _quartos(root: Path) -> list[Path]:
    """Return the files that change with the Quarto in use."""
    command = shutil.which("quarto")
    version = [Path(command).resolve().parents[1] / "share" / "version"] if command else []
    return [root / ".quarto-version", *version]


def _hash(parts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{len(part)}:{part}".encode())
    return digest.hexdigest()[:24]


def _files_hash(root: Path, files: Iterable[Path]) -> str:
    """Hash names and contents; a file that is gone counts as gone."""
    parts = []
    for path in sorted(set(files)):
        parts += [os.path.relpath(path, root), reads.digest(path)]
    return _hash(parts)


def _tree(folder: Path) -> Iterator[Path]:
    """All files below a folder that a person wrote."""
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not reads.is_made(name))
        yield from (Path(here, name) for name in sorted(files) if not reads.is_made(name))


def _beside(page: Page, root: Path) -> list[Path]:
    """What a page may show from its own folder (a page at the root: the root's pictures)."""
    folder = page.path.parent
    if folder == root:
        return [path for path in folder.iterdir() if path.suffix in PICTURES]
    return [path for path in _tree(folder) if path.suffix != ".qmd"]
