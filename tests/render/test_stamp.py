"""What makes a page run again, and what does not."""

from __future__ import annotations

import os

import pytest

from render.project import Executed
from render.stamp import KEPT, Cache, Stamps

CELL = "```{python}\n1\n```\n"


@pytest.fixture
def page(site):
    site.write("posts/a/data.csv", "1\n")
    site.write("explore/a.mjs", "1\n")
    return site.page("posts/a/index.qmd", CELL)


def of_page(site, source="posts/a/index.qmd"):
    project = site.project
    page = next(page for page in project.pages if page.source == source)
    return Stamps(project).of_page(page)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("posts/a/index.qmd", f"---\ntitle: New\n---\n{CELL}"),
        ("posts/a/data.csv", "2\n"),
        ("posts/a/more.csv", "2\n"),
        ("tinynets/__init__.py", "value = 2\n"),
        ("tinynets/new/module.py", "value = 2\n"),
        ("tinynets/kernel.c", "int value = 2;\n"),
        ("constraints.txt", "numpy==3\n"),
        ("explore/a.mjs", "2\n"),
    ],
)
def test_a_change_makes_a_page_stale(site, page, name, text):
    before = of_page(site)
    assert of_page(site) == before
    site.write(name, text)
    assert of_page(site) != before


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("index.qmd", "---\ntitle: New\n---\nText.\n"),
        ("assets/style.css", "a {}\n"),
        ("posts/a/index_files/figure-html/a.svg", "<svg/>"),
        ("posts/a/__pycache__/x.pyc", "x"),
    ],
)
def test_other_changes_do_not(site, page, name, text):
    before = of_page(site)
    site.write(name, text)
    assert of_page(site) == before


def test_an_index_sees_the_pages_in_its_folder_and_they_not_each_other(site):
    site.page("posts/index.qmd", CELL)
    site.page("posts/a.qmd", CELL)
    site.page("posts/b.qmd", CELL)
    index, a = of_page(site, "posts/index.qmd"), of_page(site, "posts/a.qmd")
    site.write("posts/b.qmd", f"---\ntitle: New\n---\n{CELL}")
    assert of_page(site, "posts/index.qmd") != index
    assert of_page(site, "posts/a.qmd") == a


def test_options_of_the_project_that_change_outputs_count(site, page):
    before = of_page(site)
    config = (site.root / "_quarto.yml").read_text()
    site.write("_quarto.yml", config.replace("Small site", "Smaller site"))
    assert of_page(site) == before
    site.write("_quarto.yml", config.replace("warning: false", "warning: true"))
    assert of_page(site) != before


def test_the_data_in_use_count(site, page, tmp_path, monkeypatch):
    seen = {of_page(site)}
    monkeypatch.setenv("TINYNETS_DATA", "8x8")
    seen.add(of_page(site))
    data = tmp_path / "digits"
    data.mkdir()
    monkeypatch.setenv("TINYNETS_DATA", str(data))
    seen.add(of_page(site))
    (data / "images").write_bytes(b"123")
    seen.add(of_page(site))
    os.utime(data / "images", ns=(1, 1))
    seen.add(of_page(site))
    assert len(seen) == 5


def test_a_page_without_cells_is_its_text_alone(site, page):
    before = of_page(site, "index.qmd")
    site.write("tinynets/__init__.py", "value = 2\n")
    assert of_page(site, "index.qmd") == before


@pytest.mark.parametrize("name", ["_quarto.yml", "assets/style.css", "references.bib", "index.qmd"])
def test_the_sites_stamp_sees_what_lays_it_out(site, page, name):
    before = Stamps(site.project).of_site("builtin")
    path = site.root / name
    site.write(name, (path.read_text() if path.exists() else "") + "\n# more\n")
    assert Stamps(site.project).of_site("builtin") != before
    assert Stamps(site.project).of_site("quarto") != Stamps(site.project).of_site("builtin")


def keep(cache, page, stamp, text="text"):
    folder = cache.scratch(page)
    (folder / "a.svg").write_text("<svg/>")
    return cache.store(Executed(page, text, (1,), folder, 2.5), stamp)


def test_what_is_kept_comes_back(site, page):
    cache = Cache(site.project)
    kept = keep(cache, page, "one")
    assert cache.load(page, "one") == kept
    assert (kept.files_dir / "a.svg").is_file()
    assert cache.seconds(page) == 2.5
    assert cache.load(page, "two") is None


def test_only_a_few_executions_are_kept(site, page):
    cache = Cache(site.project)
    for i in range(KEPT + 2):
        place = keep(cache, page, str(i)).files_dir.parent
        os.utime(place / "page.json", (i, i))
    assert cache.load(page, "0") is None
    assert cache.load_last(page).files_dir.parent.name == str(KEPT + 1)


def test_a_damaged_execution_does_not_count(site, page):
    cache = Cache(site.project)
    (keep(cache, page, "one").files_dir.parent / "page.json").write_text("{")
    assert cache.load(page, "one") is None
    assert cache.load_last(page) is None


def test_what_a_killed_run_left_is_swept(site, page):
    cache = Cache(site.project)
    left = cache.scratch(page)
    cache.sweep()
    assert not left.exists()
