"""A network of the book: how it starts, what it computes, how good it is."""

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from tinynets import checks
from tinynets.nielsen.costs import QUADRATIC, Cost, logistic


class Network(NamedTuple):
    """Weights and biases of the layers after the input, in order.

    Examples
    --------
    >>> Network([np.ones((1, 2))], [np.zeros(1)]).weights[0].shape
    (1, 2)
    """

    weights: list  # of (..., n_out, n_in)
    biases: list  # of (..., n_out)


@checks.arguments()
def network(
    sizes: list[int],
    *,
    generator: np.random.Generator,
    n_nets: int | None = None,
    large: bool = False,
    dtype: DTypeLike = np.float64,
) -> Network:
    """Start a network with normal weights and biases.

    Parameters
    ----------
    sizes : list of int
        Neurons of each layer, the input first.
    generator : numpy.random.Generator
        Where the weights come from.
    n_nets : int, optional
        How many networks to start at once; none is one, without a leading
        dimension.
    large : bool
        Whether weights have standard deviation 1 (the start of chapter 1)
        instead of 1 / sqrt(n_in) (chapter 3). Biases always have 1.
    dtype : type
        Of all parameters.

    Returns
    -------
    Network
        Weights and biases of each layer after the input.

    Raises
    ------
    ValueError
        If there are fewer than two layers, or an empty one.

    References
    ----------
    Nielsen, chapter 1 ("Implementing our network to classify digits") and
    chapter 3 ("Weight initialization").

    Examples
    --------
    >>> net = network([2, 3, 1], generator=np.random.default_rng(0))
    >>> [w.shape for w in net.weights]
    [(3, 2), (1, 3)]
    """
    if len(sizes) < 2:
        raise ValueError(
            f"sizes must name two layers or more, such as [784, 30, 10], got {sizes!r}"
        )
    for size in sizes:
        checks.count("each of sizes", int(size))
    stack = () if n_nets is None else (checks.count("n_nets", n_nets),)
    weights: list[np.ndarray] = []
    biases: list[np.ndarray] = []
    for n_in, n_out in itertools.pairwise(sizes):
        w = generator.standard_normal((*stack, n_out, n_in))
        weights.append((w if large else w / np.sqrt(n_in)).astype(dtype))
        biases.append(generator.standard_normal((*stack, n_out)).astype(dtype))
    return Network(weights, biases)


@checks.arguments()
def weighted_inputs(net: Network, x: np.ndarray) -> list[np.ndarray]:
    """Return the weighted inputs z of every layer after the input.

    Parameters
    ----------
    net : Network
        One network, or several side by side.
    x : ndarray, (..., m, n_in)
        Inputs, an example a row.

    Returns
    -------
    list of ndarray, (..., m, n_out)
        One a layer.

    Raises
    ------
    ValueError
        If x does not fit the network.

    Examples
    --------
    >>> net = Network([np.array([[1.0, 2.0]])], [np.array([0.5])])
    >>> float(weighted_inputs(net, np.ones((1, 2)))[-1].item())
    3.5
    """
    n_in = net.weights[0].shape[-1]
    if x.ndim < 2 or x.shape[-1] != n_in:
        raise ValueError(f"x must have shape (..., n, {n_in}), an example a row, got {x.shape}")
    return forward(net, x)[0]


