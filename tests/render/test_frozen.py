"""What Quarto finds in its freezer, and what stops it before it begins."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from render.assemble import Run
from render.by_hand import before
from render.cache import Cache
from render.errors import RenderError
from render.frozen import freeze, prepare
from render.report import Report
from render.staging import check_place, sign
from render.stamp import Stamps

ROOT = Path(__file__).parents[2]
CELL = "Words.\n\n```{python}\n1\n```\n"


@pytest.fixture
def kept(site):
    """Keep an execution of posts/a with a figure, as if it had been run."""

    def keep(text="one"):
        project = site.project
        page = next(page for page in project.pages if page.source == "posts/a/index.qmd")
        cache, stamps = Cache(project), Stamps(project)
        folder = cache.scratch(page)
        figure = folder / "index_files/figure-html/cell-2-output-1.svg"
        figure.parent.mkdir(parents=True)
        figure.write_text(f"<svg>{text}</svg>")
        run = Run([[], f"![](index_files/figure-html/{figure.name})\n", []], folder, 1.0)
        return cache.store(page, stamps.parts(page), run, stamps.of_page(page), {})

    site.page("posts/a/index.qmd", CELL)
    return keep


def result(site, page="posts/a/index"):
    return site.root / "_freeze" / page / "execute-results/html.json"


def test_quarto_finds_an_execution_by_the_hash_of_the_page(site, kept):
    run = kept()
    prepare(site.project, Report(), run_stale=False)
    found = json.loads(result(site).read_text())
    text = (site.root / "posts/a/index.qmd").read_bytes()
    assert found["hash"] == hashlib.md5(text).hexdigest()
    assert found["result"]["markdown"] == run.markdown
    assert found["result"]["supporting"] == ["index_files/figure-html"]
    figure = result(site).parents[1] / "figure-html/cell-2-output-1.svg"
    assert figure.read_text() == "<svg>one</svg>"
    assert not (site.root / "_freeze/index").exists(), "there is nothing to run on that page"


def test_prose_is_handed_over_as_it_is_now_without_running(site, kept):
    kept()
    prepare(site.project, Report(), run_stale=False)
    site.page("posts/a/index.qmd", CELL.replace("Words", "Other words"))
    prepare(site.project, Report(), run_stale=False)
    found = json.loads(result(site).read_text())
    text = (site.root / "posts/a/index.qmd").read_bytes()
    assert found["hash"] == hashlib.md5(text).hexdigest()
    assert "Other words." in found["result"]["markdown"]


@pytest.mark.parametrize("change", ["cell", "pins", "page gone"])
def test_what_no_longer_fits_is_removed(site, kept, change):
    kept()
    site.write("_freeze/posts/b/execute-results/html.json", "{}")  # of a page that is gone
    site.write("_freeze/site_libs/a.js", "")
    prepare(site.project, Report(), run_stale=False)
    assert result(site).exists() and not result(site, "posts/b").exists()
    if change == "cell":
        site.page("posts/a/index.qmd", CELL.replace("1", "2"))
    elif change == "pins":
        site.write("constraints.txt", "numpy==3\n")
    else:
        (site.root / "posts/a/index.qmd").unlink()
    prepare(site.project, Report(), run_stale=False)
    assert not result(site).exists()
    assert (site.root / "_freeze/site_libs/a.js").exists(), "Quarto's own"


def test_new_figures_take_the_place_of_old_ones(site, kept):
    stamps = Stamps(site.project)
    freeze(site.project, [kept()], stamps)
    figure = result(site).parents[1] / "figure-html/cell-2-output-1.svg"
    freeze(site.project, [kept("two")], stamps)
    assert figure.read_text() == "<svg>two</svg>"
    figure.unlink()
    freeze(site.project, [kept("two")], stamps)
    assert figure.exists()


def test_stale_pages_run_where_the_whole_site_is_rendered(site):
    site.page("posts/a/index.qmd", CELL.replace("1", "6 * 7"))
    assert before(str(site.root), is_whole=False) == 0
    assert not result(site).exists(), "Quarto runs a page that it renders alone"
    assert before(str(site.root), is_whole=True) == 0
    assert "42" in result(site).read_text()


def test_what_is_wrong_stops_quarto(site, capsys):
    site.page("posts/a/index.qmd", "```{r}\n1\n```\n")
    assert before(str(site.root), is_whole=True) == 1
    assert "posts/a/index.qmd:5: cells in r" in capsys.readouterr().out


def test_quartos_site_is_signed_as_made_by_a_render(site):
    site.write("_site/index.html", "by Quarto")
    with pytest.raises(RenderError, match="no render wrote"):
        check_place(site.project)
    sign(site.root / "_site", "")
    check_place(site.project)
    site.write("assets/new.css", "a {}")
    site.write("_site/assets/new.css", "a {}")  # Quarto copies resources while it previews
    check_place(site.project)
    site.write("_site/assets/new.css", "b {}")
    with pytest.raises(RenderError, match="assets/new.css, which no render wrote"):
        check_place(site.project)


@pytest.mark.parametrize("options", [["-I", "-S"], []])
def test_another_python_gets_one_sentence(options, monkeypatch):
    monkeypatch.setenv("RENDER_FROZEN", "1")
    command = [sys.executable, *options, ROOT / "tools/before_quarto.py"]
    done = subprocess.run(command, text=True, capture_output=True)
    if not options:
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        return
    assert done.returncode == 1
    (sentence,) = done.stderr.splitlines()
    assert "lacks torch" in sentence and "run `make setup` once" in sentence
