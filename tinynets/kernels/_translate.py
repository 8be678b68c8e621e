"""Single modules of PyTorch as layers of infinitely wide networks; a reason where there is none."""

import dataclasses
import functools

from torch import nn
from torch.nn import functional as F

from tinynets import nets
from tinynets.kernels import layers, mixing, rescale, spatial
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


def why_not(module: nn.Module) -> str:
    """Return why a module has no limit of this kind."""
    known = (why for kind, why in REASONS.items() if isinstance(module, kind))
    unknown = (
        "it is not among the layers that this function knows; if it acts on each number "
        "by itself, name its class in `elementwise`"
    )
    return next(known, unknown)


def named(name: str) -> Layer:
    """Translate an activation of `nets.ACTIVATIONS`."""
    return CLOSED[name]() if name in CLOSED else layers.activation(nets.ACTIVATIONS[name])


def gelu(module: nn.GELU) -> Layer:
    """Translate a GELU: exact in closed form, its approximation by tanh as a series."""
    if module.approximate == "none":
        return layers.gelu()
    return layers.activation(functools.partial(F.gelu, approximate=module.approximate))


def layer_norm(module: nn.LayerNorm, convolutional: bool) -> Layer:
    """Translate a normalisation without learnt scale and shift."""
    if any(p.requires_grad for p in module.parameters()):
        raise ValueError(
            "its learnt scale and shift give a tangent kernel that depends on single units; "
            "use elementwise_affine=False"
        )
    positions = len(module.normalized_shape) > 1
    layer = rescale.layer_norm(module.eps, positions=positions)
    return layer if positions or not convolutional else without_positions(layer)


def without_positions(layer: Layer) -> Layer:
    """Refuse inputs (n, channels, *positions), whose last axis is no axis of features."""

    def apply(k: Kernels) -> Kernels:
        if k.spatial:
            raise ValueError(
                f"{layer.name}: in a convolutional net it would act on the last axis of "
                "positions, not on channels; put nn.Flatten before it"
            )
        return layer(k)

    return dataclasses.replace(layer, apply=apply)


def conv(module: nn.Module, W_std: float, b_std: float, parameterisation: str) -> Layer:
    """Translate a convolution, whose weights and biases have these scales."""
    if module.groups != 1:
        raise ValueError(
            f"with groups={module.groups} a unit sees few channels however wide the net is; "
            "use groups=1"
        )
    return spatial.conv(
        module.kernel_size,
        W_std,
        b_std,
        stride=module.stride,
        padding=_padding(module),
        dilation=module.dilation,
        width=module.out_channels,
        parameterisation=parameterisation,
    )


def _padding(module: nn.Module):
    """Return the padding as `spatial.conv` takes it: numbers, a name, or "circular"."""
    mode, padding = module.padding_mode, module.padding
    if mode == "zeros" or padding in (0, "valid") or not any(padding):
        return padding
    same = [d * (s - 1) for d, s in zip(module.dilation, module.kernel_size, strict=True)]
    kept = padding == "same" or all(2 * p == t for p, t in zip(padding, same, strict=True))
    if mode != "circular" or not kept:
        raise ValueError(
            f"padding_mode {mode!r} with padding {padding} is not among "
            "zeros, and circular of the same size"
        )
    return "circular"


def flatten(module: nn.Flatten) -> Layer:
    """Translate a layer that joins all axes but the first."""
    if (module.start_dim, module.end_dim) != (1, -1):
        raise ValueError(
            f"start_dim={module.start_dim}, end_dim={module.end_dim} keeps some positions; only "
            "start_dim=1, end_dim=-1 is known"
        )
    return spatial.flatten()


def average_pool(module: nn.Module) -> Layer:
    """Translate average pooling over windows of one size."""
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


def global_pool(module: nn.Module) -> Layer:
    """Translate adaptive average pooling to one position."""
    size = module.output_size
    if any(s != 1 for s in ((size,) if isinstance(size, int) else size)):
        raise ValueError(f"output_size={size} is not 1; use average pooling with a fixed window")
    # Its outputs keep axes of length one, which a flatten after it removes.
    return mixing.global_average_pool()
