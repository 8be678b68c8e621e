import itertools
import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tinynets import empirical, nets
from tinynets.empirical import contract, factors, finite
from tinynets.empirical.survey import survey
from tinynets.rng import generator

F64 = torch.float64


class TwiceUsed(nn.Module):
    """One layer called twice, a normalisation that no layer-wise rule knows."""

    def __init__(self):
        super().__init__()
        self.twice, self.last, self.norm = nn.Linear(4, 4), nn.Linear(4, 2), nn.LayerNorm(4)

    def forward(self, x):
        x = torch.tanh(self.twice(torch.tanh(self.twice(x))))
        return self.last(self.norm(x))


class Tied(nn.Module):
    """A weight that is used outside its layer too."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 3)

    def forward(self, x):
        return torch.tanh(self.layer(x)) @ self.layer.weight


class Scaled(nn.Linear):
    """A subclass that does something of its own."""

    def forward(self, x):
        return F.linear(x, 2 * self.weight, self.bias)


class Tokens(nn.Module):
    """A layer that acts on each position of a sequence."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(4, 5), nn.Linear(5, 2)

    def forward(self, x):
        return self.last(torch.tanh(self.first(x)).mean(1))


def convolutional():
    return nn.Sequential(
        nn.Conv2d(2, 3, 3, padding="same", padding_mode="circular"),
        nn.ReLU(inplace=True),
        nn.Conv2d(3, 4, (2, 3), stride=2, dilation=(1, 2), padding=(1, 2)),
        nn.Tanh(),
        nn.Conv2d(4, 4, 2, groups=2),
        nn.Flatten(),
        nn.Linear(24, 3, bias=False),
    )


def frozen():
    net = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 2))
    net[0].requires_grad_(False)
    net[2].weight.requires_grad_(False)
    return net


NETS = {
    "mlp": (lambda: nets.MLP([4, 8, 6, 3], "silu"), (4,)),
    "convolutional": (convolutional, (2, 6, 6)),
    "conv1d": (
        lambda: nn.Sequential(nn.Conv1d(2, 3, 2, padding="valid"), nn.Flatten(), nn.Linear(12, 2)),
        (2, 5),
    ),
    "twice used": (TwiceUsed, (4,)),
    "tied": (Tied, (4,)),
    "scaled": (lambda: nn.Sequential(nn.Linear(4, 5), nn.Tanh(), Scaled(5, 2)), (4,)),
    "tokens": (Tokens, (6, 4)),
    "frozen": (frozen, (4,)),
    "single output": (lambda: nn.Sequential(nn.Linear(4, 1), nn.Flatten(0)), (4,)),
}


def case(name, n=5):
    make, shape = NETS[name]
    net = make().to(F64)
    g = generator(1, name)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(torch.randn(parameter.shape, dtype=F64, generator=g))
    return net, torch.randn(n, *shape, dtype=F64, generator=g)


def by_definition(net, x1, x2):
    """The sum over parameters, from one backward pass for each example and output."""
    parameters = [p for p in net.parameters() if p.requires_grad]

    def jacobian(x):
        rows = []
        for one in x:
            for output in net(one[None]).flatten():
                gradients = torch.autograd.grad(
                    output, parameters, retain_graph=True, materialize_grads=True
                )
                rows.append(torch.cat([g.flatten() for g in gradients]))
        return torch.stack(rows).unflatten(0, (len(x), -1))

    return torch.einsum("iok,jpk->ijop", jacobian(x1), jacobian(x2))


@pytest.mark.parametrize("method", ["auto", "jacobian", "vector-products", "layers"])
@pytest.mark.parametrize("name", NETS)
def test_every_method_gives_the_products_of_gradients(name, method):
    net, x = case(name)
    for x2 in (None, x[:2] + 0.1):
        exact = by_definition(net, x, x if x2 is None else x2)
        tolerance = {"rtol": 0, "atol": 1e-10 * float(exact.abs().max())}
        full = empirical.ntk(net, x, x2, method=method)
        torch.testing.assert_close(full, exact, **tolerance)
        diagonal = exact.diagonal(dim1=2, dim2=3)
        torch.testing.assert_close(
            empirical.ntk(net, x, x2, outputs="diagonal", method=method), diagonal, **tolerance
        )
        torch.testing.assert_close(
            empirical.ntk(net, x, x2, outputs="trace", method=method), diagonal.mean(2), **tolerance
        )


