"""Bayesian nets: module, data, likelihood and prior give a log density.

The posterior of the weights theta of a network f, given n observations y_i
at inputs x_i, is known up to a constant,

log p(theta | y) = sum_i log p(y_i | f(x_i)) + sum_j log N(theta_j | 0, prior_std_j^2) + const,

for a batch of flat weight vectors at once, (chains, dim) -> (chains,). What a
function of weights takes and gives has one shape everywhere: positions
(*chains, draws, dim), functions (*chains, draws, n) for a net of one output
and (*chains, draws, n, outputs) for several.
"""

from tinynets.bnn._paths import Path
from tinynets.bnn.draws import interpolate, log_likelihood, predictions
from tinynets.bnn.gaussian import Gaussian
from tinynets.bnn.likelihoods import Categorical, Likelihood
from tinynets.bnn.posterior import Posterior, Terms
from tinynets.bnn.priors import batched, draw_prior, prior_std, relu_corners

__all__ = [
    "Categorical",
    "Gaussian",
    "Likelihood",
    "Path",
    "Posterior",
    "Terms",
    "batched",
    "draw_prior",
    "interpolate",
    "log_likelihood",
    "predictions",
    "prior_std",
    "relu_corners",
]
