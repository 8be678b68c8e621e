"""Render the site: `python -m render [PAGE…] [--engine quarto|builtin] [--jobs N]`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from render.report import Report


def main(arguments: list[str] | None = None) -> int:
    """Render, or preview; return the exit status."""
    given = _parser().parse_args(arguments)
    try:
        return _told(given)
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("interrupted; the site was left as it was, the pages that ran are kept")
        return 130


def _told(given: argparse.Namespace) -> int:
    """Import the renderer, which takes a second in which Ctrl+C counts too; say what fails."""
    from render.errors import told
    from render.report import Report

    report = Report()
    try:
        return _run(given, report)
    except Exception as error:
        found = told(error)
        if not found:
            raise
        report.errors(found)
        n = "1 error" if len(found) == 1 else f"{len(found)} errors"
        report.say(f"{n}; the site was left as it was")
        return 1


def _run(given: argparse.Namespace, report: Report) -> int:
    from render.build import Builtin, build
    from render.executions import Options, find_pages
    from render.project import Project
    from render.quarto import Quarto

    project = Project.load(_root(), drafts=given.preview)
    options = Options(
        find_pages(project, given.pages, Path.cwd()), given.jobs, given.timeout, given.clean
    )
    engine = Quarto() if given.engine == "quarto" else Builtin()
    if given.preview:
        from render.preview import preview

        return preview(project.root, engine, options, report, port=given.port)
    changed = build(project, engine, options, report)
    out = project.output_dir.relative_to(project.root)
    report.say(f"{out}/ {'is ready' if changed else 'is up to date'}")
    return 0


def _root() -> Path:
    """Return the nearest folder upwards that holds `_quarto.yml`."""
    from render.project import CONFIG

    here = Path.cwd()
    return next((f for f in (here, *here.parents) if (f / CONFIG).is_file()), here)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m render",
        description="Render the site into _site/. Pages run only if they, their data or the "
        "package changed.",
    )
    parser.add_argument(
        "pages",
        nargs="*",
        metavar="PAGE",
        help="run only these; take the others as they ran last, or leave them out",
    )
    parser.add_argument("--engine", choices=("builtin", "quarto"), default="builtin")
    parser.add_argument(
        "--jobs", type=_count, default=0, metavar="N", help="pages at once (default: the cores)"
    )
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=600.0,
        metavar="S",
        help="seconds that one cell may take (default: 600)",
    )
    parser.add_argument("--clean", action="store_true", help="forget earlier executions")
    parser.add_argument("--preview", action="store_true", help="serve, and render on save")
    parser.add_argument("--port", type=int, default=4200, help="for --preview (default: 4200)")
    return parser


def _count(text: str) -> int:
    value = int(text) if text.isdecimal() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be a number of pages from 1 up, got {text}")
    return value


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a number of seconds above 0, got {text}")
    return value


if __name__ == "__main__":
    sys.exit(main())
