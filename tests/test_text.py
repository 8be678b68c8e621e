"""Numbers in a sentence: arrays and tensors, one or several."""

import numpy as np
import torch

from tinynets.text import percent, span


def test_percent_writes_one_share_or_several():
    assert percent(0.97314) == "97.3 %"
    assert percent(torch.tensor([0.5, 1.0]), 0) == "50, 100 %"
    assert percent(np.float32(0.123456), 2) == "12.35 %"


def test_span_is_mean_and_range():
    assert span(torch.tensor([[1.0, 2.0], [3.0, 10.0]])) == "4 (1–10)"
    assert span(np.array([-0.5, 0.25]), "{:.2f}") == "-0.12 (-0.50–0.25)"
