"""Renders with Quarto itself, under the rules of the built-in engine.

Quarto's warnings are errors, the old site stays until the new one is whole, and
nothing is rendered while nothing changed (Quarto's own `freeze` does not see a
change in the package).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from textwrap import dedent

from render.build import Options, tell_left_over
from render.errors import RenderError, raise_all
from render.project import Page, Project
from render.report import Report
from render.staging import RECORD, check_place, is_current, lock, recover, staged
from render.stamp import Stamps

ENGINE = "quarto"
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_PAGE = re.compile(r"^\s*\[\s*\d+/\d+\]\s+(?P<page>\S.*\.qmd)\s*$")
_PROGRESS = re.compile(r"\s*(Cell \d+/|Executing '|Starting \S+ kernel|Done$)")
_WARNING = re.compile(r"^\s*(\[?WARN(ING)?\b|\(W\)|ERROR\b)")


def build(project: Project, options: Options, report: Report) -> bool:
    """Bring the site up to date with Quarto; return whether anything had to be done.

    Raises
    ------
    RenderError, RenderErrors
        There is no Quarto; a page failed; Quarto warned of something.
    """
    command = _quarto()
    check_place(project)
    with lock(project):
        tell_left_over(recover(project), report)
        stamp = Stamps(project).of_site(ENGINE)
        if not options.clean and is_current(project.output_dir, stamp):
            return False
        with staged(project, "" if options.pages else stamp) as out:
            target = ["--output-dir", os.path.relpath(out, project.root)]
            if options.pages:
                _take_over(project, out)
                for page in options.pages:
                    _render([command, "render", page.source, *target], project, page, report)
            else:
                _render([command, "render", *target], project, None, report)
                # resources of the old site, which Quarto takes for the project's own
                shutil.rmtree(out / project.output_dir.name, ignore_errors=True)
    return True


def preview(project: Project, port: int) -> int:
    """Hand over to `quarto preview`."""
    command = _quarto()
    os.chdir(project.root)
    os.environ["QUARTO_PYTHON"] = sys.executable
    os.execv(command, [command, "preview", "--port", str(port), "--no-browser"])


def _quarto() -> str:
    command = shutil.which("quarto")
    if command is None:
        raise RenderError(
            "quarto is not on the PATH; install it from https://quarto.org, or use --engine builtin"
        )
    return command


def _take_over(project: Project, out: Path) -> None:
    """Begin from the site that stands, without the claim that it is up to date."""
    if project.output_dir.is_dir():
        shutil.copytree(project.output_dir, out, dirs_exist_ok=True)
        (out / RECORD).unlink(missing_ok=True)


def _render(command: Sequence[str], project: Project, page: Page | None, report: Report) -> None:
    """Run Quarto, show what it says, and raise if it failed or warned."""
    process = subprocess.Popen(
        command,
        cwd=project.root,
        text=True,
        encoding="utf-8",
        errors="replace",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "QUARTO_PYTHON": sys.executable},
    )
    said: list[str] = []
    try:
        for line in process.stdout:
            said.append(_ANSI.sub("", line.rstrip()))
            if _PAGE.match(said[-1]) or re.match(r"\s*Cell \d+/", said[-1]):
                report.say(said[-1])
        status = process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
    if status != 0:
        raise _failure(said, page)
    raise_all(warnings(said, page.source if page else None))


def warnings(said: Sequence[str], page: str | None) -> Iterator[RenderError]:
    """Find what Quarto warned of, and on which page.

    Parameters
    ----------
    said
        Quarto's output, a line each, without colours.
    page
        The page, where only one was rendered.
    """
    for i, line in enumerate(said):
        match = _PAGE.match(line)
        if match:
            page = match["page"]
        elif _WARNING.match(line):
            more = takewhile(lambda below: below.startswith("  "), said[i + 1 :])
            yield RenderError(
                f"Quarto says: {line.strip()}", page=page, details=dedent("\n".join(more))
            )


def _failure(said: Sequence[str], page: Page | None) -> RenderError:
    """Take what was said since the last page began, its progress aside."""
    where, since = page.source if page else None, []
    for line in said:
        match = _PAGE.match(line)
        if match:
            where, since = match["page"], []
        elif line and not _PROGRESS.match(line):
            since.append(line)
    return RenderError("Quarto could not render it", page=where, details="\n".join(since))
