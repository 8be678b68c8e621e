"""Executions are kept whole, found again, and put into the page as it is now."""

from __future__ import annotations

import os

import pytest

from render.assemble import Run
from render.cache import KEPT, Cache
from render.cells import split_page

BODY = "Before.\n\n```{python}\n1\n```\n\nIt is `{python} x`.\n"


@pytest.fixture
def page(site):
    return site.page("posts/a/index.qmd", BODY)


def keep(site, page, stamp, read=None):
    cache = Cache(site.project)
    folder = cache.scratch(page)
    (folder / "a.svg").write_text("<svg/>")
    run = Run([[], "cell\n", ["3"]], folder, 2.5)
    return cache.store(page, split_page(page), run, stamp, read or {})


def load(site, page, stamp):
    return Cache(site.project).load(page, split_page(page), stamp)


def test_what_is_kept_comes_back(site, page):
    kept = keep(site, page, "one")
    assert load(site, page, "one") == kept
    assert (kept.files_dir / "a.svg").is_file()
    assert Cache(site.project).seconds(page) == 2.5
    assert load(site, page, "two") is None


def test_it_is_put_into_the_page_as_it_is_now(site, page):
    keep(site, page, "one")
    new = site.page("posts/a/index.qmd", f"More.\n\n{BODY}", head="title: New\ndate: 2026-01-01\n")
    found = load(site, new, "one")
    text = "---\ntitle: New\ndate: 2026-01-01\n---\n\nMore.\n\nBefore.\n\n\ncell\n\n\nIt is 3.\n"
    assert found.markdown == text
    source, lines = new.text.splitlines(), text.splitlines()
    assert len(found.lines) == len(lines)
    for now, then in (("It is 3.", "It is `{python} x`."), ("cell", "```{python}")):
        assert source[found.lines[lines.index(now)] - 1] == then


def test_the_last_one_comes_with_its_own_text(site, page):
    old = keep(site, page, "one")
    new = site.page("posts/a/index.qmd", "Other.\n\n```{python}\n2\n```\n")
    found = Cache(site.project).load_last(new)
    assert (found.markdown, found.lines) == (old.markdown, old.lines)


def test_it_counts_only_with_what_was_read(site, page):
    from render.reads import digest

    site.write("data.csv", "1")
    keep(site, page, "one", {"data.csv": digest(site.root / "data.csv")})
    assert load(site, page, "one")
    site.write("data.csv", "2")
    assert load(site, page, "one") is None
    keep(site, page, "one", {"data.csv": digest(site.root / "data.csv")})
    site.write("data.csv", "1")
    assert load(site, page, "one"), "both are kept"


def test_only_a_few_executions_are_kept(site, page):
    for i in range(KEPT + 2):
        place = keep(site, page, str(i)).files_dir.parent
        os.utime(place / "page.json", (i, i))
    assert load(site, page, "0") is None
    assert Cache(site.project).load_last(page).key == f"last {place.name}"


@pytest.mark.parametrize(
    "harm", ["cut", "other version", "no figure", "figure altered", "output altered"]
)
def test_a_damaged_execution_does_not_count(site, page, harm):
    place = keep(site, page, "one").files_dir.parent
    facts, figure = place / "page.json", place / "files" / "a.svg"
    if harm == "cut":
        facts.write_text(facts.read_text()[:-20])
    elif harm == "other version":
        facts.write_text('{"lines": [1], "seconds": 2}')
    elif harm == "output altered":
        text = facts.read_text()
        facts.write_text(text.replace('"seconds": ', '"seconds": 1'))
        assert facts.read_text() != text
    elif harm == "no figure":
        figure.unlink()
    else:
        figure.write_text("<svg")
    assert load(site, page, "one") is None
    assert Cache(site.project).load_last(page) is None


def test_what_a_killed_run_left_is_swept_and_pages_that_are_gone(site, page):
    cache = Cache(site.project)
    left = cache.scratch(page)
    kept = keep(site, site.page("posts/b.qmd", BODY), "one").files_dir
    Cache(site.project).sweep()
    assert not left.exists() and kept.exists()
    (site.root / "posts/b.qmd").unlink()
    Cache(site.project).sweep()
    assert not kept.exists()


def test_pages_of_similar_names_are_kept_apart(site):
    one, other = (site.page(name, BODY) for name in ("posts/x/y.qmd", "posts/x--y.qmd"))
    keep(site, one, "one")
    assert load(site, other, "one") is None
