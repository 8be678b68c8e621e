"""Numbers in a sentence: arrays and tensors, one or several."""

import numpy as np
import torch

from tinynets.text import number, percent, span


def test_percent_writes_one_share_or_several():
    assert percent(0.97314) == "97.3 %"
    assert percent(torch.tensor([0.5, 1.0]), 0) == "50, 100 %"
    assert percent(np.float32(0.123456), 2) == "12.35 %"


def test_span_is_mean_and_range():
    assert span(torch.tensor([[1.0, 2.0], [3.0, 10.0]])) == "4 (1–10)"
    assert span(np.array([-0.5, 0.25]), "{:.2f}") == "−0.12 (−0.50 to 0.25)"


def test_span_of_what_reads_the_same_is_one_number():
    assert span([2.0, 2.0, 2.0]) == "2"
    assert span([1.96, 2.04], "{:.1f}") == "2.0"


def test_number_has_a_true_minus_and_powers_of_ten():
    assert number(-0.38, "{:+.1f}") == "−0.4"
    assert number(0.38, "{:+.1f}") == "+0.4"
    assert number(torch.tensor(-0.04)) == "0.0"
    assert number(-3.2e-10, "{:.1e}") == "−3.2 × 10⁻¹⁰"
    assert number(2e20, "{:.0e}") == "2 × 10²⁰"
    assert number(3.0, "{:.0e}") == "3 × 10⁰"
