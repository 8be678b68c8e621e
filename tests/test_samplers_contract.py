"""What all samplers have in common, and how a trajectory moves."""

import pytest
import sampler_checks
import torch

from tinynets import rng, targets
from tinynets.samplers import (
    Adaptation,
    _nuts,
    _trees,
    adapt,
    base,
    dense_mass,
    diagonal_mass,
    hmc,
    mala,
    metropolis,
    nuts,
    polynomial_decay,
    sample,
    sgld,
    ula,
    value_and_grad,
)
from tinynets.samplers.adaptation import window_ends
from tinynets.samplers.leapfrog import trajectory
from tinynets.samplers.mass import draw_momentum, kinetic_energy

TARGET = targets.banana(bend=0.3, width=1.5)


def minibatch(position, examples):
    return TARGET.log_density(position) * len(examples) / 2


ALL = {
    "metropolis": metropolis(TARGET.log_density, step_size=1.0),
    "ula": ula(TARGET.log_density, step_size=0.3),
    "mala": mala(TARGET.log_density, step_size=0.5),
    "hmc": hmc(TARGET.log_density, step_size=0.4, n_leapfrog=4),
    "jittered": hmc(TARGET.log_density, step_size=0.4, n_leapfrog=4, jitter=0.5),
    "nuts": nuts(TARGET.log_density, step_size=0.4),
    "sgld": sgld(minibatch, n_examples=6, batch_size=2, step_size=polynomial_decay(0.3)),
    "adapted": adapt(nuts, TARGET.log_density),
    "adapted a chain": adapt(hmc, TARGET.log_density, n_leapfrog=3, pooled=False, mass="dense"),
}
every_sampler = pytest.mark.parametrize("name", ALL)


def run(name, seed=1, start=None, **options):
    start = TARGET.draw(5, generator=rng.generator(2)) if start is None else start
    before = "n_warmup" if isinstance(ALL[name], Adaptation) else "n_burn_in"
    options = {"n_draws": 12, before: 30} | options
    return sample(ALL[name], start, generator=rng.generator(seed), **options)


@every_sampler
def test_seed_decides_the_draws(name):
    before = torch.get_rng_state()
    one, same, other = run(name), run(name), run(name, seed=3)
    assert torch.equal(one.position, same.position)
    assert all(
        torch.equal(a, b) or a.isnan().all() for a, b in zip(one.info, same.info, strict=True)
    )
    assert not torch.equal(one.position, other.position)
    assert torch.equal(torch.get_rng_state(), before)
    with pytest.raises(TypeError, match="generator"):
        sample(ALL[name], torch.zeros(5, 2).double(), n_draws=3)


@every_sampler
def test_draws_have_arviz_order_and_named_statistics(name):
    draws = run(name)
    assert draws.position.shape == (5, 12, 2)
    assert draws.position.dtype == torch.float64
    assert draws.log_density.shape == (5, 12)
    for field, values in draws.info._asdict().items():
        assert values.shape == (5, 12), field
    assert ((draws.info.acceptance >= 0) & (draws.info.acceptance <= 1)).all()
    assert (draws.info.n_gradients >= 1).all()
    assert draws.warmup.n_steps == 30 and draws.warmup.n_gradients >= 150
    if name != "sgld":  # its densities are estimates
        torch.testing.assert_close(
            draws.log_density.flatten(), TARGET.log_density(draws.position.flatten(0, 1))
        )


@pytest.mark.parametrize("name", [name for name in ALL if name != "adapted"])
def test_chains_do_not_influence_each_other(name):
    start = TARGET.draw(5, generator=rng.generator(2))
    other = start.clone()
    other[1:] = start[[4, 3, 2, 1]]  # permuted; the first stays
    one, two = run(name, start=start), run(name, start=other)
    assert torch.equal(one.position[0], two.position[0])
    assert not torch.equal(one.position[1:], two.position[1:])


