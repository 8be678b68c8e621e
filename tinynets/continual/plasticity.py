"""How much of a layer is in use."""

import torch
from torch import Tensor

from tinynets import checks


@checks.arguments(activation="float finite ... n units")
def dead_share(activation: Tensor) -> Tensor:
    """Compute the share of units that are 0 on every example.

    Parameters
    ----------
    activation : Tensor, (*nets, n, units)
        Of one hidden layer, after its ReLU.

    Returns
    -------
    Tensor, (*nets,)
        Shares in [0, 1].

    Examples
    --------
    >>> dead_share(torch.tensor([[0.0, 1.0], [0.0, 2.0]]))
    tensor(0.5000)
    """
    return (activation == 0).all(-2).float().mean(-1)


@checks.arguments(activation="float finite ... n units")
def effective_rank(activation: Tensor) -> Tensor:
    """Compute exp of the entropy of the normalised singular values.

    Between 1 and min(n, units): how many directions the activations use; 0
    where all of them are 0.

    Parameters
    ----------
    activation : Tensor, (*nets, n, units)
        Of one hidden layer.

    Returns
    -------
    Tensor, (*nets,)
        A number of directions, not an integer.

    References
    ----------
    Roy and Vetterli (2007), The effective rank.

    Examples
    --------
    >>> effective_rank(torch.eye(3)).round(decimals=3)
    tensor(3.)
    """
    values = torch.linalg.svdvals(activation)
    total = values.sum(-1, keepdim=True)
    share = values / total.clamp_min(torch.finfo(values.dtype).tiny)
    return torch.where(total[..., 0] > 0, torch.special.entr(share).sum(-1).exp(), 0.0)
