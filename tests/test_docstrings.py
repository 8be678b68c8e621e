"""Every public function says what it takes, gives and refuses, in numpydoc's form.

Ruff holds the form (`D` in pyproject.toml); here is what it does not ask for: that the
sections are there, and name every parameter.
"""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted(
    path
    for path in (ROOT / "tinynets").rglob("*.py")
    if not any(part.startswith("_") and part != "__init__.py" for part in path.parts)
)


def relative(path):
    return path.relative_to(ROOT).as_posix()


def public_functions(tree):
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node


def parameters(function):
    a = function.args
    return {one.arg for one in [*a.posonlyargs, *a.args, *a.kwonlyargs, a.vararg, a.kwarg] if one}


def sections(docstring):
    parts = re.split(r"^(\w+)\n-{3,}$", docstring, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def named(section):
    """The parameters that a section has an entry for, types told."""
    heads = re.findall(r"^(\S.*?)(?: : |$)", section, flags=re.M)
    return {name.strip().lstrip("*\\") for head in heads for name in head.split(",")}


def problems(function):
    found = sections(ast.get_docstring(function) or "")
    missing = parameters(function) - named(found.get("Parameters", ""))
    if missing:
        yield f"{function.name}: Parameters lacks {sorted(missing)}"
    returns = function.returns and ast.unparse(function.returns) != "None"
    if returns and not {"Returns", "Yields"} & found.keys():
        yield f"{function.name}: no Returns"
    raises = any(isinstance(node, ast.Raise) for node in ast.walk(function))
    if raises and "Raises" not in found:
        yield f"{function.name}: no Raises"


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_public_functions_document_themselves(path):
    functions = public_functions(ast.parse(path.read_text()))
    assert [problem for function in functions for problem in problems(function)] == []


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_no_parameter_sends_the_reader_away(path):
    away = re.findall(
        r"^ +(?:As (?:in|for|of) |As `[\w.]+` (?:takes|does)|See )`?[\w.]+`?.*",
        path.read_text(),
        flags=re.M,
    )
    assert away == []


WHOLE = '''
def f(x: int, *rest, y: float = 1.0, **more) -> int:
    """Say.

    Parameters
    ----------
    x, y : float
    *rest : int
    **more : int

    Returns
    -------
    int

    Raises
    ------
    ValueError
    """
    raise ValueError
'''


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x, y :", "x :"),
        ("*rest : int", "rests : int"),
        ("Returns\n    -------", "Return\n    -----"),
        ("Raises\n    ------", "Raise\n    -----"),
    ],
)
def test_what_is_missing_is_caught(old, new):
    (function,) = public_functions(ast.parse(WHOLE))
    assert list(problems(function)) == []
    assert old in WHOLE
    (function,) = public_functions(ast.parse(WHOLE.replace(old, new)))
    assert len(list(problems(function))) == 1