@every_sampler
def test_input_is_left_alone(name):
    start = TARGET.draw(5, generator=rng.generator(2))
    kept = start.clone()
    run(name, start=start)
    assert torch.equal(start, kept)


def test_leapfrog_is_reversible():
    state, momentum = ready(200)
    integrate = trajectory(TARGET.log_density)
    end, last = integrate(state, momentum, 0.1, 25)
    back, first = integrate(end, -last, 0.1, 25)
    assert (end.position - state.position).abs().max() > 0.5
    torch.testing.assert_close(back.position, state.position, atol=1e-9, rtol=0)
    torch.testing.assert_close(-first, momentum, atol=1e-9, rtol=0)


def test_leapfrog_preserves_volume():
    precision = torch.tensor([[1.3, 0.4], [0.4, 0.7]], dtype=torch.float64)

    def log_density(q):
        return -0.25 * (q**4).sum(-1) - 0.5 * torch.linalg.vecdot(q @ precision, q)

    def gradient(q):
        return -(q**3) - q @ precision

    log_density.value_and_grad = lambda q: (log_density(q), gradient(q))
    integrate = trajectory(
        log_density, diagonal_mass(torch.tensor([0.5, 2.0], dtype=torch.float64))
    )

    def flow(phase):
        position, momentum = phase[None, :2], phase[None, 2:]
        state = base.State(position, *log_density.value_and_grad(position))
        end, last = integrate(state, momentum, 0.3, 7)
        return torch.cat([end.position[0], last[0]])

    jacobian = torch.autograd.functional.jacobian(
        flow, torch.tensor([0.7, -0.3, 1.1, 0.4], dtype=torch.float64)
    )
    assert torch.linalg.det(jacobian).item() == pytest.approx(1, abs=1e-10)
    assert (jacobian - torch.eye(4)).abs().max() > 0.5


def test_energy_error_is_of_second_order():
    sampler_checks.energy_error_order()


@pytest.mark.parametrize(
    "mass",
    [
        None,
        diagonal_mass(torch.tensor([0.5, 3.0], dtype=torch.float64)),
        dense_mass(torch.tensor([[0.5, 0.4], [0.4, 3.0]], dtype=torch.float64)),
    ],
    ids=["identity", "diagonal", "dense"],
)
def test_mala_is_hmc_of_one_leapfrog_step(mass):
    start = TARGET.draw(50, generator=rng.generator(2))
    options = {"n_draws": 40, "thin": 2}
    langevin, hamiltonian = (
        sample(sampler, start, generator=rng.generator(3), **options)
        for sampler in (
            mala(TARGET.log_density, step_size=0.8, mass=mass),
            hmc(TARGET.log_density, step_size=0.8, n_leapfrog=1, mass=mass),
        )
    )
    torch.testing.assert_close(langevin.position, hamiltonian.position)
    assert torch.equal(langevin.info.accepted, hamiltonian.info.accepted)
    torch.testing.assert_close(langevin.info.energy, hamiltonian.info.energy)
    assert 0.2 < langevin.info.acceptance.mean() < 0.99


@pytest.mark.parametrize("chains", [None, 3])
@pytest.mark.parametrize("dense", [False, True])
def test_mass_gives_momenta_of_its_covariance(dense, chains):
    covariance = torch.tensor([[0.5, 0.4], [0.4, 3.0]], dtype=torch.float64)
    inverse = covariance if dense else covariance.diagonal()
    if chains:
        inverse = inverse.expand(chains, *inverse.shape)
    mass = (dense_mass if dense else diagonal_mass)(inverse)
    generator = rng.generator(4)
    momenta = torch.stack(
        [
            draw_momentum(mass, torch.zeros(3, 2).double(), generator=generator)
            for _ in range(20_000)
        ]
    )  # (draws, chains, dim)
    expected = torch.linalg.inv(covariance if dense else covariance.diagonal().diag())
    for chain in momenta.unbind(1):
        torch.testing.assert_close(torch.cov(chain.mT), expected, atol=0.1, rtol=0)
    energy = kinetic_energy(mass, momenta[0])
    by_hand = 0.5 * ((momenta[0] @ torch.linalg.inv(expected)) * momenta[0]).sum(-1)
    torch.testing.assert_close(energy, by_hand)


