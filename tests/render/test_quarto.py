"""Quarto under our rules: its log is read, the old site is safe, the package is seen."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from pathlib import Path

import pytest

from render.errors import RenderError
from render.project import Project
from render.quarto import Quarto, warnings

# What Quarto 1.7.34 says, each with exit status 0.
LOG = """\
[1/2] about.qmd
[2/2] notes/one.qmd

Starting python3 kernel...[IPKernelApp] WARNING | Kernel is running over TCP without encryption.
Done

Executing 'one.quarto_ipynb'
  Cell 1/1: 'setup'........Done

[WARNING] Could not convert TeX math \\Bigl(x, rendering as TeX:
  \\Bigl(x
        ^
  unexpected control sequence \\Bigl
[WARNING] Div at line 4 column 1 unclosed at line 28 column 1, closing implicitly.
WARNING (share/filters/./crossref/refs.lua:128) Unable to resolve crossref @fig-none
WARN: Unable to resolve link target: missing.qmd
Output created: _site/index.html
""".splitlines()

needs_quarto = pytest.mark.skipif(
    not shutil.which("quarto"),
    reason="there is no quarto on the PATH: install the Quarto of .quarto-version (https://quarto.org/docs/download), "
    "then run `make test TESTS=tests/render/test_quarto.py`",
)


def test_every_kind_of_warning_is_an_error_with_its_page(tmp_path):
    (tmp_path / "notes").mkdir()
    page = "---\ntitle: One\n---\n\n$\\Bigl(x$\n\n::: {.a}\n[b](missing.qmd)\n\nSee @fig-none.\n"
    (tmp_path / "notes/one.qmd").write_text(page, encoding="utf-8")
    found = list(warnings(LOG, tmp_path))
    assert [error.line for error in found] == [5, None, 10, 8]
    assert [error.page for error in found] == ["notes/one.qmd"] * 4
    texts = ("TeX math", "unclosed", "@fig-none", "missing.qmd")
    assert all(text in error.message for text, error in zip(texts, found, strict=True))


def test_a_warning_keeps_the_lines_that_explain_it():
    first, *others = warnings(LOG, Path())
    assert first.details.splitlines()[-1] == "unexpected control sequence \\Bigl"
    assert not any(error.details for error in others)


def test_the_kernel_and_a_quiet_log_are_no_warnings():
    quiet = [line for line in LOG if not line.startswith(("[WARN", "WARN"))]
    assert list(warnings(quiet, Path())) == []


def test_quarto_without_its_freezer_is_refused(site):
    with pytest.raises(RenderError, match="_quarto.yml: `execute: freeze: auto` is missing"):
        Quarto().check(Project(site.root, {"execute": {"warning": False}}))


def render(site):
    """Render with Quarto, which takes seconds to begin; return status and log."""
    process = site.command("--engine", "quarto")
    said, _ = process.communicate(timeout=300)
    return process.returncode, said


def shown(site):
    return (site.root / "_site/index.html").read_text(encoding="utf-8")


@needs_quarto
def test_quarto_lays_out_what_changed_and_runs_nothing(site):
    cell = "```{python}\nopen('ran', 'a').write('x')\nprint(open('data.txt').read())\n```\n"
    site.write("data.txt", "value 1")
    site.page("index.qmd", f"First.\n\n{cell}")
    site.page("about.qmd", "About.\n")
    status, said = render(site)
    assert status == 0 and "Laying out 2 pages" in said, said
    assert "value 1" in shown(site)
    assert "is up to date" in render(site)[1]
    site.page("index.qmd", f"Second.\n\n{cell}")
    said = render(site)[1]
    assert "Laying out 1 of 2 pages" in said and "about.qmd" not in said
    assert "Second." in shown(site)
    assert (site.root / "ran").read_text() == "x"
    site.write("data.txt", "value 2")
    assert "Laying out 1 of 2 pages" in render(site)[1]
    assert "value 2" in shown(site)
    site.page("index.qmd", f"Second.\n\n{cell}", head="title: Other\n")
    assert "Laying out 2 pages" in render(site)[1], "titles show on other pages"
    assert (site.root / "ran").read_text() == "xx"


@needs_quarto
@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("```{python}\n1 / 0\n```\n", "ZeroDivisionError"),
        ("`{python} nowhere`\n\n```{python}\nnowhere = 1\n```\n", "'nowhere' is not defined"),
        ("See @fig-none.\n", "@fig-none"),
        ("[x](missing.qmd)\n", "missing.qmd"),
    ],
)
def test_what_quarto_fails_at_or_warns_of_leaves_the_old_site(site, body, text):
    assert render(site)[0] == 0
    site.page("about.qmd", body)
    status, said = render(site)
    assert status == 1
    assert text in said and "about.qmd" in said
    assert "Welcome." in shown(site)
    assert not (site.root / "_site/about.html").exists()


@needs_quarto
def test_the_preview_shows_drafts_and_runs_what_imports_what_was_saved(site, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", f"{site.root}{os.pathsep}{os.environ['PYTHONPATH']}")
    site.write("tinynets/nets.py", "width = 3\n")
    site.write("_quarto-preview.yml", "website:\n  draft-mode: visible\n")
    site.page("draft.qmd", "Not yet.\n", head="title: D\ndraft: true\n")
    cell = "```{python}\nfrom tinynets.nets import width\nprint('width', width)\n```\n"
    site.page("index.qmd", cell)
    process = site.command("--engine", "quarto", "--preview", "--port", "0")
    limit = threading.Timer(300, process.kill)
    limit.start()
    try:
        wait_for_words(process, "waiting for changes")
        built = site.root / ".render/preview"
        assert "width 3" in (built / "index.html").read_text()
        assert "Not yet." in (built / "draft.html").read_text()
        site.write("tinynets/nets.py", "width = 4\n")
        wait_for_words(process, "waiting for changes")
        assert "width 4" in (built / "index.html").read_text()
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=100)
        limit.cancel()
    assert not (site.root / "_site").exists(), "a preview is no publication"


def wait_for_words(process, words):
    said = []
    for line in process.stdout:
        said.append(line)
        if words in line:
            return
    raise AssertionError(f"it ended without {words!r}: {said}")
