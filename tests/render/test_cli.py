"""`python -m render` as a person meets it: real processes, real kills, the real layout."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import types
from pathlib import Path

import pytest

from render.__main__ import main

ROOT = Path(__file__).resolve().parents[2]

SLEEPS = """```{python}
#| label: sleeps
import os, pathlib, time
pathlib.Path('../../pid').write_text(str(os.getpid()))
time.sleep(200)
```
"""


def wait_for(condition, seconds=100.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def is_gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1].startswith("Z")
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_render_leaves_the_site_and_no_kernel(site, kill):
    ran = "```{python}\nopen('../../ran', 'a').write('x')\n```\n"
    site.page("posts/a/index.qmd", ran)
    assert site.render()[0] == 0
    old = {p: p.read_bytes() for p in (site.root / "_site").rglob("*") if p.is_file()}
    assert old
    site.page("posts/a/index.qmd", f"{ran}```{{python}}\n2\n```\n")
    site.page("posts/b/index.qmd", SLEEPS)
    process = site.command("--jobs", "2")
    mark = site.root / "pid"
    kept = site.root / ".render/pages/posts%2Fa%2Findex.qmd"
    wait_for(
        lambda: mark.exists() and mark.read_text() and len(list(kept.glob("*/page.json"))) == 2
    )
    kernel = int(mark.read_text())
    process.send_signal(kill)
    said, _ = process.communicate(timeout=100)
    wait_for(lambda: is_gone(kernel))
    assert process.returncode == (-9 if kill == signal.SIGKILL else 130), said
    assert {p: p.read_bytes() for p in (site.root / "_site").rglob("*") if p.is_file()} == old
    site.page("posts/b/index.qmd", "Awake.\n")
    status, said = site.render()
    assert (status, (site.root / "ran").read_text()) == (0, "xx"), said
    assert "Awake." in (site.root / "_site/posts/b/index.html").read_text()
    assert not list((site.root / ".render").glob("new-*"))


def test_ctrl_c_while_the_imports_run_is_told_in_a_line(monkeypatch, capsys):
    class Interrupted(types.ModuleType):
        def __getattr__(self, name):
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "render.report", Interrupted("render.report"))
    assert main([]) == 130
    assert capsys.readouterr().out.startswith("interrupted; the site was left as it was")
    code = "import sys, render.__main__; sys.exit('rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_a_site_that_is_up_to_date_is_told_so(site):
    assert "_site/ is ready" in site.render()[1]
    built = {p: p.stat().st_mtime_ns for p in (site.root / "_site").rglob("*")}
    status, said = site.render()
    assert (status, said) == (0, "_site/ is up to date\n")
    assert {p: p.stat().st_mtime_ns for p in (site.root / "_site").rglob("*")} == built


def test_a_failing_cell_is_told_in_full(site):
    site.page("posts/a/index.qmd", "```{python}\n#| label: breaks\nx = 0\n1 / x\n```\n")
    status, said = site.render()
    assert status == 1
    assert said.endswith("""\
error posts/a/index.qmd:8: cell breaks: raised ZeroDivisionError: division by zero
    Traceback (innermost last):
      posts/a/index.qmd:8 in <module>
        1 / x
    ZeroDivisionError: division by zero
1 error; the site was left as it was
"""), said
    assert not (site.root / "_site").exists()


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["nothing.qmd"], 1, "there is no page nothing.qmd; the pages are index.qmd"),
        (["--jobs", "0"], 2, "must be a number of pages from 1 up, got 0"),
        (["--timeout", "nan"], 2, "must be a number of seconds above 0, got nan"),
        (["--timeout", "0"], 2, "must be a number of seconds above 0, got 0"),
        (["--engine", "word"], 2, "invalid choice: 'word'"),
        (["--fast"], 2, "unrecognized arguments: --fast"),
    ],
)
def test_what_is_asked_for_wrongly_is_told(site, arguments, status, says):
    done, said = site.render(*arguments)
    assert done == status
    assert says in said


def test_a_folder_without_a_project_is_told(site):
    (site.root / "_quarto.yml").unlink()
    status, said = site.render()
    assert status == 1
    assert "there is no _quarto.yml" in said


def test_a_missing_quarto_is_told(site, monkeypatch):
    monkeypatch.setenv("PATH", os.path.dirname(os.sys.executable))
    status, said = site.render("--engine", "quarto")
    assert status == 1
    assert "quarto is not on the PATH" in said
