"""Diagnostics: can these draws be trusted? Through ArviZ, from tensors."""

import contextlib
import math
import warnings
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from tinynets import checks
from tinynets.samplers import Draws

with warnings.catch_warnings():
    warnings.simplefilter("ignore", FutureWarning)  # ArviZ 0.x announces its successor
    import arviz


@checks.arguments()
def effective_sample_size(values: Tensor, *, kind: str = "bulk") -> Tensor:
    """Estimate how many independent draws say as much about a quantity.

    Parameters
    ----------
    values : Tensor
        (chains, draws, ...): one or more quantities; 4 draws or more. The other
        way round, (draws, chains), it would be taken for many short chains.
    kind : {"bulk", "tail", "mean"}
        For the middle, the 5 and 95 per cent quantiles, or the plain mean without ranks.

    Returns
    -------
    Tensor
        (...): one for each quantity; NaN for one that never changes.

    Raises
    ------
    ValueError
        If `kind` is unknown, there are fewer than 4 draws, or a value is not finite.

    References
    ----------
    Vehtari et al. (2021), Rank-normalization, folding, and localization.

    Examples
    --------
    >>> draws = torch.randn(4, 500, generator=torch.Generator().manual_seed(1))
    >>> 1000 < effective_sample_size(draws) < 3000
    tensor(True)
    """
    checks.choice("kind", kind, ("bulk", "tail", "mean"))
    return _each(arviz.ess, values, method=kind)


@checks.arguments()
def r_hat(values: Tensor) -> Tensor:
    """Compare the spread between chains with that within, by ranks, split, folded: 1 agrees.

    Parameters
    ----------
    values : Tensor, (chains, draws, ...)
        One or more quantities; 2 chains of 4 draws or more. The other way round,
        (draws, chains), it would be taken for many short chains.

    Returns
    -------
    Tensor, (...)
        One for each quantity: above 1.01 chains disagree; NaN for one that never changes.

    Raises
    ------
    ValueError
        If there are too few chains or draws, or a value is not finite.

    References
    ----------
    Vehtari et al. (2021), Rank-normalization, folding, and localization, Eq. (14).

    Examples
    --------
    >>> draws = torch.randn(4, 500, generator=torch.Generator().manual_seed(1))
    >>> r_hat(draws) < 1.01, r_hat(draws + torch.arange(4)[:, None]) > 1.5
    (tensor(True), tensor(True))
    """
    _check(values)
    if len(values) < 2:
        raise ValueError(f"values must hold 2 chains or more for r_hat, got {len(values)}")
    return _each(arviz.rhat, values, method="rank")


@checks.arguments()
def mcse(values: Tensor) -> Tensor:
    """Estimate the Monte Carlo standard error (MCSE) of the mean, sd / √ESS.

    Parameters
    ----------
    values : Tensor, (chains, draws, ...)
        One or more quantities; 4 draws or more.

    Returns
    -------
    Tensor, (...)
        In the unit of the values; NaN for a quantity that never changes.

    Examples
    --------
    >>> draws = torch.randn(4, 500, generator=torch.Generator().manual_seed(1))
    >>> 0.01 < mcse(draws) < 0.04
    tensor(True)
    """
    return _each(arviz.mcse, values, method="mean")


@checks.arguments()
def autocorrelation(values: Tensor, *, max_lag: int) -> Tensor:
    """Correlate draws with those some steps later, chain by chain.

    Parameters
    ----------
    values : Tensor
        (chains, draws, ...).
    max_lag : int
        Below the number of draws.

    Returns
    -------
    Tensor
        (chains, max_lag + 1, ...), 1 at lag 0; NaN in a chain that never changes.

    Raises
    ------
    ValueError
        If `max_lag` is not below the number of draws.
    """
    _check(values)
    checks.count("max_lag", max_lag)
    if max_lag >= values.shape[1]:
        raise ValueError(
            f"max_lag must be below the number of draws, {values.shape[1]}, got {max_lag}"
        )
    with np.errstate(invalid="ignore"):  # 0 / 0 in a chain that never changes
        correlation = arviz.autocorr(values.numpy(force=True), axis=1)
    return torch.as_tensor(correlation[:, : max_lag + 1])


@checks.arguments()
def bfmi(draws: Draws) -> Tensor:
    """Estimate the Bayesian fraction of missing information (E-BFMI).

    The mean square of the energy's changes from draw to draw, over the variance of the
    energy. Under 0.3 new momenta change it too little, and tails are explored slowly.

    Parameters
    ----------
    draws : Draws
        From `hmc` or `nuts`, which have momenta.

    Returns
    -------
    Tensor, (chains,)
        NaN for a chain whose energy never changes.

    References
    ----------
    Betancourt (2016), Diagnosing suboptimal cotangent disintegrations in Hamiltonian Monte Carlo.

    Examples
    --------
    >>> from tinynets.samplers import hmc, sample
    >>> normal = hmc(lambda q: -0.5 * (q**2).sum(-1), step_size=0.8, n_leapfrog=3)
    >>> draws = sample(normal, torch.zeros(4, 2), n_draws=50, generator=torch.Generator())
    >>> bfmi(draws).shape
    torch.Size([4])
    """
    return torch.as_tensor(arviz.bfmi(draws.info.energy.numpy(force=True)))


