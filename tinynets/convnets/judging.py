"""What trained nets say of images, one by one and together."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tinynets import checks
from tinynets.losses import accuracy


@checks.arguments(images="float n pixels")
@torch.no_grad()
def logits_of(net: nn.Module, images: Tensor, *, batch_size: int = 500) -> Tensor:
    """Compute logits (*nets, n, classes) in batches, the last one as it comes.

    Parameters
    ----------
    net : nn.Module
        Gives logits (*nets, n, classes) of images (n, pixels).
    images : Tensor, (n, pixels)
        In [0, 1].
    batch_size : int
        Images evaluated at once, which bounds the memory.

    Returns
    -------
    Tensor, (*nets, n, classes)
        Without gradients.

    Examples
    --------
    >>> logits_of(nn.Identity(), torch.eye(3), batch_size=2).shape
    torch.Size([3, 3])
    """
    checks.count("batch_size", batch_size)
    return torch.cat([net(part) for part in images.split(batch_size)], dim=-2)


@checks.arguments(images="float n pixels", labels="int n")
def accuracy_on(net: nn.Module, images: Tensor, labels: Tensor, *, batch_size: int = 500) -> Tensor:
    """Compute the share of images whose largest logit is their label's.

    Parameters
    ----------
    net : nn.Module
        Gives logits (*nets, n, classes) of images (n, pixels).
    images : Tensor, (n, pixels)
        In [0, 1].
    labels : Tensor, (n,) int64
        Their classes.
    batch_size : int
        Images evaluated at once, which bounds the memory.

    Returns
    -------
    Tensor, (*nets,) float64
        Shares in [0, 1].

    Examples
    --------
    >>> accuracy_on(nn.Identity(), torch.eye(4), torch.tensor([0, 1, 2, 0]))
    tensor(0.7500, dtype=torch.float64)
    """
    return accuracy(logits_of(net, images, batch_size=batch_size).double(), labels)


@checks.arguments(guesses="int nets n")
def vote(guesses: Tensor, n_classes: int = 10) -> Tensor:
    """Find what most nets say: (nets, n) int64 -> (n,).

    Of classes with as many votes the smallest number wins.

    Parameters
    ----------
    guesses : Tensor, (nets, n) int64
        The class that each net says.
    n_classes : int
        Number of classes.

    Returns
    -------
    Tensor, (n,) int64
        The class with the most votes.

    Raises
    ------
    ValueError
        If a guess is none of the classes.

    Examples
    --------
    >>> vote(torch.tensor([[1, 2], [1, 0], [3, 0]]))
    tensor([1, 0])
    """
    checks.classes("guesses", guesses, n_classes)
    return F.one_hot(guesses, n_classes).sum(0).argmax(-1)
