import itertools
import math

import pytest
import torch
from scipy import integrate, stats

from tinynets import bnn, scores
from tinynets.rng import generator

F64 = torch.float64


def normals(*shape, seed=1):
    return torch.randn(*shape, dtype=F64, generator=generator(seed))


def test_crps_is_the_double_sum():
    draws, y = normals(40, 3), normals(3, seed=2)
    brute = (draws - y).abs().mean(0) - 0.5 * (draws[:, None] - draws).abs().mean((0, 1))
    torch.testing.assert_close(scores.crps(draws, y), brute)


def test_crps_is_the_integral_of_squared_distribution_errors():
    draws, y = normals(15, 1), torch.tensor([0.4], dtype=F64)
    edges = torch.cat([draws[:, 0], y]).sort().values.tolist()
    brute = sum(
        integrate.quad(
            lambda t: ((draws[:, 0] <= t).double().mean().item() - (t >= 0.4)) ** 2, a, b
        )[0]
        for a, b in itertools.pairwise(edges)
    )
    assert scores.crps(draws, y).item() == pytest.approx(brute)


def test_crps_of_a_gaussian_is_its_closed_form():
    y = torch.tensor([0.7], dtype=F64)
    exact = 0.7 * (2 * stats.norm.cdf(0.7) - 1) + 2 * stats.norm.pdf(0.7) - 1 / math.sqrt(math.pi)
    estimate = scores.crps(normals(40_000, 1), y)
    assert estimate.item() == pytest.approx(exact, abs=0.01)


def test_log_predictive_density_averages_densities():
    functions, y = normals(6, 4), normals(4, seed=2)
    std = torch.linspace(0.2, 1.0, 6, dtype=F64)
    log_p = torch.distributions.Normal(functions, std[:, None]).log_prob(y)
    brute = log_p.exp().mean(0).log()
    torch.testing.assert_close(scores.log_predictive_density(log_p), brute)
    torch.testing.assert_close(scores.log_predictive_density(log_p.unflatten(0, (2, 3))), brute)


def test_log_predictive_density_far_away_is_finite():
    log_p = bnn.Gaussian(0.1)(normals(5, 1, 1), torch.tensor([1e4], dtype=F64))
    value = scores.log_predictive_density(log_p)
    assert value.isfinite().all() and value < -1e8


def test_chains_are_pooled():
    """What `predictions` gives is what every score takes."""
    draws, y = normals(3, 50, 4), normals(4, seed=2)
    flat, levels = draws.flatten(0, 1), torch.tensor([0.3, 0.9], dtype=F64)
    for chains, pooled in (
        (scores.central_interval(draws, 0.8), scores.central_interval(flat, 0.8)),
        (scores.crps(draws, y), scores.crps(flat, y)),
        (scores.coverage(draws, y, levels), scores.coverage(flat, y, levels)),
    ):
        torch.testing.assert_close(chains, pooled)


def test_several_outputs_are_scored_one_by_one():
    draws, y = normals(3, 50, 4, 2), normals(4, 2, seed=2)
    by_output = [scores.crps(draws[..., k], y[:, k]) for k in range(2)]
    torch.testing.assert_close(scores.crps(draws, y), torch.stack(by_output, 1))
    ends = scores.central_interval(draws, 0.8, several_outputs=True)
    assert ends.shape == (2, 4, 2)
    torch.testing.assert_close(ends[..., 1], scores.central_interval(draws[..., 1], 0.8))
    levels = torch.tensor([0.5], dtype=F64)
    shares = [scores.coverage(draws[..., k], y[:, k], levels) for k in range(2)]
    torch.testing.assert_close(scores.coverage(draws, y, levels), sum(shares) / 2)


def test_observations_of_one_output_may_be_a_column():
    draws, y = normals(3, 50, 4), normals(4, 1, seed=2)
    torch.testing.assert_close(scores.crps(draws, y), scores.crps(draws, y[:, 0]))


