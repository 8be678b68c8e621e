r"""Scores of what draws of functions predict: density, CRPS, coverage, calibration.

Draws of functions have one shape everywhere, as `bnn.predictions` gives them:
(*chains, draws, n), or (*chains, draws, n, outputs) where there are several
outputs. All draws of all chains count alike.
"""

import math

import torch
from torch import Tensor

from tinynets import checks


@checks.arguments(functions="float ... draws n")
def with_noise(
    functions: Tensor, noise_std: float | Tensor, *, generator: torch.Generator
) -> Tensor:
    """Draw observations y from draws of the function f.

    Parameters
    ----------
    functions : Tensor, (*chains, draws, n) or (*chains, draws, n, outputs)
        Values f(x) of each draw.
    noise_std : float or Tensor
        Standard deviation of the noise: one for all, one for each draw
        (*chains, draws), or anything with as many dimensions as `functions`
        that broadcasts, such as (outputs,) given as (1, 1, outputs). What
        `Posterior.noise_std(position)` gives fits.
    generator : torch.Generator
        Source of the noise.

    Returns
    -------
    Tensor, of the shape of `functions`
        f(x) plus independent noise.

    Raises
    ------
    ValueError
        If a standard deviation is not above 0, or its shape does not fit.

    Examples
    --------
    >>> with_noise(torch.zeros(3, 5), 0.1, generator=torch.Generator().manual_seed(0)).shape
    torch.Size([3, 5])
    """
    std = torch.as_tensor(noise_std, dtype=functions.dtype, device=functions.device)
    if std.ndim == functions.ndim:
        sizes = zip(std.shape, functions.shape, strict=True)
        fitting = [size if given == size else 1 for given, size in sizes]
        checks.shape("noise_std", std, tuple(fitting))
    else:
        checks.shape("noise_std", std, tuple(functions.shape[: std.ndim]))
        std = std.reshape(*std.shape, *[1] * (functions.ndim - std.ndim))
    if not (std > 0).all():
        raise ValueError(
            "noise_std must be above 0 for every draw, got a smallest value "
            f"of {float(std.min())!r}"
        )
    normal = torch.randn(
        functions.shape, dtype=functions.dtype, device=functions.device, generator=generator
    )
    return functions + std * normal


@checks.arguments(log_likelihood="float ... draws n")
def log_predictive_density(log_likelihood: Tensor) -> Tensor:
    r"""Return the log density of each observation under the predictive.

    $\log \frac1S \sum_s p(y_i \mid \theta_s)$: the average is over
    densities, not over their logarithms.

    Parameters
    ----------
    log_likelihood : Tensor, (*chains, draws, n)
        Log likelihood of each observation for each draw, in nats, as
        `bnn.log_likelihood` gives it, for any likelihood.

    Returns
    -------
    Tensor, (n,)
        Nats, one number an observation.

    Examples
    --------
    >>> log_predictive_density(torch.tensor([[0.0], [0.0]]))
    tensor([0.])
    """
    pooled = _pooled("log_likelihood", log_likelihood, 1)
    return torch.logsumexp(pooled, 0) - math.log(len(pooled))


@checks.arguments(logits="float ... draws n classes")
def class_probabilities(logits: Tensor) -> Tensor:
    """Return the predictive class probabilities: the mean over draws of softmax.

    Parameters
    ----------
    logits : Tensor, (*chains, draws, n, classes)
        As `bnn.predictions` gives them for a classifier.

    Returns
    -------
    Tensor, (n, classes)
        Non-negative, with sum 1. The softmax of averaged logits is another
        thing.
    """
    return _pooled("logits", logits.softmax(-1), 2).mean(0)


@checks.arguments(draws="float ... draws n")
def central_interval(draws: Tensor, level: float, *, several_outputs: bool = False) -> Tensor:
    """Return the central interval that holds `level` of the draws.

    Parameters
    ----------
    draws : Tensor, (*chains, draws, n) or (*chains, draws, n, outputs)
        Draws of a quantity at n points.
    level : float
        Probability inside, in [0, 1].
    several_outputs : bool
        Whether the last dimension of `draws` is that of outputs.

    Returns
    -------
    Tensor, (2, n) or (2, n, outputs)
        Lower and upper end.

    Examples
    --------
    >>> central_interval(torch.linspace(0, 1, 101)[:, None], 0.9)[:, 0]
    tensor([0.0500, 0.9500])
    """
    checks.probability("level", level)
    pooled = _pooled("draws", draws, 2 if several_outputs else 1)
    tails = torch.tensor([(1 - level) / 2, (1 + level) / 2], dtype=draws.dtype, device=draws.device)
    return torch.quantile(pooled, tails, dim=0)


