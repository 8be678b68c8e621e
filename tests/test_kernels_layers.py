"""Layers and modules: wide finite nets, exact relations, refusals."""

import itertools
import math

import pytest
import torch
from compiled import needs_compiler
from torch import nn

from tinynets import nets
from tinynets._fast import arccos
from tinynets.kernels import KernelFunction, kernels_of
from tinynets.kernels.combine import add, concatenate, multiply, residual
from tinynets.kernels.layers import activation, dense, erf, leaky_relu, relu, serial
from tinynets.kernels.mixing import attention, average_pool, global_average_pool
from tinynets.kernels.rescale import dropout, layer_norm
from tinynets.kernels.spatial import conv, flatten
from tinynets.rng import generator

F64 = torch.float64
W_STD, B_STD = 1.3, 0.2


def normal(*shape, seed=1, dtype=F64):
    return torch.randn(*shape, dtype=dtype, generator=generator(seed))


def linear(n_in, n_out):
    return nn.utils.skip_init(nn.Linear, n_in, n_out, dtype=F64)


def convolution(n_in, n_out, size, kind=nn.Conv2d, **options):
    return nn.utils.skip_init(kind, n_in, n_out, size, dtype=F64, **options)


class Sine(nn.Module):
    def forward(self, x):
        return torch.sin(x)


def mlp(n):
    return nn.Sequential(linear(3, n), nn.ReLU(), linear(n, n), nn.Tanh(), linear(n, 1))


def residual_net(n):
    block = nets.Residual(nn.Sequential(nn.GELU(), linear(n, n)))
    norm = nn.LayerNorm(n, elementwise_affine=False)
    return nn.Sequential(linear(3, n), block, norm, nn.LeakyReLU(0.3), linear(n, 1))


def dropout_net(n):
    return nn.Sequential(linear(3, n), nn.ReLU(), nn.Dropout(0.5), linear(n, 1)).eval()


def flat_convnet(n):
    return nn.Sequential(
        convolution(2, n, 3, padding=1),
        nn.ReLU(),
        convolution(n, n, 2, stride=2),
        nn.ReLU(),
        nn.Flatten(),
        linear(4 * n, 1),
    )


def pooled_convnet(n):
    return nn.Sequential(
        convolution(2, n, 3, padding="same", padding_mode="circular"),
        nn.ReLU(),
        nn.AvgPool2d(2),
        convolution(n, n, 2, padding=(1, 0)),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        linear(n, 1),
    )


def convnet_1d(n):
    return nn.Sequential(
        convolution(2, n, 3, kind=nn.Conv1d, dilation=2),
        nn.ReLU(),
        nn.AvgPool1d(2, stride=1, padding=1),
        nn.Flatten(),
        linear(5 * n, 1),
    )


# Name: (net of width n, shape of an input, width, number of nets).
FINITE = {
    "mlp": (mlp, (3,), 512, 60),
    "residual": (residual_net, (3,), 512, 60),
    "dropout": (dropout_net, (3,), 512, 60),
    "flat convnet": (flat_convnet, (2, 4, 4), 192, 40),
    "pooled convnet": (pooled_convnet, (2, 4, 4), 192, 40),
    "1-d convnet": (convnet_1d, (2, 8), 192, 40),
}


def draw(net, scale, source):
    """Standard-normal parameters in the NTK parameterisation, at PyTorch's scales."""
    squares = {}
    for module in net.modules():
        for name, parameter in module.named_parameters(recurse=False):
            n_in = module.weight[0].numel()
            std = W_STD / math.sqrt(n_in) if name == "weight" else B_STD
            nn.init.normal_(parameter, 0.0, std * scale, generator=source)
            squares[parameter] = std**2
    return squares


def one_net(net, x, source):
    """f(x) and the tangent kernel of one finite net, (n,) and (n, n)."""
    squares = draw(net, 1.0, source)
    rows = []
    f = net(x)[:, 0]
    for value in f:
        gradients = torch.autograd.grad(value, list(squares), retain_graph=True)
        rows.append(
            torch.cat(
                [g.flatten() * s**0.5 for g, s in zip(gradients, squares.values(), strict=True)]
            )
        )
    jacobian = torch.stack(rows)
    return f.detach(), jacobian @ jacobian.mT


