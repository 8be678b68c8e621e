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
        return self.apply(kernels)


def through_own(apply: Callable[[Kernels], Kernels]) -> Callable[[Kernels], Kernels]:
    """Let a map of kernels treat those of each input's own positions alike."""

    @functools.wraps(apply)
    def both(k: Kernels) -> Kernels:
        new = apply(k)
        if k.own1 is None or not new.spatial:
            return new._replace(own1=None, own2=None)
        own1 = apply(k.own1)
        return new._replace(own1=own1, own2=own1 if k.own2 is k.own1 else apply(k.own2))

    return both


def serial(*layers: Layer) -> Layer:
    """Compose layers, the first one first."""
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
    """Return the layer that changes nothing."""
    return Layer("identity", lambda k: k)


def are_layers(name: str, layers: Sequence[Layer]) -> Sequence[Layer]:
    for layer in layers:
        if not isinstance(layer, Layer):
            raise TypeError(
                f"{name} must be layers, made by the functions of tinynets.kernels.layers, "
                f"got {layer!r}"
            )
    return layers


def names(layers: Sequence[Layer]) -> str:
    return ", ".join(layer.name for layer in layers)


def flags(layers: Sequence[Layer]) -> tuple[bool, bool]:
    return any(layer.mixes for layer in layers), any(layer.channels_first for layer in layers)