@checks.arguments(draws="float ... draws n", levels="levels")
def coverage(draws: Tensor, y: Tensor, levels: Tensor) -> Tensor:
    """Return which share of `y` each central interval of the draws holds.

    Parameters
    ----------
    draws : Tensor, (*chains, draws, n) or (*chains, draws, n, outputs)
        Draws of the *noisy* predictive, if `y` is noisy.
    y : Tensor, (n,) or (n, outputs)
        Observations.
    levels : Tensor, (levels,)
        Probabilities inside; calibrated draws give these back.

    Returns
    -------
    Tensor, (levels,)
        Shares in [0, 1], of all outputs together.

    Examples
    --------
    >>> draws = torch.linspace(0, 1, 101)[:, None].expand(101, 2)
    >>> coverage(draws, torch.tensor([0.5, 0.99]), torch.tensor([0.5, 0.9]))
    tensor([0.5000, 0.5000])
    """
    pooled, y = _against(draws, y)
    several_outputs = y.ndim == 2
    inside = []
    for level in levels.tolist():
        low, high = central_interval(pooled, level, several_outputs=several_outputs)
        inside.append(((low <= y) & (y <= high)).to(draws.dtype).mean())
    return torch.stack(inside)


@checks.arguments()
def crps(draws: Tensor, y: Tensor) -> Tensor:
    r"""Return the continuous ranked probability score of each observation.

    $\mathrm{CRPS}(F, y) = E|X - y| - \tfrac12 E|X - X'|$ for X, X' ~ F, the
    empirical distribution of the draws. Lower is better; for a single draw
    it is the absolute error.

    Parameters
    ----------
    draws : Tensor, (*chains, draws, n) or (*chains, draws, n, outputs)
        Draws of the noisy predictive.
    y : Tensor, (n,) or (n, outputs)
        Observations.

    Returns
    -------
    Tensor, (n,) or (n, outputs)
        In the unit of y.

    References
    ----------
    Gneiting and Raftery (2007), Eq. (20); the double sum by order
    statistics.

    Examples
    --------
    >>> crps(torch.tensor([[1.0], [3.0]]), torch.tensor([2.0]))
    tensor([0.5000])
    """
    pooled, y = _against(draws, y)
    n_draws = len(pooled)
    ordered = pooled.sort(0).values
    rank = torch.arange(1, n_draws + 1, dtype=draws.dtype, device=draws.device)
    weight = (2 * rank - n_draws - 1) / n_draws**2
    return (pooled - y).abs().mean(0) - torch.tensordot(weight, ordered, 1)


@checks.arguments(probabilities="float ... classes")
def entropy(probabilities: Tensor) -> Tensor:
    """Return the entropy of class probabilities over the last dimension.

    Parameters
    ----------
    probabilities : Tensor, (..., classes)
        Non-negative, summing to 1. For a predictive, average the draws'
        *probabilities* first, see `class_probabilities`; the entropy of an
        averaged logit is another thing.

    Returns
    -------
    Tensor, (...)
        Nats, from 0 to log(classes).

    Examples
    --------
    >>> entropy(torch.tensor([0.5, 0.5])).round(decimals=4)
    tensor(0.6931)
    """
    checks.distribution("probabilities", probabilities)
    return torch.special.entr(probabilities).sum(-1)


@checks.arguments(probabilities="float n classes", labels="int n")
def calibration_error(probabilities: Tensor, labels: Tensor, *, n_bins: int = 15) -> Tensor:
    r"""Return the expected calibration error of class probabilities.

    $\sum_b \frac{n_b}{n} |\mathrm{accuracy}_b - \mathrm{confidence}_b|$ over
    bins of equal width of the largest probability.

    Parameters
    ----------
    probabilities : Tensor, (n, classes)
        Predicted, non-negative, summing to 1.
    labels : Tensor, (n,)
        True classes, int64.
    n_bins : int
        Number of bins on [0, 1].

    Returns
    -------
    Tensor, ()
        In [0, 1].

    Raises
    ------
    ValueError
        If shapes do not fit, or rows are no probabilities.

    Examples
    --------
    >>> sure = torch.tensor([[0.9, 0.1], [0.9, 0.1]])
    >>> calibration_error(sure, torch.tensor([0, 1])).round(decimals=4)
    tensor(0.4000)
    """
    checks.count("n_bins", n_bins)
    checks.shape("probabilities", probabilities, ("n", "classes"))
    checks.shape("labels", labels, (len(probabilities),))
    checks.distribution("probabilities", probabilities)
    checks.classes("labels", labels, probabilities.shape[1])
    confidence, guess = probabilities.max(1)
    bins = (confidence * n_bins).long().clamp(max=n_bins - 1)
    gap = (guess == labels).to(confidence.dtype) - confidence
    summed = torch.zeros(n_bins, dtype=gap.dtype, device=gap.device).index_add(0, bins, gap)
    return summed.abs().sum() / len(gap)


def _pooled(name: str, draws: Tensor, n_last: int) -> Tensor:
    """Return all draws of all chains in one dimension, (draws, n[, outputs])."""
    if draws.ndim <= n_last:
        shape = "(*chains, draws, n)" if n_last == 1 else "(*chains, draws, n, outputs)"
        raise ValueError(f"{name} must have shape {shape}, got {tuple(draws.shape)}")
    return checks.finite(name, draws.flatten(0, -n_last - 1))


def _against(draws: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Return pooled draws and observations of one shape, but for the draws."""
    if y.ndim == 2 and y.shape[1] == 1 and draws.shape[-2:] != y.shape:
        y = y[:, 0]  # one output has no dimension of its own in functions
    checks.shape("y", y, tuple(draws.shape[max(0, draws.ndim - y.ndim) :]))
    return _pooled("draws", draws, y.ndim), y