def test_step_sizes_may_differ_between_chains():
    sizes = torch.tensor([0.1, 0.1, 2.5], dtype=torch.float64)
    info = sample(
        hmc(TARGET.log_density, step_size=sizes, n_leapfrog=3),
        TARGET.draw(3, generator=rng.generator(2)),
        n_draws=50,
        generator=rng.generator(1),
    ).info
    acceptance = info.acceptance.mean(1)
    assert acceptance[:2].min() > 0.9 > 0.7 > acceptance[2]


def test_jitter_stays_within_its_range():
    sampler = hmc(TARGET.log_density, step_size=0.1, n_leapfrog=10, jitter=0.3)
    steps = sample(
        sampler, TARGET.draw(2, generator=rng.generator(2)), n_draws=200, generator=rng.generator(1)
    ).info.n_gradients
    assert set(steps[0].tolist()) == set(range(7, 14))


@pytest.mark.parametrize("room", [1, 4])
def test_nuts_judges_a_branch_alike_in_blocks_of_any_size(room, monkeypatch):
    """Growing, leaves, weights and the leaf drawn do not depend on how much is held."""
    follow = _nuts.path(TARGET.log_density)
    state = base.start(TARGET.log_density, TARGET.draw(64, generator=rng.generator(2)))
    momentum = torch.randn(state.position.shape, dtype=torch.float64, generator=rng.generator(3))
    energy = momentum.square().sum(1) / 2 - state.log_density
    yes, zero = torch.ones(64, dtype=torch.bool), torch.zeros(64, dtype=torch.float64)
    uniform = torch.rand(4, 64, dtype=torch.float64, generator=rng.generator(4))

    def grow():
        return _nuts._grow(
            follow,
            None,
            _nuts.Edge(state, momentum),
            energy,
            _nuts.Tally(yes, ~yes, zero, yes.long() * 0),
            torch.full((64, 1), 0.12),
            4,
            uniform,
        )

    whole = grow()
    monkeypatch.setattr(_nuts, "BLOCK", room * momentum.numel())
    part = grow()
    torch.testing.assert_close(part[2], whole[2])
    grown = whole[2].growing
    assert 0 < grown.sum() < 64
    for one, other in zip(part[:2], whole[:2], strict=True):
        for found, expected in zip(one, other, strict=True):
            for a, b in zip(
                *((x if isinstance(x, tuple) else (x,)) for x in (found, expected)), strict=True
            ):
                torch.testing.assert_close(a[grown], b[grown])


