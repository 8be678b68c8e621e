r"""Bayes by Backprop: Gaussians fitted to posteriors by gradient ascent.

    estimate = vi.expected_log_likelihood(posterior)
    fit = vi.fit(vi.mean_field(start, 0.02), estimate, posterior,
                 n_steps=1000, learning_rate=0.03, generator=generator)
    bnn.predictions(posterior, fit.q.sample(100, generator=generator), x)

`vi.gaussians` holds the variational distributions q, `vi.bound` the ELBO and
its maximisation, `vi.outputs` what a network gives at draws of its weights.
"""

from tinynets.vi.bound import (
    Elbo,
    Fit,
    elbo,
    exact_kl,
    expected_log_likelihood,
    fit,
    monte_carlo_kl,
)
from tinynets.vi.gaussians import (
    FullCovariance,
    Gaussian,
    LowRank,
    MeanField,
    full_covariance,
    inverse_softplus,
    low_rank,
    mean_field,
    pick,
)
from tinynets.vi.outputs import draw_outputs, local_outputs

__all__ = [
    "Elbo",
    "Fit",
    "FullCovariance",
    "Gaussian",
    "LowRank",
    "MeanField",
    "draw_outputs",
    "elbo",
    "exact_kl",
    "expected_log_likelihood",
    "fit",
    "full_covariance",
    "inverse_softplus",
    "local_outputs",
    "low_rank",
    "mean_field",
    "monte_carlo_kl",
    "pick",
]
