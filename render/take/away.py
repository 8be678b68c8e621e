"""What a reader takes along from a page: its notebook, sources, citation, and how it was made."""

from __future__ import annotations

import datetime
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import yaml

from render import facts
from render.cells import split_page
from render.layout.document import Document
from render.layout.feed import absolute, plain
from render.layout.listing import long_date, page_date
from render.layout.pandoc import code_block
from render.project import Executed, Page, Project
from render.stamp import may_run
from render.take.notebook import Place, notebook

CITED = "CITATION.cff"
COLAB = "https://colab.research.google.com/github"
LICENCES = "text CC BY 4.0, code MIT"


@dataclass(frozen=True)
class Away:
    """What a page's last rows say; empty where there is nothing to say.

    Attributes
    ----------
    links
        Text and address of each.
    made
        Facts of the run, one a phrase.
    setup
        The code that ran first, as HTML.
    file
        What the notebook is called once it is saved: by its page, since most are an `index`.
    """

    links: list[tuple[str, str]]
    authors: list[str]
    bibtex: str
    made: list[str]
    setup: str
    file: str
    licences: str = LICENCES


class Takeaways:
    """What can be taken along from the pages of a project.

    Parameters
    ----------
    executed
        Executions of its pages, by source, as far as they are known.
    """

    def __init__(self, project: Project, executed: Mapping[str, Executed]) -> None:
        self._project, self._executed = project, executed
        self._website = project.config["website"]
        self._repository = self._website.get("repo-url", "").rstrip("/")
        self._branch = self._website.get("repo-branch", "main")

    @cached_property
    def commit(self) -> str:
        """The commit that the sources stand at; the branch where there is no git."""
        return facts.commit(self._project.root) or self._branch

    @cached_property
    def authors(self) -> list[str]:
        """Who is to be cited for a page that names nobody."""
        path = self._project.root / CITED
        known = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}
        return [one["name"] for one in known.get("authors", [])]

    def write_notebook(self, page: Page, shown: Document, out: Path) -> None:
        """Write a page's notebook beside it, if it has cells that were run."""
        if self._has_notebook(page):
            place = Place(
                page=self._address(page),
                folder=posixpath.dirname(page.source) or ".",
                repository=self._repository,
                commit=self.commit,
            )
            made = notebook(self._executed[page.source], shown, place)
            path = out / _notebook_of(page)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(made, encoding="utf-8")

    def of(self, page: Page, shown: Document) -> Away:
        """Return what a page's last rows say."""
        authors = _authors(page) or self.authors
        run = self._executed.get(page.source)
        parts = split_page(page)
        return Away(
            links=self._links(page, plain(shown.title)) if self._repository else [],
            authors=authors,
            bibtex=self._bibtex(page, plain(shown.title), authors),
            made=_made(run, self._repository) if run and may_run(parts) else [],
            setup=code_block(code) if (code := facts.set_up(parts)) else "",
            file=_notebook_of(page).replace("/index.", ".").rpartition("/")[2],
        )

    def _has_notebook(self, page: Page) -> bool:
        run = self._executed.get(page.source)
        return run is not None and bool(run.outputs) and may_run(split_page(page))

    def _address(self, page: Page) -> str:
        return absolute(self._website, page.href) if "site-url" in self._website else page.href

    def _links(self, page: Page, title: str) -> list[tuple[str, str]]:
        at = self._repository
        source = quote(page.path.relative_to(self._project.root).as_posix())
        known = {"title": f"{title}: ", "body": f"Page: {self._address(page)}\n\n"}
        links = [
            ("Source", f"{at}/blob/{self.commit}/{source}"),
            ("Edit", f"{at}/edit/{self._branch}/{source}"),
            ("Report a mistake", f"{at}/issues/new?{urlencode(known)}"),
        ]
        if not self._has_notebook(page):
            return links
        name = _notebook_of(page)
        own = posixpath.basename(name)
        colab = f"{COLAB}{urlsplit(at).path}/blob/notebooks-{self.commit}/{quote(name)}"
        return [("Notebook", own), ("Open in Colab", colab), *links]

    def _bibtex(self, page: Page, title: str, authors: list[str]) -> str:
        date = page_date(page)
        if date is None or not authors:
            return ""
        words = re.sub(r"(?:/index)?\.qmd$", "", page.source).replace("/", "-")
        entry = {
            "author": " and ".join(f"{{{name}}}" for name in authors),
            "title": f"{{{title}}}",
            "year": str(date.year),
            "month": f"{date:%b}".lower(),
            "howpublished": self._website["title"],
            "url": self._address(page).removesuffix("index.html"),
        }
        lines = [
            f"  {key} = {value if key == 'month' else f'{{{value}}}'},"
            for key, value in entry.items()
        ]
        return "\n".join([f"@misc{{tinynets-{words},", *lines, "}"])


def _notebook_of(page: Page) -> str:
    return page.href.removesuffix(".html") + ".ipynb"


def _authors(page: Page) -> list[str]:
    given = page.meta.get("author") or []
    given = given if isinstance(given, list) else [given]
    return [one["name"] if isinstance(one, Mapping) else str(one) for one in given]


def _made(run: Executed, repository: str) -> list[str]:
    """Return the facts of a run as phrases of HTML."""
    parts, made = split_page(run.page), run.made
    seeds, data = facts.seeds(parts), facts.data_set(parts, made)
    n_claims = facts.n_claims(parts)
    said = [f"seed {seeds}"] if seeds else []
    said += [f"data: {data}"] if data else []
    said += [f"{n_claims} claims asserted"] if n_claims > 1 else []
    if made:
        day = datetime.datetime.fromisoformat(made["date"]).date()
        said += [made["versions"], f"run on {long_date(day)} in {made['seconds']:.0f} s"]
        said += [made["machine"]] if made["machine"] else []
    said = [escape(one) for one in said]
    if commit := made.get("commit"):
        address = f"{repository}/tree/{commit}"
        short = f"<code>{commit[:7]}</code>"
        said.append(f'commit <a href="{address}">{short}</a>' if repository else f"commit {short}")
    return [said[0][:1].upper() + said[0][1:], *said[1:]] if said else []
