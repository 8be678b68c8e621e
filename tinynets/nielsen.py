"""The book's networks in NumPy, with the book's names.

Chapters 1 to 3 of Nielsen's "Neural Networks and Deep Learning" build a
network from nothing; this is where the pages keep it. The layers, the
symbols and the updates are the book's. Three things are ours:

- a mini-batch is one matrix, with an example a *row*: `a (m, n)`;
- weights and biases may carry leading dimensions, so that several networks
  (one a seed) train at once: `w (..., n_out, n_in)`, `b (..., n_out)`;
- everything that is drawn comes from the `numpy.random.Generator` given.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from tinynets import checks


class Network(NamedTuple):
    """Weights and biases of the layers after the input, in order."""

    weights: list  # of (..., n_out, n_in)
    biases: list  # of (..., n_out)


class Cost(NamedTuple):
    """A cost with the output layer that it goes with.

    `value(z, y)` is the cost of each example (..., m) and `delta(z, y)` its
    gradient in the weighted input z of the output layer (..., m, n_out).
    """

    output: Callable
    value: Callable
    delta: Callable


def sigmoid(z: np.ndarray) -> np.ndarray:
    """The logistic function 1 / (1 + exp(-z)), without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * z))


def sigmoid_prime(z: np.ndarray) -> np.ndarray:
    """Its derivative sigma(z) (1 - sigma(z)), at most 1/4, at z = 0."""
    return sigmoid(z) * (1 - sigmoid(z))


def softplus(z: np.ndarray) -> np.ndarray:
    """ln(1 + exp(z)), without overflow."""
    return np.logaddexp(0, z)


def softmax(z: np.ndarray) -> np.ndarray:
    """exp(z_j) / sum_k exp(z_k) over the last dimension."""
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def _log_likelihood(z, y):
    top = z.max(-1, keepdims=True)
    log_sum = np.log(np.exp(z - top).sum(-1)) + top[..., 0]
    return log_sum - (y * z).sum(-1)


QUADRATIC = Cost(  # C = |a - y|^2 / 2
    sigmoid,
    lambda z, y: ((sigmoid(z) - y) ** 2).sum(-1) / 2,
    lambda z, y: (sigmoid(z) - y) * sigmoid_prime(z),
)
CROSS_ENTROPY = Cost(  # C = -sum_j [y ln a + (1 - y) ln(1 - a)], from z
    sigmoid, lambda z, y: (softplus(z) - y * z).sum(-1), lambda z, y: sigmoid(z) - y
)
LOG_LIKELIHOOD = Cost(  # C = -ln a_y of a softmax layer, from z
    softmax, _log_likelihood, lambda z, y: softmax(z) - y
)


