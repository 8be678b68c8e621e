"""Diagnostics agree with definitions written out here by brute force."""

import functools

import numpy as np
import pytest
import scipy.stats
import torch

from tinynets import diagnostics, rng, targets
from tinynets.samplers import adapt, hmc, sample


def autoregressive(chains=4, n_draws=500, memory=0.6, shape=()):
    """Draw chains whose neighbours have correlation `memory`."""
    noise = torch.randn(chains, n_draws, *shape, dtype=torch.float64, generator=rng.generator(1))
    values = [noise[:, 0]]
    for i in range(1, n_draws):
        values.append(memory * values[-1] + (1 - memory**2) ** 0.5 * noise[:, i])
    return torch.stack(values, dim=1)


def split(values):
    half = values.shape[1] // 2
    return np.concatenate([values[:, :half], values[:, -half:]])


def rank_normal(values):
    rank = scipy.stats.rankdata(values).reshape(values.shape)
    return scipy.stats.norm.ppf((rank - 0.375) / (values.size + 0.25))


def plain_r_hat(values):
    n_draws = values.shape[1]
    within = values.var(1, ddof=1).mean()
    between = n_draws * values.mean(1).var(ddof=1)
    total = (n_draws - 1) / n_draws * within + between / n_draws
    return np.sqrt(total / within)