@pytest.mark.parametrize("name", FINITE)
def test_wide_finite_nets_have_these_kernels(name):
    build, shape, width, n_nets = FINITE[name]
    x = normal(3, *shape)
    limit = kernels_of(build(2), W_std=W_STD, b_std=B_STD)(x)
    net, source = build(width), generator(7, name)
    # The last layer is integrated out: with features h the covariance is W²h·h'/n + b².
    nngps, ntks = [], []
    hidden = []
    handle = net[-1].register_forward_hook(lambda _, inputs, out: hidden.append(inputs[0].detach()))
    for _ in range(n_nets):
        ntks.append(one_net(net, x, source)[1])
        h = hidden.pop()
        nngps.append(W_STD**2 * h @ h.mT / h.shape[1] + B_STD**2)
    handle.remove()
    for found, samples in ((limit.nngp, nngps), (limit.ntk, ntks)):
        samples = torch.stack(samples)
        error = samples.std(0) / math.sqrt(n_nets)
        assert (error < 0.05 * found.diagonal().max()).all()  # the test can tell
        # Finite width itself shifts the mean by a multiple of 1/width.
        bias = 3 / width * found.diagonal().max()
        assert ((samples.mean(0) - found).abs() < 5 * error + bias).all()


EVERY = {
    name: (kernels_of(build(4), W_std=W_STD, b_std=B_STD), shape)
    for name, (build, shape, _, _) in FINITE.items()
}
EVERY |= {
    "softmax attention": (
        KernelFunction(
            serial(dense(1.2, 0.1), attention(1.3, 1.1, 0.1), relu(), flatten(), dense())
        ),
        (4, 3),
    ),
    "linear attention": (
        KernelFunction(
            serial(attention(1.3, 1.1, 0.1, kind="linear"), erf(), global_average_pool(), dense())
        ),
        (4, 3),
    ),
    "product": (
        KernelFunction(
            serial(multiply(dense(1.1, 0.3), serial(dense(), relu(), dense())), dense())
        ),
        (3,),
    ),
    "side by side": (
        KernelFunction(
            serial(concatenate(dense(1.0, 0.3, width=20), serial(dense(width=10), erf())), dense())
        ),
        (3,),
    ),
    "standard": (
        KernelFunction(
            serial(
                dense(1.3, 0.2, width=16, parameterisation="standard"),
                relu(),
                dense(1.3, 0.2, parameterisation="standard"),
            )
        ),
        (3,),
    ),
    "training dropout": (
        KernelFunction(serial(dense(1.3, 0.1), relu(), dropout(0.3), dense(), layer_norm())),
        (3,),
    ),
}


@pytest.mark.parametrize("name", EVERY)
def test_kernels_are_symmetric_positive_and_alike_however_asked(name):
    kernels, shape = EVERY[name]
    x = normal(6, *shape)
    x[4] = x[1]  # one input twice
    x[5] = 2 * x[2]
    both = kernels(x)
    order = torch.tensor([3, 0, 5, 2, 1, 4])
    for key in ("nngp", "ntk"):
        full = getattr(both, key)
        close = {"rtol": 1e-9, "atol": 1e-9 * full.abs().max().item()}
        assert torch.equal(full, full.mT)
        assert torch.linalg.eigvalsh(full).min() > -1e-9 * full.diagonal().max()
        assert (full[1, 4] - full[1, 1]).abs() <= 1e-12 * full[1, 1]
        torch.testing.assert_close(getattr(kernels(x[order]), key), full[order][:, order], **close)
        torch.testing.assert_close(getattr(kernels(x[:2], x[2:]), key), full[:2, 2:], **close)
        torch.testing.assert_close(getattr(kernels(x, x.clone()), key), full, **close)
        rows = getattr(kernels(x, diagonal=True), key)
        torch.testing.assert_close(rows, full.diagonal(), **close)
        rows = getattr(kernels(x[:3], x[3:], diagonal=True), key)
        torch.testing.assert_close(rows, full[:3, 3:].diagonal(), **close)
        torch.testing.assert_close(getattr(kernels, key)(x), full, **close)
        alone = kernels(x.float())
        torch.testing.assert_close(
            getattr(alone, key).double(), full, rtol=1e-4, atol=1e-5 * full.abs().max().item()
        )


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_tangent_kernels_are_exact_where_inputs_nearly_agree(dtype, monkeypatch):
    """From an arc cosine they would be off by the root of an epsilon."""
    kernels = kernels_of(nets.MLP([20, 5, 5, 1], "relu"), W_std=2**0.5, b_std=0.1)
    x = normal(1, 20, dtype=dtype)
    step = normal(1, 20, seed=2, dtype=dtype)
    ntk = kernels.ntk(x).item()
    for size in (1e-3, 1e-5, 1e-7):
        near = x + size * step if dtype == F64 else (x.double() + size * step.double()).float()
        with monkeypatch.context() as patch:  # all pairs from their differences
            patch.setattr("tinynets.kernels.state.FEW", 100)
            exact = kernels.ntk(x.double(), near.double()).item()
        assert kernels.ntk(x, near).item() == pytest.approx(exact, rel=20 * torch.finfo(dtype).eps)
        if dtype == F64:  # Θ falls off linearly with the angle
            assert (ntk - exact) / size == pytest.approx(0.4 * ntk, rel=0.05)


