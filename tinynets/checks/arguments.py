"""A function's arguments against its annotations, and shapes against one another."""

from __future__ import annotations

import functools
import inspect
import itertools
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from tinynets.checks.kinds import Kind, kind_of

F = TypeVar("F", bound=Callable[..., Any])
RULES = ("float", "int", "finite", "positive")  # what stands before sizes


def arguments(**shapes: str) -> Callable[[F], F]:
    """Make a function refuse arguments of other types and shapes than it says.

    Types are those of its annotations. A shape names each size; a name that
    comes twice, in one argument or in several, stands for equal sizes, `*` for
    any, and `...` in front or behind for any number of them; none is 0. A bar
    separates what is allowed. What stands behind `->` is the product of the
    argument's numbers: `image_shape="2 -> pixels", images="n pixels"`.
    `float` before the sizes asks for real numbers, of one dtype in all
    arguments that do so; `int` for whole ones; `finite` for no NaN and no
    infinity; `positive` for what is above 0 too. Lists have a shape where
    their items have one, and of a mapping each value is asked.

    Parameters
    ----------
    **shapes : str
        Shape of each array, such as `images="n pixels", labels="n"`.

    Returns
    -------
    callable
        A decorator; what it gives raises TypeError or ValueError.

    Raises
    ------
    TypeError, ValueError
        When what it gives is called otherwise.

    Examples
    --------
    >>> @arguments(x="n 2", labels="n")
    ... def count(x: list, labels: list) -> int:
    ...     return len(labels)
    >>> count([[0.0, 1.0]], [3])
    1
    """

    def decorate(function: F) -> F:
        names = _by_place(function)

        @functools.wraps(function)
        def checked(*args, **kwargs):
            given = dict(zip(names, args, strict=False)) | kwargs
            for name, kind in _kinds(function).items():
                if name in given and not kind.holds(given[name]):
                    raise kind.error(name, given[name])
            fitting(given, shapes)
            return function(*args, **kwargs)

        return typing.cast(F, checked)

    return decorate


def fitting(given: Mapping[str, Any], shapes: Mapping[str, str]) -> None:
    """Raise if an array is of another shape or dtype than it should be.

    Parameters
    ----------
    given : mapping of str to array
        By name; None and what has no shape are passed over.
    shapes : mapping of str to str
        Name of the array to its sizes, as `arguments` takes them.

    Raises
    ------
    ValueError
        That names the array, the shape it should have, and the one it has.
    """
    problem = _misfit(given, shapes) or _mixed(given, shapes) or _out_of_range(given, shapes)
    if problem:
        raise ValueError(problem)


def _misfit(given: Mapping[str, Any], shapes: Mapping[str, str]) -> str:
    """Return which array is of another shape than it should be, or nothing."""
    sizes = _areas(given, shapes)
    for name, expected, value in _each(given, shapes):
        shape = _shape(value)
        if shape is None:
            continue
        for option in _options(expected):
            bound = _bind(option, shape, sizes, name)
            if bound is not None:
                sizes = bound
                break
        else:
            got = str(shape).replace("-1", "unlike")
            return f"{name} must have shape {_told(expected, sizes)}, got {got}"
    return ""


def _areas(given: Mapping[str, Any], shapes: Mapping[str, str]) -> dict[str, tuple[int, str]]:
    """Return the sizes that are products of an argument's numbers, by their names."""
    sizes: dict[str, tuple[int, str]] = {}
    for name, expected in shapes.items():
        size, factors = expected.partition("->")[2].strip(), given.get(name)
        if size and factors is not None and _shape(factors) == (2,):
            sizes[size] = (int(factors[0]) * int(factors[1]), name)
    return sizes


def _each(given: Mapping[str, Any], shapes: Mapping[str, str]) -> Iterator[tuple[str, str, Any]]:
    """Go through what shapes are asked of, each value of a mapping by its key."""
    for name, expected in shapes.items():
        value = given.get(name)
        if isinstance(value, Mapping):
            inner = {f"{name}[{key!r}]": one for key, one in value.items()}
            yield from _each(inner, dict.fromkeys(inner, expected))
        else:
            yield name, expected, value


def _out_of_range(given: Mapping[str, Any], shapes: Mapping[str, str]) -> str:
    """Return which numbers are not finite, or not positive, as they should be, or nothing."""
    for name, expected, value in _each(given, shapes):
        rule = _rule(expected)
        bad = _first_bad(value, rule) if rule and value is not None else None
        if bad is not None:
            return (
                f"{name} must be {'finite and above 0' if rule == 'positive' else rule}, got {bad}"
            )
    return ""


