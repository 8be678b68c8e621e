"""The site of the built-in engine: every executed page laid out, then framed."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from render.errors import RenderError, raise_all
from render.executions import n_cores
from render.layout import checks
from render.layout.document import Document, Site, document, resolve
from render.layout.finish import finish
from render.layout.kept import documents
from render.layout.pandoc import citation_keys, references
from render.layout.polish import phone_of
from render.layout.source import Source
from render.project import CONFIG, Executed, Page, Project, leaves

HEAD_KEYS = ("title", "subtitle", "description")
# in what pandoc says
IN_FORMULA = re.compile(r"Could not convert TeX math (.*?), rendering", re.DOTALL)
IN_BIBLIOGRAPHY = re.compile(r"\(line (\d+), column \d+\)")


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
    shown, sources = _documents(project, runs)
    _copy_resources(project, out)
    for page in project.shown_pages:
        given = runs[page.source], shown[page.source], project, out, sources[page.source]
        _copy_images(page, *given)
    indexed = finish(project, shown, runs, out)
    problems = checks.check(out, project, sources)
    indexed()
    raise_all(problems)


def _documents(
    project: Project, runs: Mapping[str, Executed]
) -> tuple[dict[str, Document], dict[str, Source]]:
    """Lay out every page; raise what is wrong with all of them together."""
    site = _site(project)
    pointing, tasks, facts, sources = site.digest, [], [], {}
    for page in project.shown_pages:
        run = runs[page.source]
        sources[page.source] = Source(Path(page.source), run.page.text, run.markdown, run.lines)
        text, depth = _text(run, project)
        tasks.append((text, sources[page.source], site, depth))
        facts.append(f"{page.source} {depth} {pointing} {text}")
    made = documents(
        project.cache_dir / "documents", _document, tasks, facts, n_processes=n_cores()
    )
    return dict(zip(sources, made, strict=True)), sources


def _site(project: Project) -> Site:
    shown = {page.source for page in project.shown_pages}
    targets = {p.source: p.href if p.source in shown else None for p in project.pages}
    name = project.config.get("bibliography")
    bibliography = project.root / name if name else None
    if bibliography and not bibliography.is_file():
        raise RenderError(f"the bibliography {name} is missing", page=CONFIG)
    if not bibliography:
        return Site(targets, None, set())
    try:
        entries = references(bibliography, project.cache_dir)
    except RenderError as error:
        at = IN_BIBLIOGRAPHY.search(error.message)
        line = int(at[1]) if at else None
        raise RenderError(error.message, page=name, line=line) from None
    return Site(targets, entries, citation_keys(entries))


def _text(run: Executed, project: Project) -> tuple[str, int]:
    """Return what pandoc reads of a page, and how deep its table of contents goes."""
    page = run.page
    html = project.config.get("format", {}).get("html", {})
    wanted = page.meta.get("toc", html.get("toc", False))
    depth = page.meta.get("toc-depth", html.get("toc-depth", 3)) if wanted else 0
    head = {key: page.meta[key] for key in HEAD_KEYS if key in page.meta}
    head["lang"] = page.meta.get("lang", html.get("lang", "en"))  # how citations are quoted
    lines = run.markdown.splitlines(keepends=True)
    front = f"---\n{json.dumps(head)}\n---\n"
    blank = "\n" * (page.body_line - 1 - front.count("\n"))  # so that pandoc counts as we do
    return front + blank + "".join(lines[page.body_line - 1 :]), depth


def _document(text: str, source: Source, site: Site, toc_depth: int) -> Document:
    """Lay out one page; what pandoc refuses gets its place in the page."""
    try:
        return document(text, source, site, toc_depth=toc_depth)
    except RenderError as error:
        if error.page is not None:
            raise
        formula = IN_FORMULA.search(error.message)
        source.error(error.message, *([formula[1].strip()] if formula else []))
        raise source.errors[-1] from None


def _copy_resources(project: Project, out: Path) -> None:
    for path in project.resources:
        _copy(path, out / path.relative_to(project.root))


def _copy_images(
    page: Page, run: Executed, shown: Document, project: Project, out: Path, source: Source
) -> None:
    """Bring a page's images to where it shows them from; what lies outside is not published.

    What lists show of it is said by the page as it is now, not as it last ran.
    """
    narrow = [name for name in map(phone_of, shown.images) if name]
    own = page.meta.get("image")
    for url in [*shown.images, *narrow, *([own] if own else [])]:
        path = unquote(urlsplit(url).path)
        name = resolve(page.source, path)
        if leaves(project.root, project.root / name):
            raise RenderError(
                f"the image {url} lies outside the project; copy it here",
                page=page.source,
                line=source.line(url),
            )
        made = [file for file in (run.files_dir / path, project.root / name) if file.is_file()]
        if made:  # what is missing is found in the built page
            _copy(made[0], out / name)


def _copy(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)
