"""Likelihoods, the checks of a posterior's parts, and noise that is inferred."""

import math

import pytest
import torch
from bnn_checks import F64, data, likelihoods, positions, posterior_of
from torch import nn
from torch.distributions import Gamma, HalfNormal, Normal, Uniform

from tinynets import bnn
from tinynets.nets import MLP
from tinynets.rng import generator


def test_noise_prior_is_a_density_of_the_log():
    posterior = posterior_of(MLP([1, 2, 1]), noise_std=HalfNormal(0.5))
    log_std = torch.linspace(-12, 4, 4001, dtype=F64)
    position = torch.zeros(len(log_std), posterior.dim, dtype=F64)
    position[:, -1] = log_std
    at_zero = -0.5 * 7 * math.log(2 * math.pi)  # seven standard normals
    density = (posterior.terms(position).log_prior - at_zero).exp()
    assert torch.trapezoid(density, log_std) == pytest.approx(1, abs=1e-4)


def test_positions_that_ran_away_give_no_exception():
    posterior = posterior_of(MLP([1, 2, 1]), noise_std=HalfNormal(0.5))
    bad = torch.full((2, posterior.dim), math.nan, dtype=F64)
    value, _ = posterior.value_and_grad(bad)
    assert value.isnan().all()


@pytest.mark.parametrize(
    "error, change, message",
    [
        (ValueError, {"y": torch.zeros(6)}, "y must be a tensor of 7 observations"),
        (ValueError, {"y": torch.zeros(7, 2).double()}, r"y must have shape \(7, 1\)"),
        (ValueError, {"y": torch.full((7,), math.nan).double()}, "y must be finite"),
        (TypeError, {"y": torch.zeros(7)}, "y must be torch.float64, the dtype of x, got"),
        (ValueError, {"y": torch.zeros(7).double().to("meta")}, "y must be on cpu, where x is"),
        (ValueError, {"x": torch.full((7, 1), math.nan)}, "x must be finite"),
        (TypeError, {"x": torch.zeros(7, 1).long()}, "x must be floating"),
        (ValueError, {"x": torch.zeros(7).double()}, r"x must have shape \(n, ...\)"),
        (ValueError, {"x": torch.zeros(7, 3).double()}, "net can't be evaluated at x of shape"),
        (ValueError, {"prior_std": torch.ones(3).double()}, "prior_std must have shape"),
        (TypeError, {"prior_std": torch.ones(7)}, "prior_std must be torch.float64, the dtype of"),
        (ValueError, {"prior_std": 0.0}, "prior_std must be a finite number above 0"),
        (ValueError, {"prior_std": -torch.ones(7).double()}, "prior_std must be finite and above"),
        (ValueError, {"temperature": -1.0}, "temperature must be"),
        (TypeError, {"likelihood": 0.1}, r"likelihood must be Gaussian\(noise_std\)"),
        (TypeError, {"likelihood": bnn.Categorical}, "likelihood must be"),
        (TypeError, {"likelihood": bnn.Categorical()}, "y must hold classes as torch.int64"),
        (
            ValueError,
            {"likelihood": bnn.Gaussian(torch.ones(2).double())},
            r"noise_std must have shape \(1,\)",
        ),
        (
            ValueError,
            {"likelihood": bnn.Gaussian(HalfNormal(torch.ones(2)))},
            "noise_std must be one distribution or 1",
        ),
        (
            ValueError,
            {"likelihood": lambda f, y: (f - y).square().sum((1, 2))},
            r"likelihood\(outputs, y\) must have shape \(1, 7\)",
        ),
    ],
)
def test_a_wrong_part_is_named(error, change, message):
    x, y = data()
    parts = {"x": x, "y": y, "likelihood": bnn.Gaussian(0.1)}
    with pytest.raises(error, match=message):
        bnn.Posterior(MLP([1, 2, 1]), **parts | change)


@pytest.mark.parametrize("y, message", [([0, 1, 2], "from 0 to 1"), ([0, -1, 1], "-1 to 1")])
def test_classes_out_of_range_are_named(y, message):
    with pytest.raises(ValueError, match=message):
        bnn.Posterior(MLP([1, 2]), torch.zeros(3, 1), torch.tensor(y), bnn.Categorical())


@pytest.mark.parametrize("noise_std", [0.0, -1.0, math.inf, torch.tensor([0.1, 0.0])])
def test_a_noise_that_is_not_above_zero_is_named(noise_std):
    with pytest.raises(ValueError, match="noise_std must be"):
        bnn.Gaussian(noise_std)