@pytest.mark.parametrize("outputs", ["full", "trace", "diagonal"])
@pytest.mark.parametrize("method", ["jacobian", "vector-products", "layers"])
def test_blocks_and_tiles_of_any_size_give_the_whole(method, outputs, monkeypatch):
    net, x = case("convolutional", 7)
    options = {"outputs": outputs, "method": method}
    for x2 in (None, x[:4] + 0.1):
        whole = empirical.ntk(net, x, x2, **options)
        for block_size, tile in itertools.product((1, 3, 50), ((1, 1), (12, 40))):
            monkeypatch.setattr(contract, "TILE", tile)
            blocks = empirical.ntk(net, x, x2, **options, block_size=block_size)
            torch.testing.assert_close(blocks, whole, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("outputs", ["full", "trace", "diagonal"])
@pytest.mark.parametrize("method", ["jacobian", "vector-products", "layers"])
def test_a_kernel_is_symmetric_to_the_last_bit_and_positive(method, outputs):
    net, x = case("mlp", 9)
    kernel = empirical.ntk(net, x, outputs=outputs, method=method, block_size=4)
    turned = kernel.transpose(0, 1)
    if outputs == "full":
        turned = turned.transpose(2, 3)
        matrix = kernel.transpose(1, 2).flatten(2).flatten(0, 1)
        assert torch.linalg.eigvalsh(matrix)[0] > -1e-10 * matrix.diagonal().max()
    assert torch.equal(kernel, turned)


def test_inputs_in_another_order_give_the_kernel_in_that_order():
    net, x = case("convolutional", 6)
    order = torch.tensor([4, 0, 5, 2, 1, 3])
    kernel = empirical.ntk(net, x)
    torch.testing.assert_close(empirical.ntk(net, x[order]), kernel[order][:, order])


@pytest.mark.parametrize(
    ("name", "rest"),
    [
        ("mlp", 0),
        ("twice used", 2),
        ("tied", 2),
        ("scaled", 2),
        ("convolutional", 2),
        ("tokens", 0),
    ],
)
def test_only_what_no_layer_explains_is_left_to_gradients(name, rest):
    net, x = case(name)
    assert len(survey(net, x).rest) == rest


def test_memory_bounds_the_block(monkeypatch):
    net, x = case("mlp", 12)
    seen = []
    original = factors.products
    monkeypatch.setattr(
        finite.factors, "products", lambda *a: seen.append(len(a[2])) or original(*a)
    )
    whole = empirical.ntk(net, x, method="layers")
    assert seen == [12]
    monkeypatch.setattr(finite, "MEMORY", 4000)
    seen.clear()
    torch.testing.assert_close(empirical.ntk(net, x, method="layers"), whole)
    assert 1 <= max(seen) < 12


def test_the_cheapest_method_is_chosen(monkeypatch):
    dense, x = case("mlp", 6)
    costs = empirical.costs(dense, x)
    assert min(costs, key=costs.get) == "layers"
    # Many outputs and few inputs: one column at a time beats all pairs of outputs.
    wide = nn.Sequential(nn.Conv1d(1, 1, 3, padding="same"), nn.LayerNorm([1, 400]), nn.Flatten())
    signal = torch.randn(2, 1, 400, generator=generator(1))
    prices = empirical.costs(wide, signal)
    assert min(prices, key=prices.get) == "vector-products"
    called = []
    monkeypatch.setattr(finite, "_by_vector_products", lambda *_: called.append(True))
    empirical.ntk(wide, signal)
    assert called == [True]
    empirical.ntk(dense, x)
    assert called == [True]


@pytest.mark.parametrize("name", ["mlp", "twice used", "single output"])
def test_a_vector_product_is_that_of_the_kernel(name):
    net, x = case(name)
    x2 = x[:3] - 0.2
    kernel = empirical.ntk(net, x, x2)
    vector = torch.randn(3, kernel.shape[3], dtype=F64, generator=generator(3))
    product = empirical.ntk_vector_product(net, x, vector, x2)
    torch.testing.assert_close(product, torch.einsum("ijop,jp->io", kernel, vector))


def test_no_gradient_is_left_behind():
    net, x = case("mlp")
    with torch.no_grad():
        out = empirical.ntk(net, x)
    torch.testing.assert_close(out, empirical.ntk(net, x))
    assert not out.requires_grad and all(p.grad is None for p in net.parameters())
    assert not any(module._forward_hooks for module in net.modules())


def ntk_net(*, generator):
    """A wide ReLU net of two layers in NTK parameterisation, 3 outputs."""
    return Wide(200, 3, generator)


class Wide(nn.Module):
    def __init__(self, width, n_out, g):
        super().__init__()
        self.first = nn.Parameter(torch.randn(width, 2, dtype=F64, generator=g))
        self.last = nn.Parameter(torch.randn(n_out, width, dtype=F64, generator=g))

    def forward(self, x):
        hidden = torch.relu(x @ self.first.T / math.sqrt(2))
        return hidden @ self.last.T * math.sqrt(2 / self.last.shape[1])


def test_monte_carlo_agrees_with_the_arc_cosine_kernels():
    x = torch.tensor([[1.0, 0.0], [0.6, 0.8], [-2.0, 0.5]], dtype=F64)
    found = empirical.monte_carlo(ntk_net, x, n_draws=150, generator=generator(2))
    norm = x.norm(dim=1)
    angle = (x @ x.T / (norm[:, None] * norm)).clamp(-1, 1).acos()
    k = x @ x.T / 2
    size = (norm[:, None] * norm) / 2
    nngp = size * (angle.sin() + (math.pi - angle) * angle.cos()) / math.pi
    ntk_limit = nngp + k * (math.pi - angle) / math.pi
    for mean, error, limit in (
        (found.nngp, found.nngp_error, nngp),
        (found.ntk, found.ntk_error, ntk_limit),
    ):
        assert ((mean - limit).abs() < 4.5 * error).all()
        assert (error < 0.1 * limit.diagonal().max()).all()
        assert torch.equal(mean, mean.T)


def test_standard_errors_are_those_of_a_mean():
    x = torch.tensor([[1.0, 0.0], [0.6, 0.8]], dtype=F64)
    g = generator(4)
    every = torch.stack([empirical.nngp(ntk_net(generator=g), x) for _ in range(20)])
    found = empirical.monte_carlo(ntk_net, x, n_draws=20, generator=generator(4))
    torch.testing.assert_close(found.nngp, every.mean(0))
    torch.testing.assert_close(found.nngp_error, every.std(0) / math.sqrt(20))


def test_monte_carlo_follows_its_generator():
    x = torch.ones(1, 2, dtype=F64)
    before = torch.get_rng_state()
    a, b, c = (
        empirical.monte_carlo(ntk_net, x, n_draws=2, generator=generator(seed)).ntk
        for seed in (1, 1, 2)
    )
    assert torch.equal(a, b) and not torch.equal(a, c)
    assert torch.equal(torch.get_rng_state(), before)
    with pytest.raises(TypeError):
        empirical.monte_carlo(ntk_net, x, n_draws=2)


def test_alignment_is_one_for_the_labels_themselves_and_ignores_scale_and_shift():
    g = generator(1)
    features = torch.randn(8, 3, dtype=F64, generator=g)
    y = torch.randn(8, 1, dtype=F64, generator=g)
    labels = y @ y.T
    kernel = features @ features.T
    assert empirical.alignment(5 * labels, labels).item() == pytest.approx(1)
    shifted = features + torch.tensor([1.0, -2.0, 3.0], dtype=F64)
    torch.testing.assert_close(
        empirical.alignment(7 * shifted @ shifted.T, labels), empirical.alignment(kernel, labels)
    )
    # The cosine of the centred matrices, by numbers alone.
    centring = torch.eye(8, dtype=F64) - 1 / 8
    a, b = centring @ kernel @ centring, centring @ labels @ centring
    cosine = F.cosine_similarity(a.flatten(), b.flatten(), dim=0)
    torch.testing.assert_close(empirical.alignment(kernel, labels), cosine)


def test_the_relative_change_of_a_scaled_kernel_is_the_scale():
    kernel = torch.randn(4, 4, dtype=F64, generator=generator(1))
    assert empirical.relative_change(1.25 * kernel, kernel).item() == pytest.approx(0.25)
    with pytest.raises(ValueError, match="reference must have shape"):
        empirical.relative_change(kernel, kernel[:2])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"outputs": "some"}, "outputs must be one of"),
        ({"method": "fast"}, "method must be one of"),
        ({"block_size": 0}, "block_size must be 1 or above"),
    ],
)
def test_wrong_options_are_named(change, message):
    net, x = case("mlp")
    with pytest.raises(ValueError, match=message):
        empirical.ntk(net, x, **change)


