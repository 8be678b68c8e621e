r"""Priors of an unknown noise, as the C code takes them.

With $u = \log s$, each of these densities is a constant plus

$$c_0 u + c_1 u^2 + c_2 e^{-2u} + c_3 e^{-u} + c_4 e^u + c_5 e^{2u},$$

the Jacobian $u$ of the change from $s$ to $u$ included.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.distributions import (
    Chi2,
    Distribution,
    Exponential,
    Gamma,
    HalfNormal,
    InverseGamma,
    LogNormal,
)

COEFFICIENTS: dict[type[Distribution], Callable] = {
    Gamma: lambda p: {0: p.concentration, 4: -p.rate},
    Chi2: lambda p: {0: p.concentration, 4: -p.rate},
    Exponential: lambda p: {0: 1.0, 4: -p.rate},
    InverseGamma: lambda p: {0: -p.concentration, 3: -p.rate},
    HalfNormal: lambda p: {0: 1.0, 5: -0.5 / p.scale.double() ** 2},
    LogNormal: lambda p: {
        0: p.loc.double() / p.scale.double() ** 2,
        1: -0.5 / p.scale.double() ** 2,
    },
}


def coefficients(prior: Distribution, like: Tensor) -> Tensor | str:
    """Return c of each unknown, (k, 6), on the device of a tensor, or why there are none."""
    found = COEFFICIENTS.get(type(prior))
    if found is None:
        names = ", ".join(kind.__name__ for kind in COEFFICIENTS)
        return f"compiled are noise priors out of {names}, not {type(prior).__name__}"
    c = like.new_zeros(prior.batch_shape.numel(), 6, dtype=torch.float64)
    for column, value in found(prior).items():
        c[:, column] = torch.as_tensor(value, dtype=c.dtype).flatten()
    return c
