"""A small site to render, and a page to put into it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from render.project import Page, Project, read_page

REPOSITORY = Path(__file__).parents[2]
CONFIG = """\
project:
  type: website
  render: ["*.qmd", "posts/**/*.qmd"]
  resources: ["assets/**"]
website:
  title: Small site
  navbar:
    left:
      - text: Home
        href: index.qmd
format:
  html:
    html-math-method: mathml
execute:
  freeze: auto
  warning: false
"""


class Site:
    """A site in a temporary folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("_quarto.yml", CONFIG)
        self.write("tinynets/__init__.py", "value = 1\n")
        self.write("constraints.txt", "numpy==2\n")
        self.page("index.qmd", "Welcome.\n")

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def page(self, name: str, body: str, head: str = "title: A page\n") -> Page:
        return read_page(self.root, self.write(name, f"---\n{head}---\n\n{body}"))

    @property
    def project(self) -> Project:
        return Project.load(self.root)

    def command(self, *arguments: str, **options) -> subprocess.Popen:
        """Start `python -m render` in the site."""
        return subprocess.Popen(
            [sys.executable, "-m", "render", *arguments],
            cwd=self.root,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **options,
        )

    def render(self, *arguments: str) -> tuple[int, str]:
        """Run `python -m render` to its end; return status and what it printed."""
        process = self.command(*arguments)
        said, _ = process.communicate(timeout=200)
        return process.returncode, said


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    monkeypatch.delenv("TINYNETS_DATA", raising=False)
    return Site(tmp_path / "project")
