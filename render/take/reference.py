"""The reference of the package: a page a module, written from the sources without importing them.

The pages are laid out here for both engines, by one call of pandoc, and kept until a docstring
changes: as files for Quarto they would cost it a minute.
"""

from __future__ import annotations

import ast
import hashlib
import json
import posixpath
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path

from render.layout.document import Document, relative
from render.layout.pandoc import pages_of
from render.project import Page, Project
from render.take import docstrings
from render.take.sources import (
    PACKAGE,
    defined_in,
    exported_by,
    imported_on,
    is_public,
    methods_of,
    module_of,
    signature,
)
from render.text import read_text

FOLDER = "reference"
IMPORT = re.compile(
    r'(<span class="im">from</span> (tinynets[\w.]*) <span class="im">import</span> )'
    r"(\(?[\w, \n]*(?:<span class=\"im\">as</span> \w+[\w, \n]*)*)"
)


@dataclass
class Name:
    """A public class or function: where it is documented, and its source."""

    module: str
    node: ast.ClassDef | ast.FunctionDef
    uses: list[Page] = field(default_factory=list)

    @property
    def path(self) -> str:
        """Its name with its module."""
        return f"{self.module}.{self.node.name}"

    @property
    def href(self) -> str:
        """Its place, relative to the root of the site."""
        return f"{page_of(self.module)}#{self.path}"


def page_of(module: str) -> str:
    """Return the address of the page that documents a module."""
    parts = module.split(".")
    return f"{FOLDER}/{parts[1]}.html"


