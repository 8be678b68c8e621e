"""The compiled posterior is the same function as the plain one, and safely built."""

import hashlib
import os
import re
import runpy
import shutil

import compiled
import pytest
import torch
from compiled import needs_compiler

from tests.conftest import find_a_cache
from tinynets import bnn, nets, rng
from tinynets._fast import build
from tinynets._fast import chains as fast_chains
from tinynets.samplers import adapt, base, diagonal_mass, hmc, mala, nuts, sample, ula
from tinynets.samplers._blocks import BLOCK
from tinynets.samplers.leapfrog import path, trajectory

CASES = {
    "tanh": ([1, 101, 1], "tanh"),
    "relu": ([1, 3, 1], "relu"),
    "wide relu": ([1, 40, 1], "relu"),
    "few tanh": ([1, 3, 1], "tanh"),
    "seven relu": ([1, 7, 1], "relu"),
    "two inputs": ([2, 20, 1], "tanh"),
    "deep": ([3, 7, 5, 2], ["erf", "softplus"]),
}


def posterior(name, **options):
    sizes, activation = CASES[name]
    generator = rng.generator(1, name)
    x = torch.randn(7, sizes[0], dtype=torch.float64, generator=generator)
    y = torch.randn(7, sizes[-1], dtype=torch.float64, generator=generator)
    net = nets.MLP(sizes, activation)
    options = {"temperature": 1.5} | options
    target = bnn.Posterior(net, x, y, bnn.Gaussian(0.3), bnn.prior_std(net, fan_in=True), **options)
    assert target.path.name == "compiled", target.path
    return target


def plain(target):
    """The same density with autograd's gradient and no trajectories."""
    return lambda position: target(position)


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
    found = target.value_and_grad(position.detach())
    torch.testing.assert_close(found[0], value.detach())
    torch.testing.assert_close(found[1], gradient)


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
    monkeypatch.setattr(fast_chains, "WORTH_A_THREAD", 1)  # in two parts
    target = posterior(name)
    start = base.start(target, positions(target, chains))
    mass = mass(chains, target.dim)
    momentum = torch.randn(chains, target.dim, dtype=torch.float64, generator=rng.generator(3))
    own_steps = torch.linspace(0.01, 0.02, chains).double()[:, None]
    for step_size in (0.02, own_steps):
        slow = trajectory(plain(target), mass)(start, momentum, step_size, 9)
        kept = start.position.clone(), momentum.clone()
        fast = trajectory(target, mass)(start, momentum, step_size, 9)
        torch.testing.assert_close(fast, slow)
        assert torch.equal(start.position, kept[0])
        assert torch.equal(momentum, kept[1])
        torch.testing.assert_close(
            path(target, mass)(start, momentum, step_size, 9),
            path(plain(target), mass)(start, momentum, step_size, 9),
        )
    assert (slow[0].position - start.position).abs().max() > 0.1


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
        target = bnn.Posterior(net, x[i : i + 1], torch.zeros(1, 1).double(), bnn.Gaussian(1.0))
        _, gradient = target.value_and_grad(position)  # -tanh(x) in b2
        assert gradient[0, 3].item() == pytest.approx(-x[i].tanh().item(), abs=5e-16)


@needs_compiler
def test_samplers_make_the_same_draws():
    target = posterior("relu")
    for make, n_warmup in (
        (lambda f: hmc(f, step_size=0.02, n_leapfrog=5), 0),
        (lambda f: nuts(f, step_size=0.02), 0),
        (lambda f: mala(f, step_size=0.02), 0),
        (lambda f: adapt(hmc, f, n_leapfrog=3), 20),
    ):
        slow, fast = (
            sample(
                make(f),
                positions(target, 9),
                n_draws=5,
                n_warmup=n_warmup,
                generator=rng.generator(4),
            ).position
            for f in (plain(target), target)
        )
        torch.testing.assert_close(fast, slow, rtol=0, atol=1e-6)  # 20 steps of tuning: 2e-9


