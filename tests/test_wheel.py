"""What one gets by `pip install`: the wheel alone, away from the repository."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT, copy_sources, once


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    def build(folder: Path) -> None:
        (folder / "sources").mkdir()
        copy_sources(folder / "sources")
        # pip in place of `build`: both call the same backend; the other wants a network
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
        command += ["--no-build-isolation", "--wheel-dir", folder, folder / "sources"]
        subprocess.run(command, check=True)

    (file,) = once(tmp_path_factory, "wheel", build).glob("tinynets-*.whl")
    return zipfile.ZipFile(file)


def test_the_wheel_holds_what_the_package_needs_and_nothing_else(wheel):
    tracked = subprocess.check_output(["git", "ls-files", "tinynets"], cwd=ROOT, text=True)
    here = {name for name in tracked.split() if (ROOT / name).is_file()}
    packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert not here - packed and all(name.startswith("tinynets/") for name in packed)


def test_what_the_wheel_says_of_itself(wheel):
    (metadata,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    text = wheel.read(metadata).decode()
    version = re.search(r"^Version: (\S+)$", text, re.M)[1]
    source = (ROOT / "tinynets" / "__init__.py").read_text(encoding="utf-8")
    cited = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f'__version__ = "{version}"' in source
    assert f"\nversion: {version}\n" in cited
    assert re.search(r"^## (\S+)", changes, re.M)[1] == version
    assert "Description-Content-Type: text/markdown" in text and "\n# Tiny Nets\n" in text


def test_the_readmes_program_runs_on_the_wheel_alone(wheel, tmp_path):
    wheel.extractall(tmp_path / "installed")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"^```python\n(.*?)^```", readme, flags=re.S | re.M)
    program += "import tinynets\nprint(tinynets.__file__)\n"
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "installed"), "MPLBACKEND": "agg"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_relative_to(tmp_path / "installed")
    assert (tmp_path / "band.png").stat().st_size > 5000
