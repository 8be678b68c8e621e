"""Posterior predictives: density, intervals, calibration and scores."""

import math

import torch

from tinynets import checks


def with_noise(
    functions: torch.Tensor, noise_std: float | torch.Tensor, *, generator: torch.Generator
) -> torch.Tensor:
    """Draw observations y from draws of the function f.

    Parameters
    ----------
    functions : torch.Tensor, (draws, n)
        Values f(x) of each draw.
    noise_std : float or torch.Tensor, (draws,)
        Standard deviation of the noise, one for all draws or one each.
    generator : torch.Generator
        Source of the noise.

    Returns
    -------
    torch.Tensor, (draws, n)
        f(x) plus independent noise.
    """
    normal = torch.randn(
        functions.shape, dtype=functions.dtype, device=functions.device, generator=generator
    )
    return functions + _column(noise_std, functions) * normal


def log_predictive_density(
    functions: torch.Tensor, y: torch.Tensor, noise_std: float | torch.Tensor
) -> torch.Tensor:
    r"""Return the log density of each observation under the predictive.

    $\log \frac1S \sum_s N(y_i \mid f_s(x_i), \sigma_s^2)$: the average is
    over densities, not over their logarithms.

    Parameters
    ----------
    functions : torch.Tensor, (draws, n)
        Values f(x) of each draw.
    y : torch.Tensor, (n,)
        Observations.
    noise_std : float or torch.Tensor, (draws,)
        Standard deviation of the noise.

    Returns
    -------
    torch.Tensor, (n,)
        Nats, one number an observation.
    """
    checks.shape("y", y, (functions.shape[1],))
    std = _column(noise_std, functions)
    log_density = (
        -0.5 * ((y - functions) / std).square() - std.log() - 0.5 * math.log(2 * math.pi)
    )  # (draws, n)
    return torch.logsumexp(log_density, 0) - math.log(len(functions))


def interval(draws: torch.Tensor, level: float) -> torch.Tensor:
    """Return the central interval that holds `level` of the draws.

    Parameters
    ----------
    draws : torch.Tensor, (draws, n)
        Draws of a quantity at n points.
    level : float
        Probability inside, in [0, 1].

    Returns
    -------
    torch.Tensor, (2, n)
        Lower and upper end.
    """
    checks.probability("level", level)
    tails = torch.tensor([(1 - level) / 2, (1 + level) / 2], dtype=draws.dtype, device=draws.device)
    return torch.quantile(draws, tails, dim=0)


def coverage(draws: torch.Tensor, y: torch.Tensor, levels: torch.Tensor) -> torch.Tensor:
    """Return which share of `y` each central interval of the draws holds.

    Parameters
    ----------
    draws : torch.Tensor, (draws, n)
        Draws of the *noisy* predictive, if `y` is noisy.
    y : torch.Tensor, (n,)
        Observations.
    levels : torch.Tensor, (levels,)
        Probabilities inside; calibrated draws give these back.

    Returns
    -------
    torch.Tensor, (levels,)
        Shares in [0, 1].
    """
    checks.shape("y", y, (draws.shape[1],))
    inside = []
    for level in levels.tolist():
        low, high = interval(draws, level)
        inside.append(((low <= y) & (y <= high)).to(draws.dtype).mean())
    return torch.stack(inside)


def crps(draws: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    r"""Return the continuous ranked probability score of each observation.

    $\mathrm{CRPS}(F, y) = E|X - y| - \tfrac12 E|X - X'|$ for X, X' ~ F, the
    empirical distribution of the draws. Lower is better; for a single draw
    it is the absolute error.

    Parameters
    ----------
    draws : torch.Tensor, (draws, n)
        Draws of the noisy predictive.
    y : torch.Tensor, (n,)
        Observations.

    Returns
    -------
    torch.Tensor, (n,)
        In the unit of y.

    References
    ----------
    Gneiting and Raftery (2007), Eq. (20); the double sum by order
    statistics.
    """
    checks.shape("y", y, (draws.shape[1],))
    n_draws = len(draws)
    ordered = draws.sort(0).values
    rank = torch.arange(1, n_draws + 1, dtype=draws.dtype, device=draws.device)
    weight = (2 * rank - n_draws - 1) / n_draws**2
    return (draws - y).abs().mean(0) - weight @ ordered


def entropy(probabilities: torch.Tensor) -> torch.Tensor:
    """Return the entropy of class probabilities over the last dimension.

    Parameters
    ----------
    probabilities : torch.Tensor, (..., classes)
        Non-negative, summing to 1. For a predictive, average the draws'
        *probabilities* first; the entropy of an averaged logit is another
        thing.

    Returns
    -------
    torch.Tensor, (...)
        Nats, from 0 to log(classes).
    """
    return torch.special.entr(probabilities).sum(-1)


def calibration_error(
    probabilities: torch.Tensor, labels: torch.Tensor, *, n_bins: int = 15
) -> torch.Tensor:
    r"""Return the expected calibration error of class probabilities.

    $\sum_b \frac{n_b}{n} |\mathrm{accuracy}_b - \mathrm{confidence}_b|$ over
    bins of equal width of the largest probability.

    Parameters
    ----------
    probabilities : torch.Tensor, (n, classes)
        Predicted.
    labels : torch.Tensor, (n,)
        True classes, int64.
    n_bins : int
        Number of bins on [0, 1].

    Returns
    -------
    torch.Tensor, ()
        In [0, 1].
    """
    checks.count("n_bins", n_bins)
    checks.shape("labels", labels, (len(probabilities),))
    confidence, guess = probabilities.max(1)
    bins = (confidence * n_bins).long().clamp(max=n_bins - 1)
    gap = (guess == labels).to(confidence.dtype) - confidence
    summed = torch.zeros(n_bins, dtype=gap.dtype, device=gap.device).index_add(0, bins, gap)
    return summed.abs().sum() / len(gap)


def _column(noise_std: float | torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Return the noise as a column that broadcasts over (draws, n)."""
    std = torch.as_tensor(noise_std, dtype=like.dtype)
    if std.ndim:
        checks.shape("noise_std", std, (len(like),))
        std = std[:, None]
    if not (std > 0).all():
        raise ValueError(
            "noise_std must be above 0 for every draw, got a smallest value "
            f"of {float(std.min())!r}"
        )
    return std
