"""Floating-point operations of the methods of an empirical NTK."""

import math

from tinynets.empirical.survey import Layer, Survey


def estimate(found: Survey, n1: int, n2: int, outputs: str) -> dict[str, float]:
    """Estimate operations of each method; a backward pass is taken as twice a forward one.

    Parameters
    ----------
    found : Survey
        What the network is made of.
    n1, n2 : int
        Numbers of inputs.
    outputs : "full", "trace" or "diagonal"
        Which entries over outputs are wanted.

    Returns
    -------
    dict of str to float
        Operations by method.
    """
    n_outputs, pairs = found.n_outputs, n1 * n2
    blocks = n_outputs**2 if outputs == "full" else n_outputs
    gradients = (n1 + n2) * n_outputs * 2 * found.flops
    in_rest = found.n_parameters - sum(
        layer.n_out * (layer.n_in + len(layer.names) - 1) for layer in found.layers
    )
    of_layers = sum(
        min(gram(layer, n1, n2, n_outputs, blocks), written_out(layer, n1, n2, n_outputs, blocks))
        for layer in found.layers
    )
    return {
        "jacobian": gradients + pairs * blocks * 2 * found.n_parameters,
        "vector-products": math.inf
        if found.without_vmap or found.without_jvp
        else n2 * n_outputs * (2 + 2 * n1) * found.flops,
        "layers": gradients + of_layers + pairs * blocks * 2 * max(in_rest, 0),
    }


def gram(layer: Layer, n1: int, n2: int, n_outputs: int, blocks: int) -> float:
    """Estimate operations of a layer's two Gram matrices and their product.

    Parameters
    ----------
    layer : Layer
        From a survey.
    n1, n2 : int
        Numbers of inputs.
    n_outputs : int
        Of the network.
    blocks : int
        Pairs of outputs that are wanted.

    Returns
    -------
    float
        Operations.
    """
    per_block = 0 if layer.is_last else 2 * layer.n_out + 2
    return n1 * n2 * layer.positions**2 * (2 * layer.n_in + blocks * per_block)


def written_out(layer: Layer, n1: int, n2: int, n_outputs: int, blocks: int) -> float:
    """Estimate operations of writing a layer's gradients out and multiplying them.

    Parameters
    ----------
    layer : Layer
        From a survey.
    n1, n2 : int
        Numbers of inputs.
    n_outputs : int
        Of the network.
    blocks : int
        Pairs of outputs that are wanted.

    Returns
    -------
    float
        Operations.
    """
    size = 2 * layer.n_in * layer.n_out
    return size * ((n1 + n2) * n_outputs * layer.positions + n1 * n2 * blocks)
