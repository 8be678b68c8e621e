import math

import pytest
import torch
from torch import nn
from torch.distributions import HalfCauchy, HalfNormal

from tinynets import bnn, vi
from tinynets.nets import MLP, n_parameters
from tinynets.rng import generator

F64 = torch.float64


def gaussian_of(kind, dim=5):
    g = generator(1, kind)
    mean = torch.randn(dim, dtype=F64, generator=g)
    if kind == "mean-field":
        raw = torch.randn(dim, dtype=F64, generator=g)
        return vi.MeanField(mean, raw)
    if kind == "low-rank":
        return vi.LowRank(
            mean,
            torch.randn(dim, 2, dtype=F64, generator=g),
            torch.randn(dim, dtype=F64, generator=g),
        )
    return vi.FullCovariance(mean, torch.randn(dim, dim, dtype=F64, generator=g))


KINDS = ["mean-field", "low-rank", "full"]
PRIOR = torch.tensor([0.5, 1.0, 2.0, 1.0, 3.0], dtype=F64)


def covariance(q):
    if isinstance(q, vi.MeanField):
        return q.std.square().diag()
    if isinstance(q, vi.LowRank):
        own = nn.functional.softplus(q.raw_std).square().diag()
        return q.factor @ q.factor.mT + own
    return q.factor @ q.factor.mT


