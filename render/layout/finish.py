"""The frame round the documents, whichever engine laid them out: pages, feed, search.

The built-in engine calls `finish` when it has laid out the pages; Quarto runs
`tools/finish.py`, which takes the documents out of the pages that Quarto wrote.
"""

from __future__ import annotations

import json
import posixpath
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from render.errors import raise_all
from render.executions import latest
from render.layout import answers, exercises, feed, images, quarto, scripts, search, share
from render.layout.document import Document, resolve
from render.layout.frame import Frame
from render.layout.kept import Shelf
from render.layout.listing import Listing, listings
from render.layout.navigation import Menus
from render.layout.polish import phone_of, polish
from render.layout.reading import Reading
from render.layout.terms import Glossary
from render.project import Executed, Page, Project
from render.take import offline
from render.take.away import Takeaways
from render.take.machines import llms
from render.take.reference import Reference
from render.take.status import status
from render.ways import problems

STATIC = Path(__file__).parents[1] / "static"
LIBRARY = "site_libs/tinynets"
FIGURES = "explore"
SOURCE = re.compile(r'\bsrc="([^"]*)"')


def finish(
    project: Project,
    documents: Mapping[str, Document],
    executed: Mapping[str, Executed],
    out: Path,
    pages: Iterable[Page] | None = None,
) -> Callable[[], None]:
    """Write pages in their frame, and what lies around them.

    The search index is made in the background: the function that is returned waits for it.

    Parameters
    ----------
    project
        The sources.
    documents
        Every published page, by source.
    executed
        The pages' executions, by source, as far as they are known.
    out
        Where the site goes; the pages' images are there.
    pages
        The pages to write; all, if not given.

    Raises
    ------
    RenderError
        A listing, a menu or a way between pages is wrong; from what is returned: the index
        can't be written.
    """
    raise_all(problems(project))
    shutil.copytree(STATIC, out / LIBRARY, dirs_exist_ok=True)
    scripts.ship(STATIC, out / LIBRARY)
    scripts.ship(project.root / FIGURES, out / FIGURES)
    shelf = Shelf(project.cache_dir / "polished")
    documents = {
        page.source: _polished(documents[page.source], page, out, shelf)
        for page in project.shown_pages
    }
    shelf.prune()
    lists = {p.source: listings(p, project, documents) for p in project.shown_pages}
    titles = {source: shown.title for source, shown in documents.items()}
    menus = Menus(project, titles)
    found = exercises.collected(documents, _in_order(project))
    documents = {
        page.source: _with_exercises(documents[page.source], page, found, titles)
        for page in project.shown_pages
    }
    glossary = Glossary(documents)
    searched = [page for page in project.shown_pages if page.meta.get("search") is not False]
    answers.write(out, glossary, found, documents, searched)
    frame = Frame(project, menus, lists, Reading(project, titles), glossary)
    takeaways, reference = Takeaways(project, executed), Reference(project)
    made = _made(project, reference, documents, executed)
    documents |= {source: shown for source, (_, shown) in made.items()}
    extra = [page for page, _ in made.values()]

    def picture(page: Page) -> share.Picture | None:
        return share.picture(page, documents[page.source], out, project.cache_dir / "share")

    home = next((picture(page) for page in project.shown_pages if page.href == "index.html"), None)
    for page in [*(project.shown_pages if pages is None else pages), *extra]:
        shown = documents[page.source]
        takeaways.write_notebook(page, shown, out)
        away = takeaways.of(page, shown)
        html = frame.render(page, shown, out, away, picture(page) or home)
        _write(out / page.href, reference.linked(html, page.href))
    share.icon(project, out)
    _write_feeds(project, extra, documents, lists, out)
    indexed = search.index(out)
    if project.drafts:  # a preview has readers with a server
        return indexed
    offline.pack(out)

    def wait() -> None:
        indexed()
        offline.add_search(out)

    return wait


def _made(
    project: Project,
    reference: Reference,
    documents: Mapping[str, Document],
    executed: Mapping[str, Executed],
) -> dict[str, tuple[Page, Document]]:
    """Return the pages that nobody wrote, by source: the reference, the status of the others."""
    found = status(project, documents, executed)
    return reference.pages() | ({found[0].source: found} if found else {})


def finish_quarto(project: Project, out: Path, pages: Iterable[Page]) -> list[Page]:
    """Put the pages that Quarto wrote into the frame; return those that it was done to.

    Parameters
    ----------
    out
        The site as Quarto left it.
    pages
        The pages that Quarto rendered.

    Raises
    ------
    RenderError
        As `finish`.
    """
    documents, raw = quarto.documents(project, out, pages)
    for page in raw:
        _copy_image(page, project, out)
    quarto.clear(out)
    gathering = [
        page
        for page in project.shown_pages
        if page not in raw and exercises.PLACE in documents[page.source].body
    ]
    finish(project, documents, latest(project), out, [*raw, *gathering])()
    return raw


def _in_order(project: Project) -> list[Page]:
    """Return the pages: posts, then notes, then books, each in the order of their list."""
    last = float("inf")

    def place(page: Page) -> tuple:
        folder, _, name = page.source.rpartition("/")
        return not folder.startswith("posts"), folder.count("/"), page.meta.get("order", last), name

    return sorted(project.shown_pages, key=place)


def _with_exercises(
    shown: Document, page: Page, found: list[exercises.Exercise], titles: Mapping[str, str]
) -> Document:
    return replace(shown, body=exercises.listed(shown.body, page, found, titles))


def _copy_image(page: Page, project: Project, out: Path) -> None:
    """Bring a page's picture for lists, where Quarto did not."""
    image = page.meta.get("image")
    if image:
        name = posixpath.normpath(posixpath.join(posixpath.dirname(page.source), image))
        if not (out / name).exists() and (project.root / name).is_file():
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(project.root / name, out / name)


def _polished(shown: Document, page: Page, out: Path, shelf: Shelf) -> Document:
    def sizes(src: str) -> tuple[int, int] | None:
        parts = urlsplit(src)
        if parts.scheme or not parts.path:
            return None
        return images.size(out / resolve(page.href, unquote(parts.path)))

    found = SOURCE.findall(shown.body)
    images_in_it = {src: sizes(src) for src in [*found, *filter(None, map(phone_of, found))]}
    key = shelf.key(page.source, json.dumps(asdict(shown)), json.dumps(images_in_it))
    if kept := shelf.get(key):
        return kept
    heads = {
        name: polish(getattr(shown, name), sizes) for name in ("title", "subtitle", "description")
    }
    return shelf.put(key, replace(shown, body=polish(shown.body, sizes), **heads))


def _write_feeds(
    project: Project,
    extra: Iterable[Page],
    documents: Mapping[str, Document],
    lists: Mapping[str, list[Listing]],
    out: Path,
) -> None:
    website = project.config["website"]
    if "site-url" not in website:
        return
    for page in project.shown_pages:
        for listing in (one for one in lists[page.source] if one.feed):
            address = Path(page.href).with_suffix(".xml").as_posix()
            title = feed.plain(documents[page.source].title)
            text = feed.rss(title, website, address, listing.entries, documents)
            _write(out / address, text)
    public = [page for page in [*project.shown_pages, *extra] if page.source != "404.qmd"]
    _write(out / "sitemap.xml", feed.sitemap(website, [page.href for page in public]))
    _write(out / "llms.txt", llms(website, public, documents))
    _write(out / "robots.txt", feed.robots(website))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
