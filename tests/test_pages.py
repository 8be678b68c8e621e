"""What pages and scripts take from the package is there, by that name."""

import ast
import importlib
import re
import subprocess
import sys
import tomllib
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def sources():
    command = ["git", "ls-files", "*.qmd", "*.py", ":!tinynets", ":!tests", ":!render"]
    return subprocess.check_output(command, cwd=ROOT, text=True).split()


def code_of(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return text
    cells = re.findall(r"^```\{python\}\n(.*?)^```", text, flags=re.S | re.M)
    return re.sub(r"^[%!].*$", "", "\n".join(cells), flags=re.M)


def missing(code):
    """Names of `tinynets` that the code uses and the package lacks."""
    tree, modules = ast.parse(code), {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("tinynets"):
            continue
        home = importlib.import_module(node.module)
        for alias in node.names:
            try:
                thing = getattr(home, alias.name, None) or importlib.import_module(
                    f"{node.module}.{alias.name}"
                )
            except ImportError:
                yield f"{node.module}.{alias.name}"
                continue
            if isinstance(thing, types.ModuleType):
                modules[alias.asname or alias.name] = thing
    stored = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and type(n.ctx) is ast.Store}
    stored |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = modules.get(node.value.id)
            if module and node.value.id not in stored and not hasattr(module, node.attr):
                yield f"{module.__name__}.{node.attr}"


NAMES = {"sklearn": "scikit-learn", "omegaconf": "hydra-core"}  # modules named otherwise


def foreign(code):
    """Modules that neither Python, Jupyter nor `pip install .` brings."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    installed = {re.match(r"[\w-]+", one)[0] for one in config["project"]["dependencies"]}
    known = {*sys.stdlib_module_names, "IPython", "tinynets"}
    for node in ast.walk(ast.parse(code)):
        names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) else []
        for module in (name.partition(".")[0] for name in names):
            if module not in known and NAMES.get(module, module) not in installed:
                yield module


@pytest.mark.parametrize("name", [name for name in sources() if name.endswith(".qmd")])
def test_a_page_needs_the_package_and_jupyter_alone(name):
    assert list(foreign(code_of(ROOT / name))) == []


def test_a_module_that_pip_does_not_bring_is_found():
    assert list(foreign("import yaml, sklearn.svm\nfrom rich import print")) == ["yaml", "rich"]


@pytest.mark.parametrize("name", sources())
def test_every_name_of_the_package_is_there(name):
    assert list(missing(code_of(ROOT / name))) == []


@pytest.mark.parametrize(
    "code",
    [
        "from tinynets import nowhere",
        "from tinynets.nets import Affine",
        "from tinynets import convnets\nconvnets.set_parameters(1)",
    ],
)
def test_a_name_that_is_not_there_is_found(code):
    assert list(missing(code))