def plain_ess(values):
    """Geyer's initial monotone sequence; Vehtari et al. (2021), Eq. (10)."""
    chains, n_draws = values.shape
    away = values - values.mean(1, keepdims=True)
    covariance = np.array(
        [
            [(one[: n_draws - lag] * one[lag:]).sum() / n_draws for lag in range(n_draws)]
            for one in away
        ]
    )
    within = (covariance[:, 0] * n_draws / (n_draws - 1)).mean()
    total = within * (n_draws - 1) / n_draws + values.mean(1).var(ddof=1)
    rho = 1 - (within - covariance.mean(0) * n_draws / (n_draws - 1)) / total
    rho[0] = 1
    pairs = rho[0::2][: n_draws // 2] + rho[1::2][: n_draws // 2]
    stop = np.argmax(pairs < 0)
    kept = np.minimum.accumulate(pairs[:stop])
    # The last positive single term beyond the pairs counts once.
    tail = max(rho[2 * stop], 0)
    return chains * n_draws / (-1 + 2 * kept.sum() + tail)


def test_r_hat_is_its_definition():
    values = autoregressive()
    values[0] += 0.5
    by_hand = split(values.numpy())
    folded = np.abs(by_hand - np.median(by_hand))
    expected = max(plain_r_hat(rank_normal(by_hand)), plain_r_hat(rank_normal(folded)))
    assert diagnostics.r_hat(values).item() == pytest.approx(expected, rel=1e-9)
    assert expected > 1.02


def test_bulk_ess_is_its_definition():
    values = autoregressive()
    expected = plain_ess(rank_normal(split(values.numpy())))
    found = diagnostics.effective_sample_size(values).item()
    assert found == pytest.approx(expected, rel=0.02)


def test_tail_ess_is_the_smaller_of_two_quantiles():
    values = autoregressive()
    found = diagnostics.effective_sample_size(values, kind="tail").item()
    expected = min(
        plain_ess(split((values <= values.flatten().quantile(q)).double().numpy()))
        for q in (0.05, 0.95)
    )
    assert found == pytest.approx(expected, rel=0.02)


def test_ess_finds_what_theory_says():
    # (1 - memory) / (1 + memory) of the draws count.
    values = autoregressive(chains=16, n_draws=4_000, memory=0.8)
    found = diagnostics.effective_sample_size(values, kind="mean")
    assert found.item() == pytest.approx(64_000 / 9, rel=0.1)


def test_mcse_is_sd_over_root_ess():
    values = autoregressive()
    ess = diagnostics.effective_sample_size(values, kind="mean")
    torch.testing.assert_close(
        diagnostics.mcse(values), values.flatten().std() / ess.sqrt(), rtol=1e-3, atol=0
    )


def test_autocorrelation_is_its_definition():
    values = autoregressive(shape=(2,))
    found = diagnostics.autocorrelation(values, max_lag=5)
    away = values - values.mean(1, keepdim=True)
    for lag in range(6):
        expected = (away[:, : 500 - lag] * away[:, lag:]).sum(1) / (away**2).sum(1)
        torch.testing.assert_close(found[:, lag], expected)
    assert found.shape == (4, 6, 2)


def test_bfmi_is_its_definition():
    draws = short_run()
    energy = draws.info.energy
    expected = (energy.diff(dim=1) ** 2).mean(1) / energy.var(1, correction=0)
    torch.testing.assert_close(diagnostics.bfmi(draws), expected, rtol=0.02, atol=0)


def test_statistics_keep_the_shape_of_the_quantity():
    values = autoregressive(shape=(3, 2))
    for statistic in (diagnostics.effective_sample_size, diagnostics.r_hat, diagnostics.mcse):
        found = statistic(values)
        assert found.shape == (3, 2)
        torch.testing.assert_close(found[1, 0], statistic(values[..., 1, 0]))


def test_arviz_gets_draws_statistics_and_tuning():
    draws = short_run()
    data = diagnostics.to_arviz(draws, f=draws.position**2)
    np.testing.assert_array_equal(data.posterior["position"], draws.position)
    np.testing.assert_array_equal(data.posterior["f"], draws.position**2)
    assert data.posterior["f"].dims[:2] == ("chain", "draw")
    stats = data.sample_stats
    np.testing.assert_array_equal(stats["diverging"], draws.info.divergent)
    np.testing.assert_array_equal(stats["acceptance_rate"], draws.info.acceptance)
    np.testing.assert_array_equal(stats["n_steps"], draws.info.n_gradients)
    np.testing.assert_array_equal(stats["lp"], draws.log_density)
    assert data.posterior.attrs["tuning_steps"] == 50
    assert data.posterior.attrs["step_size"] == pytest.approx(draws.warmup.tuning.step_size.item())


def test_what_never_changes_has_no_diagnosis():
    values = torch.stack([autoregressive(), torch.full((4, 500), 0.3).double()], -1)
    for kind in ("bulk", "tail", "mean"):
        changing, constant = diagnostics.effective_sample_size(values, kind=kind)
        assert changing > 50 and constant.isnan()
    for statistic in (diagnostics.r_hat, diagnostics.mcse):
        changing, constant = statistic(values)
        assert changing > 0 and constant.isnan()
    lags = diagnostics.autocorrelation(values, max_lag=3)
    assert lags[..., 1].isnan().all() and lags[..., 0].isfinite().all()
    found = diagnostics.summary(standard_normal_run(4), values[:, :40])
    assert np.isnan(found.r_hat) and np.isnan(found.ess)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: diagnostics.r_hat(torch.zeros(1, 10)), "2 chains"),
        (lambda: diagnostics.effective_sample_size(torch.zeros(4, 3)), "4 draws or more"),
        (lambda: diagnostics.effective_sample_size(torch.ones(4, 9), kind="best"), "kind"),
        (lambda: diagnostics.r_hat(torch.full((2, 9), torch.nan)), "finite"),
        (lambda: diagnostics.autocorrelation(torch.zeros(2, 9), max_lag=9), "max_lag"),
        (lambda: diagnostics.to_arviz(short_run(), f=torch.zeros(4, 9)), "f must have shape"),
    ],
)
def test_misuse_is_told(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@functools.cache
def short_run():
    target = targets.skewed(2)
    generator = rng.generator(2)
    return sample(
        adapt(hmc, target.log_density, n_leapfrog=3),
        target.draw(4, generator=generator),
        n_draws=100,
        n_warmup=50,
        generator=generator,
    )


def standard_normal_run(chains=3, **settings):
    start = torch.randn(chains, 2, dtype=torch.float64, generator=rng.generator(2))
    return sample(
        hmc(lambda q: -0.5 * q.square().sum(1), step_size=0.9, n_leapfrog=3),
        start,
        n_draws=40,
        generator=rng.generator(3),
        **settings,
    )


def test_a_summary_is_of_the_worst_quantity_and_of_the_draws_alone():
    draws = standard_normal_run(n_burn_in=10)
    values = torch.cat([draws.position, autoregressive(3, 40, 0.95, (1,))], -1)
    found = diagnostics.summary(draws, values)
    assert found.ess == diagnostics.effective_sample_size(values).min()
    assert found.ess < diagnostics.effective_sample_size(draws.position).min()
    assert found.r_hat == diagnostics.r_hat(values).max()
    assert found.ess_per_gradient == pytest.approx(found.ess / (3 * 40 * 3))
    assert found.gradients_per_draw == 3
    assert found.acceptance == pytest.approx(draws.info.acceptance.mean().item())
    assert found.n_divergent == 0 and np.isnan(found.step_size)
    assert diagnostics.summary(draws) == diagnostics.summary(draws, draws.position)


def test_a_summary_of_one_chain_has_no_r_hat_and_of_other_draws_is_refused():
    draws = standard_normal_run(chains=1)
    assert np.isnan(diagnostics.summary(draws).r_hat)
    with pytest.raises(ValueError, match=r"values must have shape \(1, 40\), got \(1, 39\)"):
        diagnostics.summary(draws, draws.log_density[:, :39])
