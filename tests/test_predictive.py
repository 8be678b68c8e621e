import math

import pytest
import torch
from scipy import integrate, stats

from tinynets import predictive
from tinynets.rng import generator

F64 = torch.float64


def normals(*shape, seed=1):
    return torch.randn(*shape, dtype=F64, generator=generator(seed))


def test_crps_is_the_double_sum():
    draws, y = normals(40, 3), normals(3, seed=2)
    brute = (draws - y).abs().mean(0) - 0.5 * (draws[:, None] - draws).abs().mean((0, 1))
    torch.testing.assert_close(predictive.crps(draws, y), brute)


def test_crps_is_the_integral_of_squared_distribution_errors():
    draws, y = normals(15, 1), torch.tensor([0.4], dtype=F64)
    edges = torch.cat([draws[:, 0], y]).sort().values.tolist()
    brute = sum(
        integrate.quad(
            lambda t: ((draws[:, 0] <= t).double().mean().item() - (t >= 0.4)) ** 2, a, b
        )[0]
        for a, b in zip(edges, edges[1:])
    )
    assert predictive.crps(draws, y).item() == pytest.approx(brute)


def test_crps_of_a_gaussian_is_its_closed_form():
    y = torch.tensor([0.7], dtype=F64)
    exact = 0.7 * (2 * stats.norm.cdf(0.7) - 1) + 2 * stats.norm.pdf(0.7) - 1 / math.sqrt(math.pi)
    estimate = predictive.crps(normals(40_000, 1), y)
    assert estimate.item() == pytest.approx(exact, abs=0.01)


def test_log_predictive_density_averages_densities():
    functions, y = normals(6, 4), normals(4, seed=2)
    std = torch.linspace(0.2, 1.0, 6, dtype=F64)
    brute = torch.distributions.Normal(functions, std[:, None]).log_prob(y).exp().mean(0).log()
    torch.testing.assert_close(predictive.log_predictive_density(functions, y, std), brute)


def test_log_predictive_density_far_away_is_finite():
    value = predictive.log_predictive_density(normals(5, 1), torch.tensor([1e4], dtype=F64), 0.1)
    assert value.isfinite().all() and value < -1e8


def test_draws_from_the_truth_are_calibrated():
    draws, y = normals(2000, 4000), normals(4000, seed=2)
    levels = torch.tensor([0.1, 0.5, 0.9], dtype=F64)
    spread = 5 * (levels * (1 - levels) / 4000).sqrt() + 0.01
    error = predictive.coverage(draws, y, levels) - levels
    assert (error.abs() < spread).all()


def test_draws_that_are_too_narrow_cover_too_little():
    draws, y = 0.5 * normals(2000, 1000), normals(1000, seed=2)
    levels = torch.tensor([0.9], dtype=F64)
    assert predictive.coverage(draws, y, levels) < 0.7


def test_noise_widens_the_predictive_by_its_variance():
    functions = normals(100_000, 1)
    noisy = predictive.with_noise(functions, 2.0, generator=generator(5))
    assert noisy.var().item() == pytest.approx(5, rel=0.03)


def test_noise_follows_its_generator():
    a, b, c = (
        predictive.with_noise(normals(3, 2), 0.1, generator=generator(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(a, b) and not torch.equal(a, c)
    with pytest.raises(TypeError):
        predictive.with_noise(normals(3, 2), 0.1)


def test_entropy_runs_from_certain_to_even():
    p = torch.tensor([[1.0, 0.0], [0.5, 0.5]])
    assert predictive.entropy(p).tolist() == pytest.approx([0, math.log(2)])


def test_calibration_error_is_the_gap_of_a_constant_guess():
    p = torch.tensor([[0.8, 0.2]]).expand(100, 2)
    labels = torch.tensor([0] * 60 + [1] * 40)
    error = predictive.calibration_error(p, labels)
    assert error.item() == pytest.approx(0.2, abs=1e-6)


@pytest.mark.parametrize(
    "call, name",
    [
        (lambda: predictive.crps(normals(5, 2), normals(3)), "y must"),
        (lambda: predictive.interval(normals(5, 2), 1.2), "level must"),
        (lambda: predictive.with_noise(normals(5, 2), 0.0, generator=generator(1)), "noise_std"),
        (
            lambda: predictive.with_noise(normals(5, 2), torch.ones(3), generator=generator(1)),
            "noise_std",
        ),
    ],
)
def test_wrong_arguments_are_named(call, name):
    with pytest.raises(ValueError, match=name):
        call()
