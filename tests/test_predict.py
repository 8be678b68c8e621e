import math

import pytest
import torch
from torch.nn import functional as F

from tinynets import gp, kernels, nets, predict
from tinynets.empirical import nngp as empirical_nngp
from tinynets.empirical import ntk as empirical_ntk
from tinynets.linearize import Taylor
from tinynets.rng import generator

F64 = torch.float64
INF = math.inf


def features(n, n_features, *names):
    return torch.randn(n, n_features, dtype=F64, generator=generator(1, *names))


def problem(n=6, n_star=4, outputs=(2,), n_features=9):
    """An NTK and an NNGP kernel of random features, at training and new inputs."""
    both = features(n + n_star, n_features, "ntk")
    last = both[:, :5]
    y = torch.randn(n, *outputs, dtype=F64, generator=generator(1, "y"))
    ntk, nngp = both @ both.T, last @ last.T
    return ntk[:n, :n], ntk[n:, :n], nngp[:n, :n], nngp[n:, :n], nngp[n:, n:], y


def descend(ntk, y, f0, *, n_steps, learning_rate, momentum=0.0, loss=None):
    """Gradient descent on function values, step by step."""
    loss = loss or (lambda f: (f - y).square().sum() / (2 * y.numel()))
    f, velocity = f0.clone(), torch.zeros_like(f0)
    for _ in range(n_steps):
        leaf = f.detach().requires_grad_()
        gradient = torch.autograd.grad(loss(leaf), leaf)[0]
        velocity = momentum * velocity - learning_rate * ntk @ gradient
        f = f + velocity
    return f


def test_nothing_has_moved_at_time_zero():
    ntk, ntk_star, nngp, nngp_star, prior, y = problem()
    flow = predict.GradientFlow(ntk, y)
    f0, f0_star = torch.randn(6, 2, dtype=F64, generator=generator(2)), features(4, 2, "f0")
    assert torch.equal(flow.train(0, f0), f0)
    assert torch.equal(flow.test(0.0, ntk_star, f0_star, f0), f0_star)
    start = flow.ensemble(0, ntk_star, nngp=nngp, nngp_star=nngp_star, prior=prior, covariance=True)
    assert (start.mean == 0).all()
    torch.testing.assert_close(start.covariance, prior)


def test_at_infinite_time_a_net_goes_through_the_data():
    ntk, ntk_star, nngp, nngp_star, prior, y = problem()
    flow, end = predict.GradientFlow(ntk, y), predict.GradientFlow(ntk, y, only_end=True)
    f0, f0_star = features(6, 2, "f0"), features(4, 2, "f0*")
    torch.testing.assert_close(flow.train(INF, f0), y)
    regression = f0_star + ntk_star @ torch.linalg.solve(ntk, y - f0)
    torch.testing.assert_close(flow.test(INF, ntk_star, f0_star, f0), regression)
    torch.testing.assert_close(flow.test(1e9, ntk_star, f0_star, f0), regression)
    torch.testing.assert_close(
        end.test(INF, ntk_star, f0_star, f0), regression, rtol=1e-6, atol=1e-6
    )
    options = {"nngp": nngp, "nngp_star": nngp_star, "prior": prior, "covariance": True}
    for ours, theirs in zip(
        flow.ensemble(INF, ntk_star, **options), end.ensemble(INF, ntk_star, **options), strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-6)


def test_the_closed_form_is_small_steps_of_gradient_descent():
    ntk, ntk_star, *_, y = problem()
    f0 = features(6, 2, "f0")
    flow = predict.GradientFlow(ntk, y)
    by_steps = descend(ntk, y, f0, n_steps=4000, learning_rate=1e-3)
    torch.testing.assert_close(flow.train(4.0, f0), by_steps, rtol=1e-3, atol=1e-4)
    # N is 12, the number of target entries: another unit of time would show.
    assert (flow.train(8.0, f0) - by_steps).abs().max() > 0.05


