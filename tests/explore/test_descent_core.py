"""Optimisers and landscapes of the figures are those of torch, path by path."""

import json

import lab
import numpy as np
import pytest
import torch

from tinynets import landscapes
from tinynets.explorables.descent import LANDSCAPES
from tinynets.rng import generator

pytestmark = lab.needs_node
N_STEPS, RATE, START = 200, 0.005, [0.3, 1.2]  # on the way: at the end RMSProp is chaotic
SUMMED = {"values": [0.5, 2.0, -1.0, 3.5], "start": -4.0, "rate": 0.3, "steps": 30}


@pytest.fixture(scope="module")
def asked():
    source = generator(1, "fixture")
    positions = (3 * torch.rand(40, 2, dtype=torch.float64, generator=source) - 1.5).tolist()
    batches = torch.randint(20, (N_STEPS, 3), generator=source).tolist()
    paths = [
        {"optimiser": name, "start": START, "rate": RATE, "steps": N_STEPS, "batches": rows}
        for name in landscapes.OPTIMISERS
        for rows in (None, batches)
    ]
    return [
        {"description": one.description, "positions": positions, "rows": batches[0], "paths": paths}
        for one in LANDSCAPES.values()
    ]


@pytest.fixture(scope="module")
def got(asked, tmp_path_factory):
    path = tmp_path_factory.mktemp("descent") / "asked.json"
    means = [SUMMED | {"summed": summed} for summed in (False, True)]
    path.write_text(json.dumps({"landscapes": asked, "means": means}))
    return json.loads(lab.node(lab.ROOT / "tests" / "explore" / "descent.mjs", path))


@pytest.mark.parametrize("place", range(len(LANDSCAPES)), ids=list(LANDSCAPES))
def test_values_and_gradients_are_those_of_autograd(place, asked, got):
    loss = list(LANDSCAPES.values())[place].loss
    for rows, ours in ((None, "all"), (asked[place]["rows"], "some")):
        q = torch.tensor(asked[place]["positions"], dtype=torch.float64, requires_grad=True)
        value = loss(q, rows)
        (gradient,) = torch.autograd.grad(value.sum(), q)
        wanted = torch.cat([value[:, None], gradient], 1).detach()
        np.testing.assert_allclose(got["landscapes"][place][ours], wanted, rtol=0, atol=1e-9)


@pytest.mark.parametrize("place", range(len(LANDSCAPES)), ids=list(LANDSCAPES))
def test_paths_are_those_of_torch(place, asked, got):
    landscape = list(LANDSCAPES.values())[place]
    start = torch.tensor([START], dtype=torch.float64)
    assert len(asked[place]["paths"]) == 10
    for wanted, ours in zip(asked[place]["paths"], got["landscapes"][place]["paths"], strict=True):
        path = landscapes.descend(
            landscape,
            start,
            optimiser=wanted["optimiser"],
            rate=RATE,
            n_steps=N_STEPS,
            batches=wanted["batches"],
        )[:, 0]
        assert (path[-1] - path[0]).norm() > 0.1
        np.testing.assert_allclose(ours, path, rtol=0, atol=1e-9, err_msg=wanted["optimiser"])


@pytest.mark.parametrize("summed", [False, True])
def test_descent_to_a_mean_is_that_of_torch(summed, got):
    values = torch.tensor(SUMMED["values"], dtype=torch.float64)
    mu = torch.tensor(SUMMED["start"], dtype=torch.float64, requires_grad=True)
    optimiser, path = torch.optim.SGD([mu], lr=SUMMED["rate"]), [mu.item()]
    for _ in range(SUMMED["steps"]):
        optimiser.zero_grad()
        squares = (values - mu).square() / 2
        (squares.sum() if summed else squares.mean()).backward()
        optimiser.step()
        path.append(mu.item())
    np.testing.assert_allclose(got["means"][int(summed)], path, rtol=0, atol=1e-9)