def forward(net: Network, x: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Compute what goes into every layer and its weighted inputs, unchecked.

    Parameters
    ----------
    net : Network
        One network, or several side by side.
    x : ndarray, (..., m, n_in)
        Inputs, an example a row.

    Returns
    -------
    list of ndarray, (..., m, n_out)
        Weighted inputs, one a layer.
    list of ndarray, (..., m, n_in)
        What enters each layer: x, then activations.
    """
    zs, entering = list[np.ndarray](), [x]
    for w, b in zip(net.weights, net.biases, strict=True):
        if zs:
            entering.append(logistic(zs[-1]))
        zs.append(entering[-1] @ w.mT + b[..., None, :])  # (..., m, n_out)
    return zs, entering


@checks.arguments()
def feedforward(net: Network, x: np.ndarray, cost: Cost = QUADRATIC) -> np.ndarray:
    """Return the output activations.

    Parameters
    ----------
    net : Network
        One network, or several side by side.
    x : ndarray, (..., m, n_in)
        Inputs, an example a row.
    cost : Cost
        Which says what the output layer is.

    Returns
    -------
    ndarray, (..., m, n_out)
        Activations of the output layer.

    Examples
    --------
    >>> feedforward(Network([np.zeros((1, 2))], [np.zeros(1)]), np.ones((1, 2))).item()
    0.5
    """
    return cost.output(weighted_inputs(net, x)[-1])


@checks.arguments()
def accuracy(net: Network, data: tuple) -> np.ndarray:
    """Return the share of examples whose largest output is the right one.

    Parameters
    ----------
    net : Network
    data : (ndarray, ndarray)
        x (n, n_in) and the labels (n,).

    Returns
    -------
    ndarray, (...,)
        Shares in [0, 1], one a network.

    Examples
    --------
    >>> one = Network([np.eye(2)], [np.zeros(2)])
    >>> float(accuracy(one, (np.eye(2), np.array([0, 0]))))
    0.5
    """
    x, labels = pair("data", data)
    outputs = weighted_inputs(net, x)[-1]  # (..., n, n_out)
    labels = checks.classes("labels", labels, outputs.shape[-1])
    return (outputs.argmax(-1) == labels).mean(-1)


@checks.arguments()
def mean_cost(net: Network, data: tuple, cost: Cost = QUADRATIC, lmbda: float = 0.0) -> np.ndarray:
    """Return the mean cost over a data set.

    With `lmbda`, the L2 term lmbda / (2 n) * sum of squared weights is in.

    Parameters
    ----------
    net : Network
        One network, or several side by side.
    data : (ndarray, ndarray)
        x (n, n_in) and y (n, n_out).
    cost : Cost
        `QUADRATIC`, `CROSS_ENTROPY` or `LOG_LIKELIHOOD`.
    lmbda : float
        Regularisation, 0 or above; divided by n, as in the book.

    Returns
    -------
    ndarray, (...,)
        One a network; in nats for the last two costs.

    Examples
    --------
    >>> half = Network([np.zeros((1, 2))], [np.zeros(1)])
    >>> float(mean_cost(half, (np.ones((4, 2)), np.ones((4, 1)))))
    0.125
    """
    x, y = pair("data", data)
    mean = cost.value(weighted_inputs(net, x)[-1], y).mean(-1)
    if not lmbda:
        return mean
    squares = sum((w**2).sum((-2, -1)) for w in net.weights)
    return mean + lmbda / (2 * len(x)) * squares


def pair(name: str, data: tuple) -> tuple[np.ndarray, np.ndarray]:
    """Return data that are two arrays, for as many examples.

    Parameters
    ----------
    name : str
        What they are called in the message.
    data : tuple
        What was given.

    Returns
    -------
    (ndarray, ndarray)
        As they were given.

    Raises
    ------
    TypeError
        If they are not two arrays.
    ValueError
        If their lengths differ.
    """
    if len(data) != 2 or not all(isinstance(part, np.ndarray) and part.ndim for part in data):
        raise TypeError(f"{name} must be (x, y), two numpy.ndarray, got {type(data).__name__}")
    if len(data[0]) != len(data[1]):
        raise ValueError(
            f"{name} must hold as many x as y, got shapes {data[0].shape} and {data[1].shape}"
        )
    return data[0], data[1]


@checks.arguments(labels="n")
def one_hot(labels: np.ndarray, n_classes: int = 10, dtype: DTypeLike = np.float64) -> np.ndarray:
    """Write labels as rows with a single 1, the book's `vectorized_result`.

    Parameters
    ----------
    labels : ndarray of int, (n,)
        From 0 to n_classes - 1.
    n_classes : int
        Length of a row.
    dtype : type
        Of the result.

    Returns
    -------
    ndarray, (n, n_classes)
        A 1 at the label.

    Raises
    ------
    ValueError
        If a label is none of the classes.

    Examples
    --------
    >>> one_hot(np.array([1, 0]), 3).tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    """
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= n_classes:
        raise ValueError(
            f"labels must be whole, in 0 to {n_classes - 1}, got {labels.dtype} from "
            f"{labels.min()} to {labels.max()}"
        )
    return np.eye(checks.count("n_classes", n_classes), dtype=dtype)[labels]