def test_many_times_are_each_time_alone():
    ntk, ntk_star, nngp, nngp_star, prior, y = problem(outputs=())
    flow = predict.GradientFlow(ntk, y)
    times = [0.0, 0.5, 20.0, INF]
    options = {"nngp": nngp, "nngp_star": nngp_star, "prior": prior}
    together = flow.ensemble(torch.tensor(times), ntk_star, **options)
    for i, t in enumerate(times):
        torch.testing.assert_close(flow.test(times, ntk_star)[i], flow.test(t, ntk_star))
        alone = flow.ensemble(t, ntk_star, **options)
        torch.testing.assert_close(together.mean[i], alone.mean)
        torch.testing.assert_close(together.std[i], alone.std)
    assert together.mean.shape == (4, 4) and flow.train(1.0).shape == (6,)


def test_the_variance_is_the_diagonal_of_the_covariance_and_needs_no_more_than_one():
    ntk, ntk_star, nngp, nngp_star, prior, y = problem()
    flow = predict.GradientFlow(ntk, y)
    whole = flow.ensemble(
        [1.0, INF], ntk_star, nngp=nngp, nngp_star=nngp_star, prior=prior, covariance=True
    )
    lean = flow.ensemble(
        [1.0, INF], ntk_star, nngp=nngp, nngp_star=nngp_star, prior=prior.diagonal()
    )
    assert lean.covariance is None
    torch.testing.assert_close(lean.variance, whole.covariance.diagonal(dim1=1, dim2=2))
    assert torch.equal(whole.covariance, whole.covariance.mT)
    assert (torch.linalg.eigvalsh(whole.covariance) > -1e-9).all()


def test_trained_in_its_last_layer_alone_an_ensemble_is_the_bayesian_posterior():
    x, x_star = (
        torch.linspace(-2, 2, 6, dtype=F64)[:, None],
        torch.randn(5, 1, dtype=F64, generator=generator(1)),
    )
    kernel = kernels_of_x
    y = x[:, 0].sin()
    k, k_star, prior = kernel(x, x), kernel(x_star, x), kernel(x_star, x_star)
    end = predict.GradientFlow(k, y).ensemble(
        INF, k_star, nngp=k, nngp_star=k_star, prior=prior, covariance=True
    )
    bayes = gp.posterior(x, y, x_star, kernel, noise_std=1e-6)
    torch.testing.assert_close(end.mean, bayes.mean, rtol=0, atol=1e-5)
    torch.testing.assert_close(end.covariance, bayes.covariance, rtol=0, atol=1e-5)


def kernels_of_x(x1, x2):
    return torch.exp(-0.5 * (x1 - x2.T).square() / 0.7**2)


def test_the_ensemble_is_that_of_many_linear_nets():
    """Each net is a linear model of random features, trained by gradient flow alone."""
    ntk, ntk_star, nngp, nngp_star, prior, y = problem(outputs=())
    n_nets, t = 20_000, 3.0
    last = features(10, 9, "ntk")[:, :5]
    starts = torch.randn(n_nets, 5, dtype=F64, generator=generator(6)) @ last.T
    flow = predict.GradientFlow(ntk, y)
    ends = torch.stack([flow.test(t, ntk_star, start[6:], start[:6]) for start in starts[:200]])
    # All at once: a net is a column of outputs, with the time of one output.
    together = predict.GradientFlow(ntk, y[:, None].expand(-1, n_nets).contiguous())
    columns = together.test(t * n_nets, ntk_star, starts[:, 6:].T, starts[:, :6].T).T
    torch.testing.assert_close(columns[:200], ends)
    found = flow.ensemble(t, ntk_star, nngp=nngp, nngp_star=nngp_star, prior=prior, covariance=True)
    error = columns.mean(0) - found.mean
    assert (error.abs() < 4.5 * found.std / math.sqrt(n_nets)).all()
    scale = found.std[:, None] * found.std
    assert ((columns.T.cov() - found.covariance) / scale).abs().max() < 4.5 * math.sqrt(2 / n_nets)