def _first_bad(value: Any, rule: str) -> Any:
    """Return the first number that is not finite, or not positive; None if there is none."""
    import numpy as np

    if isinstance(value, list | tuple) and any(hasattr(one, "__len__") for one in value):
        return next((bad for one in value if (bad := _first_bad(one, rule)) is not None), None)
    values = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
    if values.dtype.kind not in "biufc":
        return repr(value)
    good = np.isfinite(values) & ((values > 0) | (rule != "positive"))
    return None if good.all() else values[~good].ravel()[0]


@functools.cache
def _rule(expected: str) -> str:
    return next((word for word in expected.split() if word in ("finite", "positive")), "")


@functools.cache
def _options(expected: str) -> list[list[str]]:
    """Return the sizes that each option asks for: read once, for this is in every call."""
    return [
        [word for word in option.split() if word not in RULES]
        for option in expected.partition("->")[0].split("|")
    ]


def _mixed(given: Mapping[str, Any], shapes: Mapping[str, str]) -> str:
    """Return which tensor is of another dtype than it should be, or nothing."""
    first: dict[str, Any] = {}
    for name, expected in shapes.items():
        value: Any = given.get(name)
        wants_real = expected.startswith("float")
        if not hasattr(value, "is_floating_point") or not (
            wants_real or expected.startswith("int")
        ):
            continue
        is_real = value.is_floating_point()
        if is_real != wants_real or (not is_real and str(value.dtype) == "torch.bool"):
            wanted = "real numbers" if wants_real else "whole numbers"
            remedy = f"{name}.to(torch.float64)" if wants_real else f"{name}.long()"
            return f"{name} must hold {wanted}, got {value.dtype}; convert it with {remedy}"
        other = next(iter(first.values()), value)
        if is_real and other.dtype != value.dtype:
            return (
                f"{name} must be {other.dtype}, the dtype of {next(iter(first))}, got "
                f"{value.dtype}; convert it with {name}.to({other.dtype})"
            )
        if is_real:
            first[name] = value
    return ""


def _by_place(function: Callable) -> list[str]:
    """Name what may be given by its place, up to a starred parameter."""
    parameters = inspect.signature(function).parameters.values()
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [parameter.name for parameter in parameters if parameter.kind in kinds]


@functools.cache
def _kinds(function: Callable) -> dict[str, Kind]:
    hints = typing.get_type_hints(function)
    starred = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = inspect.signature(function).parameters.items()
    named = [name for name, one in parameters if one.kind not in starred]
    found = {name: kind_of(hints[name]) for name in named if name in hints}
    return {name: kind for name, kind in found.items() if kind is not None}


def _shape(value: Any) -> tuple[int, ...] | None:
    """Return the shape of an array or of lists; -1 where items of a list are unlike."""
    if value is None:
        return None
    if hasattr(value, "shape"):
        return tuple(value.shape)
    if not isinstance(value, list | tuple | range):
        return ()
    if isinstance(value, range):
        return (len(value),)
    return (len(value), *_common({_shape(one) or () for one in value}))


def _common(shapes: set[tuple[int, ...]]) -> tuple[int, ...]:
    """Return the sizes that items share; -1 stands for what differs behind them."""
    sizes = zip(*shapes, strict=False)
    alike = itertools.takewhile(lambda places: len(set(places)) == 1, sizes)
    return (*(places[0] for places in alike), *([-1] if len(shapes) > 1 else []))


def _bind(expected: list[str], shape: tuple, sizes: dict, name: str) -> dict | None:
    """Return the sizes that are known after an array of this shape; None if it does not fit."""
    if 0 in shape:
        return None
    if expected[:1] == ["..."]:
        expected = expected[1:]
        shape = shape[max(len(shape) - len(expected), 0) :]
    if expected[-1:] == ["..."]:
        expected = expected[:-1]
        shape = shape[: len(expected)]
    if len(shape) != len(expected) or -1 in shape:
        return None
    bound = sizes.copy()
    for want, size in zip(expected, shape, strict=True):
        if want != "*" and size != (
            int(want) if want.isdecimal() else bound.setdefault(want, (size, name))[0]
        ):
            return None
    return bound


def _told(expected: str, sizes: dict) -> str:
    options = [f"({', '.join(option)})" for option in _options(expected)]
    known = {want: sizes[want] for want in expected.replace("|", " ").split() if want in sizes}
    ties = [f"{want} = {size} as in {name}" for want, (size, name) in known.items()]
    return " or ".join(options) + (f" with {', '.join(ties)}" if ties else "")
