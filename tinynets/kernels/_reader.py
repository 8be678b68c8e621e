"""Read a module of PyTorch as a row of layers of infinitely wide networks."""

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence

from torch import Tensor, nn

from tinynets import nets
from tinynets.kernels import _translate as translate
from tinynets.kernels import combine, layers, rescale
from tinynets.kernels.layers import Layer
from tinynets.kernels.state import Kernels

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


def flat(module: nn.Module, name: str) -> Iterator[tuple[str, nn.Module]]:
    """Open nested containers, so that a net is one row of layers."""
    if isinstance(module, nn.Sequential):
        for inner, part in module.named_children():
            yield from flat(part, f"{name}.{inner}" if name else inner)
    elif isinstance(module, nets.MLP):
        for i, affine in enumerate(module.layers):
            yield f"{name}.layers.{i}" if name else f"layers.{i}", affine
            if i < len(module.activation_names):
                yield f"activation {i}", Named(module.activation_names[i])
    else:
        yield name, module


class Named(nn.Module):
    """An activation of `nets.ACTIVATIONS`."""

    def __init__(self, name: str):
        super().__init__()
        self.name = name

    def forward(self, x: Tensor) -> Tensor:
        return nets.ACTIVATIONS[self.name](x)


def has_weights(module: nn.Module) -> bool:
    """Say whether a module has parameters, or is a residual block."""
    return isinstance(module, nets.Residual) or any(True for _ in module.parameters())


class Reader:
    """Translate modules into layers, with the scales of those that have weights."""

    def __init__(
        self, W_std, b_std, parameterisation: str, elementwise: tuple, convolutional: bool
    ):
        self.W_std, self.b_std = W_std, b_std
        self.parameterisation, self.elementwise = parameterisation, elementwise
        self.convolutional = convolutional
        self.n_read = 0

    def read(self, name: str, module: nn.Module) -> Layer:
        """Return the layer of a module; errors name its place in the net."""
        place = f"layer {name!r} ({type(module).__name__})"
        try:
            layer = self._layer(module)
        except ValueError as error:
            raise ValueError(f"{place} has no limit of this kind: {error}") from error
        return dataclasses.replace(layer, apply=functools.partial(_placed, place, layer.apply))

    def finish(self) -> None:
        """Check that no scale was given in vain."""
        for name, value in (("W_std", self.W_std), ("b_std", self.b_std)):
            if not isinstance(value, (int, float)) and len(value) != self.n_read:
                raise ValueError(
                    f"{name} must be one number or one for each of {self.n_read} layers with "
                    f"weights, got {len(value)}"
                )

    def _layer(self, module: nn.Module) -> Layer:
        for types, read in self._readers():
            if isinstance(module, types):
                return read(module)
        elementwise = (*translate.ELEMENTWISE, *self.elementwise)
        if isinstance(module, elementwise) and not has_weights(module):
            return layers.activation(module)
        raise ValueError(translate.why_not(module))

    def _readers(self) -> tuple[tuple[type | tuple[type, ...], Callable[..., Layer]], ...]:
        return (
            ((nn.Linear, nets.StackedLinear), self._dense),
            (CONVOLUTIONS, self._conv),
            (Named, lambda m: translate.named(m.name)),
            (nets.Residual, self._residual),
            (nn.Sequential, self._serial),
            (nets.MLP, self._serial),
            (nn.Identity, lambda m: layers.identity()),
            (nn.ReLU, lambda m: layers.relu()),
            (nn.LeakyReLU, lambda m: layers.leaky_relu(m.negative_slope)),
            (nn.GELU, translate.gelu),
            (nn.LayerNorm, self._layer_norm),
            (nn.Dropout, lambda m: rescale.dropout(m.p) if m.training else layers.identity()),
            (nn.Flatten, translate.flatten),
            ((nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d), translate.average_pool),
            (
                (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d),
                translate.global_pool,
            ),
        )

    def _scales(self, has_bias: bool) -> tuple[float, float]:
        i, self.n_read = self.n_read, self.n_read + 1
        values = []
        for name, value in (("W_std", self.W_std), ("b_std", self.b_std)):
            if isinstance(value, (int, float)):
                values.append(value)
            elif not isinstance(value, Sequence):
                raise TypeError(f"{name} must be a number or a list of them, got {value!r}")
            elif i < len(value):
                values.append(value[i])
            else:
                raise ValueError(
                    f"{name} must be one number or one for each layer with weights, got "
                    f"{len(value)} of them for more layers"
                )
        return values[0], values[1] if has_bias else 0.0

    def _dense(self, module: nn.Module) -> Layer:
        dense = layers.dense(
            *self._scales(module.bias is not None),
            width=module.weight.shape[-2],
            parameterisation=self.parameterisation,
        )
        return translate.without_positions(dense) if self.convolutional else dense

    def _layer_norm(self, module: nn.LayerNorm) -> Layer:
        return translate.layer_norm(module, self.convolutional)

    def _conv(self, module: nn.Module) -> Layer:
        scales = self._scales(module.bias is not None)
        return translate.conv(module, *scales, self.parameterisation)

    def _serial(self, module: nn.Module) -> Layer:
        return layers.serial(*(self.read(name, part) for name, part in flat(module, "")))

    def _residual(self, module: nets.Residual) -> Layer:
        body = self.read("body", module.body)
        shortcut = None if module.shortcut is None else self.read("shortcut", module.shortcut)
        return combine.residual(body, shortcut)


def _placed(place: str, apply: Callable[[Kernels], Kernels], k: Kernels) -> Kernels:
    """Name the module of which a layer complains."""
    try:
        return apply(k)
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from error
