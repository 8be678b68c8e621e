"""The built site, once a session, for every test that looks at it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent


def copy_sources(tree: Path) -> None:
    """Copy the repository's files, new ones included, and share its cache."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.check_output(command, cwd=ROOT, text=True).split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)


def render(tree: Path, **environment: str) -> Path:
    """Render the sources in `tree` with the engine in use; return the site."""
    done = subprocess.run(
        [sys.executable, "-m", "render"],
        cwd=tree,
        env=os.environ | environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        pytest.fail(f"the site does not render:\n{done.stdout[-6000:]}", pytrace=False)
    return tree / "_site"


@pytest.fixture(scope="session")
def config() -> dict:
    return yaml.safe_load((ROOT / "_quarto.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def sources(tmp_path_factory) -> Path:
    """A copy of the sources, in which the site is built."""
    tree = tmp_path_factory.mktemp("sources")
    copy_sources(tree)
    return tree


@pytest.fixture(scope="session")
def site_root(sources) -> Path:
    """The whole site, on the digits that TINYNETS_DATA (or its absence) gives."""
    return render(sources)