def test_modules_and_functions_say_the_same():
    x = normal(4, 3)
    for parameterisation in ("ntk", "standard"):
        d = {"parameterisation": parameterisation}
        tanh = activation(torch.tanh)
        made = serial(
            dense(1.5, 0.2, width=8, **d),
            residual(serial(relu(), dense(1.5, 0.2, width=8, **d))),
            layer_norm(1e-5),
            tanh,
            dense(1.5, 0.2, **d),
        )
        block = nets.Residual(nn.Sequential(nn.ReLU(), linear(8, 8)))
        net = nn.Sequential(
            nn.Sequential(linear(3, 8), block),
            nn.LayerNorm(8, elementwise_affine=False),
            nn.Tanh(),
            linear(8, 1),
        )
        want = kernels_of(made)(x)
        found = kernels_of(net, W_std=1.5, b_std=0.2, parameterisation=parameterisation)(x)
        torch.testing.assert_close(found.nngp, want.nngp, rtol=1e-12, atol=0)
        torch.testing.assert_close(found.ntk, want.ntk, rtol=1e-12, atol=0)
        assert max(found.error, want.error) < 1e-13  # some 3e-16, itself rounding: never compared
    mlp_form = kernels_of(nets.MLP([3, 4, 5, 1], ["relu", "sine"]), W_std=[1, 2, 3], b_std=0.1)
    net = nn.Sequential(linear(3, 4), nn.ReLU(), linear(4, 5), Sine(), linear(5, 1))
    own = kernels_of(net, W_std=[1, 2, 3], b_std=0.1, elementwise=(Sine,))
    torch.testing.assert_close(own(x).ntk, mlp_form(x).ntk, rtol=1e-12, atol=0)


def test_the_standard_parameterisation_is_a_rescaled_gradient():
    """Θ of a net of one layer: inputs times n, plus one for the bias."""
    x = normal(4, 3)
    kernels = kernels_of(linear(3, 1), W_std=1.7, b_std=0.4, parameterisation="standard")
    torch.testing.assert_close(kernels.ntk(x), x @ x.mT + 1)
    kernels = kernels_of(linear(3, 1), W_std=1.7, b_std=0.4)
    torch.testing.assert_close(kernels.ntk(x), 1.7**2 * x @ x.mT / 3 + 0.4**2)
    torch.testing.assert_close(kernels.nngp(x), kernels.ntk(x))


def test_what_comes_before_the_weights_is_applied():
    images = normal(3, 2, 4, 4)
    flat = kernels_of(nn.Sequential(nn.Flatten(), linear(32, 9), nn.ReLU(), linear(9, 1)))
    plain = kernels_of(nn.Sequential(linear(32, 9), nn.ReLU(), linear(9, 1)))
    assert torch.equal(flat.ntk(images), plain.ntk(images.flatten(1)))


def test_mixing_positions_matters_where_it_should():
    images = normal(3, 2, 4, 4)
    last, first = dense(), conv((3, 3), padding="circular")
    plain = KernelFunction(serial(first, relu(), flatten(), last))
    pooled = KernelFunction(serial(first, relu(), global_average_pool(), last))
    windows = KernelFunction(serial(first, relu(), average_pool((4, 4)), flatten(), last))
    torch.testing.assert_close(windows.ntk(images), pooled.ntk(images))
    assert (plain.ntk(images) - pooled.ntk(images)).abs().max() > 0.1
    moved = images.roll(1, -1)  # pooling over a circle does not see it
    torch.testing.assert_close(pooled.nngp(images, moved), pooled.nngp(images))
    assert (plain.nngp(images, moved) - plain.nngp(images)).abs().max() > 0.1


