"""Drawings become images as the data sets' own did."""

import pytest
import torch

from tinynets import drawing
from tinynets.rng import generator


def blob(height, width, top, left, paper=60):
    ink = torch.zeros(paper, paper, dtype=torch.float64)
    ink[top : top + height, left : left + width] = 1
    return ink


@pytest.mark.parametrize(("rows", "columns"), [(7, 5), (13, 29), (60, 60), (1, 1)])
def test_resampling_keeps_the_mean(rows, columns):
    ink = torch.rand(60, 45, dtype=torch.float64, generator=generator(1, "ink"))
    small = drawing.resample(ink, rows, columns)
    assert small.shape == (rows, columns)
    torch.testing.assert_close(small.mean(), ink.mean(), rtol=1e-13, atol=0)


def test_resampling_averages_whole_blocks():
    ink = torch.rand(12, 8, dtype=torch.float64, generator=generator(2, "ink"))
    wanted = ink.view(3, 4, 4, 2).mean((1, 3))
    torch.testing.assert_close(drawing.resample(ink, 3, 4), wanted)


@pytest.mark.parametrize(("height", "width"), [(40, 10), (10, 40), (33, 21)])
def test_the_longer_side_becomes_20_pixels_in_the_middle(height, width):
    image = drawing.prepare(blob(height, width, 5, 13), 28)
    rows, columns = (image > 0).any(1).sum(), (image > 0).any(0).sum()
    assert max(rows, columns) == 20
    assert abs(rows / columns - height / width) < 0.1 * height / width
    grid = torch.arange(28, dtype=image.dtype)
    for axis in (0, 1):
        middle = (image.sum(1 - axis) @ grid) / image.sum()
        assert abs(middle - 14) <= 0.5


def test_8_by_8_fills_all_rows_and_is_centred_by_its_box():
    image = drawing.prepare(blob(32, 16, 3, 40), 8)
    assert (image > 0).any(1).all()
    assert (image > 0).any(0).nonzero().ravel().tolist() == [2, 3, 4, 5]


@pytest.mark.parametrize("side", [28, 8])
def test_size_and_place_of_a_drawing_do_not_matter(side):
    base = torch.rand(side, side, dtype=torch.float64, generator=generator(3, "ink")).round()
    sheets = drawing.draw_large(base.expand(6, -1, -1), generator=generator(4, "paper"))
    images = torch.stack([drawing.prepare(sheet, side) for sheet in sheets])
    assert (sheets.flatten(1).sum(1).unique()).numel() > 1, "all drawn in one size"
    torch.testing.assert_close(images, images[:1].expand_as(images), rtol=0, atol=1e-12)


def test_blank_paper_stays_blank():
    assert not drawing.prepare(torch.zeros(30, 30), 28).any()


def test_a_wrong_call_says_what_to_do():
    with pytest.raises(ValueError, match="side"):
        drawing.prepare(torch.ones(5, 5), 10)
    with pytest.raises(ValueError, match="ink"):
        drawing.prepare(torch.ones(5), 28)
    with pytest.raises(ValueError, match="paper must be at least 224"):
        drawing.draw_large(torch.ones(1, 28, 28), paper=200, generator=generator(1, "x"))


class Reader(torch.nn.Module):
    """Reads class 1 where the pixel in row 2, column 3 has ink, else class 0."""

    def forward(self, x):
        ink = x.view(-1, 5, 5)[:, 2, 3]
        return torch.stack([0.5 - ink, ink - 0.5], -1)


def test_rubbing_out_counts_only_patches_over_what_matters():
    images = torch.ones(3, 5, 5)
    images[2] = 0  # not read as class 1, so it does not count
    shares = drawing.rubbed_out(Reader(), images, 1, 0, patch=2)
    wanted = torch.zeros(4, 4)
    wanted[1:3, 2:4] = 1
    torch.testing.assert_close(shares, wanted)
    assert images[:2].min() == 1, "the images stay as they were"
    with pytest.raises(ValueError, match="at most 5"):
        drawing.rubbed_out(Reader(), images, 1, 0, patch=6)


def test_the_typical_image_is_the_one_nearest_its_class_mean():
    images = torch.tensor([[0.0, 0], [9, 9], [4, 5], [6, 6], [1, 1], [4, 4]])
    labels = torch.tensor([0, 0, 0, 0, 1, 1])
    rows = drawing.typical(images, labels, 2)
    assert rows.tolist() == [2, 4]
    with pytest.raises(ValueError, match=r"\[2\]"):
        drawing.typical(images, labels, 3)
