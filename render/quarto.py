"""Lays pages out with Quarto itself, under the rules of the built-in engine.

The pages are executed here and handed over (`render.frozen`), so Quarto starts no
kernel. Its warnings are errors, and the old site stays until the new one is whole.
Where only a few pages changed, and nothing that shows on others, those alone are
laid out again.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from textwrap import dedent

from render.errors import RenderError, raise_all
from render.frozen import PREVIEW, SKIP, freeze
from render.project import CONFIG, Executed, Project
from render.report import Report
from render.staging import parts_of
from render.stamp import Stamps

FEW = 5  # pages that are laid out one by one; more, and the whole site is as quick
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_PAGE = re.compile(r"^\s*\[\s*\d+/\d+\]\s+(?P<page>\S.*\.qmd)\s*$")
_PROGRESS = re.compile(r"\s*(Cell \d+/|Executing '|Starting \S+ kernel|Done$)")
_NAMED = re.compile(  # what a warning is about, as it stands in the page
    r"citation (\S+) not found|(@[\w-]+)|link target: (\S+)"
    r"|TeX math (\S[^\n]*?)(?:, rendering|$)|TeX math *\n\s*(\S[^\n]*)",
    re.MULTILINE,
)
_WARNING = re.compile(r"^\s*(\[?WARN(ING)?\b|\(W\)|ERROR\b)")


class Quarto:
    """The `quarto` on the PATH."""

    name = "quarto"
    may_leave_out = False  # what is not frozen, it would run itself

    def check(self, project: Project) -> None:
        """Make sure that it can be used.

        Raises
        ------
        RenderError
            There is none, or it would run the pages again.
        """
        if project.config.get("execute", {}).get("freeze") != "auto":
            raise RenderError(
                "`execute: freeze: auto` is missing; without it Quarto runs again what has run",
                page=CONFIG,
            )
        if shutil.which(self.name) is None:
            raise RenderError(
                "quarto is not on the PATH; install it from https://quarto.org, or use "
                "--engine builtin"
            )

    def lay_out(
        self, project: Project, executed: Sequence[Executed], out: Path, report: Report
    ) -> Mapping:
        """Write the whole site into the empty folder `out`; return what to remember of it.

        Raises
        ------
        RenderError, RenderErrors
            Quarto failed, or warned of something.
        """
        stamps = Stamps(project)
        freeze(project, executed, stamps)
        old = parts_of(project.output_dir)
        new = {one.page.source: _hash(one) for one in executed}
        shell = stamps.of_shell(self.name)
        changed = [name for name in new if old.get("pages", {}).get(name) != new[name]]
        target = ["--output-dir", os.path.relpath(out, project.root)]
        if old.get("shell") == shell and 0 < len(changed) <= FEW:
            report.say(f"Laying out {len(changed)} of {len(executed)} pages")
            shutil.copytree(project.output_dir, out, dirs_exist_ok=True)
            _render(["render", *changed, "--use-freezer", *target], project, report)
        elif old.get("shell") == shell and not changed:
            report.say("Laying out the reference")
            from render.layout.finish import finish_quarto  # the layout, where it is needed

            shutil.copytree(project.output_dir, out, dirs_exist_ok=True)
            finish_quarto(project, out, [])
        else:
            report.say(f"Laying out {len(executed)} pages")
            _render(["render", *target], project, report)
            # resources of the old site, which Quarto takes for the project's own
            shutil.rmtree(out / project.output_dir.name, ignore_errors=True)
        return {"shell": shell, "pages": new}


def _hash(executed: Executed) -> str:
    return hashlib.sha256(f"{executed.key} {executed.markdown}".encode()).hexdigest()[:24]


def _render(arguments: Sequence[str], project: Project, report: Report) -> None:
    """Run Quarto, show what it says, and raise if it failed or warned."""
    profile = {"QUARTO_PROFILE": PREVIEW} if project.drafts else {}
    process = subprocess.Popen(
        [shutil.which("quarto"), *arguments],
        cwd=project.root,
        text=True,
        encoding="utf-8",
        errors="replace",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **profile, "QUARTO_PYTHON": sys.executable, SKIP: "1"},
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
        raise _failure(said)
    raise_all(warnings(said, project.root))


def warnings(said: Sequence[str], root: Path) -> Iterator[RenderError]:
    """Find what Quarto warned of, on which page, and on which of its lines.

    Parameters
    ----------
    said
        Quarto's output, a line each, without colours.
    root
        Folder of the project, where the pages are read.
    """
    page = None
    for i, line in enumerate(said):
        match = _PAGE.match(line)
        if match:
            page = match["page"]
        elif _WARNING.match(line):
            more = takewhile(lambda below: below.startswith("  "), said[i + 1 :])
            details = dedent("\n".join(more))
            yield RenderError(
                f"Quarto says: {line.strip()}",
                page=page,
                line=_line(root, page, f"{line}\n{details}"),
                details=details,
            )


def _line(root: Path, page: str | None, warning: str) -> int | None:
    """Return the line of a page that holds what a warning names; None where it can't be told."""
    named = _NAMED.search(warning)
    if named is None or page is None or not (root / page).is_file():
        return None
    text = next(filter(None, named.groups()))
    lines = (root / page).read_text(encoding="utf-8", errors="replace").splitlines()
    return next((number for number, one in enumerate(lines, 1) if text in one), None)


def _failure(said: Sequence[str]) -> RenderError:
    """Take what was said since the last page began, its progress aside."""
    where, since = None, []
    for line in said:
        match = _PAGE.match(line)
        if match:
            where, since = match["page"], []
        elif line and not _PROGRESS.match(line):
            since.append(line)
    return RenderError("Quarto could not render it", page=where, details="\n".join(since))
