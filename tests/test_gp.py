import math

import pytest
import torch

from tinynets import gp, kernels
from tinynets.rng import generator

F64 = torch.float64
KERNEL = kernels.exponentiated_quadratic


def grid(n, low=-2.0, high=2.0):
    return torch.linspace(low, high, n, dtype=F64)[:, None]


def test_kernel_has_its_amplitude_and_length_scale():
    x = torch.tensor([[0.0], [3.0]], dtype=F64)
    k = KERNEL(x, x, amplitude=2.0, length_scale=3.0)
    assert k.diagonal().tolist() == [4.0, 4.0]
    assert k[0, 1] == pytest.approx(4 * math.exp(-0.5))


def test_posterior_is_the_joint_gaussian_conditioned():
    x, x_star = grid(6), grid(4, -2.5, 2.5)
    y = torch.randn(6, dtype=F64, generator=generator(1))
    posterior = gp.posterior(x, y, x_star, KERNEL, noise_std=0.3)
    precision = torch.linalg.inv(KERNEL(x, x) + 0.09 * torch.eye(6))
    cross = KERNEL(x_star, x)
    torch.testing.assert_close(posterior.mean, cross @ precision @ y, rtol=1e-6, atol=1e-7)
    torch.testing.assert_close(
        posterior.covariance,
        KERNEL(x_star, x_star) - cross @ precision @ cross.mT,
        rtol=1e-6,
        atol=1e-7,
    )
    joint = torch.distributions.MultivariateNormal(
        torch.zeros(6, dtype=F64), KERNEL(x, x) + 0.09 * torch.eye(6)
    )
    torch.testing.assert_close(posterior.log_evidence, joint.log_prob(y), rtol=1e-7, atol=1e-7)


def test_without_noise_the_posterior_goes_through_the_data():
    x = grid(5)
    y = torch.randn(5, dtype=F64, generator=generator(2))
    posterior = gp.posterior(x, y, x, KERNEL, noise_std=1e-4)
    torch.testing.assert_close(posterior.mean, y, rtol=0, atol=1e-5)
    assert posterior.std.max() < 1e-3


def test_far_from_the_data_the_posterior_is_the_prior():
    far = torch.tensor([[50.0]], dtype=F64)
    posterior = gp.posterior(grid(5), torch.ones(5, dtype=F64), far, KERNEL, noise_std=0.1)
    assert posterior.mean.item() == pytest.approx(0, abs=1e-12)
    assert posterior.std.item() == pytest.approx(1)


def test_draws_have_the_kernels_covariance():
    x = grid(4)
    n_draws = 20_000
    draws = gp.draw(x, KERNEL, n_draws=n_draws, generator=generator(3))
    error = draws.mT @ draws / n_draws - KERNEL(x, x)
    assert error.abs().max() < 5 * math.sqrt(2 / n_draws)


def test_draws_follow_their_generator():
    before = torch.get_rng_state()
    a, b, c = (gp.draw(grid(4), KERNEL, generator=generator(seed)) for seed in (1, 1, 2))
    assert torch.equal(a, b) and not torch.equal(a, c)
    assert torch.equal(torch.get_rng_state(), before)
    with pytest.raises(TypeError):
        gp.draw(grid(4), KERNEL)


def test_a_kernel_that_is_no_covariance_says_so():
    with pytest.raises(torch.linalg.LinAlgError, match="use float64"):
        gp.draw(grid(3), lambda a, b: -KERNEL(a, b), generator=generator(1))


def test_one_factorisation_serves_all_outputs_and_points():
    x, x_star = grid(9), grid(700, -3, 3)
    y = torch.randn(9, 3, dtype=F64, generator=generator(5))
    data = gp.condition(KERNEL(x, x), y, noise_std=0.2)
    k_star = KERNEL(x_star, x)
    whole = data.posterior(k_star, KERNEL(x_star, x_star))
    variance = data.variance(k_star, torch.ones(700, dtype=F64))
    torch.testing.assert_close(variance, whole.covariance.diagonal(), rtol=0, atol=1e-12)
    evidence = 0
    for column in range(3):
        alone = gp.posterior(x, y[:, column], x_star, KERNEL, noise_std=0.2)
        torch.testing.assert_close(whole.mean[:, column], alone.mean)
        evidence = evidence + alone.log_evidence
    torch.testing.assert_close(whole.log_evidence, evidence)