@needs_compiler
@pytest.mark.parametrize("chains", [1, 4, 19])
@pytest.mark.parametrize("name", ["few tanh", "wide relu", "deep"])
def test_nuts_makes_the_same_draws_in_c(name, chains, monkeypatch):
    monkeypatch.setattr(fast_chains, "WORTH_A_THREAD", 1)  # in two parts
    target = posterior(name)
    masses = (None, diagonal_mass(torch.linspace(0.5, 2, target.dim).double()))
    for mass, step_size in zip(masses, (0.03, torch.linspace(0.02, 0.2, chains)), strict=True):
        slow, fast = (
            sample(
                nuts(f, step_size=step_size, max_depth=5, mass=mass),
                positions(target, chains),
                n_draws=3,
                generator=rng.generator(4),
            )
            for f in (plain(target), target)
        )
        for name_of, found, expected in zip(base.Info._fields, fast.info, slow.info, strict=True):
            torch.testing.assert_close(found, expected, rtol=1e-7, atol=1e-7, msg=name_of)
        torch.testing.assert_close(fast.position, slow.position)
        torch.testing.assert_close(fast.log_density, slow.log_density)
    assert chains == 1 or len(slow.info.n_gradients.unique()) > 1


MAKERS = {
    "hmc": lambda f, **options: hmc(f, n_leapfrog=4, **options),
    "hmc jittered": lambda f, **options: hmc(f, n_leapfrog=4, jitter=0.5, **options),
    "mala": mala,
    "ula": ula,
}


@needs_compiler
@pytest.mark.parametrize("name", ["few tanh", "wide relu", "deep"])
@pytest.mark.parametrize("maker", MAKERS)
def test_blocks_of_draws_are_those_of_pytorch(maker, name, monkeypatch):
    monkeypatch.setattr(fast_chains, "WORTH_A_THREAD", 1)  # in two parts
    target, chains = posterior(name), 19
    start = positions(target, chains)
    masses = (None, diagonal_mass(torch.linspace(0.5, 2, target.dim).double()))
    for mass, step_size in zip(masses, (0.05, torch.linspace(0.02, 0.1, chains)), strict=True):
        slow, fast = (
            sample(
                MAKERS[maker](f, step_size=step_size, mass=mass),
                start,
                n_draws=BLOCK + 2,
                generator=rng.generator(4),
            )
            for f in (plain(target), target)
        )
        for name_of, found, expected in zip(base.Info._fields, fast.info, slow.info, strict=True):
            torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5, msg=name_of)
        torch.testing.assert_close(fast.position, slow.position, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(fast.log_density, slow.log_density, rtol=1e-5, atol=1e-5)
    assert maker == "ula" or len(slow.info.accepted.unique()) == 2


@needs_compiler
@pytest.mark.parametrize("maker", MAKERS)
def test_what_runs_away_in_c_is_divergent_and_stays(maker):
    target = posterior("few tanh")
    for size in (1e4, 1e150):  # a large energy error, and none that is a number
        sampler = MAKERS[maker](target, step_size=size)
        state = sampler.init(positions(target, 3))
        after, info = sampler.step(state, generator=rng.generator(5))
        if maker != "ula" or size == 1e150:
            assert info.divergent.all() and not info.accepted.any()
            assert torch.equal(after.position, state.position)
            assert torch.equal(after.gradient, state.gradient)
        assert not info.acceptance.any()


@needs_compiler
def test_a_block_of_draws_is_as_good_as_single_ones(tmp_path):
    target = posterior("few tanh")
    sampler = hmc(target, step_size=0.05, n_leapfrog=4, jitter=0.5)
    start = positions(target, 3)
    once, often, kept = (
        sample(one, start, n_draws=40, generator=rng.generator(6), **options)
        for one, options in (
            (sampler, {}),
            (sampler._replace(steps=None), {}),
            (sampler, {"checkpoint": tmp_path / "run", "checkpoint_every": 7}),
        )
    )
    for other in (often, kept):
        assert torch.equal(once.position, other.position)
        assert torch.equal(once.info.energy, other.info.energy)


@needs_compiler
def test_a_chain_that_runs_away_is_not_finite_and_alone():
    target = posterior("tanh")
    position = positions(target, 8)
    value, _ = target.value_and_grad(position)
    position[3, 5] = torch.nan
    broken, _ = target.value_and_grad(position)
    assert broken[3].isnan()
    others = torch.arange(8) != 3
    assert torch.equal(broken[others], value[others])


@needs_compiler
def test_other_dtypes_are_refused():
    target = posterior("relu")
    with pytest.raises(TypeError, match="float64"):
        target.value_and_grad(torch.zeros(2, 10))


@needs_compiler
def test_other_shapes_are_refused_before_they_reach_c():
    target = posterior("relu")
    with pytest.raises(ValueError, match=r"position.*\(2, 10\).*\(2, 11\)"):
        target.value_and_grad(torch.zeros(2, 11).double())
    right, wrong = torch.zeros(2, 10).double(), torch.zeros(2, 9).double()
    for parts in ([wrong, right, right], [right, wrong, right], [right, right, wrong]):
        with pytest.raises(ValueError, match=r"got \(2, 9\)"):
            target.trajectory(*parts, 0.1, None, 1)
    with pytest.raises(ValueError, match=r"variance.*\(10,\), got \(9,\)"):
        target.trajectory(right, right, right, 0.1, wrong[0], 1)
    lengths, good = torch.ones(3, dtype=torch.int64), torch.zeros(3, 2).double()
    for momentum, uniform in ((wrong.expand(3, 2, 9), good), (right.expand(3, 2, 10), good.T)):
        with pytest.raises(ValueError, match=r"(momentum|uniform) must have shape"):
            target.hamiltonian(right, right[:, 0], right, momentum, 0.1, None, lengths, uniform)
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
        target.likelihood,
        target.prior_std.float(),
        temperature=target.temperature,
    )
    assert halved.path.name == "compiled"
    position = positions(target, 19)
    for found, exact in zip(
        halved.value_and_grad(position.float()), target.value_and_grad(position), strict=True
    ):
        assert found.dtype == torch.float32
        off = (found - exact).abs() / exact.abs().max()
        assert off.max() < 2e-6


