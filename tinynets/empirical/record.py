"""What goes into a layer and what comes out, as matrices whose products are gradients."""

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from tinynets import nets

KNOWN = (nn.Linear, nets.StackedLinear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


def run(net, parameters, x, modules):
    """Run a net; note what goes into each module and what comes out.

    Parameters
    ----------
    net : nn.Module
        The network.
    parameters : dict of str to Tensor
        Those that take the place of the network's own.
    x : Tensor, (n, ...)
        Inputs.
    modules : iterable of nn.Module
        Whose calls are recorded.

    Returns
    -------
    Tensor
        Outputs.
    dict of nn.Module to list
        What went in and came out, of each call.
    """
    calls = {module: [] for module in modules if getattr(module, "groups", 1) == 1}

    def note(module, args, z):
        passed_on = z.clone()  # an activation that works in place leaves z as it is
        if args:
            calls[module].append((args[0].detach(), z, passed_on))
        return passed_on

    handles = [module.register_forward_hook(note) for module in calls]
    try:
        outputs = functional_call(net, parameters, (x,))
    finally:
        for handle in handles:
            handle.remove()
    return outputs, {module: calls.get(module, []) for module in modules}


def rows(module: nn.Module, a: Tensor) -> Tensor:
    """Return what a layer's weights are multiplied with, (n, positions, n_in).

    Parameters
    ----------
    module : nn.Module
        A layer.
    a : Tensor
        What went in.

    Returns
    -------
    Tensor, (n, positions, n_in)
        As rows of a matrix.
    """
    if not isinstance(module, CONVOLUTIONS):
        return a.reshape(len(a), -1, a.shape[-1])
    mode = "constant" if module.padding_mode == "zeros" else module.padding_mode
    a = F.pad(a, _padding(module), mode=mode)
    dims = len(module.kernel_size)
    for i, (size, stride, dilation) in enumerate(
        zip(module.kernel_size, module.stride, module.dilation, strict=True)
    ):
        a = a.unfold(i + 2, dilation * (size - 1) + 1, stride)[..., ::dilation]
    # (n, channels, *positions, *kernel), in the end in the order of the weights
    return a.movedim(1, dims + 1).flatten(dims + 1).flatten(1, dims)


def _padding(module: nn.Module) -> list[int]:
    """Return the padding of a convolution as `F.pad` takes it, last axis first."""
    pairs = []
    for i, size in reversed(list(enumerate(module.kernel_size))):
        if module.padding == "same":
            total = module.dilation[i] * (size - 1)
            pairs += [total // 2, total - total // 2]
        else:
            pairs += [0, 0] if module.padding == "valid" else [module.padding[i]] * 2
    return pairs


def columns(module: nn.Module, gradient: Tensor) -> Tensor:
    """Return cotangents as (outputs, n, positions, n_out).

    Parameters
    ----------
    module : nn.Module
        A layer.
    gradient : Tensor
        By what came out.

    Returns
    -------
    Tensor
        With positions and features as the last two axes.
    """
    if isinstance(module, CONVOLUTIONS):
        return gradient.flatten(3).mT.contiguous()
    return gradient.reshape(*gradient.shape[:2], -1, gradient.shape[-1])


def join(parts: list[Tensor], axis: int) -> Tensor:
    """Concatenate, without a copy where there is nothing to do.

    Parameters
    ----------
    parts : list of Tensor
        One a call.
    axis : int
        That of positions.

    Returns
    -------
    Tensor
        All of them.
    """
    return parts[0] if len(parts) == 1 else torch.cat(parts, axis)


def scales(module: nn.Module) -> tuple[float, float]:
    """Return what a layer multiplies its weights and its bias with.

    Parameters
    ----------
    module : nn.Module
        A layer.

    Returns
    -------
    float, float
        Of weights and biases; 1 for PyTorch's own.
    """
    return getattr(module, "weight_scale", 1.0), getattr(module, "bias_scale", 1.0)
