"""Quarto and the built-in renderer make the same pages of the same sources."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import engines
import pytest

from tests.conftest import copy_kept, copy_sources

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = Path(__file__).with_name("sample")
MEASURED = "quarto.json"
SECONDS = 3600  # for all pages, one after the other

GOOD = """<html><body><nav><a href="x.html">Menu</a></nav><main><h1>Title</h1>
<section id="one"><h2>One</h2><p>See <a class="quarto-xref" href="#fig-a">Figure&nbsp;1</a>,
<a href="../notes/two.html#there">two</a> and 3 draws of <math><mi>x</mi>
<annotation>x</annotation></math>.</p>
<p><span class="citation" data-cites="neal1996">(<a href="#ref-neal1996">Neal 1996</a>)</span></p>
<p><span id="eq-e"><math><annotation>E \\qquad(1)</annotation></math></span></p>
<div class="cell"><pre class="sourceCode"><code>fit()</code></pre>
<div class="cell-output cell-output-stdout"><pre><code>loss 0.5
done</code></pre></div>
<div class="cell-output cell-output-display"><div id="fig-a"><figure><img src="a.svg" alt="It falls.">
<figcaption>Figure&nbsp;1: Loss.</figcaption></figure></div></div></div>
<div id="tbl-t"><figure><figcaption>Table 1: Runs.</figcaption><table><tr><td>7</td></tr></table></figure></div>
<div id="exr-q" class="theorem"><p><span class="theorem-title"><b>Exercise 1</b></span> Why?</p></div>
<div id="ref-neal1996" class="csl-entry">Neal, R. 1996.</div></section></main></body></html>"""

# The same facts, as another engine might write them.
ALIKE = (
    GOOD.replace('<section id="one"><h2>', '<section><h2 id="one">')
    .replace("&nbsp;", "\n")
    .replace('href="../notes/two.html#there"', 'href="/notes/two.html#there" class="x"')
    .replace('<img src="a.svg"', '<img src="elsewhere/b.svg"')
    .replace("Menu", "Other menu")
    .replace("Neal 1996</a>", "Neal et al. 1996</a>")
    .replace("Neal, R.", "R. Neal,")
    .replace(
        "E \\qquad(1)</annotation></math>", "E</annotation></math><b class=equation-number>(1)</b>"
    )
)
FAULTS = {
    "a heading's level": ("<h2>One</h2>", "<h3>One</h3>", "heading"),
    "a heading's text": ("<h2>One</h2>", "<h2>On</h2>", "heading"),
    "a heading's id": ('section id="one"', 'section id="won"', "heading"),
    "a figure's number": ("Figure&nbsp;1: Loss", "Figure&nbsp;2: Loss", "caption"),
    "a caption's words": ("1: Loss.", "1: Gain.", "caption"),
    "a table's number": ("Table 1", "Table 2", "caption"),
    "a figure's label": ('div id="fig-a"', 'div id="fig-b"', "caption"),
    "alternative text": ('alt="It falls."', 'alt=""', "picture"),
    "a second picture": ('<img src="a.svg"', '<img alt="More."><img src="a.svg"', "picture"),
    "an equation's number": ("\\qquad(1)", "\\qquad(2)", "equation"),
    "a reference's text": (">Figure&nbsp;1</a>", ">Figure&nbsp;2</a>", "reference"),
    "a reference's target": ('href="#fig-a"', 'href="#fig-c"', "reference"),
    "a lost link": ('<a href="../notes/two.html#there">two</a>', "two", "link"),
    "a link's anchor": ("two.html#there", "two.html#here", "link"),
    "a link's page": ("notes/two", "notes/three", "link"),
    "printed text": ("loss 0.5", "loss 0.6", "output"),
    "lines of output": ("loss 0.5\ndone", "loss 0.5 done", "output"),
    "an output's kind": ("cell-output-stdout", "cell-output-stderr", "output"),
    "shown code": ("fit()", "fit(1)", "code"),
    "a cell of a table": ("<td>7</td>", "<td>8</td>", "table"),
    "an inline value": ("3 draws", "4 draws", "paragraph"),
    "a formula": ("<annotation>x<", "<annotation>y<", "paragraph"),
    "a citation": ('data-cites="neal1996"', 'data-cites="neal1993"', "paragraph"),
    "a citation's link": ('href="#ref-neal1996"', 'href="#ref-neal1993"', "link"),
    "a source": ('id="ref-neal1996"', 'id="ref-neal1993"', "source"),
    "an exercise's number": ("Exercise 1", "Exercise 2", "statement"),
    "an exercise's label": ('id="exr-q"', 'id="exr-r"', "statement"),
}


def found(theirs, ours):
    pages = (engines.facts(html, "posts/page.html") for html in (theirs, ours))
    return engines.differences(*pages)


def test_two_spellings_of_the_same_facts_agree():
    assert ALIKE != GOOD
    assert found(GOOD, ALIKE) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_each_difference_is_found(fault):
    good, bad, kind = FAULTS[fault]
    assert good in GOOD
    problems = found(GOOD, GOOD.replace(good, bad))
    assert any(problem.startswith(f"{kind}: ") for problem in problems), problems


def test_a_difference_names_page_kind_and_both_texts(tmp_path):
    for site, html in (("theirs", GOOD), ("ours", GOOD.replace("1: Loss", "2: Loss"))):
        (tmp_path / site / "posts").mkdir(parents=True)
        (tmp_path / site / "posts/a.html").write_text(html, encoding="utf-8")
    (tmp_path / "ours/new.html").write_text(GOOD, encoding="utf-8")
    sites = (engines.site_facts(tmp_path / name) for name in ("theirs", "ours"))
    assert engines.compare(*sites) == [
        "new.html: not built by Quarto",
        "posts/a.html: caption: Quarto has “#fig-a Figure 1: Loss.”, ours “#fig-a Figure 2: Loss.”",
    ]


def test_only_numbers_of_pages_that_read_a_clock_may_differ(tmp_path):
    (tmp_path / "timed.qmd").write_text("began = time.perf_counter()", encoding="utf-8")
    (tmp_path / "plain.qmd").write_text("draws = 3", encoding="utf-8")

    def problems(page, old, new):
        sites = (
            engines.off_the_clock({page: engines.facts(html, page)}, tmp_path)
            for html in (GOOD, GOOD.replace(old, new))
        )
        return engines.compare(*sites)

    assert problems("timed.html", "loss 0.5", "loss   1,612.75") == []
    assert problems("timed.html", "loss 0.5", "gain 0.5") != []
    assert problems("plain.html", "loss 0.5", "loss 0.6") != []


def test_long_facts_are_shown_where_they_differ():
    problem = found(GOOD, GOOD.replace("See", "w" * 300 + " See").replace("3 draws", "4 draws"))
    assert all(len(sentence) < 500 for sentence in problem)
    [sentence] = found(f"<p>{'a' * 300}b</p>", f"<p>{'a' * 300}c</p>")
    assert "ab”" in sentence and "ac”" in sentence


def build(command, project):
    """Build a project's site with an engine; return where it lies."""
    environment = {"QUARTO_PYTHON": sys.executable, **os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, timeout=SECONDS
    )
    log = done.stdout + done.stderr
    assert done.returncode == 0, f"{' '.join(command)} failed:\n{log[-4000:]}"
    return project / "_site"