@pytest.fixture
def fresh_cache(monkeypatch, tmp_path):
    """An empty cache, and a process that has loaded nothing yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    build.library.cache_clear()
    yield tmp_path / "tinynets" / "compiled"
    build.library.cache_clear()


@pytest.mark.parametrize(
    "environment, reason",
    [
        ({"TINYNETS_COMPILE": "0"}, "TINYNETS_COMPILE=0 switches"),
        ({"CC": "no-such-compiler"}, "no C compiler 'no-such-compiler'"),
        ({"CC": "false"}, "false can't compile the C code: no message"),
        ({"CC": "cc 'unclosed"}, 'CC="cc \'unclosed" is not a command'),
        ({"CC": "cc -fno-such-option"}, "cc can't compile the C code: cc: error"),
    ],
)
def test_without_compiled_code_the_gradient_is_by_hand(
    monkeypatch, fresh_cache, environment, reason
):
    if environment.get("CC", "").startswith("cc ") and shutil.which("cc") is None:
        pytest.skip("no C compiler: install cc (gcc or clang)")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    target = bnn.Posterior(nets.MLP([1, 3, 1]), *torch.ones(2, 4, 1), bnn.Gaussian(0.3))
    assert target.path.name == "by hand" and reason in target.path.reason
    assert target.no_u_turn is None and target.trajectory is not None


@needs_compiler
def test_a_compiler_with_options_is_split_as_by_a_shell(monkeypatch, fresh_cache):
    monkeypatch.setenv("CC", "cc '-DA NAME=1'")
    assert not isinstance(build.library("double", "arccos"), str)


def test_a_compiler_that_hangs_is_stopped(monkeypatch, fresh_cache, tmp_path):
    slow = tmp_path / "slow compiler"
    slow.write_text('#!/bin/sh\n[ "$1" = --version ] || exec sleep 60\n')
    slow.chmod(0o755)
    monkeypatch.setenv("CC", f"'{slow}'")
    monkeypatch.setattr(build, "SECONDS", 0.5)
    assert "took more than 0.5 s" in build.library("double")
    assert not list(fresh_cache.glob("*.so"))


@needs_compiler
@pytest.mark.parametrize("damage", [lambda so: so[:100], lambda so: so[:-1] + bytes([so[-1] ^ 1])])
def test_a_damaged_library_is_built_anew(fresh_cache, damage):
    build.library("double", "arccos")
    (built,) = fresh_cache.glob("*.so")
    whole = built.read_bytes()
    replaced = built.with_name("damaged")  # the old file may still be loaded
    replaced.write_bytes(damage(whole))
    replaced.replace(built)
    build.library.cache_clear()
    assert not isinstance(build.library("double", "arccos"), str)
    assert (
        hashlib.sha256(built.read_bytes()).hexdigest() == built.with_suffix(".sha256").read_text()
    )


@needs_compiler
def test_a_library_without_its_digest_is_not_loaded(fresh_cache):
    build.library("double", "arccos")
    (built,) = fresh_cache.glob("*.so")
    built.with_suffix(".sha256").unlink()
    built.unlink()
    built.write_bytes(b"not a library")
    build.library.cache_clear()
    assert not isinstance(build.library("double", "arccos"), str)


def test_an_empty_cache_home_is_the_users_own(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    for value in ("", "relative/path"):
        monkeypatch.setenv("XDG_CACHE_HOME", value)
        assert build._cache() == tmp_path / ".cache" / "tinynets" / "compiled"


@needs_compiler
def test_a_cache_that_cannot_be_written_is_named(fresh_cache):
    fresh_cache.parent.write_text(
        "a file where the folder should be: root can't write there either"
    )
    why = build.library("double")
    assert why.startswith(f"the C code can't be kept in {fresh_cache} or loaded")
    assert why.endswith("let XDG_CACHE_HOME name a folder that can be written and run from")


def test_without_compiled_code_tests_skip_and_say_why_but_fail_in_ci(monkeypatch, fresh_cache):
    fresh_cache.parent.write_text("in the way")
    why = f"can't be kept in {fresh_cache}"
    monkeypatch.setenv("CI", "")
    mark = runpy.run_path(compiled.__file__)["needs_compiler"].mark
    assert mark.args == (True,) and why in mark.kwargs["reason"]
    monkeypatch.setenv("CI", "true")
    with pytest.raises(RuntimeError, match=re.escape(why)):
        runpy.run_path(compiled.__file__)


@pytest.mark.parametrize(
    "net, likelihood, reason",
    [
        (nets.MLP([1, 3, 1]), bnn.Gaussian(torch.distributions.HalfCauchy(1.0)), "not HalfCauchy"),
        (nets.MLP([1, 3, 1]), lambda f, y: -(f[..., 0] - y).abs(), "Gaussian and Categorical"),
        (nets.MLP([1, 3, 3, 1], "sine"), bnn.Gaussian(0.1), "not sine"),
        (nets.MLP([1, 150, 150, 1]), bnn.Gaussian(0.1), "more than 20,000 weights"),
    ],
)
def test_what_the_c_code_does_not_cover_is_named(net, likelihood, reason):
    target = bnn.Posterior(net, torch.ones(4, net.sizes[0]), torch.ones(4), likelihood)
    assert target.path.name == "by hand" and reason in target.path.reason


@pytest.mark.parametrize("is_file", [True, False])
def test_tests_keep_a_cache_of_their_own_where_the_home_is_read_only(
    tmp_path, monkeypatch, is_file
):
    (tmp_path / "home").write_text("") if is_file else (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", "")  # restored afterwards
    find_a_cache()
    found = os.environ["XDG_CACHE_HOME"]
    assert os.access(found, os.W_OK) if is_file else found == ""
