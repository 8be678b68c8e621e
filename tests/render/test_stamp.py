"""What makes a page run again, and what does not."""

from __future__ import annotations

import os
import sysconfig

import pytest

from render.stamp import Stamps, of_site

CELL = """\
```{python}
#| label: first
from tinynets.nets import MLP
```
"""
PAGE = f"Words.\n\n{CELL}\nIt is `{{python}} x`.\n"


@pytest.fixture
def page(site):
    site.write("tinynets/nets.py", '"""Nets."""\nwidth = 1  # wide\n')
    site.write("tinynets/other.py", "width = 1\n")
    site.write("tinynets/fast.c", "int x;\n")
    site.write("tinynets/data/__init__.py", "")
    site.write("posts/a/data.csv", "1\n")
    return site.page("posts/a/index.qmd", PAGE)


def of_page(site, source="posts/a/index.qmd"):
    project = site.project
    page = next(page for page in project.pages if page.source == source)
    stamps = Stamps(project)
    found = stamps.of_page(page)
    stamps.save()  # as a render does: what is known of modules is asked for the next time
    return found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("import MLP", "import CNN"),
        ("import MLP", "import MLP  # the net"),  # the page shows its code
        ("label: first", "label: second"),
        ("`{python} x`", "`{python} y`"),
        ("Words.", f"Words.\n\n{CELL.replace('first', 'zeroth')}"),
        ("title: A page", "title: A page\nexecute:\n  echo: false"),
    ],
)
def test_what_a_page_asks_for_makes_it_stale(site, page, old, new):
    before = of_page(site)
    assert of_page(site) == before
    text = page.path.read_text()
    assert old in text
    page.path.write_text(text.replace(old, new))
    assert of_page(site) != before


@pytest.mark.parametrize(
    ("old", "new"),
    [("Words.", "Other words."), ("title: A page", "title: Mine"), ("It is", "x is")],
)
def test_prose_does_not(site, page, old, new):
    before = of_page(site)
    page.path.write_text(page.path.read_text().replace(old, new))
    assert of_page(site) == before


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tinynets/__init__.py", "value = 2\n"),
        ("tinynets/nets.py", "width = 2\n"),
        ("tinynets/fast.c", "int y;\n"),
        ("tinynets/table.json", "{}"),
        ("constraints.txt", "numpy==3\n"),
    ],
)
def test_what_it_is_computed_with_makes_it_stale(site, page, name, text):
    before = of_page(site)
    site.write(name, text)
    assert of_page(site) != before


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("index.qmd", "---\ntitle: New\n---\nText.\n"),
        ("assets/style.css", "a {}\n"),
        ("explore/a.mjs", "2\n"),
        ("posts/a/data.csv", "2\n"),  # it does not read it
        ("tinynets/other.py", "width = 2\n"),
        ("tinynets/nets.py", '"""Networks."""\nwidth = 1  # narrow\n'),
        ("tinynets/__pycache__/x.pyc", "x"),
        ("constraints.txt", "# pinned\nnumpy == 2  # as it is\n"),
    ],
)
def test_other_changes_do_not(site, page, name, text):
    before = of_page(site)
    site.write(name, text)
    assert of_page(site) == before


def test_options_of_the_project_that_change_outputs_count(site, page):
    before = of_page(site)
    config = (site.root / "_quarto.yml").read_text()
    site.write("_quarto.yml", config.replace("Small site", "Smaller site"))
    assert of_page(site) == before
    site.write("_quarto.yml", config.replace("warning: false", "warning: true"))
    assert of_page(site) != before


def test_what_is_installed_counts_as_far_as_it_is_pinned(site, page, tmp_path, monkeypatch):
    folder = tmp_path / "packages"
    paths = {"purelib": str(folder), "platlib": str(folder)}
    monkeypatch.setattr(sysconfig, "get_paths", lambda: paths)
    seen = [of_page(site)]
    for name in ("numpy-2.0.dist-info", "other-1.0.dist-info"):
        (folder / name).mkdir(parents=True)
        seen.append(of_page(site))
    assert seen[0] != seen[1] == seen[2]


def test_the_projects_variables_count(site, page, monkeypatch):
    before = of_page(site)
    monkeypatch.setenv("TINYNETS_COMPILE", "0")
    assert of_page(site) != before


def test_the_digits_in_use_count_where_they_are_loaded(site, page, tmp_path, monkeypatch):
    source = "posts/b/index.qmd"
    site.page(source, "```{python}\nfrom tinynets.data import load_digits\n```\n")
    names = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    plain, zipped = tmp_path / "digits", tmp_path / "same"
    for folder in (plain, zipped):
        folder.mkdir()
        for name in names:
            (folder / f"{name}-ubyte").write_text(name)
    before, seen = of_page(site), [of_page(site, source)]
    for chosen in ("8x8", str(tmp_path), str(plain)):
        monkeypatch.setenv("TINYNETS_DATA", chosen)
        seen.append(of_page(site, source))
        assert of_page(site) == before, "it loads none"
    assert len(set(seen)) == 4
    (plain / "leapfrog-0.so").touch()
    os.utime(plain / f"{names[0]}-ubyte", ns=(1, 1))
    assert of_page(site, source) == seen[-1]
    monkeypatch.setenv("TINYNETS_DATA", str(zipped))
    assert of_page(site, source) == seen[-1], "the same digits elsewhere"
    (zipped / f"{names[0]}-ubyte").write_text("other")
    assert of_page(site, source) != seen[-1]


@pytest.mark.parametrize(
    "name", ["_quarto.yml", "assets/style.css", "references.bib", "index.qmd", "posts/a/plan.svg"]
)
def test_the_frame_is_what_lays_the_pages_out(site, page, name):
    before = Stamps(site.project).of_frame("builtin")
    path = site.root / name
    site.write(name, (path.read_text() if path.exists() else "") + "\n# more\n")
    assert Stamps(site.project).of_frame("builtin") != before
    assert Stamps(site.project).of_frame("quarto") != Stamps(site.project).of_frame("builtin")


def test_a_site_with_an_execution_that_was_not_kept_is_never_up_to_date(site, page):
    from render.assemble import without_cells

    run = without_cells(page, Stamps(site.project).parts(site.project.pages[0])[:1])
    assert of_site("frame", [run])
    assert not of_site("frame", [run, type(run)(page, "", (), page.path)])
