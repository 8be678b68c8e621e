"""The status of the pages: what each was made from and when, as their executions say."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from html import escape

from render import facts
from render.cells import split_page
from render.layout.document import Document
from render.layout.listing import long_date
from render.project import Executed, Page, Project
from render.stamp import may_run

SOURCE = "status.qmd"
TITLE = "Status of the pages"
SAYS = "When each page ran last, on what, for how long, and how many claims it asserts."
HEADS = ("Page", "Last run", "Seconds", "Data", "Seeds", "Claims", "Commit")
NUMBERS = ("Seconds", "Seeds", "Claims")


def status(
    project: Project, documents: Mapping[str, Document], executed: Mapping[str, Executed]
) -> tuple[Page, Document] | None:
    """Return the page with one row for each page that runs; None if none does."""
    rows = list(_rows(project, documents, executed))
    if not rows:
        return None
    head = "".join(f"<th{_align(name)}>{name}</th>" for name in HEADS)
    body = "".join(f"<tr>{row}</tr>\n" for row in rows)
    total = sum(run.made.get("seconds", 0) for run in executed.values())
    text = (
        f"<p>Written by the run itself. All pages together took {total:.0f} seconds, one after "
        "another. A page whose claim fails is not published.</p>\n"
        f'<table class="status"><thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table>'
    )
    meta = {"title": TITLE, "description": SAYS, "search": False}
    page = Page(project.root / "render" / "take" / "status.py", SOURCE, "", meta, {}, "", 1)
    return page, Document(TITLE, "", SAYS, "", text)


def _rows(
    project: Project, documents: Mapping[str, Document], executed: Mapping[str, Executed]
) -> Iterator[str]:
    repository = project.config["website"].get("repo-url", "").rstrip("/")
    for page in project.shown_pages:
        run = executed.get(page.source)
        parts = split_page(run.page) if run else []
        if run is None or not may_run(parts) or not run.outputs:
            continue
        made = run.made
        cells = {
            "Page": f'<a href="{page.href}">{documents[page.source].title}</a>',
            "Last run": _day(made.get("date")),
            "Seconds": f"{made['seconds']:.0f}" if made else "",
            "Data": escape(facts.data_set(parts, made).partition(",")[0]) or "its own",
            "Seeds": escape(facts.seeds(parts)),
            "Claims": str(facts.n_claims(parts)),
            "Commit": _commit(made.get("commit", ""), repository),
        }
        yield "".join(f"<td{_align(name)}>{cells[name]}</td>" for name in HEADS)


def _align(name: str) -> str:
    return ' style="text-align: right;"' if name in NUMBERS else ""


def _day(date: str | None) -> str:
    return long_date(datetime.datetime.fromisoformat(date).date()) if date else ""


def _commit(commit: str, repository: str) -> str:
    short = f"<code>{commit[:7]}</code>" if commit else ""
    if not commit or not repository:
        return short
    return f'<a href="{repository}/tree/{commit}">{short}</a>'
