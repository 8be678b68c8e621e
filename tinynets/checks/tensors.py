"""Checks of tensors and generators; PyTorch is imported where it is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinynets.checks.kinds import kind_of
from tinynets.checks.numbers import count

if TYPE_CHECKING:  # what is NumPy's alone, such as tinynets.nielsen, needs no PyTorch
    import torch


def shape(name: str, tensor: torch.Tensor, expected: tuple) -> torch.Tensor:
    """Return `tensor` if its shape is `expected`.

    A size is an int that must match or a str that names a free size: in
    `("chains", 3)` the first may be any. The same str twice asks for equal
    sizes.

    Parameters
    ----------
    name : str
        What the tensor is called in the message.
    tensor : Tensor
        What was given.
    expected : tuple of int and str
        Sizes that must match, and names of free sizes.

    Returns
    -------
    Tensor
        The tensor, as it was given.

    Raises
    ------
    TypeError
        If it is not a tensor.
    ValueError
        If its shape is another.
    """
    import torch

    if not isinstance(tensor, torch.Tensor):
        raise TypeError(
            f"{name} must be a torch.Tensor of shape {_text(expected)}, got {type(tensor).__name__}"
        )
    sizes = tuple(tensor.shape)
    free: dict[str, int] = {}
    fits = len(sizes) == len(expected) and all(
        size == (free.setdefault(want, size) if isinstance(want, str) else want)
        for size, want in zip(sizes, expected, strict=True)
    )
    if not fits:
        raise ValueError(f"{name} must have shape {_text(expected)}, got {_text(sizes)}")
    return tensor


def classes(name: str, labels: Any, n_classes: int) -> Any:
    """Return `labels` if each is one of `n_classes`, counted from 0.

    Parameters
    ----------
    name : str
        What they are called in the message.
    labels : Tensor or array
        Whole numbers.
    n_classes : int
        Number of classes, 1 or above.

    Returns
    -------
    Tensor or array
        The labels, as they were given.

    Raises
    ------
    ValueError
        If one is below 0, or `n_classes` or above.
    """
    if getattr(labels.dtype, "kind", "i") not in "biu":
        raise ValueError(f"{name} must hold whole numbers, got {labels!r}")
    if not len(labels):
        return labels
    least, most = labels.min(), labels.max()
    if least < 0 or most >= count("n_classes", n_classes):
        raise ValueError(f"{name} must lie in 0 to {n_classes - 1}, got {least} to {most}")
    return labels


def finite(name: str, tensor: torch.Tensor) -> torch.Tensor:
    """Return `tensor` if it holds neither NaN nor infinity.

    Parameters
    ----------
    name : str
        What the tensor is called in the message.
    tensor : Tensor
        Of any shape.

    Returns
    -------
    Tensor
        The tensor, as it was given.

    Raises
    ------
    ValueError
        If a value is NaN or infinite.
    """
    bad = ~tensor.isfinite()
    if bad.any():
        where = tuple(bad.nonzero()[0].tolist())
        raise ValueError(
            f"{name} must be finite, got {int(bad.sum())} values that are "
            f"not, the first at index {where}"
        )
    return tensor


def unit_interval(name: str, tensor: torch.Tensor) -> torch.Tensor:
    """Return `tensor` if all its values lie in [0, 1].

    Parameters
    ----------
    name : str
        What the tensor is called in the message.
    tensor : Tensor
        Such as the pixels of images.

    Returns
    -------
    Tensor
        The tensor, as it was given.

    Raises
    ------
    ValueError
        If a value lies outside, or is NaN.
    """
    least, most = tensor.aminmax()
    if not (least >= 0 and most <= 1):
        raise ValueError(
            f"{name} must lie in [0, 1], got {least.item():g} to {most.item():g}; divide those "
            "in 0 to 255 by 255"
        )
    return tensor


def distribution(name: str, tensor: torch.Tensor) -> torch.Tensor:
    """Return `tensor` if its rows are probabilities.

    Parameters
    ----------
    name : str
        What the tensor is called in the message.
    tensor : Tensor, (..., classes)
        A distribution in each row.

    Returns
    -------
    Tensor
        The tensor, as it was given.

    Raises
    ------
    ValueError
        If a value is negative or NaN, or a sum is not 1.
    """
    if not ((tensor >= 0).all() and ((tensor.sum(-1) - 1).abs() < 1e-3).all()):
        raise ValueError(
            f"{name} must be 0 or above with sum 1 in each row; of logits, take "
            "class_probabilities(logits) or logits.softmax(-1)"
        )
    return tensor


def like_x(name: str, tensor: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Return `tensor` if it has the dtype of the inputs x and is where they are.

    Parameters
    ----------
    name : str
        What the tensor is called in the message.
    tensor : Tensor
        Of any shape.
    x : Tensor
        The inputs.

    Returns
    -------
    Tensor
        The tensor, as it was given.

    Raises
    ------
    TypeError
        If the dtypes differ.
    ValueError
        If the devices differ.
    """
    if tensor.dtype != x.dtype:
        raise TypeError(
            f"{name} must be {x.dtype}, the dtype of x, got {tensor.dtype}; "
            f"convert it with {name}.to({x.dtype}), or x to {tensor.dtype}"
        )
    if tensor.device != x.device:
        raise ValueError(
            f"{name} must be on {x.device}, where x is, got one on {tensor.device}; "
            f"move it with {name}.to({str(x.device)!r})"
        )
    return tensor


def generator(name: str, value: torch.Generator) -> torch.Generator:
    """Return `value` if it is a generator of random numbers.

    Parameters
    ----------
    name : str
        What the value is called in the message.
    value : torch.Generator
        What was given.

    Returns
    -------
    torch.Generator
        The generator, as it was given.

    Raises
    ------
    TypeError
        If it is a seed, or nothing.
    """
    import torch

    kind = kind_of(torch.Generator)
    if kind is not None and not kind.holds(value):
        raise kind.error(name, value)
    return value


def _text(sizes: tuple) -> str:
    return "(" + ", ".join(map(str, sizes)) + ("," if len(sizes) == 1 else "") + ")"