@pytest.mark.parametrize("outputs", [(), (2,)])
def test_posterior_draws_have_its_mean_and_covariance(outputs):
    x, x_star = grid(3), grid(4, -3, 3)
    y = torch.randn(3, *outputs, dtype=F64, generator=generator(6))
    posterior = gp.posterior(x, y, x_star, KERNEL, noise_std=0.3)
    n_draws = 20_000
    draws = posterior.sample(n_draws, generator=generator(7))
    assert draws.shape == (n_draws, 4, *outputs)
    scale = posterior.std.view(-1, *[1] * len(outputs))
    assert ((draws.mean(0) - posterior.mean).abs() < 5 * scale / math.sqrt(n_draws)).all()
    for column in draws.flatten(2).movedim(-1, 0) if outputs else [draws]:
        error = (column.mT.cov() - posterior.covariance) / (posterior.std[:, None] * posterior.std)
        assert error.abs().max() < 5 * math.sqrt(2 / n_draws)
    again = posterior.sample(5, generator=generator(7))
    assert torch.equal(again, posterior.sample(5, generator=generator(7)))
    assert not torch.equal(again, posterior.sample(5, generator=generator(8)))


def test_conditioning_leaves_the_kernel_as_it_was():
    k = KERNEL(grid(4), grid(4))
    before = k.clone()
    gp.condition(k, torch.ones(4, dtype=F64), noise_std=0.5)
    assert torch.equal(k, before)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda k: k.fill_(float("nan")), "NaN or infinite"),
        (lambda k: k[0].mul_(1.5), "not symmetric"),
        (lambda k: k.sub_(2.0), r"eigenvalues go from -.* add noise \(a variance above"),
    ],
)
def test_a_failed_factorisation_says_why(spoil, message):
    k = torch.eye(5, dtype=F64) + 0.5
    spoil(k)
    if message == "not symmetric":
        k[1, 1] = -1  # Cholesky reads the lower triangle alone
    with pytest.raises(torch.linalg.LinAlgError, match=message):
        gp.condition(k, torch.ones(5, dtype=F64), noise_std=0.0)


@pytest.mark.parametrize(
    "change",
    [{"noise_std": 0.0}, {"y": torch.zeros(4, dtype=F64)}, {"x": torch.zeros(5, dtype=F64)}],
)
def test_wrong_arguments_are_named(change):
    arguments = {
        "x": grid(5),
        "y": torch.zeros(5, dtype=F64),
        "x_star": grid(3),
        "kernel": KERNEL,
        "noise_std": 0.1,
    }
    with pytest.raises(ValueError, match=next(iter(change))):
        gp.posterior(**arguments | change)


def test_observations_are_the_function_plus_noise():
    x_star = grid(3)
    sets = [
        gp.draw_regression(
            40, KERNEL, x_star, noise_std=0.3, gap=(-0.5, 1.0), generator=generator(seed)
        )
        for seed in range(60)
    ]
    x = torch.stack([one.x for one in sets])
    assert ((x > -2) & (x < 2)).all() and (x.diff(dim=1) >= 0).all()
    assert not ((x > -0.5) & (x < 1.0)).any()
    # Uniform on the rest: three fifths of it lie left of the gap.
    assert (x < 0).double().mean().item() == pytest.approx(0.6, abs=0.05)
    still = gp.draw_regression(
        5000,
        lambda a, b: 1e-12 * torch.eye(len(a), dtype=F64),
        x_star,
        noise_std=0.3,
        generator=generator(1),
    )
    assert still.y.std().item() == pytest.approx(0.3, rel=0.05)


def test_a_gap_outside_the_inputs_is_refused():
    with pytest.raises(ValueError, match="gap must be an interval inside"):
        gp.draw_regression(4, KERNEL, grid(3), noise_std=0.1, gap=(1, 3), generator=generator(1))


def test_one_column_of_data_gives_functions_of_one_dimension():
    """As nets do: what `draw_regression` gives, `posterior` takes."""
    data = gp.draw_regression(5, KERNEL, grid(7), noise_std=0.1, generator=generator(1))
    column, vector = (
        gp.posterior(data.x, y, data.x_star, KERNEL, noise_std=0.1) for y in (data.y, data.y[:, 0])
    )
    assert column.mean.shape == (7,)
    assert column.sample(3, generator=generator(2)).shape == (3, 7)
    for one, other in zip(column, vector, strict=True):
        torch.testing.assert_close(one, other)
