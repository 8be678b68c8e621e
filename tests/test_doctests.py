"""The examples in docstrings give what they say, and each name that a page uses has one."""

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import tinynets

ROOT = Path(__file__).resolve().parent.parent
NAMES = [
    module.name
    for module in pkgutil.walk_packages(tinynets.__path__, "tinynets.")
    if not module.name.endswith("__main__")
]
PAGES = sorted([ROOT / "index.qmd", *ROOT.glob("posts/**/*.qmd"), *ROOT.glob("notes/**/*.qmd")])
MOST_LINES = 5


def examples(name):
    """The examples of a module, those of decorated functions too, which doctest passes over."""
    module, finder = importlib.import_module(name), doctest.DocTestFinder()
    wrapped = [
        thing
        for thing in vars(module).values()
        if hasattr(thing, "__wrapped__") and thing.__module__ == name
    ]
    found = {test.name: test for test in finder.find(module)}
    for thing in wrapped:
        full = f"{name}.{thing.__name__}"
        inner = finder.find(inspect.unwrap(thing), full, globs=dict(vars(module)))
        found |= {test.name: test for test in inner}
    return [test for test in found.values() if test.examples]


@pytest.fixture(autouse=True)
def small_digits(monkeypatch):
    monkeypatch.setenv("TINYNETS_DATA", "8x8")


@pytest.mark.parametrize("name", NAMES)
def test_examples_give_what_they_say(name):
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for test in examples(name):
        runner.run(test)
        plt.close("all")
    assert runner.summarize(verbose=False).failed == 0


@pytest.mark.parametrize("name", NAMES)
def test_examples_are_short(name):
    long = [test.name for test in examples(name) if len(test.examples) > MOST_LINES]
    assert long == []


def cells(page):
    return re.findall(r"^```\{python\}\n(.*?)^```", page.read_text(), flags=re.S | re.M)


def dotted_names(tree):
    """What of tinynets the code of a page names: imported, or behind what is imported."""
    known = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "tinynets":
            known |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    yield from known.values()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            head, *rest = ast.unparse(node).split(".")
            if head in known and all(map(str.isidentifier, rest)):
                yield ".".join([known[head], *rest])


def resolve(name):
    """Return the function or class of tinynets that a dotted name means, or None."""
    thing = tinynets
    for i, part in enumerate(parts := name.split(".")[1:], 2):
        if inspect.isclass(thing):
            break  # methods are told in their class
        thing = getattr(thing, part, None) or submodule(".".join(["tinynets", *parts[: i - 1]]))
    own = (getattr(thing, "__module__", None) or "").startswith("tinynets")
    return thing if own and (inspect.isfunction(thing) or inspect.isclass(thing)) else None


def submodule(name):
    return importlib.import_module(name) if name in NAMES else None


def used(code):
    return {thing for name in set(dotted_names(ast.parse(code))) if (thing := resolve(name))}


def without_example(things):
    return sorted(
        f"{thing.__module__}.{thing.__qualname__}"
        for thing in things
        if "<lambda>" not in thing.__qualname__ and ">>> " not in (thing.__doc__ or "")
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_a_page_uses_has_an_example(page):
    assert without_example(used("\n".join(cells(page)))) == []


def test_the_names_of_pages_are_found():
    code = "from tinynets import nets, threads as t\nnets.MLP([1, 1]).forward\nt.one_if_small"
    assert {thing.__name__ for thing in used(code)} == {"MLP", "one_if_small"}
    assert sum(len(used("\n".join(cells(page)))) for page in PAGES) > 200


def test_a_name_without_an_example_is_caught():
    def bare():
        """Return nothing."""

    assert [name.split(".")[-1] for name in without_example([bare])] == ["bare"]
