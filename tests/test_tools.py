"""Set-up and the note template, against stand-ins for Python and pip."""

import ast
import importlib.util
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import matplotlib
import pytest

from tests.claims import cells
from tools.thumbnails import __main__ as thumbnails

ROOT = Path(__file__).resolve().parent.parent


def load(name):
    spec = importlib.util.spec_from_file_location(f"tools_{name}", ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HASHED = """\
rich==1.0 \\
    --hash=sha256:aa
setuptools==2.0 \\
    --hash=sha256:bb \\
    --hash=sha256:cc
setuptools-scm==3.0 \\
    --hash=sha256:dd
"""


@pytest.fixture
def setup(tmp_path, monkeypatch):
    """tools/setup.py for a project in tmp_path, whose Python logs its calls."""
    module = load("setup")
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_text(name)
    (tmp_path / "requirements.txt").write_text(HASHED)
    (tmp_path / ".quarto-version").write_text("1.2.3\n")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "lib" / "python3" / "site-packages" / "pip").mkdir(parents=True)
    monkeypatch.setattr(module, "ROOT", str(tmp_path))
    monkeypatch.setattr(module, "VENV", str(tmp_path / ".venv"))
    monkeypatch.setattr(module, "PYTHON", str(tmp_path / ".venv" / "bin" / "python"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    script(tmp_path / ".venv" / "bin" / "python", "exit 0")
    return module


def script(path, ending):
    path.write_text(
        f'#!/bin/sh\n[ "$1" = -c ] && echo 3 12 && exit 0\necho "$@" >> "$0.log"\n{ending}\n'
    )
    path.chmod(0o755)


def calls(setup):
    log = Path(setup.PYTHON + ".log")
    return log.read_text().splitlines() if log.exists() else []


def test_an_old_python_can_read_the_script():
    ast.parse((ROOT / "tools" / "setup.py").read_text(), feature_version=(3, 4))


@pytest.mark.parametrize("version", [(2, 7), (3, 10), (3, 14)])
def test_a_wrong_python_gets_a_sentence(setup, version):
    with pytest.raises(setup.Problem, match=r"3\.11, 3\.12 or 3\.13 is needed; /bin/py is Python"):
        setup.check_python(version, "/bin/py")


def test_a_missing_venv_module_says_what_to_install(setup, monkeypatch):
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(setup.Problem, match="apt install python3-venv"):
        setup.check_venv_module()


def test_another_python_on_the_path_takes_over(setup, tmp_path, monkeypatch):
    script(tmp_path / "python3.12", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "version_info", (3, 9, 0))
    started = []
    monkeypatch.setattr(os, "execv", lambda python, arguments: started.append(python))
    setup.use_a_fitting_python()
    assert started == [str(tmp_path / "python3.12")]


def test_a_sound_environment_is_kept(setup, monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 11, 0))
    setup.make_environment(exact=False)
    assert Path(setup.PYTHON).exists()


def test_a_broken_environment_is_made_anew(setup, monkeypatch):
    Path(setup.PYTHON).unlink()
    Path(setup.PYTHON).symlink_to("/nowhere/python")
    made = []
    monkeypatch.setattr(setup.subprocess, "call", lambda command: made.append(command) or 0)
    setup.make_environment(exact=False)
    assert made[0][1:] == ["-m", "venv", "--clear", setup.VENV]


def test_packages_are_installed_once(setup, tmp_path):
    setup.install_packages()
    setup.install_packages()
    builds = Path(setup.VENV, "builds.txt")
    expected = [
        f"--require-hashes -r {builds}",
        "--require-hashes --no-build-isolation -r requirements.txt",
        "--no-build-isolation -c constraints.txt -e .[site,test]",
    ]
    start = "-m pip install --disable-pip-version-check "
    assert [call.removeprefix(start) for call in calls(setup)] == expected
    assert builds.read_text() == "".join(HASHED.splitlines(keepends=True)[2:5])
    for n_times, name in enumerate(("constraints.txt", "requirements.txt", "pyproject.toml"), 2):
        with (tmp_path / name).open("a") as file:
            file.write("other")
        setup.install_packages()
        assert len(calls(setup)) == 3 * n_times


def test_a_failed_installation_is_tried_again(setup):
    script(Path(setup.PYTHON), "exit 1")
    for _ in range(2):
        with pytest.raises(setup.Problem, match="(?s)Do hashes differ.*Run the same make command"):
            setup.install_packages()
    assert len(calls(setup)) == 2, "it goes on after a failure"


def test_pins_are_written_with_hashes_and_without_but_for_pytorch(tmp_path, monkeypatch):
    pin = load("pin")
    torch = (
        "torch==2.0 \\\n    --hash=sha256:ee\nnvidia-nccl-cu13==4 ; sys_platform == 'linux' \\\n"
    )
    monkeypatch.setattr(pin, "ROOT", tmp_path)
    monkeypatch.setattr(pin, "locked", lambda options: HASHED + torch + "    --hash=sha256:ff\n")
    pin.main([])
    assert (tmp_path / "requirements.txt").read_text() == pin.REQUIREMENTS + HASHED
    pins = (tmp_path / "constraints.txt").read_text().removeprefix(pin.CONSTRAINTS).splitlines()
    assert pins == [
        "rich==1.0",
        "setuptools==2.0",
        "setuptools-scm==3.0",
        "torch==2.0",
        "nvidia-nccl-cu13==4 ; sys_platform == 'linux'",
    ]


def test_quarto_is_tried_once_a_version(setup, tmp_path, capsys):
    script(Path(setup.PYTHON), "exit 1")
    setup.try_quarto()
    assert "Quarto 1.2.3 cannot be had here" in capsys.readouterr().out
    setup.try_quarto()
    assert capsys.readouterr().out == ""
    assert calls(setup) == ["-m pip install quarto-cli==1.2.3"]
    (tmp_path / ".quarto-version").write_text("1.2.4\n")
    setup.try_quarto()
    assert len(calls(setup)) == 2


def test_quarto_on_the_path_is_taken_as_it_is(setup, tmp_path, monkeypatch):
    script(tmp_path / "quarto", "exit 0")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    setup.try_quarto()
    assert calls(setup) == []


def test_an_endless_download_of_quarto_is_ended(setup, monkeypatch):
    monkeypatch.setattr(setup, "QUARTO_SECONDS", 1)
    script(Path(setup.PYTHON), 'sleep 300 & echo $! > "$0.child"; wait')
    start = time.monotonic()
    assert not setup.install_quarto("1.2.3")
    assert time.monotonic() - start < 100
    child = Path("/proc", Path(setup.PYTHON + ".child").read_text().strip(), "stat")
    while not ended(child):  # the kernel takes its time after the signal
        assert time.monotonic() - start < 100, "what pip started outlived it"
        time.sleep(0.05)


def ended(stat):
    """Return whether the process of this /proc/PID/stat is gone, or only to be reaped."""
    try:
        return " Z " in stat.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


KINDS = {"note": "notes/why-relu-bends.qmd", "post": "posts/why-relu-bends/index.qmd"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_page_is_whole(kind, tmp_path):
    path = load("new_page").new_page(kind, "why-relu-bends", tmp_path)
    text = path.read_text()
    assert path == tmp_path / KINDS[kind]
    assert 'title: "Why relu bends' in text
    assert "#| label: fig-why-relu-bends" in text
    assert not {"TITLE", "NAME", "DATE"} & set(text.split())


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_pages_cells_run_and_its_claims_hold(kind):
    matplotlib.use("agg")
    names = {}
    for code in cells(f"tools/{kind}.qmd"):
        exec(code, names)
    assert len(names["fig"].axes if kind == "note" else names["found"]) > 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_is_never_overwritten(kind, tmp_path):
    new_page = load("new_page").new_page
    path = new_page(kind, "a-page", tmp_path)
    path.write_text("mine")
    with pytest.raises(ValueError, match=r"a-page(/index)?\.qmd exists already"):
        new_page(kind, "a-page", tmp_path)
    assert path.read_text() == "mine"


@pytest.mark.parametrize("name", ["", "A Note", "../x", "a_b", "-a", "a.qmd", "nielsen/x"])
def test_a_bad_name_for_a_page_is_refused(name, tmp_path):
    with pytest.raises(ValueError, match="lower-case words joined by hyphens"):
        load("new_page").new_page("note", name, tmp_path)
    assert not (tmp_path / "notes").exists()


def test_every_mutant_can_be_planted():
    assert load("mutants").problems() == []


def test_a_mutant_that_no_test_sees_is_named(tmp_path, monkeypatch, capsys):
    mutants = load("mutants")
    (tmp_path / "tinynets").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "tinynets" / "sums.py").write_text("def add(a, b):\n    return a + b\n")
    test = "import sys\nsys.path.insert(0, 'tinynets')\nfrom sums import add\n"
    test += "def test_add():\n    assert add(2, 2) == 4\n"
    (tmp_path / "tests" / "test_sums.py").write_text(test)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    planted = [
        mutants.Mutant(name, "sums.py", "a + b", wrong, "test_sums.py")
        for name, wrong in [("product", "a * b"), ("difference", "a - b")]
    ]
    monkeypatch.setattr(mutants, "ROOT", tmp_path)
    monkeypatch.setattr(mutants, "MUTANTS", planted)
    assert mutants.main([]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "SURVIVES product",
        "caught   difference",
        "1 of 2 survive",
    ]
    planted[0] = planted[0]._replace(right="a / b")
    assert mutants.main([]) == 2
    assert "sums.py holds 'a / b' 0 times" in capsys.readouterr().err


def test_each_picture_in_a_list_is_there_and_has_what_draws_it():
    pages = [*ROOT.glob("posts/**/*.qmd"), *ROOT.glob("notes/**/*.qmd")]
    named = [(page, re.search(r"^image: (.+)$", page.read_text("utf-8"), re.M)) for page in pages]
    places = {
        (page.parent / found[1]).relative_to(ROOT).as_posix() for page, found in named if found
    }
    assert places == set(thumbnails.places())
    assert all((ROOT / place).is_file() for place in places)
