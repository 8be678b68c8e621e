"""Continual backprop: who is replaced, when, and what that leaves alone."""

import pytest
import torch

from tinynets import continual, losses, nets
from tinynets.rng import generator

RUNS, SIZES = 3, (4, 20, 10, 2)


def built(sizes=SIZES, n_nets=RUNS, seed=1):
    return nets.initialise(
        nets.MLP(sizes, "relu", n_nets=n_nets), generator=generator(seed), scheme="he"
    )


def inputs(n=30):
    return torch.randn(n, SIZES[0], generator=generator(2))


def units(utility, age, owed=0.0):
    utility = torch.as_tensor(utility)
    return continual.Units(
        utility,
        torch.as_tensor(age).expand(utility.shape).clone(),
        torch.full(utility.shape[:-1], owed),
    )


def learn(net, *, n_steps=200, rate=0.01, maturity=5, seed=3, optimiser=None):
    """Train on labels that mean nothing; return units and replacements."""
    source = generator(seed)
    descent = optimiser or torch.optim.SGD(net.parameters(), lr=0.05)
    state, counts = continual.init(net), []
    x, y = inputs(), torch.randint(2, (30,), generator=generator(4))
    for _ in range(n_steps):
        *hidden, logits = net.activations(x)
        descent.zero_grad()
        losses.cross_entropy(logits, y).sum().backward()
        descent.step()
        state, replaced = continual.step(
            net, state, hidden, rate=rate, maturity=maturity, generator=source, optimiser=descent
        )
        counts.append(torch.stack(replaced))
    return state, torch.stack(counts)  # (steps, layers, nets)


def test_contribution_is_what_ablation_removes():
    """With one positive activation, |h| Σ|w| is the change of the outputs."""
    net, x = built(), inputs(1)
    *hidden, logits = net.activations(x)
    last = net.layers[-1].weight
    found = continual.contribution(hidden[-1], last)
    for unit in range(SIZES[-2]):
        without = hidden[-1].clone()
        without[..., unit] = 0
        change = (logits - net.layers[-1](without)).abs().sum((-1, -2))
        torch.testing.assert_close(found[:, unit], change, atol=1e-6, rtol=1e-4)


def test_utility_is_a_running_mean():
    h = torch.rand(7, RUNS, 5, 6, generator=generator(1))
    w = torch.randn(RUNS, 3, 6, generator=generator(2))
    state = units(torch.zeros(RUNS, 6), 0)
    for batch in h:
        state = continual.observe(state, batch, w, decay=0.9)
    weights = 0.1 * 0.9 ** torch.arange(6, -1, -1.0)
    each = h.abs().mean(2) * w.abs().sum(1)  # (steps, nets, units)
    torch.testing.assert_close(state.utility, (weights[:, None, None] * each).sum(0))
    assert (state.age == 7).all()


def test_the_least_useful_mature_unit_goes():
    state, chosen = continual.select(
        units([[3.0, 1.0, 2.0, 0.0]], [[9, 9, 9, 5]]), rate=0.4, maturity=5
    )
    assert chosen.tolist() == [[False, True, False, False]]
    assert state.utility.tolist() == [[3, 0, 2, 0]]
    assert state.age.tolist() == [[9, 0, 9, 5]]
    assert state.owed.item() == pytest.approx(0.2)


def test_several_are_replaced_where_several_are_due():
    state, chosen = continual.select(
        units([[3.0, 1.0, 2.0, 0.0]], 9, owed=0.5), rate=0.5, maturity=5
    )
    assert chosen.tolist() == [[False, True, False, True]]
    assert state.owed.item() == pytest.approx(0.5)


def test_maturity_protects():
    old = units(torch.rand(RUNS, 8, generator=generator(1)), 5, owed=0.9)
    after, chosen = continual.select(old, rate=1.0, maturity=5)
    assert not chosen.any() and (after.owed == old.owed).all()
    _, chosen = continual.select(old, rate=1.0, maturity=4)
    assert chosen.all()


def test_replacements_add_up_to_rate_times_eligible():
    rate = torch.tensor([0.0, 0.003, 0.02])
    state = units(torch.rand(RUNS, 50, generator=generator(1)), 0)
    due, done = torch.zeros(RUNS), torch.zeros(RUNS)
    for _ in range(400):
        state = state._replace(age=state.age + 1)
        due += rate * (state.age > 10).sum(-1)
        state, chosen = continual.select(state, rate=rate, maturity=10)
        done += chosen.sum(-1)
    assert done[0] == 0 and done[2] > done[1] > 0
    assert ((due - done) > -1e-3).all() and ((due - done) < 1).all()


def test_outgoing_zeros_leave_the_function_as_without_the_unit():
    net, x = built(), inputs()
    chosen = torch.zeros(RUNS, SIZES[1], dtype=torch.bool)
    chosen[0, 3] = chosen[2, 7] = chosen[2, 8] = True
    without = built()
    with torch.no_grad():
        without.layers[1].weight.mT[chosen] = 0
    before = nets.flatten(net)
    continual.renew(net, 0, chosen, generator=generator(5))
    torch.testing.assert_close(net(x), without(x))
    incoming = net.layers[0].weight.detach()
    same = (incoming == built().layers[0].weight).all(-1)
    assert (same == ~chosen).all()
    assert (nets.flatten(net)[1] == before[1]).all()  # nothing chosen there


