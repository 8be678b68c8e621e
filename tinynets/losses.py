"""What classifiers are trained and judged by; each net of a stack by itself."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tinynets import nets


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Compute the softmax cross-entropy, nats, averaged over examples.

    Parameters
    ----------
    logits : Tensor, (*nets, n, classes)
    labels : Tensor, (n,) or (*nets, n) int64

    Returns
    -------
    Tensor, (*nets,)

    Examples
    --------
    >>> logits = torch.zeros(5, 10)  # as sure of each class
    >>> cross_entropy(logits, torch.arange(5)).exp()
    tensor(10.)
    """
    labels = labels.expand(logits.shape[:-1]).unsqueeze(-1)
    return -logits.log_softmax(-1).gather(-1, labels).mean((-2, -1))


def logistic_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Compute the cross-entropy of sigmoid outputs, nats.

    Summed over the output units, averaged over examples.

    Parameters
    ----------
    logits : Tensor, (*nets, n, classes)
    labels : Tensor, (n,) or (*nets, n) int64

    Returns
    -------
    Tensor, (*nets,)

    References
    ----------
    Nielsen (2015), Neural networks and deep learning, Eq. (63).

    Examples
    --------
    >>> logistic_cross_entropy(torch.zeros(5, 10), torch.arange(5)) / 10
    tensor(0.6931)
    """
    targets = _one_hot(labels, logits)
    return F.binary_cross_entropy_with_logits(logits, targets, reduction="none").sum(-1).mean(-1)


def quadratic(logits: Tensor, labels: Tensor) -> Tensor:
    """Compute the quadratic cost of sigmoid outputs a, ½‖y − a‖².

    Summed over the output units, averaged over examples.

    Parameters
    ----------
    logits : Tensor, (*nets, n, classes)
    labels : Tensor, (n,) or (*nets, n) int64

    Returns
    -------
    Tensor, (*nets,)

    References
    ----------
    Nielsen (2015), Neural networks and deep learning, Eq. (6).
    """
    error = torch.sigmoid(logits) - _one_hot(labels, logits)
    return error.square().sum(-1).mean(-1) / 2


def squared_weights(net: nn.Module) -> Tensor:
    """Sum the squares of all weights, not of biases.

    Half of it times λ, added to a loss, is L2 regularisation.

    Parameters
    ----------
    net : nn.Module
        A net, or a stack of `n_nets` of them.

    Returns
    -------
    Tensor, () or (n_nets,)

    Examples
    --------
    >>> net = nets.MLP([2, 3])
    >>> _ = nets.set_parameters(net, torch.ones(9))
    >>> squared_weights(net).item()
    6.0
    """
    skip = nets.stack_dims(net)
    squares = [
        parameter.square().flatten(skip).sum(-1)
        for name, parameter in net.named_parameters()
        if name.endswith("weight")
    ]
    return sum(squares[1:], squares[0])


def accuracy(logits: Tensor, labels: Tensor) -> Tensor:
    """Compute the share of examples whose largest logit is their label's.

    Parameters
    ----------
    logits : Tensor, (*nets, n, classes)
    labels : Tensor, (n,) or (*nets, n) int64

    Returns
    -------
    Tensor, (*nets,)
        In the dtype of the logits.

    Examples
    --------
    >>> accuracy(torch.eye(4), torch.tensor([0, 1, 2, 2]))
    tensor(0.7500)
    """
    return (logits.argmax(-1) == labels).to(logits.dtype).mean(-1)


def _one_hot(labels: Tensor, logits: Tensor) -> Tensor:
    targets = F.one_hot(labels, logits.shape[-1]).to(logits)
    return targets.expand_as(logits)
