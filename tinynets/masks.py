"""Linear classifiers read as pictures: one mask of weights for each class."""

from typing import NamedTuple

import torch
from torch import Tensor

from tinynets import checks, nets


class LinearMap(NamedTuple):
    """The map score = mask · image + bias, or a stack of such maps.

    Examples
    --------
    >>> LinearMap(torch.eye(3), torch.zeros(3)).scores(torch.tensor([[0.0, 2.0, 0.0]]))
    tensor([[0., 2., 0.]])
    """

    masks: Tensor  # (*nets, n_classes, n_pixels)
    biases: Tensor  # (*nets, n_classes)

    def scores(self, images: Tensor) -> Tensor:
        """Compute w_k · x + b_k for each image and class.

        Parameters
        ----------
        images : (n, n_pixels)

        Returns
        -------
        (*nets, n, n_classes)
        """
        return nets.affine(images, self.masks, self.biases)


@checks.arguments()
def collapse(net: nets.MLP) -> LinearMap:
    """Multiply the layers of an exactly linear net into one.

    W = W_L ⋯ W_2 W_1, and b carried along: b ← W_l b + b_l.

    Parameters
    ----------
    net : MLP
        All hidden activations are "identity"; one net or a stack.

    Returns
    -------
    LinearMap
        Detached from the net.

    Raises
    ------
    ValueError
        If a hidden layer is not linear.

    Examples
    --------
    >>> net = nets.MLP([3, 2, 4], "identity")
    >>> collapse(net).masks.shape
    torch.Size([4, 3])
    """
    if set(net.activation_names) - {"identity"}:
        raise ValueError(
            "net must be linear to be one matrix: every activation must be "
            f"'identity', got {list(net.activation_names)}"
        )
    (masks, biases), *after = _layers(net)
    for weight, bias in after:
        masks = weight @ masks
        biases = (weight @ biases.unsqueeze(-1)).squeeze(-1) + bias
    return LinearMap(masks, biases)


@checks.arguments(masks="float ... classes pixels")
def centre(masks: Tensor) -> Tensor:
    """Subtract from each mask the mean of all classes' masks.

    Softmax probabilities can't tell the two apart: one picture added to
    every mask adds one number to every score.

    Parameters
    ----------
    masks : Tensor, (*nets, n_classes, n_pixels)
        In the unit of a score per ink.

    Returns
    -------
    Tensor, (*nets, n_classes, n_pixels)
        Their mean over classes is 0.

    Examples
    --------
    >>> centre(torch.tensor([[1.0, 4.0], [3.0, 0.0]]))
    tensor([[-1.,  2.],
            [ 1., -2.]])
    """
    return masks - masks.mean(-2, keepdim=True)


@checks.arguments(images="float n pixels", labels="int n")
def class_means(images: Tensor, labels: Tensor) -> Tensor:
    """Average the images of each class.

    Parameters
    ----------
    images : Tensor, (n, n_pixels)
        In [0, 1].
    labels : Tensor, (n,) int64
        Classes from 0 up.

    Returns
    -------
    Tensor, (n_classes, n_pixels)
        In [0, 1].

    Raises
    ------
    ValueError
        If a class below the largest label has no image.

    Examples
    --------
    >>> class_means(torch.tensor([[0.0], [1.0], [1.0]]), torch.tensor([0, 0, 1]))
    tensor([[0.5000],
            [1.0000]])
    """
    checks.shape("labels", labels, (len(images),))
    if labels.min() < 0:
        raise ValueError(f"labels must be 0 or above, got {labels.min().item()}")
    counts = torch.bincount(labels)
    if (counts == 0).any():
        raise ValueError(
            "labels must have an image of every class, got none of "
            f"{(counts == 0).nonzero().flatten().tolist()}"
        )
    sums = images.new_zeros(len(counts), images.shape[-1])
    return sums.index_add(0, labels, images) / counts.unsqueeze(-1)


@checks.arguments(images="float n pixels", labels="int n")
def nearest_mean(images: Tensor, labels: Tensor) -> LinearMap:
    """Build the classifier that picks the nearest class mean, untrained.

    -½‖x - m_k‖² = m_k · x - ½‖m_k‖² - ½‖x‖², whose last term is the same
    for every class: a linear classifier whose masks are the means.

    Parameters
    ----------
    images : Tensor, (n, n_pixels)
        In [0, 1].
    labels : Tensor, (n,) int64
        Classes from 0 up.

    Returns
    -------
    LinearMap
        With the means as masks.

    Raises
    ------
    ValueError
        If a class below the largest label has no image.

    Examples
    --------
    >>> two = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    >>> nearest_mean(two, torch.tensor([0, 1])).scores(two).argmax(-1)
    tensor([0, 1])
    """
    means = class_means(images, labels)
    return LinearMap(means, -means.square().sum(-1) / 2)


@checks.arguments(masks="float ... classes pixels")
def correlation(masks: Tensor) -> Tensor:
    """Correlate the masks of each pair of classes over pixels.

    Parameters
    ----------
    masks : Tensor, (*nets, n_classes, n_pixels)
        None of them constant.

    Returns
    -------
    Tensor, (*nets, n_classes, n_classes)
        In [-1, 1].

    Examples
    --------
    >>> correlation(torch.tensor([[0.0, 1.0], [2.0, 0.0]])).round(decimals=3)
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    standard = masks - masks.mean(-1, keepdim=True)
    standard = standard / standard.norm(dim=-1, keepdim=True)
    return standard @ standard.mT


@checks.arguments(images="n pixels")
def never_inked(images: Tensor) -> Tensor:
    """Find the pixels that are zero in every image.

    Parameters
    ----------
    images : Tensor, (n, n_pixels)
        0 is paper.

    Returns
    -------
    Tensor, (n_pixels,) bool
        True where there is never ink.

    Examples
    --------
    >>> never_inked(torch.tensor([[0.0, 1.0], [0.0, 0.0]]))
    tensor([ True, False])
    """
    return (images == 0).all(0)


@checks.arguments(predicted="int n", labels="int n")
def confusion(predicted: Tensor, labels: Tensor, n_classes: int) -> Tensor:
    """Count predictions by true class (rows) and predicted class (columns).

    Parameters
    ----------
    predicted : Tensor, (n,) int64
        What the classifier says.
    labels : Tensor, (n,) int64
        The true classes.
    n_classes : int
        Number of classes.

    Returns
    -------
    Tensor, (n_classes, n_classes) int64
        Counts.

    Raises
    ------
    ValueError
        If the two differ in shape.

    Examples
    --------
    >>> confusion(torch.tensor([0, 1, 1]), torch.tensor([0, 0, 1]), 2)
    tensor([[1, 1],
            [0, 1]])
    """
    for name, values in (("predicted", predicted), ("labels", labels)):
        checks.classes(name, values, n_classes)
    cells = labels * n_classes + predicted
    counts = torch.bincount(cells, minlength=n_classes**2)
    return counts.view(n_classes, n_classes)


def _layers(net: nets.MLP) -> list[tuple[Tensor, Tensor]]:
    """Weight and bias of each layer, without gradients; 0 for no bias."""
    pairs = []
    for layer in net.linears:
        weight, bias = layer.weight.detach(), layer.bias
        zero = weight.new_zeros(weight.shape[:-1])
        pairs.append((weight, zero if bias is None else bias.detach()))
    return pairs