def test_nets_without_a_single_ntk_are_refused():
    x = torch.ones(2, 3, dtype=F64)
    stack = nets.initialise(nets.MLP([3, 2], n_nets=2), generator=generator(1)).to(F64)
    with pytest.raises(ValueError, match="one network, got a stack of 2"):
        empirical.ntk(stack, x)
    with pytest.raises(ValueError, match="parameter that requires a gradient"):
        empirical.ntk(nn.Linear(3, 2, dtype=F64).requires_grad_(False), x)


class Cube(torch.autograd.Function):
    """As most are written: no set-up of its own, no rule for batches."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return 3 * gradient * x**2


class OutsideCube(Cube):
    """Its derivative is worked out elsewhere, where a batch of tensors can't go."""

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return torch.from_numpy(3 * gradient.numpy() * x.detach().numpy() ** 2)


class BatchedCube(torch.autograd.Function):
    """With a rule for batches, without one for forward mode."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x):
        return x**3

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return 3 * gradient * x**2


class Cubed(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.first, self.norm, self.last = nn.Linear(3, 4), nn.LayerNorm(4), nn.Linear(4, 2)
        self.cube = function.apply if isinstance(function, type) else function

    def forward(self, x):
        return self.last(self.norm(self.cube(self.first(self.cube(x)))))


@pytest.mark.parametrize("function", [Cube, OutsideCube, BatchedCube])
def test_custom_autograd_functions_need_no_batching(function):
    g = generator(1)
    x = torch.randn(4, 3, dtype=F64, generator=g)
    custom, plain = Cubed(function).to(F64), Cubed(lambda u: u**3).to(F64)
    with torch.no_grad():
        for ours, theirs in zip(custom.parameters(), plain.parameters(), strict=True):
            ours.copy_(theirs.copy_(torch.randn(ours.shape, dtype=F64, generator=g)))
    for outputs in ("full", "trace"):
        exact = empirical.ntk(plain, x, x[:2] + 1, outputs=outputs)
        for method in ("auto", "layers", "jacobian"):
            found = empirical.ntk(custom, x, x[:2] + 1, outputs=outputs, method=method)
            torch.testing.assert_close(found, exact, rtol=1e-10, atol=1e-10)
    assert empirical.costs(custom, x)["vector-products"] == math.inf
    assert empirical.costs(plain, x)["vector-products"] < math.inf
    message = f"forward-mode derivatives of every operation, got .* {function.__name__} without"
    with pytest.raises(ValueError, match=message):
        empirical.ntk(custom, x, method="vector-products")
    with pytest.raises(ValueError, match=message):
        empirical.ntk_vector_product(custom, x, torch.ones(4, 2, dtype=F64))