def trained(net, x, y, *, n_steps, learning_rate):
    """Full-batch gradient descent on the square loss."""
    optimiser = torch.optim.SGD(net.parameters(), lr=learning_rate)
    for _ in range(n_steps):
        optimiser.zero_grad()
        ((net(x) - y).square().sum() / (2 * y.numel())).backward()
        optimiser.step()
    return net


def test_a_linearised_net_is_trained_as_its_whole_kernel_says():
    net = nets.initialise(nets.MLP([2, 4, 2]), generator=generator(1)).to(F64)
    x, x_star, y = features(5, 2, "x"), features(3, 2, "x*"), features(5, 2, "y")
    with torch.no_grad():
        f0, f0_star = net(x), net(x_star)
    flow = predict.GradientFlow(empirical_ntk(net, x), y)
    linear = trained(Taylor(net), x, y, n_steps=240, learning_rate=0.05)
    with torch.no_grad():
        close = {"rtol": 0, "atol": 5e-3}
        torch.testing.assert_close(flow.train(12.0, f0), linear(x), **close)
        predicted = flow.test(12.0, empirical_ntk(net, x_star, x), f0_star, f0)
        torch.testing.assert_close(predicted, linear(x_star), **close)
        assert (predicted - f0_star).abs().max() > 0.1
    # Outputs that don't mix: the trace is not the whole kernel.
    alone = predict.GradientFlow(empirical_ntk(net, x, outputs="trace"), y)
    assert (alone.train(12.0, f0) - flow.train(12.0, f0)).abs().max() > 0.02


class Wide(torch.nn.Module):
    """A wide net with one hidden layer, in NTK parameterisation."""

    def __init__(self, width, g):
        super().__init__()
        self.first = torch.nn.Parameter(torch.randn(width, 2, dtype=F64, generator=g))
        self.last = torch.nn.Parameter(torch.randn(1, width, dtype=F64, generator=g))

    def forward(self, x):
        return torch.tanh(x @ self.first.T) @ self.last.T / math.sqrt(self.first.shape[0])


def test_a_wide_net_is_trained_as_its_first_kernel_says_and_a_narrow_one_is_not():
    x, x_star, y = features(4, 2, "x"), features(3, 2, "x*"), features(4, 1, "y")
    apart = {}
    for width in (20, 4000):
        net = Wide(width, generator(2))
        with torch.no_grad():
            f0, f0_star = net(x), net(x_star)
        flow = predict.GradientFlow(empirical_ntk(net, x, outputs="trace"), y)
        predicted = flow.test(10.0, empirical_ntk(net, x_star, x, outputs="trace"), f0_star, f0)
        trained(net, x, y, n_steps=200, learning_rate=0.05)
        with torch.no_grad():
            apart[width] = (net(x_star) - predicted).norm() / (net(x_star) - f0_star).norm()
    assert apart[4000] < 0.01 and apart[4000] < 0.3 * apart[20], apart


@pytest.mark.parametrize("whole", [False, True])
def test_the_integrated_flow_of_the_square_loss_is_the_closed_form(whole):
    ntk, ntk_star, *_, y = problem()
    if whole:  # outputs that mix
        mix = torch.tensor([[2.0, 0.7], [0.7, 1.0]], dtype=F64)
        ntk, ntk_star = (k[..., None, None] * mix for k in (ntk, ntk_star))
    f0, f0_star = features(6, 2, "f0"), features(4, 2, "f0*")
    flow = predict.GradientFlow(ntk, y)
    times = [0.0, 0.3, 2.0, 9.0]

    def loss(f):
        return (f - y).square().sum() / (2 * y.numel())

    options = {"f0": f0, "tolerance": 1e-9}
    torch.testing.assert_close(
        predict.integrate(ntk, loss, times, **options), flow.train(times, f0), rtol=0, atol=1e-6
    )
    star = predict.integrate(ntk, loss, times, **options, ntk_star=ntk_star, f0_star=f0_star)
    torch.testing.assert_close(star, flow.test(times, ntk_star, f0_star, f0), rtol=0, atol=1e-6)


