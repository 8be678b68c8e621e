"""Without compiled code the same draws come from PyTorch, in place."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from bnn_checks import cauchy, check_gradient, data, positions
from torch import nn
from torch.distributions import HalfCauchy, HalfNormal, LogNormal

from tinynets import bnn, rng
from tinynets._fast import batched, build, chains
from tinynets.nets import MLP
from tinynets.samplers import adapt, base, diagonal_mass, hmc, mala, nuts, sample, ula
from tinynets.samplers._blocks import BLOCK
from tinynets.samplers.leapfrog import trajectory


@pytest.fixture(autouse=True)
def without_compiler(monkeypatch):
    monkeypatch.setenv(build.SWITCH, "0")
    build.library.cache_clear()
    yield
    build.library.cache_clear()


CASES = {
    "relu": (MLP([1, 3, 1], "relu"), bnn.Gaussian(0.3)),
    "deep": (MLP([2, 7, 5, 2], ["erf", "softplus"]), bnn.Gaussian(torch.tensor([0.2, 0.5]))),
    "no bias": (MLP([2, 4, 3, 1], ["silu", "tanh"], bias=False), bnn.Gaussian(0.3)),
    "inferred": (MLP([1, 4, 2]), bnn.Gaussian(HalfNormal(torch.ones(2).double()))),
    "one inferred": (MLP([1, 4, 2]), bnn.Gaussian(LogNormal(-1.0, 0.5))),
    "classes": (MLP([2, 6, 3]), bnn.Categorical()),
    "linear": (nn.Linear(2, 3), bnn.Categorical()),
    "ends in tanh": (nn.Sequential(nn.Linear(1, 3), nn.Tanh(), nn.Linear(3, 2), nn.Tanh()), None),
    "own": (MLP([1, 4, 2]), cauchy),
    "no coefficients": (MLP([1, 4, 1], "sine"), bnn.Gaussian(HalfCauchy(1.0))),
}


def posterior(name, **options):
    net, likelihood = CASES[name]
    if isinstance(likelihood, bnn.Gaussian) and isinstance(likelihood.noise_std, torch.Tensor):
        likelihood = bnn.Gaussian(likelihood.noise_std.double())
    shapes = [tuple(p.shape) for p in net.parameters() if p.ndim == 2]
    x, y = data(9, n_inputs=shapes[0][1], n_outputs=shapes[-1][0])
    y = torch.arange(9) % 3 if isinstance(likelihood, bnn.Categorical) else y
    target = bnn.Posterior(net, x, y, likelihood or bnn.Gaussian(0.4), temperature=1.5, **options)
    assert target.path.name == "by hand"
    return target


def plain(target):
    """The same density with autograd's gradient and no trajectories."""
    return lambda position: target(position)


def adapted(target):
    return adapt(hmc, target, n_leapfrog=2)


def masses(target, n_chains):
    each = torch.linspace(0.5, 2, n_chains * target.dim).double()
    return None, diagonal_mass(each[: target.dim]), diagonal_mass(each.view(n_chains, target.dim))


@pytest.mark.parametrize("name", CASES)
def test_gradient_is_autograds(name):
    target = posterior(name)
    check_gradient(target)
    check_gradient(
        posterior(name, prior_std=torch.linspace(0.5, 2, len(target.prior_std)).double())
    )


@pytest.mark.parametrize("name", CASES)
def test_trajectory_is_that_of_the_readable_form(name):
    target, n_chains = posterior(name), 4
    start = base.start(target, positions(target, n_chains))
    momentum = torch.randn(n_chains, target.dim, dtype=torch.float64, generator=rng.generator(3))
    each = torch.linspace(-0.01, 0.02, n_chains).double()[:, None]
    for mass in masses(target, n_chains):
        for step_size, n_leapfrog in ((0.02, 9), (each, 1)):
            slow = trajectory(plain(target), mass)(start, momentum, step_size, n_leapfrog)
            kept = start.position.clone(), momentum.clone()
            fast = trajectory(target, mass)(start, momentum, step_size, n_leapfrog)
            torch.testing.assert_close(fast, slow, rtol=1e-9, atol=1e-9)
            assert torch.equal(start.position, kept[0]) and torch.equal(momentum, kept[1])


MAKERS = {
    "hmc": lambda f, **options: hmc(f, n_leapfrog=4, jitter=0.5, **options),
    "mala": mala,
    "ula": ula,
    "nuts": lambda f, **options: nuts(f, max_depth=4, **options),
}


@pytest.mark.parametrize("name", ["relu", "inferred", "classes", "own"])
@pytest.mark.parametrize("maker", MAKERS)
def test_draws_are_those_of_the_readable_form(maker, name):
    target, n_chains = posterior(name), 5
    n_draws = 4 if maker == "nuts" else BLOCK + 2
    own_sizes = torch.linspace(0.02, 0.1 if name == "inferred" else 0.3, n_chains).double()
    for mass, step_size in zip(masses(target, n_chains)[1:], (0.05, own_sizes), strict=True):
        slow, fast = (
            sample(
                MAKERS[maker](f, step_size=step_size, mass=mass),
                positions(target, n_chains),
                n_draws=n_draws,
                generator=rng.generator(4),
            )
            for f in (plain(target), target)
        )
        for field, found, expected in zip(base.Info._fields, fast.info, slow.info, strict=True):
            torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6, msg=field)
        torch.testing.assert_close(fast.position, slow.position, rtol=1e-6, atol=1e-6)
        torch.testing.assert_close(fast.log_density, slow.log_density, rtol=1e-6, atol=1e-6)
    assert maker in ("ula", "nuts") or len(slow.info.accepted.unique()) == 2