@pytest.mark.parametrize(
    ("module", "name", "why"),
    [
        (nn.BatchNorm1d(4), "BatchNorm1d", "whole batch"),
        (nn.MaxPool1d(2), "MaxPool1d", "maximum"),
        (nn.PReLU(), "PReLU", "learnt"),
        (nn.LayerNorm(4), "LayerNorm", "elementwise_affine=False"),
        (nn.MultiheadAttention(4, 2), "MultiheadAttention", "closed form"),
        (nn.Softmax(-1), "Softmax", "elementwise"),
        (nn.Bilinear(4, 4, 4), "Bilinear", "not among"),
        (convolution(4, 4, 3, kind=nn.Conv1d, groups=2), "Conv1d", "groups"),
        (nn.AvgPool1d(2, ceil_mode=True), "AvgPool1d", "ceil_mode"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_modules_without_a_limit_are_named(module, name, why):
    net = nn.Sequential(linear(4, 4), nn.Sequential(nn.Tanh(), module))
    with pytest.raises(ValueError, match=rf"'1\.1' \({name}\).*{why}"):
        kernels_of(net)


def test_layers_out_of_place_are_named():
    x, images = normal(2, 3), normal(2, 3, 4)
    for net, inputs, why in (
        (nn.Sequential(linear(3, 4), nn.ReLU(), nn.Tanh(), linear(4, 1)), x, "'2' .Tanh.*Gaussian"),
        (
            nn.Sequential(linear(3, 4), nn.ReLU(), nn.LayerNorm(4, elementwise_affine=False)),
            x,
            "mean",
        ),
        (nn.Sequential(convolution(3, 4, 3, kind=nn.Conv1d), linear(2, 1)), images, "nn.Flatten"),
        (nn.Sequential(convolution(3, 4, 3, kind=nn.Conv1d)), images, "still have 1 axes"),
        (nn.Sequential(convolution(3, 4, 9, kind=nn.Conv1d)), images, "larger than"),
        (serial(relu(), dense()), x, "dense or conv"),
        (serial(concatenate(dense(), dense()), dense()), x, "width"),
        (serial(dense(), dense(parameterisation="standard")), x, "width"),
        (attention(), x, "no positions"),
    ):
        with pytest.raises(ValueError, match=why):
            kernels_of(net)(inputs)
    with pytest.raises(ValueError, match="correlated"):
        residual(serial(dense(), relu()))
    with pytest.raises(ValueError, match="correlated"):
        add(relu(), serial(dense(), erf()))
    with pytest.raises(ValueError, match="layer with weights"):
        kernels_of(nn.Sequential(nn.ReLU()))
    with pytest.raises(TypeError, match="torch.nn.Module"):
        kernels_of(torch.tanh)


def test_bad_inputs_are_refused():
    kernels = kernels_of(linear(3, 1))
    x = normal(2, 3)
    for call, error, why in (
        (lambda: kernels(x.int()), TypeError, "float64 or float32"),
        (lambda: kernels(x, x.float()), ValueError, "dtype"),
        (lambda: kernels(x, normal(2, 4)), ValueError, "shape"),
        (lambda: kernels(x, normal(3, 3), diagonal=True), ValueError, "as many rows"),
        (lambda: kernels(x, want="all"), ValueError, "want"),
        (lambda: kernels(x[0]), ValueError, "more axes"),
        (lambda: kernels_of(linear(3, 1), W_std=[1, 2]), ValueError, "W_std"),
        (lambda: dense(-1.0), ValueError, "W_std"),
    ):
        with pytest.raises(error, match=why):
            call()


def test_tiles_do_not_show(monkeypatch):
    x, y = normal(11, 3), normal(5, 3, seed=2)
    kernels = kernels_of(nets.MLP([3, 4, 4, 1], ["relu", "erf"]), W_std=1.3, b_std=0.1)
    whole, cross = kernels(x), kernels(x, y)
    for tile, (key, want) in itertools.product((8, 80, 400), (("nngp", 0), ("ntk", 1))):
        monkeypatch.setattr("tinynets.kernels.infinite.TILE", tile)
        torch.testing.assert_close(getattr(kernels(x), key), whole[want], rtol=1e-13, atol=1e-14)
        torch.testing.assert_close(getattr(kernels(x, y), key), cross[want], rtol=1e-13, atol=1e-14)


@needs_compiler
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("middle", [torch.tanh, torch.sigmoid, torch.cos])
def test_compiled_passes_are_those_of_pytorch(dtype, middle, monkeypatch):
    net = serial(
        dense(1.3, 0.2, width=7),
        leaky_relu(0.1),
        dense(0.9, width=5, parameterisation="standard"),
        activation(middle),
        dense(),
    )
    kernels = kernels_of(net)
    x, y = normal(40, 12, dtype=dtype), normal(75, 12, seed=2, dtype=dtype)
    y[:5] = x[:5] * torch.tensor([1, -1, 3, 0, 1 + 1e-4], dtype=dtype)[:, None]
    used, library = [], arccos._library
    monkeypatch.setattr(arccos, "_library", lambda *a: used.append(library(*a)) or used[-1])
    fast = {want: kernels(x, y, want=want) for want in ("both", "nngp", "ntk")}
    assert len(used) == 3 * 7 - 1 and None not in used  # no covariance where none is wanted
    monkeypatch.setattr(arccos, "_library", lambda *a: None)
    plain = kernels(x, y)
    eps = torch.finfo(dtype).eps
    for want, found in fast.items():
        for key in ("nngp", "ntk") if want == "both" else (want,):
            size = getattr(plain, key).abs().max().item()
            torch.testing.assert_close(
                getattr(found, key), getattr(plain, key), rtol=20 * eps, atol=20 * eps * size
            )
