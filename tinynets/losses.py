"""What classifiers are trained and judged by; each net of a stack by itself."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tinynets import checks, nets


@checks.arguments(logits="float ... n classes", labels="int ... n")
def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Compute the softmax cross-entropy, nats, averaged over examples.

    Parameters
    ----------
    logits : Tensor, (*nets, n, classes)
    labels : Tensor, (n,) or (*nets, n) int64

    Returns
    -------
    Tensor, (*nets,)

    Raises
    ------
    ValueError
        If a label is none of the classes, or the sizes differ.

    Examples
    --------
    >>> logits = torch.zeros(5, 10)  # as sure of each class
    >>> cross_entropy(logits, torch.arange(5)).exp()
    tensor(10.)
    """
    try:
        index = labels.expand(logits.shape[:-1]).unsqueeze(-1)
        return -logits.log_softmax(-1).gather(-1, index).mean((-2, -1))
    except (RuntimeError, IndexError) as error:
        raise _unfit(labels, logits) from error


@checks.arguments(logits="float ... n classes", labels="int ... n")
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

    Raises
    ------
    ValueError
        If a label is none of the classes, or the sizes differ.

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


@checks.arguments(logits="float ... n classes", labels="int ... n")
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

    Raises
    ------
    ValueError
        If a label is none of the classes, or the sizes differ.

    References
    ----------
    Nielsen (2015), Neural networks and deep learning, Eq. (6).
    """
    error = torch.sigmoid(logits) - _one_hot(labels, logits)
    return error.square().sum(-1).mean(-1) / 2


@checks.arguments()
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


@checks.arguments(logits="float ... n classes", labels="int ... n")
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

    Raises
    ------
    ValueError
        If a label is none of the classes, or the sizes differ.

    Examples
    --------
    >>> accuracy(torch.eye(4), torch.tensor([0, 1, 2, 2]))
    tensor(0.7500)
    """
    if labels.numel() and (labels.min() < 0 or labels.max() >= logits.shape[-1]):
        raise _unfit(labels, logits)
    return (logits.argmax(-1) == labels).to(logits.dtype).mean(-1)


def _one_hot(labels: Tensor, logits: Tensor) -> Tensor:
    try:
        targets = F.one_hot(labels, logits.shape[-1]).to(logits)
        return targets.expand_as(logits)
    except (RuntimeError, IndexError) as error:
        raise _unfit(labels, logits) from error


def _unfit(labels: Tensor, logits: Tensor) -> ValueError:
    rows = tuple(logits.shape[:-1])
    if rows[len(rows) - labels.ndim :] != tuple(labels.shape):
        return ValueError(
            f"labels must have shape {rows} as the rows of logits, or that of one net of a "
            f"stack, got {tuple(labels.shape)}"
        )
    return ValueError(
        f"labels must lie in 0 to {logits.shape[-1] - 1}, one for each of {logits.shape[-1]} "
        f"logits, got {labels.min()} to {labels.max()}"
    )
