"""What is taken out of the pages that Quarto writes, and put into our frame."""

import os
import subprocess
import sys

import pytest
from bs4 import BeautifulSoup

from render.errors import RenderError
from render.layout import quarto
from render.layout.finish import finish_quarto
from render.project import Project
from tests.render.helpers import CONFIG
from tools import finish

EQUATION = """<span id="eq-a"><math display="block"><semantics><mrow><mi>E</mi></mrow>
<annotation encoding="application/x-tex">E = 1 \\qquad(2)</annotation></semantics></math></span>"""
RAW = f"""<!DOCTYPE html><html><head><meta name="generator" content="quarto-1.10.19">
<link href="site_libs/bootstrap/bootstrap.min.css" rel="stylesheet"></head><body>
<header id="quarto-header"><nav class="navbar"><a href="x.html">Theirs</a></nav></header>
<nav id="TOC" role="doc-toc"><h2 id="toc-title">On this page</h2><ul>
<li><a href="#one" id="toc-one" class="nav-link" data-scroll-target="#one">One</a></li></ul></nav>
<main class="content" id="quarto-document-content">
<header id="title-block-header" class="quarto-title-block"><h1 class="title">Two <em>nets</em></h1>
<p class="subtitle lead">Below</p><div class="description">
  Of &amp; with
</div><div class="quarto-categories"><div class="quarto-category">theirs</div></div></header>
<section id="one" class="level2"><h2 class="anchored" data-anchor-id="one">One</h2>
<p>See {EQUATION}</p><div id="fig-a" class="x" alt="misplaced">y</div>
<div class="code-copy-outer-scaffold"><div class="sourceCode" id="cb1"><pre><code>x</code>
<button class="code-copy-button"><i class="bi"></i></button></pre></div><button
class="code-copy-button"></button></div>
<div id="listing-list" class="quarto-listing"><div class="list"><p>Theirs <b>x</b></p></div></div>
</section><nav class="page-navigation"><a href="y.html">Next</a></nav></main></body></html>"""


def body():
    return BeautifulSoup(quarto.document(RAW).body, "html.parser")


def test_title_contents_and_description_are_taken():
    shown = quarto.document(RAW)
    assert shown.title == "Two <em>nets</em>"
    assert (shown.subtitle, shown.description) == ("Below", "Of &amp; with")
    assert shown.generator == "quarto-1.10.19"
    assert "".join(shown.toc.split()) == '<ul><li><ahref="#one"id="toc-one">One</a></li></ul>'


def test_what_quarto_adds_is_left_behind():
    html = quarto.document(RAW).body
    for added in (
        "button",
        "scaffold",
        "page-navigation",
        "anchored",
        "misplaced",
        "title",
        "Theirs",
        "theirs",
    ):
        assert added not in html
    assert body().select_one("section > div.sourceCode#cb1 > pre > code").get_text() == "x"
    assert str(body().find(id="listing-list")) == '<div id="listing-list"></div>'


def test_formulas_are_set_anew_with_their_number_beside_them():
    equation = body().find(id="eq-a")
    assert equation["class"] == ["equation"]
    assert equation.annotation.get_text() == "E = 1"
    assert equation.find("mn").get_text() == "1"
    assert equation.select_one("math + .equation-number").get_text() == "(2)"


@pytest.mark.parametrize("tex", [r"E \qquad(12)", r"E \tag{12}", "E\n \\qquad(12)\n"])
def test_a_number_is_found_however_quarto_writes_it(tex):
    found = quarto.NUMBER.search(tex)
    assert found[1] == "12" and tex[: found.start()] == "E"


def test_a_page_without_content_is_an_error():
    with pytest.raises(RenderError, match="without <main>"):
        quarto.document("<html><body></body></html>")


