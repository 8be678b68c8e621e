"""What an annotation allows, as far as it can be told from a value."""

from __future__ import annotations

import collections.abc
import numbers
import os
import types
import typing
from collections.abc import Callable
from typing import Any, NamedTuple


class Kind(NamedTuple):
    """A test, and its name in a message."""

    holds: Callable[[Any], bool]
    name: str

    def error(self, name: str, value: Any) -> TypeError:
        """Return what to raise of a value that the test refuses.

        Parameters
        ----------
        name : str
            What the value is called in the message.
        value : object
            What was given instead.

        Returns
        -------
        TypeError
            With how to make what is wanted, where one line of code does.
        """
        text = repr(value)
        shown = text if len(text) < 60 and "\n" not in text else "one"
        got = f"{shown} ({type(value).__name__}){self._remedy(value)}"
        return TypeError(f"{name} must be {self.name}, got {got}")

    def _remedy(self, value: Any) -> str:
        if "torch.Generator" in self.name:
            seed = value if isinstance(value, int) else 0
            return f"; make one by torch.Generator().manual_seed({seed})"
        if "numpy.random.Generator" in self.name:
            return "; make one by numpy.random.default_rng(0)"
        if self.name.startswith("a torch.Tensor") and hasattr(value, "__len__"):
            return "; make one by torch.as_tensor"
        return ""


def kind_of(annotation: Any) -> Kind | None:
    """Return what an annotation allows; None if that can't be told.

    Parameters
    ----------
    annotation : type
        A resolved one.

    Returns
    -------
    Kind or None
    """
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    if repr(annotation) == "<class 'numpy.ndarray'>":
        return Kind(_array, "a numpy.ndarray of numbers")
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        return _union(typing.get_args(annotation))
    if isinstance(annotation, typing.TypeVar):
        bound = annotation.__bound__
        return kind_of(bound) if bound is not None else None
    if origin is collections.abc.Callable or getattr(annotation, "_is_protocol", False):
        return Kind(callable, "a function")
    if origin in _GENERIC:
        return _of_items(_GENERIC[origin], typing.get_args(annotation))
    if isinstance(annotation, type):
        if "Module" in [base.__name__ for base in annotation.__mro__]:  # stand-ins are welcome
            annotation = next(base for base in annotation.__mro__ if base.__name__ == "Module")
        return Kind(lambda value: isinstance(value, annotation), _name(annotation))
    return None


def _union(options: tuple) -> Kind | None:
    if not any("_SupportsArray" in repr(one) for one in options):  # of numpy.typing.ArrayLike
        return _any_of([kind_of(one) for one in options])
    array = Kind(_numbers, "an array of numbers")
    return _any_of([array, _PLAIN[type(None)]]) if type(None) in options else array


def _any_of(kinds: list[Kind | None]) -> Kind | None:
    known = [kind for kind in kinds if kind is not None]
    if len(known) < len(kinds):
        return None
    names = dict.fromkeys(kind.name for kind in known)
    return Kind(lambda value: any(kind.holds(value) for kind in known), " or ".join(names))


def _of_items(whole: Kind, items: tuple) -> Kind:
    """Ask each item of a sequence too, where it can be told."""
    if whole.name == "a tuple" and items and Ellipsis not in items:
        return _of_places([kind_of(item) for item in items])
    if whole.name == "a mapping" and len(items) == 2:
        return _of_values(whole, kind_of(items[1]))
    inner = kind_of(items[0]) if len(items) == 1 else None
    if inner is not None and inner.name == "a sequence, each item a str":
        inner = _any_of([inner, _PLAIN[str]])  # a text is one of letters
    if inner is None or whole.name != "a sequence":
        return whole
    return Kind(
        lambda value: (
            whole.holds(value)
            and 0 not in getattr(value, "shape", ())
            and all(map(inner.holds, value))
        ),
        f"a sequence, each item {inner.name}",
    )


def _of_values(whole: Kind, inner: Kind | None) -> Kind:
    """Ask each value of a mapping too, where it can be told."""
    if inner is None:
        return whole
    return Kind(
        lambda value: whole.holds(value) and all(map(inner.holds, value.values())),
        f"a mapping, each value {inner.name}",
    )


def _of_places(kinds: list[Kind | None]) -> Kind:
    """Ask for as many items as there are kinds, each of its own."""

    def holds(value: Any) -> bool:
        return (
            _sequence(value)
            and len(value) == len(kinds)
            and all(kind is None or kind.holds(one) for kind, one in zip(kinds, value, strict=True))
        )

    names = ", ".join(kind.name if kind else "any" for kind in kinds)
    return Kind(holds, f"a tuple ({names})")


def _number(value: Any) -> bool:
    """Tell whether float() takes it: a number, or an array of one."""
    if isinstance(value, numbers.Real):
        return not isinstance(value, bool)
    return hasattr(value, "__float__") and getattr(value, "ndim", None) == 0


def _whole(value: Any) -> bool:
    if isinstance(value, numbers.Integral):
        return not isinstance(value, bool)
    if getattr(value, "ndim", None) != 0 or not hasattr(value, "__index__"):
        return False
    return "int" in str(value.dtype)


def _sequence(value: Any) -> bool:
    sized = hasattr(value, "__len__") and hasattr(value, "__getitem__")
    return sized and not isinstance(value, str | bytes | dict) and getattr(value, "ndim", 1) > 0


def _iterable(value: Any) -> bool:
    is_text = isinstance(value, str | bytes)
    return hasattr(value, "__iter__") and not is_text and getattr(value, "ndim", 1) > 0


def _numbers(value: Any) -> bool:
    """Tell whether NumPy makes an array of numbers of it."""
    import numpy as np

    try:
        return np.asarray(value).dtype.kind in "biufc"
    except (TypeError, ValueError, RuntimeError):
        return False


def _array(value: Any) -> bool:
    """Tell whether NumPy made it, and it holds numbers."""
    return type(value).__module__.startswith("numpy") and _numbers(value)


def _name(kind: type) -> str:
    module = kind.__module__.split(".")[0]
    known = {"Tensor": "torch.Tensor", "Module": "torch.nn.Module", "Generator": "Generator"}
    name = known.get(kind.__name__, kind.__name__)
    if kind.__name__ == "Generator":
        name = "numpy.random.Generator" if module == "numpy" else "torch.Generator"
    return f"a {name}"


_PLAIN: dict[Any, Kind] = {
    int: Kind(_whole, "an int"),
    float: Kind(_number, "a number"),
    str: Kind(lambda value: isinstance(value, str), "a str"),
    bool: Kind(lambda value: isinstance(value, bool) or _is_numpy_bool(value), "a bool"),
    type(None): Kind(lambda value: value is None, "None"),
    os.PathLike: Kind(lambda value: isinstance(value, os.PathLike), "a path"),
}
_GENERIC: dict[Any, Kind] = {
    collections.abc.Sequence: Kind(_sequence, "a sequence"),
    list: Kind(_sequence, "a sequence"),
    tuple: Kind(_sequence, "a tuple"),
    collections.abc.Iterable: Kind(_iterable, "an iterable"),
    collections.abc.Mapping: Kind(
        lambda value: isinstance(value, collections.abc.Mapping), "a mapping"
    ),
    dict: Kind(lambda value: isinstance(value, dict), "a dict"),
    type: Kind(lambda value: isinstance(value, type), "a class"),
}
_PLAIN |= _GENERIC  # without their items


def _is_numpy_bool(value: Any) -> bool:
    return type(value).__module__ == "numpy" and type(value).__name__ in ("bool", "bool_")