def test_class_probabilities_average_the_draws_probabilities():
    logits = 3 * normals(2, 5, 4, 3)
    p = scores.class_probabilities(logits)
    torch.testing.assert_close(p, logits.softmax(-1).mean((0, 1)))
    torch.testing.assert_close(p.sum(-1), torch.ones(4, dtype=F64))


@pytest.mark.parametrize("shape", [(), (3,), (3, 200), (1, 1, 1, 2), (3, 200, 1, 2)])
def test_noise_may_be_of_each_draw_or_output(shape):
    noise_std = 1 + torch.arange(math.prod(shape), dtype=F64).reshape(shape)
    functions = torch.zeros(3, 200, 50, 2, dtype=F64)
    noisy = scores.with_noise(functions, noise_std, generator=generator(5))
    per_draw = noisy[-1, -1].std(0)
    expected = noise_std.reshape(*shape, *[1] * (4 - len(shape))).expand(3, 200, 50, 2)[-1, -1, 0]
    assert ((per_draw / expected - 1).abs() < 0.5).all()
    assert noisy.square().mean().item() == pytest.approx(noise_std.square().mean().item(), rel=0.05)


def test_draws_from_the_truth_are_calibrated():
    draws, y = normals(2000, 4000), normals(4000, seed=2)
    levels = torch.tensor([0.1, 0.5, 0.9], dtype=F64)
    spread = 5 * (levels * (1 - levels) / 4000).sqrt() + 0.01
    error = scores.coverage(draws, y, levels) - levels
    assert (error.abs() < spread).all()


def test_a_central_interval_leaves_as_much_on_either_side():
    draws = torch.arange(101, dtype=F64)[torch.randperm(101, generator=generator(3))][:, None]
    for level, ends in ((0.5, [25, 75]), (0.8, [10, 90])):
        torch.testing.assert_close(
            scores.central_interval(draws, level).flatten(), torch.tensor(ends, dtype=F64)
        )


def test_draws_that_are_too_narrow_cover_too_little():
    draws, y = 0.5 * normals(2000, 1000), normals(1000, seed=2)
    levels = torch.tensor([0.9], dtype=F64)
    assert scores.coverage(draws, y, levels) < 0.7


def test_noise_widens_the_predictive_by_its_variance():
    functions = normals(100_000, 1)
    noisy = scores.with_noise(functions, 2.0, generator=generator(5))
    assert noisy.var().item() == pytest.approx(5, rel=0.03)


def test_noise_follows_its_generator():
    a, b, c = (
        scores.with_noise(normals(3, 2), 0.1, generator=generator(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(a, b) and not torch.equal(a, c)
    with pytest.raises(TypeError):
        scores.with_noise(normals(3, 2), 0.1)


def test_entropy_runs_from_certain_to_even():
    p = torch.tensor([[1.0, 0.0], [0.5, 0.5]])
    assert scores.entropy(p).tolist() == pytest.approx([0, math.log(2)])


def test_calibration_error_is_the_gap_of_a_constant_guess():
    p = torch.tensor([[0.8, 0.2]]).expand(100, 2)
    labels = torch.tensor([0] * 60 + [1] * 40)
    error = scores.calibration_error(p, labels)
    assert error.item() == pytest.approx(0.2, abs=1e-6)


@pytest.mark.parametrize(
    "call, name",
    [
        (lambda: scores.crps(normals(5, 2), normals(3)), "y must"),
        (lambda: scores.central_interval(normals(5, 2), 1.2), "level must"),
        (
            lambda: scores.central_interval(normals(5), 0.5),
            r"draws must have shape \(..., draws, n",
        ),
        (
            lambda: scores.calibration_error(normals(5, 2), torch.zeros(5).long()),
            "class_probabilities",
        ),
        (lambda: scores.with_noise(normals(5, 2), 0.0, generator=generator(1)), "noise_std"),
        (
            lambda: scores.with_noise(normals(5, 2), torch.ones(3), generator=generator(1)),
            "noise_std",
        ),
    ],
)
def test_wrong_arguments_are_named(call, name):
    with pytest.raises(ValueError, match=name):
        call()