class Summary(NamedTuple):
    """A run in a row of a table: whether it can be trusted, and what it cost."""

    r_hat: float  # of the worst quantity; NaN for a single chain, or if one never changes
    ess: float  # bulk, of the worst quantity; NaN if one never changes
    ess_per_gradient: float  # for the gradients of the draws, without the warm-up
    acceptance: float  # mean over draws and chains
    gradients_per_draw: float  # of one chain
    n_divergent: int  # draws, of all chains
    step_size: float  # mean over chains; NaN where none was tuned


@checks.arguments()
def summary(draws: Draws, values: Tensor | None = None) -> Summary:
    """Summarise a run by its worst quantity and its cost.

    Parameters
    ----------
    draws : Draws
    values : Tensor, (chains, draws, ...), optional
        Judged, such as `bnn.predictions`; else the positions, which a net's symmetries move.

    Returns
    -------
    Summary
        `_asdict()` makes a row of it.

    Examples
    --------
    >>> from tinynets.samplers import hmc, sample
    >>> normal = hmc(lambda q: -0.5 * (q**2).sum(-1), step_size=0.8, n_leapfrog=3)
    >>> draws = sample(normal, torch.zeros(4, 2), n_draws=50, generator=torch.Generator())
    >>> summary(draws).n_divergent, summary(draws).gradients_per_draw
    (0, 3.0)
    """
    values = draws.position if values is None else values
    checks.shape("values", values, tuple(draws.log_density.shape) + tuple(values.shape[2:]))
    info, tuning = draws.info, draws.warmup.tuning
    ess = effective_sample_size(values).min().item()
    n_gradients = int(info.n_gradients.sum())
    return Summary(
        r_hat=r_hat(values).max().item() if len(values) > 1 else math.nan,
        ess=ess,
        ess_per_gradient=ess / n_gradients,
        acceptance=info.acceptance.mean().item(),
        gradients_per_draw=n_gradients / draws.log_density.numel(),
        n_divergent=int(info.divergent.sum()),
        step_size=math.nan if tuning is None else tuning.step_size.mean().item(),
    )


@checks.arguments()
def to_arviz(draws: Draws, **quantities: Tensor):
    """Hand draws over to ArviZ.

    Parameters
    ----------
    draws : Draws
        From `sample`.
    **quantities : Tensor
        (chains, draws, ...): variables by name beside `position`, such as `f` for predictions.

    Returns
    -------
    arviz.InferenceData
        Groups `posterior`, whose attributes say what the warm-up settled on, and
        `sample_stats`, by ArviZ's names: `lp`, `diverging`, `energy`, ….
    """
    for name, values in quantities.items():
        _check(values)
        checks.shape(
            name,
            values[..., 0] if values.ndim > 2 else values,
            tuple(draws.log_density.shape) + tuple(values.shape[2:-1]),
        )
    info, tuning = draws.info, draws.warmup.tuning
    stats = {
        "lp": draws.log_density,
        "acceptance_rate": info.acceptance,
        "diverging": info.divergent,
        "energy": info.energy,
        "energy_error": info.energy_error,
        "n_steps": info.n_gradients,
    }
    posterior = dict(position=draws.position, **quantities)
    attributes = {"inference_library": "tinynets", "tuning_steps": draws.warmup.n_steps}
    if tuning is not None:
        attributes["step_size"] = tuning.step_size.tolist()
    with _many_chains():
        data = arviz.from_dict(
            posterior={name: value.numpy(force=True) for name, value in posterior.items()},
            sample_stats={name: value.numpy(force=True) for name, value in stats.items()},
        )
    data.posterior.attrs.update(attributes)
    return data


def _each(statistic, values: Tensor, **options) -> Tensor:
    _check(values)
    with _many_chains():
        data = arviz.convert_to_dataset(values.numpy(force=True))
    with np.errstate(invalid="ignore", divide="ignore"):
        found = torch.as_tensor(statistic(data, **options)["x"].to_numpy())
    changes = (values != values[:1, :1]).any(1).any(0)
    return found.where(changes, math.nan)


@contextlib.contextmanager
def _many_chains():
    """Let there be more chains than draws: ArviZ suspects a mistake."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "More chains", UserWarning)
        yield


def _check(values: Tensor) -> None:
    shape = tuple(values.shape)
    if len(shape) < 2 or shape[1] < 4:
        raise ValueError(f"values must be (chains, 4 draws or more, ...), got shape {shape}")
    checks.finite("values", values)
