"""Kernels of infinitely wide networks, straight from a module."""

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from tinynets import nets
from tinynets.kernels import combine, layers, mixing, spatial
from tinynets.kernels.infinite import KernelFunction
from tinynets.kernels.layers import Layer
from tinynets.kernels.state import Kernels

# Activations of PyTorch that act on each number by itself and have no closed form here.
ELEMENTWISE = (
    nn.CELU,
    nn.ELU,
    nn.Hardshrink,
    nn.Hardsigmoid,
    nn.Hardswish,
    nn.Hardtanh,
    nn.LogSigmoid,
    nn.Mish,
    nn.ReLU6,
    nn.SELU,
    nn.Sigmoid,
    nn.SiLU,
    nn.Softplus,
    nn.Softshrink,
    nn.Softsign,
    nn.Tanh,
    nn.Tanhshrink,
    nn.Threshold,
)
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
# Names of nets.ACTIVATIONS with a closed form; the others get a series.
CLOSED = {
    "identity": layers.identity,
    "relu": layers.relu,
    "gelu": layers.gelu,
    "sine": layers.sine,
    "erf": layers.erf,
}
REASONS = {
    nn.modules.batchnorm._BatchNorm: "it makes each output depend on the whole batch, so there "
    "is no kernel of two inputs; use nn.LayerNorm with elementwise_affine=False",
    nn.MultiheadAttention: "softmax attention scaled by 1/sqrt(n) has no known closed form; "
    "use tinynets.kernels.mixing.attention",
    nn.modules.pooling._MaxPoolNd: "the maximum of correlated Gaussians has no closed form; use "
    "average pooling",
    nn.PReLU: "its slope is learnt and the same for all units; use nn.LeakyReLU",
    nn.RNNBase: "its weights are used again at each step, so that their units are not "
    "independent; no such layer is known here",
    nn.Embedding: "it looks rows up and has no inner product of inputs; apply it beforehand",
}


def kernels_of(
    net: nn.Module | Layer,
    *,
    W_std: float | Sequence[float] = 1.0,
    b_std: float | Sequence[float] = 0.0,
    parameterisation: str = "ntk",
    elementwise: tuple[type[nn.Module], ...] = (),
) -> KernelFunction:
    """Return the NNGP and NTK of a network as all its hidden layers grow wide.

    Parameters
    ----------
    net : torch.nn.Module or Layer
        `nn.Sequential` (nested too), `nets.MLP` and `nets.Residual` of linear, convolutional,
        pooling, flattening and normalising layers, dropout (where the module is training) and
        activations; or a layer of `tinynets.kernels.layers`, which carries its own scales.
    W_std, b_std : float, or one for each layer with weights
        Scales of the weights, times √n_in, and of the biases. A layer without a bias has none.
        What the module's parameters are now does not matter.
    parameterisation : str
        "ntk" or "standard"; see `layers.dense`.
    elementwise : tuple of types
        Classes of modules of your own that act on each number by itself.

    Raises
    ------
    ValueError
        If a layer has no limit of this kind; the message names it and says why.

    Examples
    --------
    >>> import torch
    >>> net = nn.Sequential(nn.Linear(2, 50), nn.ReLU(), nn.Linear(50, 1))
    >>> kernels = kernels_of(net, W_std=2**0.5)
    >>> kernels.nngp(torch.tensor([[3.0, 4.0]]))
    tensor([[25.]])
    """
    if isinstance(net, Layer):
        return KernelFunction(net)
    if not isinstance(net, nn.Module):
        raise TypeError(f"net must be a torch.nn.Module or a Layer, got {type(net).__name__}")
    parts = list(_flat(net, ""))
    first = next((i for i, (_, m) in enumerate(parts) if _has_weights(m)), None)
    if first is None:
        raise ValueError(
            f"net must have a layer with weights, got none in {type(net).__name__}: what is "
            "random in it?"
        )
    before = [module for _, module in parts[:first]]
    convolutional = any(isinstance(m, CONVOLUTIONS) for m in net.modules())
    reader = _Reader(W_std, b_std, parameterisation, elementwise, convolutional)
    layer = layers.serial(*(reader.read(name, module) for name, module in parts[first:]))
    reader.finish()
    return KernelFunction(layer, functools.partial(_apply, before) if before else None)


def _apply(modules: Sequence[nn.Module], x: Tensor) -> Tensor:
    for module in modules:
        x = module(x)
    return x


def _flat(module: nn.Module, name: str) -> Iterator[tuple[str, nn.Module]]:
    """Open nested containers, so that a net is one row of layers."""
    if isinstance(module, nn.Sequential):
        for inner, part in module.named_children():
            yield from _flat(part, f"{name}.{inner}" if name else inner)
    elif isinstance(module, nets.MLP):
        for i, affine in enumerate(module.layers):
            yield f"{name}.layers.{i}" if name else f"layers.{i}", affine
            if i < len(module.activation_names):
                yield f"activation {i}", _Named(module.activation_names[i])
    else:
        yield name, module


class _Named(nn.Module):
    """An activation of `nets.ACTIVATIONS`."""

    def __init__(self, name: str):
        super().__init__()
        self.name = name

    def forward(self, x: Tensor) -> Tensor:
        return nets.ACTIVATIONS[self.name](x)


def _has_weights(module: nn.Module) -> bool:
    return isinstance(module, nets.Residual) or any(True for _ in module.parameters())


