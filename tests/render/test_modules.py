"""Which modules code reaches, and what of a module counts."""

from __future__ import annotations

import json

import pytest

from render.modules import Modules, facts

MODULE = '''"""What it is for."""

WIDTH = 3  # of the line


def area(x):
    """Square it."""
    return x * x
'''


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# of the line", "# of a line"),
        ("What it is for.", "What it's for."),
        ("Square it.", "Square x.\n\n    Twice.\n    "),
        ("\n\n\n", "\n\n"),
        ("return x * x", "return (x*x)"),
    ],
)
def test_comments_docstrings_and_layout_do_not_count(old, new):
    assert old in MODULE
    assert facts(MODULE.replace(old, new)) == facts(MODULE)


@pytest.mark.parametrize(
    ("old", "new"), [("WIDTH = 3", "WIDTH = 4"), ("x * x", "x + x"), ("(x)", "(x=1)")]
)
def test_code_counts(old, new):
    assert old in MODULE
    assert facts(MODULE.replace(old, new)).digest != facts(MODULE).digest


@pytest.fixture
def modules(tmp_path):
    files = {
        "pack/__init__.py": "",
        "pack/base.py": "",
        "pack/nets.py": "from pack.base import thing\n",
        "pack/lazy.py": "def f():\n    import pack.nets\n",
        "pack/plots/__init__.py": "from pack import base\n",
        "pack/plots/masks.py": "from ..nets import MLP\nfrom . import svg\n",
        "pack/plots/svg.py": "",
        "pack/plots/marks/a.svg": "<svg/>",
        "pack/app/__init__.py": "",
        "pack/app/__main__.py": "from pack.app import cells\n",
        "pack/app/cells.py": "",
        "pack/ring.py": "import pack.round\n",
        "pack/round.py": "import pack.ring\n",
        "pack/kernel.c": "int x;\n",
        "notes/_lib.py": "import pack.base\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return Modules(tmp_path)


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("import math, torch", ""),
        ("import pack", "pack/__init__"),
        ("from pack import nets", "pack/__init__ pack/base pack/nets"),
        ("from pack.nets import MLP", "pack/__init__ pack/base pack/nets"),
        ("import pack.lazy as l", "pack/__init__ pack/base pack/lazy pack/nets"),
        (
            "from pack.plots.masks import plot",
            "pack/__init__ pack/base pack/nets pack/plots/__init__ pack/plots/masks pack/plots/svg",
        ),
        ("import pack.ring", "pack/__init__ pack/ring pack/round"),
        (
            "run(['-m', 'pack.app'])",
            "pack/__init__ pack/app/__init__ pack/app/__main__ pack/app/cells",
        ),
        ("import _lib", "notes/_lib pack/__init__ pack/base"),
        ("%time\nimport pack\n!ls", "pack/__init__"),
        ("import pack\nthis is no Python", "pack/__init__"),
        ("'pack.nets is described'", ""),
    ],
)
def test_code_reaches(modules, tmp_path, code, names):
    found = modules.reached([code], tmp_path / "notes")
    expected = [f"{name}.py" for name in names.split()]
    assert [path.relative_to(tmp_path).as_posix() for path in found] == expected


def test_c_sources_and_data_come_with_the_packages_reached(modules, tmp_path):
    def data(code):
        found = modules.data_beside(modules.reached([code], tmp_path))
        return [path.name for path in found]

    assert data("import pack.base") == ["kernel.c"]
    assert data("import pack.plots.svg") == ["kernel.c", "a.svg"]
    assert data("import math") == []


def test_what_is_known_is_remembered_by_text(tmp_path, monkeypatch):
    (tmp_path / "one.py").write_text("import two\n")
    (tmp_path / "two.py").write_text("x = 1\n")
    memory = tmp_path / "memory.json"
    first = Modules(tmp_path, memory)
    found = first.reached(["import one"], tmp_path)
    digests = [first.facts_of(path) for path in found]
    first.save()
    with monkeypatch.context() as patch:
        patch.setattr("render.modules.facts", lambda *_: pytest.fail("it was known"))
        again = Modules(tmp_path, memory)
        assert again.reached(["import one"], tmp_path) == found
        assert [again.facts_of(path) for path in found] == digests
    (tmp_path / "two.py").write_text("x = 2\n")
    changed = Modules(tmp_path, memory)
    assert changed.facts_of(tmp_path / "two.py") != digests[1]
    for damage in ("{", "[]", json.dumps(json.loads(memory.read_text()) | {"python": "3.0"})):
        memory.write_text(damage)
        assert Modules(tmp_path, memory).reached(["import one"], tmp_path) == found