def test_subtrees_turn_where_brute_force_says():
    momentum = torch.randn(16, 5, 3, generator=rng.generator(1)) + 0.7
    value = torch.zeros(16, 5)
    leaves = _trees.Subtree(
        momentum, momentum, momentum, value, base.State(momentum, value, momentum), value
    )
    merged, turned = _trees.merge_all(None, leaves, torch.full((4, 5), 0.3))
    torch.testing.assert_close(merged.total, momentum.sum(0))
    expected = torch.zeros(16, 5, dtype=torch.bool)
    n_across = 0
    for size in (2, 4, 8, 16):
        for part in range(0, 16, size):
            for first, last in (
                (0, size),
                (0, size // 2 + 1),  # the first half with the next leaf
                (size // 2 - 1, size),
            ):
                row = momentum[part + first : part + last]
                travelled = row.sum(0) - (row[0] + row[-1]) / 2
                now = ((travelled * row[0]).sum(1) <= 0) | ((travelled * row[-1]).sum(1) <= 0)
                n_across += int((now & ~expected[part + size - 1]).sum()) * (last - first < size)
                expected[part + size - 1] |= now
    assert torch.equal(turned, expected)
    assert 0 < turned.sum() < turned.numel() and n_across


def test_a_leaf_is_drawn_by_its_weight():
    weight = torch.tensor([0.1, 0.5, 0.2, 0.2]).double()
    draws = 20_000
    row = torch.arange(4.0).double()[:, None, None].expand(4, draws, 1)
    log_weight = weight.log()[:, None].expand(4, draws)
    leaves = _trees.Subtree(row, row, row, log_weight, base.State(row, log_weight, row), log_weight)
    uniform = torch.rand(2, draws, dtype=torch.float64, generator=rng.generator(1))
    merged, _ = _trees.merge_all(None, leaves, uniform)
    share = (merged.proposal.position[:, 0, None] == torch.arange(4)).double().mean(0)
    error = (weight * (1 - weight) / draws).sqrt()
    assert ((share - weight).abs() < 5 * error).all()
    assert torch.equal(merged.energy_error, merged.proposal.log_density)


def test_gradient_of_autograd_is_that_of_each_chain():
    position = TARGET.draw(4, generator=rng.generator(2))
    value, gradient = value_and_grad(TARGET.log_density)(position)
    for i in range(4):
        alone = position[i : i + 1].clone().requires_grad_()
        TARGET.log_density(alone).backward()
        torch.testing.assert_close(gradient[i], alone.grad[0])
    torch.testing.assert_close(value, TARGET.log_density(position))


def test_windows_are_those_of_stan():
    assert window_ends(1000) == [75, 100, 150, 250, 450, 950]
    assert window_ends(500) == [75, 100, 150, 250, 450]
    assert window_ends(100) == [15, 90]
    assert window_ends(20) == [3, 18]


@pytest.mark.parametrize("pooled", [True, False])
@pytest.mark.parametrize("mass", ["diagonal", "dense"])
def test_adaptation_finds_the_scales(mass, pooled):
    covariance = torch.tensor([[9.0, 2.0], [2.0, 1.0]], dtype=torch.float64)
    target = targets.gaussian(torch.tensor([3.0, -1.0]).double(), covariance)
    draws = sample(
        adapt(hmc, target.log_density, n_leapfrog=4, jitter=0.5, mass=mass, pooled=pooled),
        torch.zeros(8, 2, dtype=torch.float64),
        n_draws=1,
        n_warmup=600,
        generator=rng.generator(5),
    )
    step_size, found, together = draws.warmup.tuning
    assert together == pooled
    assert step_size.shape == (() if pooled else (8,))
    assert found.inverse.shape == (() if pooled else (8,)) + ((2, 2) if mass == "dense" else (2,))
    expected = covariance if mass == "dense" else covariance.diagonal()
    off = (found.inverse / expected - 1).abs().max()
    assert off < (0.2 if pooled else 0.8)


def test_adapted_sampler_is_frozen_while_it_draws():
    """Its draws are those of a plain sampler with the same tuning."""
    adaptation = adapt(hmc, TARGET.log_density, n_leapfrog=3)
    start = TARGET.draw(4, generator=rng.generator(2))
    draws = sample(adaptation, start, n_draws=10, n_warmup=100, generator=rng.generator(6))
    generator = rng.generator(6)
    learning = adaptation.start(start, 100, generator=generator)
    for _ in range(100):
        learning, _ = adaptation.step(learning, generator=generator)
    _, state, (step_size, mass, _) = adaptation.finish(learning)
    plain = sample(
        hmc(TARGET.log_density, step_size=step_size.item(), mass=mass, n_leapfrog=3),
        state.position,
        n_draws=10,
        generator=generator,
    )
    assert torch.equal(draws.position, plain.position)
    assert draws.warmup.tuning.step_size == step_size


def ready(chains):
    generator = rng.generator(7)
    position = TARGET.draw(chains, generator=generator)
    return (
        base.start(TARGET.log_density, position),
        draw_momentum(None, position, generator=generator),
    )
