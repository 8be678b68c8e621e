"""The tree is formatted, meets the configured rules, and its types agree."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "format", "--check", "--diff", "--quiet", "."],
        ["ruff", "check", "--quiet", "--output-format=concise", "."],
        ["mypy", "--no-error-summary"],
    ],
    ids=" ".join,
)
def test_sources_pass(command):
    run = [sys.executable, "-m", *command]
    done = subprocess.run(run, cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
