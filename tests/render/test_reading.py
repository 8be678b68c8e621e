"""Pages say what to read before them and after them, and the frame shows it."""

import re

import pytest
from bs4 import BeautifulSoup

from render.layout.document import resolve
from render.layout.reading import Reading
from render.project import Project
from render.ways import problems
from tests.conftest import ROOT, page_sources
from tests.render.helpers import build, write_site

PAGES = {
    "posts/one.qmd": "---\ntitle: One\nleads-to: [posts/two, posts/gone]\ndifficulty: easy\nminutes: 5\n---\n\n## A {#a}\n",
    "posts/two.qmd": "---\ntitle: Two *too*\nneeds: posts/one\n---\n\nB.\n",
    "posts/gone.qmd": "---\ntitle: Gone\ndraft: true\n---\n\nC.\n",
    "paths.qmd": "---\ntitle: Ways\n---\n\n[Out](posts/one.qmd)\n\n::: {.learning-path}\n1. [One](posts/one.qmd#a)\n:::\n",
}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    site = build(tmp_path_factory.mktemp("ways"), PAGES)
    return lambda name: BeautifulSoup((site / name).read_text(encoding="utf-8"), "html.parser")


def test_the_head_says_what_to_read_first(page):
    (first,) = page("posts/two.html").select("#title-block-header .reading a")
    assert (first["href"], first.get_text()) == ("one.html", "One")
    assert (
        page("posts/one.html").select_one(".quarto-title-meta .marks").get_text()
        == "easy · 5 minutes"
    )
    assert not page("posts/one.html").select(".reading")
    assert not page("index.html").select(".reading")


def test_the_foot_says_what_to_read_next_without_drafts(page):
    (after,) = page("posts/one.html").select(".read-next a")
    assert (after["href"], str(after.em)) == ("two.html", "<em>too</em>")


def test_a_learning_path_says_how_hard_its_steps_are(page):
    (marks,) = page("paths.html").select("main .marks")
    assert marks.get_text() == "easy · 5 minutes" and marks.parent.name == "li"


@pytest.mark.parametrize("address", ["posts/one.html", "./posts/one.html#a"])
def test_a_step_is_known_as_either_engine_writes_it(address, tmp_path):
    ways = Reading(write_site(tmp_path, PAGES), {})
    path = f'<div class="learning-path"><ol><li><a href="{address}">One</a></li></ol></div>'
    assert "easy · 5 minutes" in ways.with_marks(path, {"posts/one.html": "posts/one.qmd"})


def head(**keys: str) -> str:
    lines = "".join(f"{key.replace('_', '-')}: {value}\n" for key, value in keys.items())
    return f"---\ntitle: A page\n{lines}---\n"


@pytest.mark.parametrize(
    "pages, message",
    [
        ({"posts/a.qmd": head(needs="posts/nowhere")}, "a.qmd:3: `needs` names no page"),
        ({"posts/a.qmd": head(leads_to="posts/a")}, "a.qmd:3: `leads-to` names the page itself"),
        (
            {f"posts/{x}.qmd": head(needs=f"posts/{y}") for x, y in ("ab", "bc", "ca")},
            "posts/a.qmd needs posts/b.qmd needs posts/c.qmd needs posts/a.qmd",
        ),
        (
            {
                "posts/a.qmd": head(needs="posts/b"),
                "posts/b.qmd": head(needs="posts/c"),
                "posts/c.qmd": head(),
            }
            | {"posts/a.qmd": head(needs="posts/b", leads_to="posts/c")},
            "`leads-to` leads back: posts/a.qmd itself needs posts/c.qmd",
        ),
    ],
)
def test_a_way_that_leads_nowhere_is_an_error(pages, message, tmp_path):
    found = [str(problem) for problem in problems(write_site(tmp_path, pages))]
    assert any(message in problem for problem in found), found


def test_posts_and_notes_say_where_they_stand():
    needed = {"leads-to", "difficulty", "minutes"}
    lists = {"posts/index.qmd", "notes/index.qmd"}
    for page in Project.load(ROOT).pages:
        if page.source.startswith(("posts/", "notes/")) and page.source not in lists:
            missing = needed - set(page.meta)
            assert not missing, (
                f"{page.source}: add {', '.join(sorted(missing))} to its front matter"
            )


def test_two_pages_link_to_each_page_in_their_text():
    linking: dict[str, set[str]] = {}
    pages = {page.source: page for page in Project.load(ROOT).pages}
    for page in pages.values():
        for link in re.findall(r"\]\(([^)#\s]+\.qmd)", page.body):
            linking.setdefault(resolve(page.source, link), set()).add(page.source)
    lists = {name for name, page in pages.items() if page.meta.get("listing")}
    for name in set(page_sources()) - lists - {"404.qmd", "about.qmd", "paths.qmd"}:
        found = linking.get(name, set()) - {name}
        assert len(found) >= 2, f"{name}: link to it from the text of a page beside {found}"
