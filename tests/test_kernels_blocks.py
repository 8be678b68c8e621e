"""Blocks are the whole, whatever their size and wherever they run."""

import joblib
import pytest
import torch
from torch import nn

from tinynets import nets
from tinynets.kernels import in_blocks, kernels_of
from tinynets.rng import generator

KERNELS = kernels_of(nets.MLP([4, 5, 5, 1], ["relu", "erf"]), W_std=1.4, b_std=0.1)


def normal(*shape, seed=1):
    return torch.randn(*shape, dtype=torch.float64, generator=generator(seed))


@pytest.mark.parametrize("block_size", [1, 5, 13, 100])
def test_blocks_are_the_whole(block_size):
    x, y = normal(13, 4), normal(7, 4, seed=2)
    y[2] = x[3]
    for pair in ((x,), (x, y)):
        whole = KERNELS(*pair)
        blocks = in_blocks(KERNELS, *pair, block_size=block_size)
        for found, want in zip(blocks, whole, strict=True):
            torch.testing.assert_close(found, want, rtol=1e-13, atol=1e-15)
    alone = in_blocks(KERNELS, x, want="ntk", block_size=block_size)
    assert alone.nngp is None
    torch.testing.assert_close(alone.ntk, KERNELS.ntk(x), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_blocks_go_through_any_backend_of_joblib(backend):
    x = normal(9, 4)
    net = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 5), nn.Sigmoid(), nn.Linear(5, 1))
    kernels = kernels_of(net, W_std=1.2)
    with joblib.parallel_config(backend=backend, n_jobs=2):
        blocks = in_blocks(kernels, x, block_size=4)
    torch.testing.assert_close(blocks.ntk, kernels.ntk(x), rtol=1e-12, atol=1e-14)
    assert blocks.error == pytest.approx(kernels(x).error, abs=1e-14)


def test_each_half_is_computed_once(monkeypatch):
    seen = []
    between = type(KERNELS).between

    def counted(self, x1, x2, **options):
        seen.append((len(x1), len(x2)))
        return between(self, x1, x2, **options)

    monkeypatch.setattr(type(KERNELS), "between", counted)
    in_blocks(KERNELS, normal(10, 4), block_size=4, devices=["cpu", "cpu:0"])
    assert sorted(seen) == sorted([(4, 4), (4, 4), (4, 2), (4, 4), (4, 2), (2, 2)])


def test_a_bar_shows_the_blocks(capsys):
    in_blocks(KERNELS, normal(6, 4), block_size=3, progress=True)
    assert "3/3" in capsys.readouterr().err
    in_blocks(KERNELS, normal(6, 4), block_size=3)
    assert not capsys.readouterr().err


def test_a_block_size_of_zero_is_refused():
    with pytest.raises(ValueError, match="block_size"):
        in_blocks(KERNELS, normal(6, 4), block_size=0)
