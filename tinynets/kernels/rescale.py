"""Layers that rescale their inputs: layer norm and dropout."""

import math

import torch
from torch import Tensor

from tinynets import checks
from tinynets.kernels.layers import Layer
from tinynets.kernels.layers.base import through_own
from tinynets.kernels.state import Kernels


def layer_norm(eps: float = 1e-5, *, positions: bool = False) -> Layer:
    """Return a layer norm without learnt scale and shift: K' = K / √((q1 + ε)(q2 + ε)).

    Parameters
    ----------
    eps : float
        Added to the variance.
    positions : bool
        Normalise over features and positions together, not features alone.

    Returns
    -------
    Layer
        The normalisation.

    Raises
    ------
    ValueError
        If `eps` is negative; at the call, if the inputs are not Gaussian.
    """
    checks.non_negative("eps", eps)

    def apply(k: Kernels) -> Kernels:
        if not k.gaussian:
            raise ValueError(
                "layer_norm: its inputs have no mean of zero in the limit; put it behind a "
                "dense or conv layer, before the activation"
            )
        mean1, mean2 = k.q1, k.q2
        if positions and k.spatial:
            mean1, mean2 = (_over_positions(q, k) for q in (k.q1, k.q2))
        scale1, scale2 = (1 / (q + eps).sqrt() for q in (mean1, mean2))
        both = scale1 * scale2
        return k._replace(
            gap=k.gap * both,
            ntk=None if k.ntk is None else k.ntk * both,
            q1=k.q1 * scale1**2,
            q2=k.q2 * scale2**2,
        )

    return Layer("layer_norm", through_own(apply))


def _over_positions(q: Tensor, k: Kernels) -> Tensor:
    return q.mean(tuple(range(k.n_batch, q.ndim)), keepdim=True)


def dropout(rate: float) -> Layer:
    """Return dropout while it trains: units are kept, and divided by, 1 - rate.

    It raises the variance of each input and leaves the covariances of different ones. Equal
    inputs are taken for the same input under the same mask.

    Parameters
    ----------
    rate : float
        Share that is dropped, in [0, 1).

    Returns
    -------
    Layer
        Dropout as in training.

    Raises
    ------
    ValueError
        If the rate lies outside [0, 1).
    """
    checks.probability("rate", rate)
    if rate == 1:
        raise ValueError("rate must be below 1, got 1: nothing would be kept")
    keep = 1 - rate

    def apply(k: Kernels) -> Kernels:
        same = _same_unit(k)
        new = k.gap + k.product * (1 / keep - 1)
        return k._replace(
            gap=torch.where(same, k.gap / keep, new),
            ntk=None if k.ntk is None else torch.where(same, k.ntk / keep, k.ntk),
            q1=k.q1 / keep,
            q2=k.q2 / keep,
            gaussian=False,
        )

    return Layer("dropout", through_own(apply))


def _same_unit(k: Kernels) -> Tensor:
    """Where both sides are one input at one position."""
    if not k.spatial:
        return k.equal
    equal = k.equal.expand_as(k.gap)
    if not k.pairs:
        over = tuple(range(k.n_batch, equal.ndim))
        return equal.all(over, keepdim=True).expand_as(equal)
    size = math.prod(k.gap.shape[k.n_batch + k.spatial :])
    flat = equal.reshape(*k.gap.shape[: k.n_batch], size, size)
    alike = flat.diagonal(dim1=-2, dim2=-1).all(-1)[..., None, None]
    eye = torch.eye(size, dtype=torch.bool, device=k.gap.device)
    return (alike & eye).reshape(k.gap.shape)
