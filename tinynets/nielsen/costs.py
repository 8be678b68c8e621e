"""Neurons and costs of the book."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tinynets import checks


class Cost(NamedTuple):
    """A cost with the output layer that it goes with.

    `value(z, y)` is the cost of each example (..., m) and `delta(z, y)` its
    gradient in the weighted input z of the output layer (..., m, n_out).
    """

    output: Callable
    value: Callable
    delta: Callable


@checks.arguments()
def sigmoid(z: np.ndarray | float) -> np.ndarray:
    """Return the logistic function 1 / (1 + exp(-z)), without overflow.

    Parameters
    ----------
    z : ndarray or float
        Weighted inputs, of any shape.

    Returns
    -------
    ndarray, of the shape of z
        In [0, 1].

    Examples
    --------
    >>> float(sigmoid(np.array(0.0)))
    0.5
    """
    return logistic(z)


def logistic(z):
    """Compute `sigmoid`, unchecked: this is in every step of every loop.

    Parameters
    ----------
    z : ndarray or float
        Weighted inputs, of any shape.

    Returns
    -------
    ndarray, of the shape of z
        In [0, 1].
    """
    return 0.5 * (1 + np.tanh(0.5 * z))


@checks.arguments()
def sigmoid_prime(z: np.ndarray | float) -> np.ndarray:
    """Return the sigmoid's derivative sigma(z) (1 - sigma(z)), at most 1/4, at z = 0.

    Parameters
    ----------
    z : ndarray or float
        Weighted inputs, of any shape.

    Returns
    -------
    ndarray, of the shape of z
        In [0, 1/4].

    Examples
    --------
    >>> float(sigmoid_prime(np.array(0.0)))
    0.25
    """
    a = logistic(z)
    return a * (1 - a)


@checks.arguments()
def softplus(z: np.ndarray | float) -> np.ndarray:
    """Return ln(1 + exp(z)), without overflow.

    Parameters
    ----------
    z : ndarray or float
        Of any shape.

    Returns
    -------
    ndarray, of the shape of z
        Above 0.
    """
    return np.logaddexp(0, z)


@checks.arguments(z="... n_out")
def softmax(z: np.ndarray) -> np.ndarray:
    """Return exp(z_j) / sum_k exp(z_k) over the last dimension.

    Parameters
    ----------
    z : ndarray, (..., n_out)
        Weighted inputs of the output layer.

    Returns
    -------
    ndarray, (..., n_out)
        Above 0, with sum 1.

    Examples
    --------
    >>> softmax(np.zeros(4)).tolist()
    [0.25, 0.25, 0.25, 0.25]
    """
    return _softmax(z)


def _softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def _log_likelihood(z, y):
    top = z.max(-1, keepdims=True)
    log_sum = np.log(np.exp(z - top).sum(-1)) + top[..., 0]
    return log_sum - (y * z).sum(-1)


QUADRATIC = Cost(  # C = |a - y|^2 / 2
    sigmoid,
    lambda z, y: ((logistic(z) - y) ** 2).sum(-1) / 2,
    lambda z, y: ((a := logistic(z)) - y) * a * (1 - a),
)
CROSS_ENTROPY = Cost(  # C = -sum_j [y ln a + (1 - y) ln(1 - a)], from z
    sigmoid, lambda z, y: (np.logaddexp(0, z) - y * z).sum(-1), lambda z, y: logistic(z) - y
)
LOG_LIKELIHOOD = Cost(  # C = -ln a_y of a softmax layer, from z
    softmax, _log_likelihood, lambda z, y: _softmax(z) - y
)
