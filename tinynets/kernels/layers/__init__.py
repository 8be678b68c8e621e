"""Layers of infinitely wide networks: functions from `Kernels` to `Kernels`.

    net = serial(dense(1.4, 0.1), relu(), dense(1.4, 0.1), relu(), dense())
    kernels_of(net)(x1, x2).ntk

In the NTK parameterisation a dense layer is z = W_std / √n_in · W x + b_std · b with standard
normal W and b (Jacot et al., 2018). With K the covariance of its inputs and Θ their tangent
kernel, its units have K' = W_std² K + b_std² and Θ' = W_std² Θ + K'; an activation f makes
K' = E[f(u) f(v)] and Θ' = Θ E[f'(u) f'(v)].
"""

from tinynets.kernels.layers.activations import (
    absolute,
    activation,
    cosine,
    erf,
    exponential,
    gaussian,
    gelu,
    hermite,
    leaky_relu,
    polynomial,
    rbf,
    rectified_monomial,
    relu,
    sign,
    sine,
    two_slopes,
)
from tinynets.kernels.layers.affine import dense
from tinynets.kernels.layers.base import Layer, identity, serial

__all__ = [
    "Layer",
    "absolute",
    "activation",
    "cosine",
    "dense",
    "erf",
    "exponential",
    "gaussian",
    "gelu",
    "hermite",
    "identity",
    "leaky_relu",
    "polynomial",
    "rbf",
    "rectified_monomial",
    "relu",
    "serial",
    "sign",
    "sine",
    "two_slopes",
]
