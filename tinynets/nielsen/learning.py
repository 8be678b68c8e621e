"""Backpropagation and stochastic gradient descent, as the book writes them."""

from collections.abc import Iterator

import numpy as np

from tinynets import checks
from tinynets.nielsen.costs import QUADRATIC, Cost
from tinynets.nielsen.networks import Network, forward, pair


@checks.arguments()
def backprop(net: Network, x: np.ndarray, y: np.ndarray, cost: Cost = QUADRATIC) -> Network:
    """Return the gradient of the mean cost of a mini-batch.

    Parameters
    ----------
    net : Network
        One network, or several side by side.
    x : ndarray, (..., m, n_in)
        Inputs, an example a row.
    y : ndarray, (..., m, n_out)
        Desired outputs, one-hot for digits.
    cost : Cost
        `QUADRATIC`, `CROSS_ENTROPY` or `LOG_LIKELIHOOD`.

    Returns
    -------
    Network
        Shaped as the network.

    Raises
    ------
    ValueError
        If x or y does not fit the network.

    References
    ----------
    Nielsen, chapter 2, BP1 to BP4, over a mini-batch at once.

    Examples
    --------
    >>> half = Network([np.zeros((1, 1))], [np.zeros(1)])
    >>> backprop(half, np.ones((1, 1)), np.ones((1, 1))).biases[0].tolist()
    [-0.125]
    """
    n_in, n_out = net.weights[0].shape[-1], net.weights[-1].shape[-2]
    fits = x.ndim > 1 and x.shape[-1] == n_in and y.shape[-1:] == (n_out,)
    if not fits or y.shape[-2:-1] != x.shape[-2:-1]:
        raise ValueError(
            f"x and y must have rows of {n_in} and of {n_out}, one of each for each example, "
            f"got shapes {x.shape} and {y.shape}"
        )
    return _scaled_gradient(net, x, y, cost, 1 / x.shape[-2])


def _scaled_gradient(net: Network, x: np.ndarray, y: np.ndarray, cost: Cost, scale: float):
    """`scale` times the gradient of the summed cost: one factor for the small delta, BP1."""
    zs, activations = forward(net, x)
    nabla_w, nabla_b = [], []
    delta = cost.delta(zs[-1], y) * scale  # BP1
    for layer in reversed(range(len(zs))):
        nabla_b.append(delta.sum(-2))  # BP3
        nabla_w.append(delta.mT @ activations[layer])  # BP4
        if layer > 0:  # BP2
            a = activations[layer]
            delta = (delta @ net.weights[layer]) * a * (1 - a)
    return Network(nabla_w[::-1], nabla_b[::-1])


@checks.arguments()
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

    Yields
    ------
    Network
        After each epoch.

    Raises
    ------
    ValueError
        If an option or a shape does not fit.

    References
    ----------
    Nielsen, chapters 1 and 3.

    Examples
    --------
    >>> from tinynets.nielsen import network
    >>> x = y = np.eye(2)
    >>> net, rng = network([2, 2], generator=np.random.default_rng(0)), np.random.default_rng(1)
    >>> len(list(sgd(net, (x, y), epochs=3, mini_batch_size=1, eta=0.5, generator=rng)))
    3
    """
    x, y = pair("training_data", training_data)
    _check_sgd(net, x, y, epochs, mini_batch_size, eta, lmbda, penalty)
    net = Network([w.copy() for w in net.weights], [b.copy() for b in net.biases])
    parameters = [*net.weights, *net.biases]
    velocities = [np.zeros_like(p) for p in parameters]
    n, stack = len(x), net.biases[0].shape[:-1]
    for _ in range(epochs):
        order = generator.permuted(np.broadcast_to(np.arange(n), (*stack, n)), axis=-1)
        for k in range(0, n - mini_batch_size + 1, mini_batch_size):
            batch = order[..., k : k + mini_batch_size]  # (..., m)
            step = _scaled_gradient(net, x[batch], y[batch], cost, eta / mini_batch_size)
            _penalise(net, step, eta * lmbda / n, penalty, mu)
            for p, v, s in zip(parameters, velocities, [*step.weights, *step.biases], strict=True):
                if mu:
                    v *= mu
                    v -= s
                    p += v
                else:
                    p -= s
        yield net


def _penalise(net: Network, step: Network, strength: float, penalty: str, mu: float) -> None:
    """Put the penalty on weights into the step; without momentum L2 shrinks them at once."""
    for w, s in zip(net.weights, step.weights, strict=True):
        if not strength:
            return
        if penalty == "L1":
            s += strength * np.sign(w)
        elif mu:
            s += strength * w
        else:
            w *= 1 - strength


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