def test_newcomers_are_drawn_like_the_first_weights():
    net = built((100, 200, 2), n_nets=2)
    continual.renew(net, 0, torch.ones(2, 200, dtype=torch.bool), generator=generator(6))
    weight = net.layers[0].weight
    assert weight.std().item() == pytest.approx(0.02**0.5, rel=0.02)
    assert (net.layers[0].bias == 0).all()
    assert not torch.equal(weight[0], weight[1])


def test_moments_of_the_replaced_are_forgotten():
    net = built()
    adam = torch.optim.Adam(net.parameters(), lr=1e-3)
    learn(net, n_steps=5, rate=0.0, optimiser=adam)
    chosen = torch.zeros(RUNS, SIZES[1], dtype=torch.bool)
    chosen[1, 4] = True
    continual.renew(net, 0, chosen, generator=generator(5), optimiser=adam)
    into, out = net.layers[0], net.layers[1].weight
    for name in ("exp_avg", "exp_avg_sq"):
        assert (adam.state[into.weight][name][1, 4] == 0).all()
        assert adam.state[into.bias][name][1, 4] == 0
        assert (adam.state[out][name][1, :, 4] == 0).all()
        assert (adam.state[into.weight][name][0] != 0).any()
        assert (adam.state[out][name][1, :, 5] != 0).any()


def test_rate_zero_is_plain_backprop():
    net, plain = built(), built()
    learn(net, rate=0.0)
    descent = torch.optim.SGD(plain.parameters(), lr=0.05)
    y = torch.randint(2, (30,), generator=generator(4))
    for _ in range(200):
        descent.zero_grad()
        losses.cross_entropy(plain(inputs()), y).sum().backward()
        descent.step()
    assert torch.equal(nets.flatten(net), nets.flatten(plain))


def test_a_rate_a_run_leaves_the_runs_apart():
    net = built()
    _, counts = learn(net, rate=torch.tensor([0.0, 0.0, 0.02]))
    assert counts.sum((0, 1))[:2].tolist() == [0, 0]
    assert (counts.sum(0)[:, 2] > 0).all()  # in either layer
    alone = built()
    learn(alone, rate=0.0)
    assert torch.equal(nets.flatten(net)[:2], nets.flatten(alone)[:2])


def test_one_net_without_runs_works_too():
    net = built(n_nets=None)
    state, counts = learn(net, rate=0.02)
    assert state[0].utility.shape == (20,) and counts.sum() > 0
    assert torch.isfinite(nets.flatten(net)).all()


def test_a_linear_net_has_nothing_to_renew():
    net = built((4, 2))
    after = continual.step(
        net, continual.init(net), [], rate=0.5, maturity=0, generator=generator(1)
    )
    assert after == ([], [])


def test_randomness_is_the_generators():
    before = torch.random.get_rng_state()
    ends = []
    for seed in (3, 3, 8):
        net = built()
        learn(net, rate=0.02, seed=seed)
        ends.append(nets.flatten(net))
    assert torch.equal(ends[0], ends[1])
    assert not torch.equal(ends[0], ends[2])
    assert torch.equal(before, torch.random.get_rng_state())
    with pytest.raises(TypeError, match="generator"):
        continual.renew(net, 0, torch.ones(RUNS, 20, dtype=torch.bool))
    with pytest.raises(TypeError, match="generator"):
        continual.step(net, [], [], rate=0.1, maturity=1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rate": 1.5}, r"rate must lie in \[0, 1\], got 1.5"),
        ({"rate": torch.tensor([0.1, -1.0, 0])}, "least rate must lie in"),
        ({"maturity": -1}, "maturity must be 0 or above, got -1"),
        ({"decay": 2.0}, r"decay must lie in \[0, 1\], got 2.0"),
        ({"hidden": []}, "2 hidden layers, got 2 and 0"),
    ],
)
def test_settings_out_of_range_are_told(options, message):
    net = built()
    options = {"rate": 0.1, "maturity": 1, "hidden": list(net.activations(inputs()))[:-1]} | options
    with pytest.raises(ValueError, match=message):
        continual.step(net, continual.init(net), generator=generator(1), **options)


def test_dead_units_are_counted():
    h = torch.zeros(2, 5, 4)
    h[0, 1, :3] = 1.0
    assert continual.dead_share(h).tolist() == [0.25, 1.0]


def test_effective_rank_of_known_matrices():
    eye, source = torch.eye(6), generator(1)
    rank_one = torch.randn(6, 1, generator=source) @ torch.randn(1, 6, generator=source)
    stack = torch.stack([eye, 3 * eye, rank_one, torch.zeros(6, 6)])
    torch.testing.assert_close(
        continual.effective_rank(stack), torch.tensor([6.0, 6.0, 1.0, 0.0]), atol=1e-3, rtol=1e-4
    )
