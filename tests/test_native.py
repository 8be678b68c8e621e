"""The compiled posterior is the same function as the plain one."""

import functools

import pytest
import torch

from tinynets import bnn, native, nets, rng
from tinynets.samplers import adapt, base, diagonal_mass, hmc, mala, nuts, sample
from tinynets.samplers.hmc import path, trajectory

needs_compiler = pytest.mark.skipif(
    native.library() is None,
    reason="no C compiler: install cc (gcc or clang) to test compiled paths",
)

CASES = {
    "tanh": ([1, 101, 1], "tanh"),
    "relu": ([1, 3, 1], "relu"),
    "wide relu": ([1, 40, 1], "relu"),
    "few tanh": ([1, 3, 1], "tanh"),
    "seven relu": ([1, 7, 1], "relu"),
    "two inputs": ([2, 20, 1], "tanh"),
}


def posterior(name, **options):
    sizes, activation = CASES[name]
    generator = rng.generator(1, name)
    x = torch.randn(7, sizes[0], dtype=torch.float64, generator=generator)
    y = torch.randn(7, 1, dtype=torch.float64, generator=generator)
    net = nets.MLP(sizes, activation)
    options = {"noise": 0.3, "temperature": 1.5} | options
    return bnn.Posterior(net, x, y, bnn.prior_std(net, fan_in=True), **options)


def positions(target, chains):
    return bnn.draw_prior(target.prior_std, chains, generator=rng.generator(2))


@needs_compiler
@pytest.mark.parametrize("chains", [1, 4, 8, 19])
@pytest.mark.parametrize("name", CASES)
def test_value_and_gradient_are_those_of_autograd(name, chains):
    target = posterior(name)
    position = positions(target, chains).requires_grad_()
    value = target(position)
    (gradient,) = torch.autograd.grad(value.sum(), position)
    fast = native.compiled(target)
    assert isinstance(fast, native.Compiled)
    found = fast.value_and_grad(position.detach())
    torch.testing.assert_close(found[0], value.detach())
    torch.testing.assert_close(found[1], gradient)
    torch.testing.assert_close(fast(position), value)


@needs_compiler
@pytest.mark.parametrize(
    "mass",
    [
        lambda chains, dim: None,
        lambda chains, dim: diagonal_mass(torch.linspace(0.5, 2, dim).double()),
        lambda chains, dim: diagonal_mass(
            torch.linspace(0.5, 2, chains * dim).double().view(chains, dim)
        ),
    ],
)
@pytest.mark.parametrize("chains", [3, 19])
@pytest.mark.parametrize("name", CASES)
def test_trajectory_is_that_of_pytorch(name, chains, mass, monkeypatch):
    monkeypatch.setattr(native, "WORTH_A_THREAD", 1)  # in two parts
    target = posterior(name)
    start = base.start(target, positions(target, chains))
    mass = mass(chains, target.dim)
    momentum = torch.randn(chains, target.dim, dtype=torch.float64, generator=rng.generator(3))
    own_steps = torch.linspace(0.01, 0.02, chains).double()[:, None]
    for step_size in (0.02, own_steps):
        plain = trajectory(target, mass)(start, momentum, step_size, 9)
        kept = start.position.clone(), momentum.clone()
        fast = trajectory(native.compiled(target), mass)(start, momentum, step_size, 9)
        torch.testing.assert_close(fast, plain)
        assert torch.equal(start.position, kept[0])
        assert torch.equal(momentum, kept[1])
        torch.testing.assert_close(
            path(native.compiled(target), mass)(start, momentum, step_size, 9),
            path(target, mass)(start, momentum, step_size, 9),
        )
    assert (plain[0].position - start.position).abs().max() > 0.1


