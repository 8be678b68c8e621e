"""What a sampler is, in words and digests: so that two runs can be told apart."""

import functools
import hashlib
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from torch import Tensor

P = ParamSpec("P")


T = TypeVar("T", bound=tuple)  # a named tuple with a field `describe`


def described(factory: Callable[P, T]) -> Callable[P, T]:
    """Make what a factory returns know the arguments it was made with.

    They are put into words once `describe()` is called, not before: an adaptation builds a
    sampler at each of its steps.

    Parameters
    ----------
    factory : callable
        Returns a named tuple with a field `describe`.

    Returns
    -------
    callable
        The same, with that field set.
    """

    @functools.wraps(factory)
    def describing(*args: P.args, **kwargs: P.kwargs) -> T:
        made = cast("Any", factory(*args, **kwargs))
        said: dict[str, Any] = {"describe": functools.partial(_describe, factory, args, kwargs)}
        if "path" in made._fields:
            target = kwargs.get("log_density", args[0] if args else None)
            said["path"] = str(getattr(target, "path", ""))
        return made._replace(**said)

    return describing


def digest(tensor: Tensor) -> str:
    """Return 16 digits of the SHA-256 of a tensor's numbers.

    Parameters
    ----------
    tensor : Tensor
        Of any shape.

    Returns
    -------
    str
        Hexadecimal.
    """
    numbers = tensor.detach().cpu().contiguous().numpy()
    return hashlib.sha256(numbers.tobytes()).hexdigest()[:16]


def _describe(factory: Callable, args: tuple, kwargs: dict) -> dict[str, str]:
    bound = inspect.signature(factory).bind(*args, **kwargs)
    bound.apply_defaults()
    words = {"sampler": factory.__name__}
    for name, value in bound.arguments.items():
        words |= _words(name, value)
    return words


def _words(name: str, value: Any) -> dict[str, str]:
    """Describe an argument; what describes itself, such as a posterior, by its own parts."""
    if isinstance(value, Tensor):
        shown = (
            repr(value.item()) if value.numel() == 1 else f"{tuple(value.shape)} {digest(value)}"
        )
        return {name: f"{shown} {value.dtype}"}
    if value is None or isinstance(value, (bool, int, float, str)):
        return {name: repr(value)}
    parts = _parts(value)
    words = {name: _name(value)} if not isinstance(value, dict) else {}
    for part, inner in parts.items():
        words |= _words(f"{name}: {part}", inner)
    return words


def _parts(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    if isinstance(value, functools.partial):
        positional = {str(i): argument for i, argument in enumerate(value.args)}
        return {"function": value.func} | positional | value.keywords
    if hasattr(value, "_asdict"):
        return value._asdict()
    own = getattr(value, "parts", None)
    return own() if callable(own) else {}


def _name(value: Any) -> str:
    """Return the name of a function or method, or else that of the class."""
    return getattr(value, "__qualname__", type(value).__qualname__)