def test_cross_entropy_is_integrated_as_small_steps_descend_it():
    ntk, *_ = problem()
    labels = torch.tensor([0, 1, 1, 0, 1, 0])
    f0 = features(6, 2, "f0")

    def loss(f):
        return F.cross_entropy(f, labels)

    by_steps = descend(ntk, f0, f0, n_steps=1200, learning_rate=5e-3, loss=loss)
    found = predict.integrate(ntk, loss, 6.0, f0=f0)
    torch.testing.assert_close(found, by_steps, rtol=0, atol=5e-3)
    assert loss(found) < 0.3 * loss(f0)


def test_friction_is_heavy_ball_momentum_at_small_steps():
    ntk, *_, y = problem()
    f0, learning_rate, momentum = features(6, 2, "f0"), 1e-5, 0.998
    n_steps = 3000
    by_steps = descend(ntk, y, f0, n_steps=n_steps, learning_rate=learning_rate, momentum=momentum)
    found = predict.integrate(
        ntk,
        lambda f: (f - y).square().sum() / (2 * y.numel()),
        n_steps * math.sqrt(learning_rate),
        f0=f0,
        friction=(1 - momentum) / math.sqrt(learning_rate),
    )
    torch.testing.assert_close(found, by_steps, rtol=0, atol=0.02)
    assert (found - f0).abs().max() > 0.5


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_above_the_largest_learning_rate_descent_diverges(momentum):
    ntk, *_, y = problem(n=5)
    limit = predict.largest_learning_rate(ntk, y.numel(), momentum=momentum)
    start = torch.zeros_like(y)
    options = {"n_steps": 1000, "momentum": momentum}
    below = descend(ntk, y, start, learning_rate=0.98 * limit, **options)
    above = descend(ntk, y, start, learning_rate=1.02 * limit, **options)
    assert (below - y).abs().max() < 10 < 1e6 < (above - y).abs().max()
    one = predict.largest_learning_rate(torch.tensor([[4.0]]), 1)
    assert one == pytest.approx(0.5)


def test_directions_without_a_feature_are_never_learnt():
    ntk, ntk_star, *_, y = problem(n=12, n_features=4)  # rank 4
    flow = predict.GradientFlow(ntk, y)
    both = features(16, 4, "ntk")
    weights = torch.linalg.lstsq(both[:12], y).solution
    torch.testing.assert_close(flow.train(INF), both[:12] @ weights)
    torch.testing.assert_close(flow.test(INF, ntk_star), both[12:] @ weights)