@pytest.mark.parametrize("kind", likelihoods(2))
def test_log_likelihood_of_each_observation_sums_to_that_of_the_posterior(kind):
    likelihood, y = likelihoods(2)[kind]
    x, _ = data()
    posterior = bnn.Posterior(MLP([1, 3, 2]), x, y, likelihood)
    position = positions(posterior, 6)
    each = bnn.log_likelihood(posterior, position.unflatten(0, (2, 3)), x, y)
    assert each.shape == (2, 3, 7)
    torch.testing.assert_close(each.sum(-1).flatten(), posterior.terms(position).log_likelihood)


def test_likelihoods_are_those_of_torch():
    x, y = data(n_outputs=2)
    f = torch.randn(4, 7, 2, dtype=F64, generator=generator(1))
    std = torch.tensor([0.2, 0.5], dtype=F64)
    torch.testing.assert_close(bnn.Gaussian(std)(f, y), Normal(f, std).log_prob(y).sum(-1))
    labels = torch.tensor([0, 1, 1, 0, 1, 0, 0])
    expected = torch.stack(
        [-nn.functional.cross_entropy(one, labels, reduction="none") for one in f]
    )
    torch.testing.assert_close(bnn.Categorical()(f, labels), expected)
    with pytest.raises(TypeError, match="unknown; fill it in"):
        bnn.Gaussian(HalfNormal(1.0))(f, y)


def test_noise_std_has_the_shape_that_noise_is_added_with():
    x, y = data(n_outputs=2)
    net = MLP([1, 3, 2])
    each = torch.tensor([0.2, 0.5], dtype=F64)
    position = torch.randn(4, 6, 16, dtype=F64, generator=generator(1))
    shared, fixed, per_output, inferred = (
        bnn.Posterior(net, x, y, bnn.Gaussian(noise_std)).noise_std
        for noise_std in (HalfNormal(1.0), 0.3, each, HalfNormal(torch.ones(2)))
    )
    torch.testing.assert_close(shared(position[..., :15]), position[..., 14].exp())
    assert torch.equal(fixed(position), torch.full((4, 6), 0.3, dtype=F64))
    assert torch.equal(per_output(position), each.expand(4, 6, 1, 2))
    torch.testing.assert_close(inferred(position), position[..., None, 14:].exp())


@pytest.mark.parametrize("noise_std", [HalfNormal(0.5), Gamma(2.0, 5.0), Uniform(0.1, 0.3)])
def test_prior_draws_of_the_noise_follow_its_prior(noise_std):
    posterior = posterior_of(MLP([1, 2, 1]), noise_std=noise_std)
    draws = posterior.draw_prior(20_000, generator=generator(1))
    std = posterior.noise_std(draws)
    error = (std.mean() - noise_std.mean).abs()
    assert error < 5 * noise_std.stddev / math.sqrt(20_000)
    assert std.std().item() == pytest.approx(noise_std.stddev.item(), rel=0.05)
    torch.testing.assert_close(draws[:, :-1].std(0), posterior.prior_std, rtol=0.05, atol=0)


def test_prior_draws_of_all_coordinates_follow_their_generator():
    posterior = posterior_of(MLP([1, 2, 1]), noise_std=HalfNormal(0.5))
    before = torch.get_rng_state()
    a, b, c = (posterior.draw_prior(4, generator=generator(seed)) for seed in (1, 1, 2))
    assert torch.equal(a, b) and not (a == c).any()
    assert torch.equal(torch.get_rng_state(), before)
    with pytest.raises(TypeError):
        posterior.draw_prior(4)


def test_the_prior_may_be_left_out_or_a_number():
    net = MLP([1, 2, 1])
    x, y = data()
    left_out, number, tensor = (
        bnn.Posterior(net, x, y, bnn.Gaussian(0.1), *std)
        for std in ((), (2.0,), (2 * bnn.prior_std(net),))
    )
    assert torch.equal(left_out.prior_std, bnn.prior_std(net))
    assert torch.equal(number.prior_std, tensor.prior_std)


def test_one_column_of_data_may_be_a_vector():
    net = MLP([1, 2, 1])
    x, y = data()
    for likelihood in (bnn.Gaussian(0.1), bnn.Gaussian(HalfNormal(1.0))):
        column, vector = (bnn.Posterior(net, x, one, likelihood) for one in (y, y[:, 0]))
        position = positions(column)
        for one, other in zip(
            column.value_and_grad(position), vector.value_and_grad(position), strict=True
        ):
            torch.testing.assert_close(one, other)