def test_a_tuned_sampler_makes_the_same_draws():
    target = posterior("relu")
    slow, fast = (
        sample(
            adapted(f), positions(target), n_draws=5, n_warmup=20, generator=rng.generator(4)
        ).position
        for f in (plain(target), target)
    )
    torch.testing.assert_close(fast, slow, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("maker", ["hmc", "mala", "ula"])
def test_what_runs_away_is_divergent_and_stays(maker):
    target = posterior("relu")
    for size in (1e4, 1e150):  # a large energy error, and none that is a number
        sampler = MAKERS[maker](target, step_size=size)
        state = sampler.init(positions(target, 3))
        after, info = sampler.step(state, generator=rng.generator(5))
        if maker != "ula" or size == 1e150:
            assert info.divergent.all() and not info.accepted.any()
            assert torch.equal(after.position, state.position)
            assert torch.equal(after.gradient, state.gradient)
        assert not info.acceptance.any()


def test_a_chain_that_runs_away_does_so_alone():
    target = posterior("deep")
    position = positions(target, 6)
    expected = target.value_and_grad(position)
    broken = position.clone()
    broken[3, 5] = torch.nan
    found = target.value_and_grad(broken)
    assert found[0][3].isnan()
    others = torch.arange(6) != 3
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one[others], other[others])
    torch.testing.assert_close(target.value_and_grad(position), expected)  # nothing stays behind


def test_groups_of_chains_are_joined(monkeypatch):
    target, other = posterior("classes"), posterior("classes")
    start, options = positions(target, 7), {"n_draws": 3, "generator": None}
    once, parts = [], []
    for one, found in ((target, once), (other, parts)):
        options["generator"] = rng.generator(4)
        found += [*one.value_and_grad(start)]
        draws = sample(hmc(one, step_size=0.05, n_leapfrog=3), start, **options)
        found += [draws.position, draws.log_density, *draws.info]
        monkeypatch.setattr(batched, "NUMBERS", 3 * 9 * 6)  # three chains at once
    for one, other in zip(parts, once, strict=True):
        torch.testing.assert_close(one, other)


def test_what_is_returned_is_an_ordinary_tensor_of_ones_own():
    target = posterior("relu")
    position = positions(target, 4)
    first = target.value_and_grad(position)
    kept = [one.clone() for one in first]
    target.value_and_grad(position + 1)
    for one, before in zip(first, kept, strict=True):
        assert torch.equal(one, before) and not one.is_inference()
    sampler = hmc(target, step_size=0.02, n_leapfrog=3)
    draws = sample(sampler, position, n_draws=3, generator=rng.generator(4))
    weights = draws.position[:, -1].requires_grad_()
    (gradient,) = torch.autograd.grad(target(weights).sum(), weights)
    torch.testing.assert_close(gradient, target.value_and_grad(weights.detach())[1])


def test_threads_do_not_share_buffers():
    target = posterior("classes")
    starts = [positions(target, 4) + 0.1 * i for i in range(40)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(target.value_and_grad, starts))
    for one, start in zip(found, starts, strict=True):
        torch.testing.assert_close(one, target.value_and_grad(start))


def test_float32_is_computed_in_float32():
    for name in ("relu", "inferred", "classes"):
        exact = posterior(name)
        y = exact.y.float() if exact.y.is_floating_point() else exact.y
        halved = bnn.Posterior(exact.net, exact.x.float(), y, exact.likelihood, temperature=1.5)
        position = positions(exact)
        expected = exact.value_and_grad(position)
        for one, other in zip(halved.value_and_grad(position.float()), expected, strict=True):
            assert one.dtype == torch.float32
            torch.testing.assert_close(one, other.float(), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("make", [lambda f: hmc(f, step_size=0.02, n_leapfrog=2), adapted])
def test_draws_say_how_their_gradients_came(make):
    draws = sample(
        make(posterior("relu")),
        torch.zeros(2, 10).double(),
        n_draws=2,
        n_warmup=20 if make is adapted else 0,
        generator=rng.generator(4),
    )
    assert draws.path == "by hand: TINYNETS_COMPILE=0 switches the C code off"


def test_draws_of_other_targets_say_nothing_of_their_path():
    sampler = mala(lambda q: -0.5 * q.square().sum(1), step_size=0.5)
    start = torch.zeros(2, 3).double()
    assert sample(sampler, start, n_draws=2, generator=rng.generator(4)).path == ""


def test_the_way_around_c_is_said_once(caplog):
    chains._say.cache_clear()
    for name in ("relu", "deep", "classes"):
        posterior(name)
    (record,) = caplog.records
    assert record.name == "tinynets" and record.levelname == "WARNING"
    assert "in PyTorch, not in C: TINYNETS_COMPILE=0" in record.getMessage()