def test_kernels_that_are_none_say_so():
    ntk, *_, y = problem()
    with pytest.raises(torch.linalg.LinAlgError, match="not positive semi-definite: its eigen"):
        predict.GradientFlow(ntk - 5 * torch.eye(6, dtype=F64), y)
    with pytest.raises(torch.linalg.LinAlgError, match="the NTK .* not positive definite"):
        predict.GradientFlow(ntk - 5 * torch.eye(6, dtype=F64), y, only_end=True)
    with pytest.raises(ValueError, match="ntk must be finite"):
        predict.GradientFlow(ntk / 0, y)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda k, s, y: predict.GradientFlow(k, y[:3]), "ntk must have shape"),
        (lambda k, s, y: predict.GradientFlow(k, y).train(-1), "t must be times of 0 or above"),
        (lambda k, s, y: predict.GradientFlow(k, y).train([]), "t must be times of 0 or above"),
        (lambda k, s, y: predict.GradientFlow(k, y).test(1, s[:, :2]), "ntk_star must have shape"),
        (lambda k, s, y: predict.GradientFlow(k, y).test(1, s, y), "f0_star must have shape"),
        (lambda k, s, y: predict.GradientFlow(k, y).train(1, y[:2]), "f0 must have shape"),
        (lambda k, s, y: predict.GradientFlow(k, y, only_end=True).train(1), "must be math.inf"),
        (lambda k, s, y: predict.integrate(k, torch.sum, [2, 1], f0=y), "finite and ascending"),
        (lambda k, s, y: predict.integrate(k, torch.sum, 1, f0=y, friction=-1), "friction must"),
        (lambda k, s, y: predict.largest_learning_rate(k, 12, momentum=1.0), "momentum must lie"),
        (lambda k, s, y: predict.maximise_evidence(lambda: k, y, start={"a": 1}), "noise_std"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    ntk, ntk_star, *_, y = problem()
    with pytest.raises(ValueError, match=message):
        call(ntk, ntk_star, y)


def test_a_flow_that_explodes_is_an_error_with_a_remedy():
    with pytest.raises(ArithmeticError, match="Take a smaller last time"):
        predict.integrate(
            torch.eye(2, dtype=F64),
            lambda f: -(f**4).sum(),
            100.0,
            f0=torch.ones(2, dtype=F64),
            solver="RK45",
        )


def evidence_problem():
    x = torch.linspace(-3, 3, 40, dtype=F64)[:, None]
    truth = kernels.exponentiated_quadratic
    f = gp.draw(x, lambda a, b: truth(a, b, length_scale=0.8), generator=generator(4))[0]
    y = f + 0.1 * torch.randn(40, dtype=F64, generator=generator(5))
    return x, y


def test_the_evidence_finds_the_settings_that_made_the_data():
    x, y = evidence_problem()

    def kernel(*, length_scale, rough):
        if rough:
            return torch.exp(-(x - x.T).abs() / length_scale)
        return torch.exp(-0.5 * (x - x.T).square() / length_scale**2)

    found = predict.maximise_evidence(
        kernel, y, start={"length_scale": 2.0, "noise_std": 0.5}, choices={"rough": [True, False]}
    )
    assert found.settings["rough"] is False
    assert found.settings["length_scale"] == pytest.approx(0.8, rel=0.35)
    assert found.settings["noise_std"] == pytest.approx(0.1, rel=0.5)
    assert found.log_evidence == max(found.by_choice.values()) > found.by_choice[(True,)]
    # No neighbour is better: it is a maximum.
    for name in ("length_scale", "noise_std"):
        for factor in (0.93, 1.07):
            settings = found.settings | {name: factor * found.settings[name]}
            noise_std = settings.pop("noise_std")
            there = gp.condition(kernel(**settings), y, noise_std=noise_std).log_evidence
            assert there < found.log_evidence


def test_settings_without_a_covariance_are_passed_over():
    x, y = evidence_problem()

    def kernel(*, sign):
        return sign * kernels_of_x(x, x)

    options = {"start": {"noise_std": 0.1}, "max_evaluations": 20}
    found = predict.maximise_evidence(kernel, y, choices={"sign": [-1.0, 1.0]}, **options)
    assert found.settings["sign"] == 1.0
    with pytest.raises(torch.linalg.LinAlgError, match="no settings gave"):
        predict.maximise_evidence(kernel, y, choices={"sign": [-1.0]}, **options)


def test_empirical_kernels_give_an_ensemble_too():
    net = Wide(50, generator(3))
    x, x_star, y = features(4, 2, "x"), features(3, 2, "x*"), features(4, 1, "y")
    flow = predict.GradientFlow(empirical_ntk(net, x, outputs="trace"), y)
    found = flow.ensemble(
        INF,
        empirical_ntk(net, x_star, x, outputs="trace"),
        nngp=empirical_nngp(net, x),
        nngp_star=empirical_nngp(net, x_star, x),
        prior=empirical_nngp(net, x_star),
    )
    assert found.mean.shape == (3, 1) and torch.isfinite(found.std).all()
