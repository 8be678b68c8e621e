"""The site of the built-in engine: every executed page laid out, then framed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from render.errors import RenderError, RenderErrors, errors_of, raise_all
from render.layout import checks
from render.layout.document import Document, Site, document, resolve
from render.layout.finish import finish
from render.layout.pandoc import citation_keys
from render.layout.source import Source
from render.project import Executed, Project

HEAD_KEYS = ("title", "subtitle", "description")


def build_site(project: Project, executed: Iterable[Executed], out: Path) -> None:
    """Write the whole site.

    Parameters
    ----------
    project
        The sources.
    executed
        Every page that is published, its cells run.
    out
        Where the site goes.

    Raises
    ------
    RenderError, RenderErrors
        All that is wrong in all pages.
    """
    runs = {run.page.source: run for run in executed}
    documents, sources = _documents(project, runs)
    _copy_resources(project, out)
    for page in project.shown_pages:
        _copy_images(runs[page.source], documents[page.source], project, out)
    finish(project, documents, out)
    raise_all(checks.check(out, project, sources))


def _documents(project: Project, runs: Mapping[str, Executed]):
    """Lay out every page; raise what is wrong with all of them together."""
    site = _site(project)
    documents: dict[str, Document] = {}
    sources: dict[str, Source] = {}
    errors: list[RenderError] = []
    for page in project.shown_pages:
        run = runs[page.source]
        source = Source(Path(page.source), page.text, run.markdown, run.lines)
        sources[page.source] = source
        try:
            documents[page.source] = _document(run, source, site, project)
        except (RenderError, RenderErrors) as error:
            errors += errors_of(error)
    raise_all(errors)
    return documents, sources


def _site(project: Project) -> Site:
    shown = {page.source for page in project.shown_pages}
    targets = {p.source: p.href if p.source in shown else None for p in project.pages}
    name = project.config.get("bibliography")
    bibliography = project.root / name if name else None
    if bibliography and not bibliography.is_file():
        raise RenderError(f"the bibliography {name} is missing", page="_quarto.yml")
    return Site(targets, bibliography, citation_keys(bibliography) if bibliography else set())


def _document(run: Executed, source: Source, site: Site, project: Project) -> Document:
    page = run.page
    html = project.config.get("format", {}).get("html", {})
    wanted = page.meta.get("toc", html.get("toc", False))
    depth = page.meta.get("toc-depth", html.get("toc-depth", 3)) if wanted else 0
    head = {key: page.meta[key] for key in HEAD_KEYS if key in page.meta}
    head["lang"] = page.meta.get("lang", html.get("lang", "en"))  # how citations are quoted
    lines = run.markdown.splitlines(keepends=True)
    front = f"---\n{json.dumps(head)}\n---\n"
    blank = "\n" * (page.body_line - 1 - front.count("\n"))  # so that pandoc counts as we do
    body = "".join(lines[page.body_line - 1 :])
    return document(front + blank + body, source, site, toc_depth=depth)


def _copy_resources(project: Project, out: Path) -> None:
    for path in project.resources:
        _copy(path, out / path.relative_to(project.root))


def _copy_images(run: Executed, shown: Document, project: Project, out: Path) -> None:
    """Bring a page's images to where it shows them from."""
    own = run.page.meta.get("image")  # what lists and other sites show of the page
    for url in [*shown.images, *([own] if own else [])]:
        path = unquote(urlsplit(url).path)
        name = resolve(run.page.source, path)
        made = [file for file in (run.files_dir / path, project.root / name) if file.is_file()]
        if made:  # what is missing is found in the built page
            _copy(made[0], out / name)


def _copy(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)
