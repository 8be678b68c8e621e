"""Outputs of a network at draws of its weights, or of what enters its units."""

from functools import partial
from typing import cast

import torch
from torch import nn

from tinynets import bnn, checks, nets
from tinynets.vi.gaussians import Gaussian, MeanField, check_dim

# Variances below it are no noise at all; without it the gradient of a
# standard deviation of exactly 0 is infinite.
TINY = 1e-16


@checks.arguments(x="float ...")
def draw_outputs(
    posterior: bnn.Posterior,
    q: Gaussian,
    x: torch.Tensor,
    *,
    n_samples: int,
    local: bool = False,
    generator: torch.Generator,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return f(x) at draws of q, and the unknowns of the likelihood there.

    Parameters
    ----------
    posterior : Posterior
        Whose network and unknowns q is a Gaussian of.
    q : MeanField, LowRank or FullCovariance
        Over the posterior's coordinates.
    x : torch.Tensor, (n, ...)
        Inputs.
    n_samples : int
        Draws of all coordinates.
    local : bool
        Whether what enters each unit is drawn instead, see `local_outputs`.
    generator : torch.Generator
        Source of the draws.

    Returns
    -------
    (torch.Tensor, torch.Tensor)
        (*nets, n_samples, n, outputs) and (*nets, n_samples, k).
    """
    check_dim(q, posterior)
    checks.like_x("x", x, posterior.x)
    checks.shape("x", x, ("n", *posterior.x.shape[1:]))
    if not local:
        theta = q.sample(n_samples, generator=generator)
        weights, unknowns = posterior.split(theta)
        outputs = posterior.forward(weights.flatten(0, -2), x)
        return outputs.unflatten(0, theta.shape[:-1]), unknowns
    n_weights = len(posterior.prior_std)
    of_weights, of_unknowns = (
        type(q)(*(part[..., some] for part in q))
        for some in (slice(None, n_weights), slice(n_weights, None))
    )
    outputs = local_outputs(
        posterior.net, cast(MeanField, of_weights), x, n_samples=n_samples, generator=generator
    )
    return outputs, of_unknowns.sample(n_samples, generator=generator)


@checks.arguments()
def local_outputs(
    net: nn.Module, q: MeanField, x: torch.Tensor, *, n_samples: int, generator: torch.Generator
) -> torch.Tensor:
    """Return f(x) with what enters each unit drawn, one draw an example.

    A linear layer with independent Gaussian weights has Gaussian outputs
    with mean x M' + m and variance x^2 (S^2)' + s^2; those are drawn.

    Parameters
    ----------
    net : nn.Module
        Of `StackedLinear` or `nn.Linear` layers; for a q with leading dimensions, of
        `StackedLinear` layers.
    q : MeanField
        Gaussian over the weights.
    x : torch.Tensor, (n, ...)
        Inputs.
    n_samples : int
        Draws for each example.
    generator : torch.Generator
        Source of the draws.

    Returns
    -------
    torch.Tensor, (*nets, n_samples, n, outputs)

    Raises
    ------
    TypeError
        If q is not mean-field, or a layer is neither `StackedLinear` nor `Linear`.

    Examples
    --------
    >>> from tinynets import vi
    >>> net, q = nets.MLP([1, 3, 1]), vi.mean_field(torch.zeros(10), 0.1)
    >>> local_outputs(net, q, torch.ones(5, 1), n_samples=4, generator=torch.Generator()).shape
    torch.Size([4, 5, 1])
    """
    checks.count("n_samples", n_samples)
    if x.ndim < 2:
        raise ValueError(f"x must have shape (n, ...), got {tuple(x.shape)}")
    if not isinstance(q, MeanField):
        raise TypeError(
            "local reparameterisation needs independent weights, "
            f"a MeanField, got {type(q).__name__}"
        )
    variances = nets.unflatten(q.std.square(), nets.parameter_shapes(net))
    hooks = []
    for name, module in net.named_modules():
        if isinstance(module, (nets.StackedLinear, nn.Linear)):
            prefix = name + "." if name else ""
            hooks.append(
                module.register_forward_hook(
                    partial(
                        _add_noise,
                        variances[f"{prefix}weight"],
                        variances.get(f"{prefix}bias"),
                        generator,
                    )
                )
            )
        elif next(module.parameters(recurse=False), None) is not None:
            raise TypeError(
                "local reparameterisation handles StackedLinear and nn.Linear, got "
                f"{type(module).__name__}; use local=False"
            )
    try:
        outputs = nets.apply(net, q.mean, x.repeat(n_samples, *[1] * (x.ndim - 1)))
        if outputs.shape[-2] != n_samples * len(x):
            raise ValueError(f"net must give (n, outputs) of x, got {tuple(outputs.shape)}")
        return outputs.unflatten(-2, (n_samples, len(x)))
    finally:
        for hook in hooks:
            hook.remove()


def _add_noise(
    weight_var: torch.Tensor,
    bias_var: torch.Tensor | None,
    generator: torch.Generator,
    module: nn.Module,
    inputs: tuple,
    mean: torch.Tensor,
) -> torch.Tensor:
    """Draw a layer's outputs from their mean and variance (a hook)."""
    variance = nets.affine(inputs[0].square(), weight_var, bias_var)
    normal = torch.randn(mean.shape, dtype=mean.dtype, device=mean.device, generator=generator)
    return mean + variance.clamp(min=TINY).sqrt() * normal
