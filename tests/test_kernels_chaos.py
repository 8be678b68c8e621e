import math

import pytest
import torch

from tinynets.kernels import chaos, duals, kernels_of
from tinynets.kernels.layers import activation, dense, serial

F64 = torch.float64


def scalar(value):
    return torch.tensor(value, dtype=F64)


def test_relu_has_the_fixed_points_of_its_closed_form():
    relu = duals.two_slopes(0.0, 1.0)
    W_std, b_std = torch.tensor([1.0, 1.2, 2**0.5, 1.5], dtype=F64), scalar(0.3)
    found = chaos.fixed_points(relu, W_std, b_std)
    assert found.q[:2].tolist() == pytest.approx((0.09 / (1 - W_std[:2] ** 2 / 2)).tolist())
    assert found.q[2:].isinf().all() and found.c[2:].isnan().all()
    assert found.q_slope[:2].tolist() == pytest.approx((W_std[:2] ** 2 / 2).tolist())
    assert found.chi_1[:2].tolist() == pytest.approx((W_std[:2] ** 2 / 2).tolist())
    assert found.c[:2].tolist() == [1, 1]
    critical = chaos.fixed_points(relu, scalar(2**0.5), scalar(0.0))  # every q is one
    assert critical.q.item() == pytest.approx(1)
    assert critical.chi_1.item() == pytest.approx(1, abs=1e-12)
    assert critical.c_depth > 1e6


def test_fixed_points_are_where_depth_leads():
    """Iterating the layers, with no derivative and no bisection, ends there."""
    for W_std, b_std in ((0.8, 0.3), (1.8, 0.3)):
        point = chaos.fixed_points(torch.tanh, scalar(W_std), scalar(b_std))
        layer = serial(dense(W_std, b_std), activation(torch.tanh))
        deep = kernels_of(serial(*[layer] * 200, dense(W_std, b_std)))
        x = torch.tensor([[1.0, 0.2], [0.9, 0.4]], dtype=F64)
        nngp = deep.nngp(x)
        assert nngp.diagonal().tolist() == pytest.approx([point.q.item()] * 2, rel=1e-9)
        assert (nngp[0, 1] / nngp[0, 0]).item() == pytest.approx(point.c.item(), rel=1e-8)
        assert (point.c.item() < 1) == (point.chi_1.item() > 1) == (W_std > 1)


def test_slopes_are_those_of_the_maps():
    W_std, b_std = scalar(1.8), scalar(0.3)
    point = chaos.fixed_points(torch.tanh, W_std, b_std)
    h = 1e-5
    ends = [chaos.variance_map(torch.tanh, point.q + d, W_std, b_std) for d in (h, -h)]
    assert point.q_slope.item() == pytest.approx(((ends[0] - ends[1]) / (2 * h)).item(), rel=1e-7)
    ends = [
        chaos.correlation_map(torch.tanh, point.c + d, point.q, W_std, b_std)[0] for d in (h, -h)
    ]
    assert point.c_slope.item() == pytest.approx(((ends[0] - ends[1]) / (2 * h)).item(), rel=1e-7)
    here, slope = chaos.correlation_map(torch.tanh, point.c, point.q, W_std, b_std)
    assert here.item() == pytest.approx(point.c.item(), abs=1e-12)
    assert slope.item() == pytest.approx(point.c_slope.item())


def test_distances_fall_by_e_in_a_depth_scale():
    point = chaos.fixed_points(duals.erf(), scalar(1.9), scalar(0.2))
    c = point.c + 1e-4
    for _ in range(10):
        c, _ = chaos.correlation_map(duals.erf(), c, point.q, scalar(1.9), scalar(0.2))
    fallen = ((c - point.c) / 1e-4).item()
    assert fallen == pytest.approx(math.exp(-10 / point.c_depth.item()), rel=1e-3)


def test_the_critical_line_parts_order_from_chaos():
    W_std, b_std = chaos.critical_line(torch.tanh, torch.tensor([0.05, 0.5, 2.0], dtype=F64))
    assert (b_std > 0).all() and (W_std > 1).all()
    on = chaos.fixed_points(torch.tanh, W_std, b_std)
    assert on.chi_1.tolist() == pytest.approx([1, 1, 1], abs=1e-6)
    assert (chaos.fixed_points(torch.tanh, W_std * 0.97, b_std).chi_1 < 1).all()
    assert (chaos.fixed_points(torch.tanh, W_std * 1.03, b_std).chi_1 > 1).all()
    # tanh without biases is critical at W_std = 1 (Schoenholz et al., fig. 2).
    still = chaos.fixed_points(torch.tanh, scalar(0.9), scalar(0.0))
    assert still.q == 0 and still.chi_1.item() == pytest.approx(0.81)
    W_std, b_std = chaos.critical_line(duals.two_slopes(0.0, 1.0), torch.tensor([0.7]).double())
    assert W_std.item() == pytest.approx(2**0.5) and b_std.item() == 0


def test_a_grid_is_the_points_of_it():
    W_std = torch.tensor([[0.7], [1.4], [3.0]], dtype=F64)
    b_std = torch.tensor([[0.1, 0.6]], dtype=F64)
    grid = chaos.fixed_points(torch.tanh, W_std, b_std)
    for i in range(3):
        for j in range(2):
            one = chaos.fixed_points(torch.tanh, W_std[i, 0], b_std[0, j])
            for a, b in zip(grid, one, strict=True):
                torch.testing.assert_close(a[i, j], b, rtol=1e-9, atol=1e-12)


def test_scales_must_be_tensors_of_float64():
    with pytest.raises(TypeError, match="W_std"):
        chaos.fixed_points(torch.tanh, 1.0, scalar(0.1))
    with pytest.raises(ValueError, match="b_std"):
        chaos.fixed_points(torch.tanh, scalar(1.0), scalar(math.nan))
