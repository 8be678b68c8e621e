"""Streams are reproducible, apart from each other, and touch nothing."""

import pytest
import torch

from tinynets.rng import generator, generators


def draw(stream):
    return torch.randn(5, generator=stream)


def test_same_seed_and_purpose_draw_the_same():
    assert torch.equal(draw(generator(1, "a", 2)), draw(generator(1, "a", 2)))


def test_another_seed_or_purpose_draws_another():
    streams = [
        generator(1),
        generator(2),
        generator(1, "a"),
        generator(1, "b"),
        generator(1, "a", 0),
    ]
    assert len({tuple(draw(s).tolist()) for s in streams}) == len(streams)


def test_more_generators_leave_the_first_as_they_were():
    few, many = generators(3, 2, "seeds"), generators(3, 5, "seeds")
    for one, other in zip(few, many, strict=False):
        assert torch.equal(draw(one), draw(other))


def test_the_global_generator_is_untouched():
    before = torch.get_rng_state()
    draw(generator(1, "a"))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("seed", [-1, 1.5, None])
def test_a_seed_is_a_count(seed):
    with pytest.raises((TypeError, ValueError), match="seed must be"):
        generator(seed)
