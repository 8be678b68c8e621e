"""The book's networks in NumPy, with the book's names.

Chapters 1 to 3 of Nielsen's "Neural Networks and Deep Learning" build a
network from nothing; this is where the pages keep it. The layers, the
symbols and the updates are the book's. Three things are ours:

- a mini-batch is one matrix, with an example a *row*: `a (m, n)`;
- weights and biases may carry leading dimensions, so that several networks
  (one a seed) train at once: `w (..., n_out, n_in)`, `b (..., n_out)`;
- everything that is drawn comes from the `numpy.random.Generator` given.
"""

from tinynets.nielsen.costs import (
    CROSS_ENTROPY,
    LOG_LIKELIHOOD,
    QUADRATIC,
    Cost,
    sigmoid,
    sigmoid_prime,
    softmax,
    softplus,
)
from tinynets.nielsen.learning import backprop, sgd
from tinynets.nielsen.networks import (
    Network,
    accuracy,
    feedforward,
    mean_cost,
    network,
    one_hot,
    weighted_inputs,
)

__all__ = [
    "CROSS_ENTROPY",
    "Cost",
    "LOG_LIKELIHOOD",
    "Network",
    "QUADRATIC",
    "accuracy",
    "backprop",
    "feedforward",
    "mean_cost",
    "network",
    "one_hot",
    "sgd",
    "sigmoid",
    "sigmoid_prime",
    "softmax",
    "softplus",
    "weighted_inputs",
]