def network(
    sizes: list[int],
    *,
    generator: np.random.Generator,
    n_nets: int | None = None,
    large: bool = False,
    dtype: type = np.float64,
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

    Raises
    ------
    ValueError
        If there are fewer than two layers, or an empty one.

    References
    ----------
    Nielsen, chapter 1 ("Implementing our network to classify digits") and
    chapter 3 ("Weight initialization").
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


def weighted_inputs(net: Network, x: np.ndarray) -> list[np.ndarray]:
    """z of every layer after the input, for inputs `x (..., m, n_in)`."""
    zs, a = [], x
    for w, b in zip(net.weights, net.biases, strict=True):
        zs.append(a @ w.mT + b[..., None, :])  # (..., m, n_out)
        a = sigmoid(zs[-1])
    return zs


def feedforward(net: Network, x: np.ndarray, cost: Cost = QUADRATIC) -> np.ndarray:
    """The output activations `(..., m, n_out)` for `x (..., m, n_in)`."""
    return cost.output(weighted_inputs(net, x)[-1])


def backprop(net: Network, x: np.ndarray, y: np.ndarray, cost: Cost = QUADRATIC) -> Network:
    """The gradient of the mean cost of a mini-batch, shaped as the network.

    Parameters
    ----------
    net : Network
    x : ndarray of shape (..., m, n_in)
    y : ndarray of shape (..., m, n_out)
        Desired outputs, one-hot for digits.
    cost : Cost

    References
    ----------
    Nielsen, chapter 2, BP1 to BP4, over a mini-batch at once.
    """
    m = x.shape[-2]
    zs = weighted_inputs(net, x)
    activations = [x, *(sigmoid(z) for z in zs[:-1])]
    nabla_w, nabla_b = [], []
    delta = cost.delta(zs[-1], y) / m  # BP1
    for layer in reversed(range(len(zs))):
        nabla_b.append(delta.sum(-2))  # BP3
        nabla_w.append(delta.mT @ activations[layer])  # BP4
        if layer > 0:  # BP2
            a = activations[layer]
            delta = (delta @ net.weights[layer]) * a * (1 - a)
    return Network(nabla_w[::-1], nabla_b[::-1])


def sgd(
    net: Network,
    training_data: tuple,
    *,
    epochs: int,
    mini_batch_size: int,
    eta: float,
    generator: np.random.Generator,
    cost: Cost = QUADRATIC,
    lmbda: float = 0.0,
    penalty: str = "L2",
    mu: float = 0.0,
) -> Iterator[Network]:
    """Train by stochastic gradient descent; yield the network each epoch.

        v <- mu v - eta (grad C_0 + (lmbda / n) R'(w)),   w <- w + v

    with R'(w) = w for L2 and sign(w) for L1, and no penalty on biases. The
    parameters of the first yield are a copy of `net`; later yields are the
    same arrays, trained on: copy what is to be kept.

    Parameters
    ----------
    net : Network
        Left as it is.
    training_data : tuple of ndarray
        x (n, n_in) and y (n, n_out).
    epochs, mini_batch_size : int
        A last, smaller mini-batch is left out, as n need not be a multiple.
    eta : float
        Learning rate, above 0.
    generator : numpy.random.Generator
        Shuffles; each network of a batch gets an order of its own.
    cost : Cost
        QUADRATIC, CROSS_ENTROPY or LOG_LIKELIHOOD.
    lmbda : float
        Regularisation, 0 or above; divided by n, as in the book.
    penalty : str
        "L2" or "L1".
    mu : float
        Momentum, any finite number (0 is none).

    Raises
    ------
    ValueError
        If an option or a shape does not fit.

    References
    ----------
    Nielsen, chapters 1 and 3.
    """
    x, y = training_data
    _check_sgd(net, x, y, epochs, mini_batch_size, eta, lmbda, penalty)
    net = Network([w.copy() for w in net.weights], [b.copy() for b in net.biases])
    parameters = [*net.weights, *net.biases]
    velocities = [np.zeros_like(p) for p in parameters]
    n, stack = len(x), net.biases[0].shape[:-1]
    for _ in range(epochs):
        order = generator.permuted(np.broadcast_to(np.arange(n), (*stack, n)), axis=-1)
        for k in range(0, n - mini_batch_size + 1, mini_batch_size):
            batch = order[..., k : k + mini_batch_size]  # (..., m)
            nabla = backprop(net, x[batch], y[batch], cost)
            if lmbda:
                for w, g in zip(net.weights, nabla.weights, strict=True):
                    g += (lmbda / n) * (w if penalty == "L2" else np.sign(w))
            for p, v, g in zip(
                parameters, velocities, [*nabla.weights, *nabla.biases], strict=True
            ):
                g *= eta
                if mu:
                    v *= mu
                    v -= g
                    p += v
                else:
                    p -= g
        yield net


def accuracy(net: Network, data: tuple) -> np.ndarray:
    """Share of examples whose largest output is the right one, `(...,)`.

    `data` is x (n, n_in) and the labels (n,).
    """
    x, labels = data
    guesses = weighted_inputs(net, x)[-1].argmax(-1)  # (..., n)
    return (guesses == labels).mean(-1)


def mean_cost(net: Network, data: tuple, cost: Cost = QUADRATIC, lmbda: float = 0.0) -> np.ndarray:
    """Mean cost over `data` = x (n, n_in), y (n, n_out), `(...,)`.

    With `lmbda`, the L2 term lmbda / (2 n) * sum of squared weights is in.
    """
    x, y = data
    mean = cost.value(weighted_inputs(net, x)[-1], y).mean(-1)
    if not lmbda:
        return mean
    squares = sum((w**2).sum((-2, -1)) for w in net.weights)
    return mean + lmbda / (2 * len(x)) * squares


def one_hot(labels: np.ndarray, n_classes: int = 10, dtype: type = np.float64) -> np.ndarray:
    """The book's `vectorized_result`: a 1 at the label, `(n, n_classes)`."""
    return np.eye(n_classes, dtype=dtype)[labels]


def _check_sgd(net, x, y, epochs, mini_batch_size, eta, lmbda, penalty):
    checks.count("epochs", epochs)
    checks.count("mini_batch_size", mini_batch_size)
    checks.positive("eta", eta)
    checks.non_negative("lmbda", lmbda)
    checks.choice("penalty", penalty, ("L1", "L2"))
    n_in, n_out = net.weights[0].shape[-1], net.weights[-1].shape[-2]
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y):
        raise ValueError(
            "training_data must be x (n, n_in) and y (n, n_out),"
            f" got shapes {x.shape} and {y.shape}"
        )
    if x.shape[1] != n_in or y.shape[1] != n_out:
        raise ValueError(
            f"training_data must fit a network from {n_in} to "
            f"{n_out} neurons, got {x.shape[1]} inputs and "
            f"{y.shape[1]} desired outputs"
        )
    if mini_batch_size > len(x):
        raise ValueError(
            f"mini_batch_size must be at most the {len(x)} training examples, got {mini_batch_size}"
        )