def with_engine(engine):
    return [sys.executable, "-m", "render", "--engine", engine]


needs_quarto = pytest.mark.skipif(
    not shutil.which("quarto"),
    reason="there is no quarto on the PATH: install the Quarto of .quarto-version (https://quarto.org/docs/download), "
    "and run `make test TESTS=tests/site/test_engines.py` to hold it against the built-in renderer",
)


def test_built_in_renders_the_sample_as_quarto_did(tmp_path):
    site = build(with_engine("builtin"), shutil.copytree(SAMPLE, tmp_path / "sample"))
    theirs = json.loads((SAMPLE / MEASURED).read_text(encoding="utf-8"))
    ours = engines.site_facts(site)
    del ours["status.html"]  # the frame's, of either engine; Quarto ran without it here
    problems = engines.compare(theirs, ours)
    assert problems == [], "\n".join(problems)


@needs_quarto
def test_quarto_still_renders_the_sample_so(tmp_path):
    site = build(["quarto", "render"], shutil.copytree(SAMPLE, tmp_path / "sample"))
    theirs = json.loads((SAMPLE / MEASURED).read_text(encoding="utf-8"))
    problems = engines.compare(theirs, engines.site_facts(site))
    assert problems == [], "\n".join(problems) + (
        "\nQuarto is “ours” here, and differs from what quarto.json says of it: let the built-in"
        f" renderer follow, then: python {engines.__file__} _site > {SAMPLE / MEASURED}"
    )


@needs_quarto
def test_both_engines_agree_on_the_whole_site(site_root, sources, tmp_path):
    """`site_root` is Quarto's where there is a Quarto; the other is built here."""
    copy = tmp_path / "sources"
    copy_sources(copy)
    copy_kept(ROOT, copy)  # the same outputs in both layouts
    home = (site_root / "index.html").read_text(encoding="utf-8")
    by_quarto = '<meta name="generator" content="quarto' in home
    other = build(with_engine("builtin" if by_quarto else "quarto"), copy)
    theirs, ours = (
        engines.off_the_clock(engines.site_facts(site), sources)
        for site in ((site_root, other) if by_quarto else (other, site_root))
    )
    problems = engines.compare(theirs, ours)
    assert problems == [], "\n".join(problems)
