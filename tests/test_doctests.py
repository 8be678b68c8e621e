"""The examples in docstrings give what they say."""

import doctest
import importlib
import pkgutil

import pytest

import tinynets

NAMES = [
    module.name
    for module in pkgutil.walk_packages(tinynets.__path__, "tinynets.")
    if not module.name.endswith("__main__")
]


@pytest.mark.parametrize("name", NAMES)
def test_examples_give_what_they_say(name):
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0


def test_there_are_examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [test for name in NAMES for test in finder.find(importlib.import_module(name))]
    assert sum(bool(test.examples) for test in found) > 10