@needs_compiler
def test_tanh_is_exact_over_its_whole_range():
    # f(x) = tanh(x) for a net of one unit with weights 1, 0, 1, 0.
    x = torch.cat(
        [
            torch.linspace(-50, 50, 4001).double(),
            torch.tensor([0.0, 1e-300, -1e-12, 1e300, -1e300], dtype=torch.float64),
        ]
    )[:, None]
    net = nets.MLP([1, 1, 1], "tanh")
    position = torch.tensor([[1.0, 0, 1, 0]]).double()
    for i in [*range(0, 4001, 97), *range(4001, 4006)]:
        target = native.compiled(
            bnn.Posterior(net, x[i : i + 1], torch.zeros(1, 1).double(), bnn.prior_std(net), 1.0)
        )
        _, gradient = target.value_and_grad(position)  # -tanh(x) in b2
        assert gradient[0, 3].item() == pytest.approx(-x[i].tanh().item(), abs=5e-16)


@needs_compiler
def test_samplers_make_the_same_draws():
    target = posterior("relu")
    for make in (
        lambda f: hmc(f, step_size=0.02, n_leapfrog=5),
        lambda f: nuts(f, step_size=0.02),
        lambda f: mala(f, step_size=0.02),
        lambda f: adapt(functools.partial(hmc, f, n_leapfrog=3)),
    ):
        plain, fast = (
            sample(
                make(f), positions(target, 9), n_draws=5, n_warmup=1, generator=rng.generator(4)
            ).position
            for f in (target, native.compiled(target))
        )
        torch.testing.assert_close(fast, plain)


@needs_compiler
def test_a_chain_that_runs_away_is_not_finite_and_alone():
    target = native.compiled(posterior("tanh"))
    position = positions(target.posterior, 8)
    value, _ = target.value_and_grad(position)
    position[3, 5] = torch.nan
    broken, _ = target.value_and_grad(position)
    assert broken[3].isnan()
    others = torch.arange(8) != 3
    assert torch.equal(broken[others], value[others])


@needs_compiler
def test_other_dtypes_are_refused():
    target = native.compiled(posterior("relu"))
    with pytest.raises(TypeError, match="float64"):
        target.value_and_grad(torch.zeros(2, 10))


@needs_compiler
def test_other_shapes_are_refused_before_they_reach_c():
    target = native.compiled(posterior("relu"))
    with pytest.raises(ValueError, match=r"position.*\(2, 10\).*\(2, 11\)"):
        target.value_and_grad(torch.zeros(2, 11).double())
    right, wrong = torch.zeros(2, 10).double(), torch.zeros(2, 9).double()
    for parts in ([wrong, right, right], [right, wrong, right], [right, right, wrong]):
        with pytest.raises(ValueError, match=r"got \(2, 9\)"):
            target.trajectory(*parts, 0.1, None, 1)
    with pytest.raises(ValueError, match=r"variance.*\(10,\), got \(9,\)"):
        target.trajectory(right, right, right, 0.1, wrong[0], 1)
    with pytest.raises(TypeError, match="momentum must be torch.float64"):
        target.trajectory(right, right.float(), right, 0.1, None, 1)
    with pytest.raises(ValueError, match="position must be on the CPU"):
        target.value_and_grad(right.to("meta"))


@needs_compiler
@pytest.mark.parametrize("name", CASES)
def test_float32_is_the_same_function_with_fewer_digits(name):
    target = posterior(name)
    halved = bnn.Posterior(
        target.net,
        target.x.float(),
        target.y.float(),
        target.prior_std.float(),
        target.noise,
        target.temperature,
    )
    position = positions(target, 19)
    fast = native.compiled(halved)
    assert isinstance(fast, native.Compiled)
    for found, exact in zip(
        fast.value_and_grad(position.float()), native.compiled(target).value_and_grad(position)
    ):
        assert found.dtype == torch.float32
        off = (found - exact).abs() / exact.abs().max()
        assert off.max() < 2e-6


@pytest.mark.parametrize(
    "environment", [{"TINYNETS_NATIVE": "0"}, {"CC": "no-such-compiler"}, {"CC": "false"}]
)
def test_without_a_compiler_the_posterior_is_returned(monkeypatch, environment):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    native.library.cache_clear()
    target = posterior("relu")
    assert native.compiled(target) is target
    native.library.cache_clear()


def test_what_the_source_does_not_cover_is_returned():
    noisy = posterior("relu", noise=torch.distributions.Gamma(2.0, 5.0))
    assert native.compiled(noisy) is noisy