@pytest.mark.parametrize("kind", KINDS)
def test_closed_form_kl_is_torchs(kind):
    q = gaussian_of(kind)
    normal = torch.distributions.MultivariateNormal
    expected = torch.distributions.kl_divergence(
        normal(q.mean, covariance(q)), normal(torch.zeros(5, dtype=F64), PRIOR.square().diag())
    )
    torch.testing.assert_close(q.kl(PRIOR), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_closed_form_kl_is_the_mean_of_monte_carlo(kind):
    q = gaussian_of(kind)
    estimates = torch.stack(
        [vi.monte_carlo_kl(q, PRIOR, n_samples=500, generator=generator(2, i)) for i in range(40)]
    )
    error = estimates.mean() - q.kl(PRIOR)
    assert error.abs() < 5 * estimates.std() / math.sqrt(40)


@pytest.mark.parametrize("kind", KINDS)
def test_draws_have_the_gaussians_moments_and_density(kind):
    q = gaussian_of(kind)
    draws = q.sample(100_000, generator=generator(3))
    exact = covariance(q)
    scale = exact.diagonal().sqrt()
    assert ((draws.mean(0) - q.mean).abs() < 5 * scale / math.sqrt(1e5)).all()
    error = (draws.mT.cov() - exact).abs() / (scale[:, None] * scale)
    assert error.max() < 5 * math.sqrt(2 / 1e5)
    torch.testing.assert_close(q.std, scale)
    torch.testing.assert_close(
        q.log_prob(draws[:10]),
        torch.distributions.MultivariateNormal(q.mean, exact).log_prob(draws[:10]),
    )


def test_a_gaussian_that_is_the_prior_costs_nothing():
    q = vi.mean_field(torch.zeros(3, dtype=F64), 0.7)
    prior = torch.full((3,), 0.7, dtype=F64)
    assert q.kl(prior).item() == pytest.approx(0, abs=1e-12)


def regression(net, x, y, noise_std):
    return bnn.Posterior(net, x, y, bnn.Gaussian(noise_std))


def linear_problem():
    """A net without hidden layer: its posterior is Gaussian and known."""
    net = MLP([2, 1])
    g = generator(4)
    x = torch.randn(12, 2, dtype=F64, generator=g)
    y = (
        x @ torch.tensor([[1.0], [-2.0]], dtype=F64)
        + 0.5
        + 0.3 * torch.randn(12, 1, dtype=F64, generator=g)
    )
    design = torch.cat([x, torch.ones(12, 1, dtype=F64)], 1)
    std = bnn.prior_std(net, weight_std=2.0)
    precision = design.mT @ design / 0.09 + std.square().reciprocal().diag()
    mean = torch.linalg.solve(precision, design.mT @ y / 0.09)[:, 0]
    evidence = torch.distributions.MultivariateNormal(
        torch.zeros(12, dtype=F64), (design * std.square()) @ design.mT + 0.09 * torch.eye(12)
    ).log_prob(y[:, 0])
    estimate = vi.expected_log_likelihood(regression(net, x, y, 0.3), n_samples=16)
    return net, x, y, std, precision, mean, evidence, estimate


def averaged(q, estimate, std):
    """The ELBO of a q to a few hundredths of a nat."""
    return torch.stack(
        [vi.elbo(q, estimate, std, generator=generator(6, i)).elbo for i in range(300)]
    ).mean()


def test_full_covariance_finds_the_exact_posterior_and_its_evidence():
    _, _, _, std, precision, mean, evidence, estimate = linear_problem()
    fitted = vi.fit(
        vi.full_covariance(torch.zeros(3, dtype=F64), 0.1),
        estimate,
        std,
        n_steps=800,
        learning_rate=0.05,
        generator=generator(5),
    ).q
    exact = torch.linalg.inv(precision)
    scale = exact.diagonal().sqrt()
    assert ((fitted.mean - mean).abs() < 0.2 * scale).all()
    error = (covariance(fitted) - exact).abs() / (scale[:, None] * scale)
    assert error.max() < 0.15
    assert averaged(fitted, estimate, std).item() == pytest.approx(evidence.item(), abs=0.1)


def test_mean_field_takes_the_inverse_of_each_precision():
    _, _, _, std, precision, mean, evidence, estimate = linear_problem()
    fitted = vi.fit(
        vi.mean_field(torch.zeros(3, dtype=F64), 0.1),
        estimate,
        std,
        n_steps=800,
        learning_rate=0.05,
        generator=generator(5),
    ).q
    expected = precision.diagonal().rsqrt()
    assert ((fitted.mean - mean).abs() < 0.2 * expected).all()
    torch.testing.assert_close(fitted.std, expected, rtol=0.1, atol=0)
    exact_gap = 0.5 * (precision.diagonal().log().sum() - torch.logdet(precision))
    assert averaged(fitted, estimate, std).item() == pytest.approx(
        (evidence - exact_gap).item(), abs=0.1
    )


@pytest.mark.parametrize("net", [MLP([2, 1]), nn.Linear(2, 1)])
def test_local_and_weight_samples_agree_in_one_layer(net):
    """One layer, one example: the same distribution either way."""
    q = gaussian_of("mean-field", 3)
    x = torch.tensor([[0.5, -1.0]], dtype=F64)
    local = vi.local_outputs(net, q, x, n_samples=50_000, generator=generator(1))
    direct = bnn.batched(net)(q.sample(50_000, generator=generator(2)), x)
    features = torch.tensor([0.5, -1.0, 1.0], dtype=F64)
    std = (features.square() @ q.std.square()).sqrt()
    for outputs in (local, direct):
        error = outputs.mean() - features @ q.mean
        assert error.abs() < 5 * std / math.sqrt(50_000)
        assert outputs.std().item() == pytest.approx(std.item(), rel=0.02)


def test_local_samples_of_examples_are_independent():
    q = gaussian_of("mean-field", 3)
    x = torch.ones(2, 2, dtype=F64)
    settings = {"n_samples": 4000, "generator": generator(1)}
    local = vi.local_outputs(MLP([2, 1]), q, x, **settings)
    direct = bnn.batched(MLP([2, 1]))(q.sample(**settings), x)
    assert torch.corrcoef(local[..., 0].mT)[0, 1].abs() < 5 / math.sqrt(4000)
    assert torch.corrcoef(direct[..., 0].mT)[0, 1] > 0.999


def test_local_reparameterisation_has_the_same_mean_and_less_noise():
    net = MLP([1, 8, 1])
    x = torch.linspace(-1, 1, 40, dtype=F64)[:, None]
    q = vi.mean_field(0.3 * torch.ones(25, dtype=F64), 0.2)
    estimates = {}
    for local in (False, True):
        estimate = vi.expected_log_likelihood(
            regression(net, x, x.sin(), 0.5), n_samples=20, local=local
        )
        estimates[local] = torch.stack([estimate(q, generator=generator(3, i)) for i in range(200)])
    spread = {local: e.std() for local, e in estimates.items()}
    gap = estimates[True].mean() - estimates[False].mean()
    assert gap.abs() < 5 * math.hypot(*spread.values()) / math.sqrt(200)
    assert spread[True] < 0.6 * spread[False]


def test_minibatches_estimate_the_whole():
    net, x, y, std, *_ = linear_problem()
    q = vi.mean_field(torch.ones(3, dtype=F64), 1e-3)
    whole, part = (
        vi.expected_log_likelihood(regression(net, x, y, 0.3), batch_size=size)
        for size in (None, 4)
    )
    exact = whole(q, generator=generator(1))
    estimates = torch.stack([part(q, generator=generator(2, i)) for i in range(400)])
    assert (estimates.mean() - exact).abs() < 5 * estimates.std() / math.sqrt(400)


@pytest.mark.parametrize("temperature, wider", [(0.1, False), (10.0, True)])
def test_temperature_weighs_the_prior(temperature, wider):
    *_, std, _, _, _, estimate = linear_problem()
    fits = [
        vi.fit(
            vi.mean_field(torch.zeros(3, dtype=F64), 0.1),
            estimate,
            std,
            n_steps=400,
            learning_rate=0.05,
            temperature=t,
            generator=generator(5),
        ).q
        for t in (1.0, temperature)
    ]
    assert (fits[1].std > fits[0].std).all() == wider


def test_fits_follow_their_generator():
    *_, std, _, _, _, estimate = linear_problem()
    start = vi.mean_field(torch.zeros(3, dtype=F64), 0.1)
    before = torch.get_rng_state()
    a, b, c = (
        vi.fit(
            start, estimate, std, n_steps=3, learning_rate=0.05, generator=generator(seed)
        ).q.mean
        for seed in (1, 1, 2)
    )
    assert torch.equal(a, b) and not torch.equal(a, c)
    assert torch.equal(torch.get_rng_state(), before)
    assert not start.mean.requires_grad
    with pytest.raises(ValueError, match="temperature must be"):
        vi.fit(
            start,
            estimate,
            std,
            n_steps=3,
            learning_rate=0.05,
            temperature=torch.tensor([1.0, 0.0]),
            generator=generator(1),
        )
    with pytest.raises(TypeError):
        vi.fit(start, estimate, std, n_steps=3, learning_rate=0.05)


@pytest.mark.parametrize("kind", KINDS)
def test_gaussians_side_by_side_are_those_alone(kind):
    alone = [gaussian_of(kind), gaussian_of(kind)]
    alone[1] = type(alone[1])(*(part + 0.3 for part in alone[1]))
    both = type(alone[0])(*map(torch.stack, zip(*alone, strict=True)))
    theta = both.sample(4, generator=generator(1))
    assert theta.shape == (2, 4, 5)
    for i, q in enumerate(alone):
        torch.testing.assert_close(vi.pick(both, i), q)
        torch.testing.assert_close(both.kl(PRIOR)[i], q.kl(PRIOR))
        torch.testing.assert_close(both.std[i], q.std)
        torch.testing.assert_close(both.log_prob(theta)[i], q.log_prob(theta[i]))
    draws = both.sample(100_000, generator=generator(3))
    for own, q in zip(draws, alone, strict=True):
        assert ((own.mean(0) - q.mean).abs() < 5 * q.std / math.sqrt(1e5)).all()
        error = own.mT.cov() - covariance(q)
        assert (error.abs() < 5 * math.sqrt(2 / 1e5) * q.std[:, None] * q.std).all()


@pytest.mark.parametrize("local", [False, True])
def test_fits_side_by_side_do_not_meet(local):
    net, x, y, std, _, mean, *_ = linear_problem()
    estimate = vi.expected_log_likelihood(regression(net, x, y, 0.3), n_samples=16, local=local)
    start = vi.mean_field(torch.zeros(3, 3, dtype=F64), 0.1)
    temperature = torch.tensor([0.1, 1.0, 10.0], dtype=F64)
    both = vi.fit(
        start,
        estimate,
        std,
        n_steps=600,
        learning_rate=0.05,
        temperature=temperature,
        generator=generator(5),
    )
    assert both.history.kl.shape == (3, 600)
    for i in range(3):
        alone = vi.fit(
            vi.pick(start, i),
            estimate,
            std,
            n_steps=600,
            learning_rate=0.05,
            temperature=float(temperature[i]),
            generator=generator(6),
        ).q
        found = vi.pick(both.q, i)
        torch.testing.assert_close(found.std, alone.std, rtol=0.1, atol=0)
        assert ((found.mean - alone.mean).abs() < 0.2 * alone.std).all()


def test_an_elbo_that_overflows_says_where():
    *_, std, _, _, _, estimate = linear_problem()
    start = vi.mean_field(torch.full((3,), 1e200, dtype=F64), 0.1)
    with pytest.raises(FloatingPointError, match="at step 0 in 1 of 1 fits"):
        vi.fit(start, estimate, std, n_steps=3, learning_rate=0.05, generator=generator(1))


def test_local_reparameterisation_refuses_what_it_cannot_do():
    net = nn.Sequential(nn.Conv2d(1, 1, 3))
    x = torch.zeros(1, 1, 4, 4)
    q = vi.mean_field(torch.zeros(n_parameters(net)), 0.1)
    with pytest.raises(TypeError, match="Conv2d; use local=False"):
        vi.local_outputs(net, q, x, n_samples=1, generator=generator(1))
    with pytest.raises(TypeError, match="q must be a MeanField, got"):
        vi.local_outputs(
            MLP([2, 1]), gaussian_of("low-rank", 3), x, n_samples=1, generator=generator(1)
        )


def with_unknown_noise(prior=HalfNormal):
    net, x, y, *_ = linear_problem()
    return bnn.Posterior(net, x, y, bnn.Gaussian(prior(torch.ones((), dtype=F64))), 2.0)


@pytest.mark.parametrize("kind", ["mean-field", "low-rank", "full"])
def test_kl_to_the_prior_of_an_unknown_noise_is_its_monte_carlo_mean(kind):
    posterior, q = with_unknown_noise(HalfCauchy), gaussian_of(kind, 4)
    theta = q.sample(100_000, generator=generator(1))
    log_ratio = q.log_prob(theta) - posterior.terms(theta).log_prior
    error = vi.exact_kl(q, posterior) - log_ratio.mean()
    assert error.abs() < 5 * log_ratio.std() / math.sqrt(100_000)


def test_kl_of_fits_side_by_side_is_that_of_each():
    posterior = with_unknown_noise()
    alone = [gaussian_of("mean-field", 4), vi.mean_field(torch.ones(4, dtype=F64), 0.3)]
    both = vi.MeanField(*map(torch.stack, zip(*alone, strict=True)))
    torch.testing.assert_close(
        vi.exact_kl(both, posterior), torch.stack([vi.exact_kl(q, posterior) for q in alone])
    )


def test_local_estimates_with_an_unknown_noise_have_the_same_mean():
    posterior = with_unknown_noise()
    q = vi.mean_field(torch.tensor([1.0, -1.5, 0.3, -0.5], dtype=F64), 0.2)
    means, errors = [], []
    for local in (False, True):
        estimate = vi.expected_log_likelihood(posterior, n_samples=50, local=local)
        values = torch.stack([estimate(q, generator=generator(3, i)) for i in range(200)])
        means.append(values.mean())
        errors.append(values.std() / math.sqrt(200))
    assert (means[0] - means[1]).abs() < 5 * math.hypot(*errors)


def test_an_unknown_noise_is_found():
    """Its mean-field optimum lies where the exact marginal posterior does."""
    posterior = with_unknown_noise()
    fitted = vi.fit(
        vi.full_covariance(torch.zeros(4, dtype=F64), 0.1),
        vi.expected_log_likelihood(posterior, n_samples=16),
        posterior,
        n_steps=800,
        learning_rate=0.05,
        generator=generator(5),
    ).q
    design = torch.cat([posterior.x, torch.ones(12, 1, dtype=F64)], 1)
    prior = 4 * design @ design.mT
    log_std = torch.linspace(-4, 2, 601, dtype=F64)
    noise = (2 * log_std).exp()[:, None, None] * torch.eye(12)
    marginal = torch.distributions.MultivariateNormal(torch.zeros(12, dtype=F64), prior + noise)
    log_p = marginal.log_prob(posterior.y[:, 0]) + posterior.likelihood.log_prior(log_std[:, None])
    weight = log_p.softmax(0)
    mean = weight @ log_std
    std = (weight @ (log_std - mean).square()).sqrt()
    assert (fitted.mean[3] - mean).abs() < 0.35 * std
    assert fitted.std[3].item() == pytest.approx(std.item(), rel=0.25)