class _Reader:
    """Translate modules into layers, with the scales of those that have weights."""

    def __init__(
        self, W_std, b_std, parameterisation: str, elementwise: tuple, convolutional: bool
    ):
        self.W_std, self.b_std = W_std, b_std
        self.parameterisation, self.elementwise = parameterisation, elementwise
        self.convolutional = convolutional
        self.n_read = 0

    def read(self, name: str, module: nn.Module) -> Layer:
        place = f"layer {name!r} ({type(module).__name__})"
        try:
            layer = self._layer(module)
        except ValueError as error:
            raise ValueError(f"{place} has no limit of this kind: {error}") from error
        return dataclasses.replace(layer, apply=functools.partial(_placed, place, layer.apply))

    def finish(self) -> None:
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
        if isinstance(module, (*ELEMENTWISE, *self.elementwise)) and not _has_weights(module):
            return layers.activation(module)
        reason = next((why for kind, why in REASONS.items() if isinstance(module, kind)), None)
        raise ValueError(
            reason
            or "it is not among the layers that this function knows; if it acts on each number "
            "by itself, name its class in `elementwise`"
        )

    def _readers(self) -> tuple[tuple[type | tuple[type, ...], Callable[..., Layer]], ...]:
        return (
            ((nn.Linear, nets.StackedLinear), self._dense),
            (CONVOLUTIONS, self._conv),
            (_Named, _named),
            (nets.Residual, self._residual),
            (nn.Sequential, self._serial),
            (nets.MLP, self._serial),
            (nn.Identity, lambda m: layers.identity()),
            (nn.ReLU, lambda m: layers.relu()),
            (nn.LeakyReLU, lambda m: layers.leaky_relu(m.negative_slope)),
            (nn.GELU, _gelu),
            (nn.LayerNorm, self._layer_norm),
            (nn.Dropout, lambda m: combine.dropout(m.p) if m.training else layers.identity()),
            (nn.Flatten, _flatten),
            ((nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d), _average_pool),
            ((nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d), _global_pool),
        )

    def _scales(self, has_bias: bool) -> tuple[float, float]:
        i, self.n_read = self.n_read, self.n_read + 1
        values = []
        for name, value in (("W_std", self.W_std), ("b_std", self.b_std)):
            if isinstance(value, (int, float)):
                values.append(value)
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
        return _without_positions(dense) if self.convolutional else dense

    def _layer_norm(self, module: nn.LayerNorm) -> Layer:
        if any(p.requires_grad for p in module.parameters()):
            raise ValueError(
                "its learnt scale and shift give a tangent kernel that depends on single units; "
                "use elementwise_affine=False"
            )
        positions = len(module.normalized_shape) > 1
        layer = combine.layer_norm(module.eps, positions=positions)
        return layer if positions or not self.convolutional else _without_positions(layer)

    def _conv(self, module: nn.Module) -> Layer:
        if module.groups != 1:
            raise ValueError(
                f"with groups={module.groups} a unit sees few channels however wide the net is; "
                "use groups=1"
            )
        zeros = (
            module.padding_mode == "zeros"
            or module.padding in (0, "valid")
            or not any(module.padding)
        )
        padding = module.padding
        if not zeros:
            same = [d * (s - 1) for d, s in zip(module.dilation, module.kernel_size, strict=True)]
            kept = padding == "same" or all(2 * p == t for p, t in zip(padding, same, strict=True))
            if module.padding_mode != "circular" or not kept:
                raise ValueError(
                    f"padding_mode {module.padding_mode!r} with padding {padding} is not among "
                    "zeros, and circular of the same size"
                )
            padding = "circular"
        return spatial.conv(
            module.kernel_size,
            *self._scales(module.bias is not None),
            stride=module.stride,
            padding=padding,
            dilation=module.dilation,
            width=module.out_channels,
            parameterisation=self.parameterisation,
        )

    def _serial(self, module: nn.Module) -> Layer:
        return layers.serial(*(self.read(name, part) for name, part in _flat(module, "")))

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


def _named(module: _Named) -> Layer:
    if module.name in CLOSED:
        return CLOSED[module.name]()
    return layers.activation(nets.ACTIVATIONS[module.name])


def _gelu(module: nn.GELU) -> Layer:
    if module.approximate == "none":
        return layers.gelu()
    return layers.activation(functools.partial(F.gelu, approximate=module.approximate))


def _without_positions(layer: Layer) -> Layer:
    """Refuse inputs (n, channels, *positions), whose last axis is no axis of features."""

    def apply(k: Kernels) -> Kernels:
        if k.spatial:
            raise ValueError(
                f"{layer.name}: in a convolutional net it would act on the last axis of "
                "positions, not on channels; put nn.Flatten before it"
            )
        return layer(k)

    return dataclasses.replace(layer, apply=apply)


def _flatten(module: nn.Flatten) -> Layer:
    if (module.start_dim, module.end_dim) != (1, -1):
        raise ValueError(
            f"start_dim={module.start_dim}, end_dim={module.end_dim} keeps some positions; only "
            "start_dim=1, end_dim=-1 is known"
        )
    return spatial.flatten()


def _average_pool(module: nn.Module) -> Layer:
    window, stride, padding = module.kernel_size, module.stride, module.padding
    n_axes = int(type(module).__name__[-2])
    window = (window,) * n_axes if isinstance(window, int) else tuple(window)
    paddings = {padding} if isinstance(padding, int) else set(padding)
    if module.ceil_mode or len(paddings) > 1 or (paddings != {0} and not module.count_include_pad):
        raise ValueError(
            "with ceil_mode, different paddings or count_include_pad=False its windows are of "
            "different sizes; leave these as they are by default"
        )
    return mixing.average_pool(window, stride=stride, padding=paddings.pop())


def _global_pool(module: nn.Module) -> Layer:
    size = module.output_size
    if any(s != 1 for s in ((size,) if isinstance(size, int) else size)):
        raise ValueError(f"output_size={size} is not 1; use average pooling with a fixed window")
    # Its outputs keep axes of length one, which a flatten after it removes.
    return mixing.global_average_pool()