@pytest.fixture
def site(tmp_path):
    """A project of two pages, both as Quarto has just written them."""
    pages = {"index": "Two", "more": "More"}
    config = CONFIG[: CONFIG.index("bibliography")].replace("posts/index.qmd", "more.qmd")
    (tmp_path / "_quarto.yml").write_text(config, encoding="utf-8")
    for name, title in pages.items():
        (tmp_path / f"{name}.qmd").write_text(f"---\ntitle: {title}\n---\n\nx\n", encoding="utf-8")
        (tmp_path / "_site").mkdir(exist_ok=True)
        (tmp_path / f"_site/{name}.html").write_text(RAW, encoding="utf-8")
    for name in ("_site/site_libs/bootstrap/bootstrap.min.css", "_site/search.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("theirs", encoding="utf-8")
    return tmp_path


def test_raw_pages_are_framed_and_quartos_libraries_removed(site):
    project = Project.load(site)
    assert finish_quarto(project, site / "_site", project.pages) == project.pages
    html = (site / "_site/index.html").read_text(encoding="utf-8")
    assert not quarto.is_raw(html) and "bootstrap" not in html
    assert [p.name for p in (site / "_site/site_libs").iterdir()] == ["tinynets"]
    assert not (site / "_site/search.json").exists()
    assert (site / "_site/pagefind/pagefind-entry.json").is_file()


def test_a_page_rendered_alone_leaves_the_others_framed(site):
    project = Project.load(site)
    finish_quarto(project, site / "_site", project.pages)
    framed = (site / "_site/more.html").read_text(encoding="utf-8")
    (site / "_site/index.html").write_text(RAW.replace("Two", "Three"), encoding="utf-8")
    done = finish_quarto(project, site / "_site", project.pages)
    assert [page.source for page in done] == ["index.qmd"]
    assert "Three <em>" in (site / "_site/index.html").read_text(encoding="utf-8")
    assert (site / "_site/more.html").read_text(encoding="utf-8") == framed


@pytest.fixture
def frame(site, monkeypatch, capsys):
    """What the tool does in this process: its status, and what it says."""

    def run(**environment):
        monkeypatch.chdir(site)
        for name, value in {"QUARTO_PROJECT_OUTPUT_DIR": "_site", **environment}.items():
            monkeypatch.setenv(name, value)
        return finish.main(), capsys.readouterr().err

    return run


def test_quarto_runs_the_tool_on_the_pages_it_names(site):
    given = {"QUARTO_PROJECT_OUTPUT_DIR": "_site", "QUARTO_PROJECT_OUTPUT_FILES": "_site/more.html"}
    done = subprocess.run(
        [sys.executable, finish.__file__],
        cwd=site,
        env=os.environ | given,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    raw = {p.name: quarto.is_raw(p.read_text("utf-8")) for p in (site / "_site").glob("*.html")}
    assert raw == {"index.html": True, "more.html": False}


def test_the_tool_reads_the_pages_from_a_file_where_quarto_gives_one(site, tmp_path, frame):
    (tmp_path / "files.txt").write_text("_site/index.html\n", encoding="utf-8")
    listed = str(tmp_path / "files.txt")
    assert frame(QUARTO_USE_FILE_FOR_PROJECT_OUTPUT_FILES=listed) == (0, "")
    assert not quarto.is_raw((site / "_site/index.html").read_text(encoding="utf-8"))


def test_what_is_wrong_is_said_in_a_line(site, frame):
    (site / "_quarto.yml").write_text(CONFIG + "brand: x.yml\n", encoding="utf-8")
    status, said = frame(QUARTO_PROJECT_OUTPUT_FILES="_site/more.html")
    assert status == 1
    assert said.startswith("ERROR: ") and "brand" in said


LEFT = """<p><span class="math display">$$
\\frac{a
$$</span> and <span class="math inline">$\\Bigl(x$</span></p>
<p><span class="citation" data-cites="b none">(B; <strong>none?</strong>)</span> <b>not</b>
<strong>Why?</strong> <strong>?@fig-none</strong> <a href="gone.qmd#there">x</a>
<a href="https://code.example/more.qmd">theirs</a></p>"""
SOURCE = """---
title: More
---

$$
\\frac{a
$$
and $\\Bigl(x$

[@b; @none] **Why?** @fig-none
[x](gone.qmd#there) [theirs](https://code.example/more.qmd)
"""


def test_what_quarto_could_not_resolve_is_told_with_its_line(site, frame):
    (site / "more.qmd").write_text(SOURCE, encoding="utf-8")
    config = (
        (site / "_quarto.yml")
        .read_text("utf-8")
        .replace("html:", "html:\n    html-math-method: mathml", 1)
    )
    (site / "_quarto.yml").write_text(config, encoding="utf-8")
    page = site / "_site/more.html"
    page.write_text(RAW.replace("<p>See", f"{LEFT}<p>See"), encoding="utf-8")
    kept = page.read_text(encoding="utf-8")
    status, said = frame(QUARTO_PROJECT_OUTPUT_FILES="_site/more.html\n_site/index.html")
    assert status == 1
    assert [line.split(" ", 2)[1] for line in said.splitlines()] == [
        f"more.qmd:{line}:" for line in (6, 8, 10, 10, 11)
    ]
    for text in (
        "\\frac{a",
        "\\Bigl(x",
        "@none is not in the",
        "@fig-none points",
        "gone.qmd#there",
    ):
        assert text in said
    assert not quarto.is_raw(page.read_text(encoding="utf-8")), "it is not framed"
    assert (site / "_site/.stamp").is_file(), "the next render would take it for somebody's work"
    page.write_text(kept, encoding="utf-8")
    done = frame(QUARTO_PROJECT_OUTPUT_FILES="_site/more.html", RENDER_FROZEN="1")
    assert done == (0, ""), "`python -m render` reads Quarto's log"
