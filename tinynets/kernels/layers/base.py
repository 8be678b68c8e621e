"""A layer of an infinitely wide network: a function from `Kernels` to `Kernels`."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tinynets.kernels.state import Kernels


@dataclass(frozen=True)
class Layer:
    """A function from the kernels before a layer to those after it."""

    name: str
    apply: Callable[[Kernels], Kernels]
    fresh: bool = False  # whether independent weights of mean zero stand at its end
    mixes: bool = False  # whether it needs the kernels of all pairs of positions
    channels_first: bool = False  # inputs (n, channels, *positions), not (n, *, features)

    def __call__(self, kernels: Kernels) -> Kernels:
        """Return the kernels after the layer."""
        return self.apply(kernels)


def through_own(apply: Callable[[Kernels], Kernels]) -> Callable[[Kernels], Kernels]:
    """Let a map of kernels treat those of each input's own positions alike.

    Parameters
    ----------
    apply : callable
        From kernels to kernels.

    Returns
    -------
    callable
        The same, with `own1` and `own2` mapped too.
    """

    @functools.wraps(apply)
    def both(k: Kernels) -> Kernels:
        new = apply(k)
        if k.own1 is None or not new.spatial:
            return new._replace(own1=None, own2=None)
        own1 = apply(k.own1)
        return new._replace(own1=own1, own2=own1 if k.own2 is k.own1 else apply(k.own2))

    return both


def serial(*layers: Layer) -> Layer:
    """Compose layers, the first one first.

    Parameters
    ----------
    *layers : Layer
        In the order in which inputs pass them.

    Returns
    -------
    Layer
        All of them as one.

    Raises
    ------
    TypeError
        If one of them is no layer.

    Examples
    --------
    >>> serial(identity(), identity()).name
    'serial(identity, identity)'
    """
    layers = are_layers("layers", layers)

    def apply(k: Kernels) -> Kernels:
        for layer in layers:
            k = layer(k)
        return k

    fresh = False
    for layer in layers:
        fresh = layer.fresh or (fresh and layer.name in KEEPS_FRESH)
    return Layer(f"serial({names(layers)})", apply, fresh, *flags(layers))


# Linear maps of their input: they leave independent what is independent.
KEEPS_FRESH = (
    "identity",
    "flatten",
    "dropout",
    "layer_norm",
    "average_pool",
    "global_average_pool",
)


def identity() -> Layer:
    """Return the layer that changes nothing.

    Returns
    -------
    Layer
        Its kernels are those of its inputs.
    """
    return Layer("identity", lambda k: k)


def are_layers(name: str, layers: Sequence[Layer]) -> Sequence[Layer]:
    """Return layers if they are layers.

    Parameters
    ----------
    name : str
        What they are called in the message.
    layers : sequence
        What was given.

    Returns
    -------
    sequence of Layer
        As they were given.

    Raises
    ------
    TypeError
        If one of them is no layer.
    """
    for layer in layers:
        if not isinstance(layer, Layer):
            raise TypeError(
                f"{name} must be layers, made by the functions of tinynets.kernels.layers, "
                f"got {layer!r}"
            )
    return layers


def names(layers: Sequence[Layer]) -> str:
    """Join the names of layers.

    Parameters
    ----------
    layers : sequence of Layer
        One or more.

    Returns
    -------
    str
        With commas between.
    """
    return ", ".join(layer.name for layer in layers)


def flags(layers: Sequence[Layer]) -> tuple[bool, bool]:
    """Collect the flags `mixes` and `channels_first` of layers.

    Parameters
    ----------
    layers : sequence of Layer
        One or more.

    Returns
    -------
    bool, bool
        Whether any of them mixes positions, and whether any has channels first.
    """
    return any(layer.mixes for layer in layers), any(layer.channels_first for layer in layers)