class Reference:
    """What the package's modules offer, and where pages use it.

    Parameters
    ----------
    root
        The project.
    """

    def __init__(self, project: Project) -> None:
        self._root, self._kept = project.root, project.cache_dir / "reference"
        folder = project.root / PACKAGE
        self._trees = {
            module_of(path, project.root): ast.parse(
                read_text(project.root, path.relative_to(project.root))
            )
            for path in sorted(folder.rglob("*.py"))
            if not path.stem.startswith("__main")
        }
        self._uses(project)

    @cached_property
    def names(self) -> dict[tuple[str, str], Name]:
        """Every public name by each module that it can be imported from."""
        found: dict[tuple[str, str], Name] = {}
        for module in sorted(self._trees, key=lambda one: one.count(".")):
            if not is_public(module):
                continue
            exported = exported_by(self._trees[module])
            for name, home in exported.items():
                node = defined_in(self._trees.get(home or module), name)
                if node is not None:
                    known = found.get((home or module, name))
                    found[module, name] = known or Name(module, node)
                    found.setdefault((home or module, name), found[module, name])
        return found

    @cached_property
    def modules(self) -> dict[str, list[Name]]:
        """The public modules with what is documented in each."""
        own: dict[str, list[Name]] = defaultdict(list)
        for name in dict.fromkeys(map(id, self.names.values())):
            one = next(n for n in self.names.values() if id(n) == name)
            own[one.module].append(one)
        return dict(sorted(own.items()))

    def pages(self) -> dict[str, tuple[Page, Document]]:
        """Return the pages of the reference with their documents, by source."""
        if not self.modules:
            return {}
        groups: dict[str, list[str]] = defaultdict(list)
        for module in self.modules:
            groups[page_of(module)].append(module)
        texts = {href: self._text(modules) for href, modules in groups.items()}
        texts[f"{FOLDER}/index.html"] = self._index(groups)
        bodies = dict(zip(texts, self._laid_out(list(texts.values())), strict=True))
        return {
            page.source: (page, document)
            for href, body in bodies.items()
            for page, document in [self._page(href, body, groups.get(href, []))]
        }

    def linked(self, html: str, page: str) -> str:
        """Link what code on a page imports from the package to where it is documented."""

        def line(match: re.Match) -> str:
            def name(one: re.Match) -> str:
                known = self.names.get((match[2], one[0]))
                if known is None:
                    return one[0]
                return f'<a class="api" href="{escape(relative(page, known.href))}">{one[0]}</a>'

            pieces = re.split(r"(<span.*?</span> \w+)", match[3])  # what follows `as` is no name
            pieces[::2] = [re.sub(r"\w+", name, piece) for piece in pieces[::2]]
            return match[1] + "".join(pieces)

        return IMPORT.sub(line, html)

    def _laid_out(self, texts: list[str]) -> list[str]:
        key = hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:24]
        place = self._kept / f"{key}.json"
        if not place.is_file():
            made = json.dumps(pages_of(texts))
            shutil.rmtree(self._kept, ignore_errors=True)
            self._kept.mkdir(parents=True)
            place.write_text(made, encoding="utf-8")
        return json.loads(place.read_text(encoding="utf-8"))

    def _uses(self, project: Project) -> None:
        for page in project.shown_pages:
            for name in imported_on(page, self._trees):
                known = self.names.get(name)
                if known is not None and page not in known.uses:
                    known.uses.append(page)

    def _page(self, href: str, body: str, modules: Sequence[str]) -> tuple[Page, Document]:
        source = href.removesuffix(".html") + ".qmd"
        title = f"{PACKAGE}.{Path(href).stem}" if modules else "Reference"
        top = self._trees.get(title)
        said = docstrings.summary(ast.get_docstring(top) or "") if top else "What tinynets offers."
        meta = {"title": title, "description": said, "search-weight": 0.2}
        page = Page(self._file(modules), source, "", meta, {}, "", 1)
        toc = "".join(_entry(one) for module in modules for one in self.modules[module])
        toc = f"<ul>{toc}</ul>" if toc else ""
        said = re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(said))
        return page, Document(escape(title), "", said, toc, body)

    def _file(self, modules: Sequence[str]) -> Path:
        if not modules:
            return self._root / PACKAGE
        parts = modules[0].split(".")[:2]
        folder = self._root.joinpath(*parts)
        return folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")

    def _text(self, modules: Sequence[str]) -> str:
        pieces = []
        for module in modules:
            doc = ast.get_docstring(self._trees[module]) or ""
            if module.count(".") > 1:
                pieces.append(f"## `{module}` {{#{module}}}")
            else:
                doc = doc.partition("\n\n")[2]  # its first line stands below the title
            pieces.append(docstrings.markdown(doc))
            for one in self.modules[module]:
                pieces += self._name(one, "###" if module.count(".") > 1 else "##")
        return "\n\n".join(pieces)

    def _name(self, one: Name, level: str) -> Iterator[str]:
        yield f"{level} `{one.node.name}` {{#{one.path}}}"
        yield f"```python\n{signature(one.node)}\n```"
        yield docstrings.markdown(ast.get_docstring(one.node) or "")
        for method in methods_of(one.node):
            doc = ast.get_docstring(method) or ""
            yield f"`{signature(method)}`\n\n:   {docstrings.summary(doc) or 'A method.'}"
        if one.uses:
            links = (
                f"[{page.meta['title']}]({posixpath.relpath(page.href, FOLDER)})"
                for page in one.uses
            )
            yield f"[Used in: {', '.join(links)}.]{{.api-uses}}"

    def _index(self, groups: Mapping[str, Sequence[str]]) -> str:
        pieces = []
        for href, modules in groups.items():
            top = f"{PACKAGE}.{Path(href).stem}"
            doc = ast.get_docstring(self._trees[top]) or ""
            names = (one for module in modules for one in self.modules[module])
            links = ", ".join(
                f"[`{one.node.name}`]({posixpath.relpath(one.href, FOLDER)})" for one in names
            )
            pieces.append(
                f"[`{top}`]({posixpath.relpath(href, FOLDER)})\n\n"
                f":   {docstrings.markdown(docstrings.summary(doc))} {links}"
            )
        return "\n\n".join(pieces)


def _entry(one: Name) -> str:
    return f'<li><a href="#{one.path}">{escape(one.node.name)}</a></li>'
