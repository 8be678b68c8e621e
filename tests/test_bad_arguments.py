"""Whatever a public function is given, what comes is a result or an error of the package's own."""

import ast
import importlib
import math

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from bad_arguments import BAD, MORE, SPOILT, Case, cases, outcome
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from tinynets import (
    bnn,
    checks,
    continual,
    convnets,
    diagnostics,
    drawing,
    gp,
    kernels,
    landscapes,
    laplace,
    latents,
    linalg,
    losses,
    masks,
    nets,
    nielsen,
    predict,
    samplers,
    scores,
    stopping,
    tables,
    targets,
    text,
    train,
    vae,
    vi,
)
from tinynets.kernels import chaos, layers, mixing
from tinynets.plots import latents as plots_latents
from tinynets.plots import masks as plots_masks
from tinynets.plots import sampling as plots_sampling

PICTURES = ("tinynets.explorables", "tinynets.plots")
SLOW = (*PICTURES, "tinynets.convnets.training")  # by seconds
PROSE = ("question", "answer", "alt_text", "title", "xlabel", "ylabel")
N_TURNS = 4  # parts that are tried at the same time
SHAPES = st.lists(st.integers(0, 3), max_size=4).map(tuple)
TENSORS = st.builds(
    lambda shape, dtype, value: torch.full(shape, value).to(dtype),
    SHAPES,
    st.sampled_from([torch.float64, torch.float32]),
    st.sampled_from([0.0, 1.0, -2.0, math.nan, math.inf]),
)
VALUES = st.floats() | st.integers(-3, 3) | st.complex_numbers() | st.text(max_size=3) | TENSORS


@pytest.fixture(scope="module")
def quick():
    return [case for case in cases() if not case.function.startswith(SLOW)]


def test_cases_are_many(quick):
    assert len({case.function for case in quick}) > 130
    assert len(quick) > 280


@pytest.mark.parametrize("call", [call for call in MORE if "none" not in call[1]])
def test_the_calls_that_are_written_out_work(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module, source = call
    exec(
        f"from bad_arguments import *\n{source}",
        dict(vars(importlib.import_module(f"tinynets.{module}"))),
    )


def test_a_value_of_another_kind_gives_a_result_or_our_own_error(quick):
    bad = BAD | SPOILT
    found = [(case, name, outcome(case, bad[name])) for case in quick for name in bad]
    assert [one for one in found if one[2]] == []


@pytest.mark.parametrize("turn", range(N_TURNS))
def test_a_picture_of_another_kind_gives_our_own_error(turn):
    pictures = [case for case in cases() if case.function.startswith(PICTURES)]
    assert len({case.function for case in pictures}) > 85
    bad, found = list((BAD | SPOILT).items()), []
    for place, case in enumerate(pictures):
        for name, value in bad[(place + turn) % N_TURNS :: N_TURNS]:
            if case.argument in PROSE and name == "a text":
                continue  # is right
            found.append((case, name, outcome(case, value)))
            plt.close("all")  # what gets through is drawn
    assert [one for one in found if one[2]] == []


@settings(
    max_examples=400,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_whatever_number_is_drawn_gives_a_result_or_our_own_error(quick, data):
    case = data.draw(st.sampled_from(quick))
    assert outcome(case, data.draw(VALUES)) == "", case


def g():
    return torch.Generator().manual_seed(0)


X = torch.linspace(-1, 1, 6, dtype=torch.float64)[:, None]
Y = X**2
NET = nets.initialise(nets.MLP([1, 3, 1]).double(), generator=g())
TWO = nets.initialise(nets.MLP([1, 3, 2]).double(), generator=g())
POSTERIOR = bnn.Posterior(NET, X, Y, bnn.Gaussian(0.1))
START = torch.zeros(4, 2, dtype=torch.float64)
IMAGES, LABELS = torch.rand(6, 4, generator=g()), torch.tensor([0, 1, 2, 0, 1, 2])
SMALL_VAE = nets.initialise(vae.VAE([4, 3, 2]), generator=g())
LINEAR = nets.initialise(nets.MLP([4, 3]), generator=g())


def normal(q):
    return -0.5 * (q**2).sum(-1)


def hmc(log_density=normal, **options):
    return samplers.hmc(log_density, **({"step_size": 0.1, "n_leapfrog": 2} | options))


def sample(sampler=None, position=START, **options):
    how = {"n_draws": 2, "generator": g()} | options
    return samplers.sample(hmc() if sampler is None else sampler, position, **how)


def cross_entropy_of(net, images, labels):
    return losses.cross_entropy(net(images), labels)


def trained(net=LINEAR, over=LINEAR, data=(IMAGES, LABELS)):
    sgd = torch.optim.SGD(over.parameters(), lr=0.1)
    how = {"optimiser": sgd, "batch_size": 2, "n_steps": 1, "generator": g()}
    return train.train(net, cross_entropy_of, data, **how)


def fitted(dim):
    start = vi.mean_field(torch.zeros(dim).double(), 0.1)
    how = {"n_steps": 1, "learning_rate": 0.1, "generator": g()}
    return vi.fit(start, vi.expected_log_likelihood(POSTERIOR), POSTERIOR, **how)


ONE_STEP = {
    "optimiser": torch.optim.SGD(LINEAR.parameters(), lr=0.1),
    "batch_size": 2,
    "n_steps": 1,
}
CALLS = [
    (lambda: sample(samplers.hmc), "build it, such as hmc"),
    (lambda: samplers.adapt(hmc()), "write adapt"),
    (lambda: sample(generator=7), "manual_seed.7"),
    (lambda: sample(generator=None), "generator must be"),
    (lambda: sample(position=START[:0]), "chains and coordinates"),
    (lambda: sample(position=START[:, :0]), "chains and coordinates"),
    (lambda: sample(hmc(step_size=torch.full((3,), 0.1).double())), "step_size must have shape"),
    (lambda: sample(samplers.nuts(normal, step_size=torch.ones(3))), "step_size must have shape"),
    (lambda: sample(hmc(mass=samplers.diagonal_mass(torch.ones(3).double()))), "2 coordinates"),
    (lambda: sample(hmc(mass=torch.ones(2).double())), "mass must be a Mass"),
    (lambda: samplers.nuts(normal, step_size=0.1, mass=torch.ones(2)), "mass must be a Mass"),
    (lambda: sample(hmc(lambda q: q.detach().sum(-1))), "differentiable"),
    (lambda: hmc(None), "log_density must be a function"),
    (lambda: samplers.dense_mass(torch.tensor([[2.0, 1.0], [0.0, 2.0]])), "symmetric"),
    (
        lambda: samplers.tempered_smc(POSTERIOR, n_particles=4, n_trajectories=0, generator=g()),
        "n_trajectories",
    ),
    (lambda: bnn.Posterior(TWO, X, Y, bnn.Gaussian(0.1)), "y must have shape"),
    (lambda: bnn.Posterior(NET, X, Y, bnn.Gaussian(0.1), -1.0), "prior_std"),
    (lambda: bnn.Posterior(NET, X, Y, bnn.Gaussian(0.1), math.nan), "prior_std"),
    (lambda: POSTERIOR.value_and_grad(START), "position must have shape"),
    (lambda: POSTERIOR.functions(torch.zeros(10).double(), X.repeat(1, 2)), "x must have rows"),
    (lambda: laplace.fit(POSTERIOR, torch.zeros(3).double()), "mode must have shape"),
    (lambda: fitted(3), "10 coordinates, got 3"),
    (lambda: vi.expected_log_likelihood(POSTERIOR, batch_size=100), "batch_size must be at most"),
    (lambda: vae.elbo(SMALL_VAE, IMAGES * 255, generator=g()), "divide those in 0 to 255"),
    (lambda: vae.elbo(SMALL_VAE, IMAGES * math.nan, generator=g()), "images must lie in"),
    (lambda: vae.elbo(SMALL_VAE, IMAGES[:, :3], generator=g()), r"shape \(..., 4\)"),
    (lambda: vae.elbo(SMALL_VAE, IMAGES, beta=torch.ones(2), generator=g()), "a number for one"),
    (
        lambda: latents.class_gaussians(IMAGES, IMAGES, LABELS, 2),
        "labels must lie in 0 to 1, got 0 to 2",
    ),
    (lambda: vae.active_units(torch.zeros(1, 2)), "2 images or more"),
    (lambda: losses.accuracy(torch.eye(4), torch.zeros(4, 1).long()), "labels must have shape"),
    (
        lambda: losses.accuracy(torch.eye(4), torch.tensor([0, 1, 2, 9])),
        "labels must lie in 0 to 3",
    ),
    (lambda: losses.cross_entropy(torch.eye(4), torch.tensor([0, 1, 2, 9])), "0 to 3"),
    (lambda: losses.cross_entropy(torch.eye(4), torch.tensor([0, 1, 2, -1])), "0 to 3"),
    (lambda: losses.quadratic(torch.eye(4), torch.tensor([0, 1, 2, 9])), "0 to 3"),
    (lambda: losses.cross_entropy(torch.eye(4), torch.ones(4)), "whole numbers"),
    (lambda: trained(over=nets.MLP([4, 3])), "optimiser must be over"),
    (lambda: trained(data=(IMAGES, LABELS[:3])), "one length"),
    (lambda: LINEAR(torch.zeros(5, 3)), r"shape \(..., 4\)"),
    (lambda: train.steps_in_epoch(10, 0), "batch_size must be 1 or above"),
    (lambda: train.maximise(normal, START * math.nan, n_steps=1, learning_rate=0.1), "finite"),
    (lambda: latents.mixture_moments(torch.zeros(3, 2), -torch.ones(3, 2)), "variances"),
    (lambda: latents.region_level(-torch.ones(4, 4), 0.5), "density must be 0 or above"),
    (lambda: latents.separating_plane(torch.zeros(0, 2), torch.zeros(3, 2)), "a must have shape"),
    (lambda: masks.confusion(LABELS, LABELS, 2), "predicted must lie in 0 to 1"),
    (lambda: scores.entropy(torch.tensor([[2.0, -1.0]])), "softmax"),
    (lambda: scores.calibration_error(torch.tensor([[2.0, -1.0]]), torch.tensor([0])), "softmax"),
    (lambda: scores.crps(torch.full((9, 3), math.nan), torch.zeros(3)), "draws must be finite"),
    (lambda: diagnostics.effective_sample_size(torch.full((4, 9), math.nan)), "finite"),
    (lambda: diagnostics.r_hat(torch.zeros(1, 9)), "2 chains or more"),
    (lambda: convnets.ConvNet((8, 8), dropout=1.0), "dropout"),
    (
        lambda: continual.select(
            continual.Units(torch.ones(2), torch.ones(2), torch.tensor(0.0)), rate=2, maturity=1
        ),
        "rate must lie in",
    ),
    (lambda: sample(checkpoint="."), "checkpoint must be a file, got the folder '.'"),
    (lambda: sample(checkpoint=7), "checkpoint must be a path"),
    (lambda: sample(hmc(lambda q: normal(q).float())), "must be torch.float64 as the position"),
    (
        lambda: diagnostics.to_arviz(sample(n_draws=4), position=torch.zeros(4, 4)),
        "multiple values for keyword argument .position",
    ),
    (lambda: bnn.draw_prior(-torch.ones(3), 2, generator=g()), "std must be finite and above 0"),
    (lambda: scores.calibration_error(torch.full((1, 2), 0.5), torch.tensor([2])), "0 to 1, got 2"),
    (lambda: drawing.typical(IMAGES, LABELS, 2), "labels must lie in 0 to 1, got 0 to 2"),
    (lambda: latents.pairwise_error(IMAGES, LABELS, 2), "labels must lie in 0 to 1, got 0 to 2"),
    (lambda: latents.region_level(torch.zeros(4, 4), 0.5), "above 0 somewhere"),
    (lambda: latents.mixture_log_density(X, X, Y + 1, chunk=0), "chunk must be 1 or above"),
    (
        lambda: latents.bhattacharyya(
            latents.mixture_moments(X, Y), latents.mixture_moments(IMAGES, IMAGES)
        ),
        "b must have the 1 dimensions of a, got 4",
    ),
    (
        lambda: latents.pairwise(latents.kl, latents.mixture_moments(X, Y)),
        "classes must be several",
    ),
    (lambda: vae.active_units(IMAGES, threshold=-1.0), "threshold must be a finite number, 0"),
    (lambda: continual.init(nn.Linear(2, 3)), "net must be a nets.MLP, got Linear"),
    (
        lambda: continual.observe(continual.init(NET)[0], X, X[:1], decay=1.5),
        r"decay must lie in \[0, 1\]",
    ),
    (lambda: continual.observe(continual.init(NET)[0], X, X[:1]), "units.utility must have shape"),
    (lambda: continual.dead_share(X * math.nan), "activation must be finite"),
    (
        lambda: convnets.ConvNet((8, 8), kernel=3)(torch.zeros(2, 63)),
        r"images must have shape .* 64\)",
    ),
    (lambda: convnets.save(LINEAR, "net.npz"), "net must be a ConvNet, got MLP"),
    (lambda: linalg.cholesky(torch.tensor([[2.0, 1.0], [0.0, 2.0]]), "k"), "it is not symmetric"),
    (lambda: gp.condition(torch.eye(6).double(), Y * math.nan, noise_std=0.1), "y must be finite"),
    (lambda: kernels.kernels_of(layers.dense())(torch.zeros(3, 0)), "x must have features"),
    (lambda: layers.leaky_relu(math.nan), "negative must be finite"),
    (lambda: mixing.average_pool(()), "window must have a width"),
    (lambda: chaos.critical_line(torch.tanh, -torch.ones(1).double()), "q must be 0 or above"),
    (lambda: chaos.fixed_points(torch.tanh, -Y, Y), "W_std must be 0 or above"),
    (lambda: chaos.correlation_map(torch.tanh, 2 + Y, Y, Y, Y), "c must lie in -1 to 1"),
    (
        lambda: laplace.linearised(
            bnn.Posterior(TWO, X, X.repeat(1, 2), bnn.Gaussian(0.1)),
            laplace.fit(POSTERIOR, torch.zeros(10).double()),
            X,
        ),
        "approximation.mode must have shape",
    ),
    (lambda: nets.flatten(nn.ReLU()), "net must have parameters"),
    (lambda: nets.Residual(7), "body must be a torch.nn.Module"),
    (lambda: nets.MLP([3, 2, 1], n_nets=2)(torch.zeros(5, 4, 3)), "of 2 nets"),
    (
        lambda: nielsen.accuracy(
            nielsen.network([3, 2], generator=np.random.default_rng(0)),
            (np.ones((2, 3)), np.array([0, 9])),
        ),
        "labels must lie in 0 to 1, got 0 to 9",
    ),
    (lambda: predict.largest_learning_rate(torch.zeros(3, 3), 3), "eigenvalue above 0"),
    (
        lambda: predict.integrate(torch.eye(6).double(), lambda f: f, 1.0, f0=Y[:, 0]),
        r"loss\(f0\) must have shape",
    ),
    (lambda: stopping.EarlyStop(None, every=1, patience=1), "measure must be a function"),
    (lambda: text.number(1.0, "no field"), "a place for the number"),
    (lambda: tables.markdown([], []), "at least one column"),
    (lambda: targets.skewed(2, slant=math.nan), "slant must be finite"),
    (lambda: train.maximise(lambda q: q, START, n_steps=1, learning_rate=0.1), r"\(position\)"),
    (
        lambda: train.train(
            LINEAR, lambda net, i, _: net(i), (IMAGES, LABELS), **ONE_STEP, generator=g()
        ),
        "one number for each net",
    ),
    (lambda: vi.mean_field(torch.zeros(3) * math.nan, 0.1), "mean must be finite"),
    (
        lambda: vi.pick(vi.mean_field(torch.zeros(3, 4), 0.1), 3),
        "index must be one of 0, 1, 2, got 3",
    ),
    (
        lambda: vi.draw_outputs(
            POSTERIOR, vi.mean_field(X[:, 0], 0.1), X, n_samples=2, generator=g()
        ),
        "10 coordinates, got 6",
    ),
    (
        lambda: vi.elbo(
            vi.mean_field(torch.zeros(10).double(), 0.1),
            vi.expected_log_likelihood(POSTERIOR),
            POSTERIOR,
            temperature=-1.0,
            generator=g(),
        ),
        "temperature must be",
    ),
    (lambda: landscapes.saddle(box=((2.0, -2.0), (-1.0, 1.0))), "the lower end first"),
    (
        lambda: landscapes.net([1.0], [1.0, 2.0], box=((-2.0, 2.0), (-1.0, 1.0))),
        "targets must have",
    ),
    (
        lambda: landscapes.wells([(0.0, 1.0)], [1.0], [-1.0], rise=0.1, box=((-2, 2), (-1, 1))),
        "widths must be finite and above 0",
    ),
    (lambda: plots_sampling.plot_autocorrelation({}), "at least one sampler"),
    (lambda: plots_sampling.plot_traces(IMAGES, n_warmup=-1), "n_warmup must be 0 or above"),
    (
        lambda: plots_masks.plot_tile(IMAGES[0], (2, 2), limit=-1.0),
        "limit must be finite and above",
    ),
    (
        lambda: plots_latents.plot_digits(torch.zeros(1, 2), torch.tensor([12])),
        "labels must lie in 0 to 9",
    ),
]


@pytest.mark.parametrize(("call", "message"), CALLS)
def test_a_first_mistake_is_named(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call()


def test_the_temperature_counts_for_laplace():
    mode = torch.zeros(POSTERIOR.dim).double()
    warm, cold = (laplace.fit(p, mode).factor for p in (POSTERIOR.tempered(4.0), POSTERIOR))
    assert not torch.allclose(warm, cold)


def test_shapes_are_held_against_one_another():
    @checks.arguments(images="float n pixels", labels="int n | int nets n")
    def f(images: torch.Tensor, labels: torch.Tensor | None = None, rate: float = 0.1) -> None:
        """Do nothing."""

    f(IMAGES, LABELS)
    f(IMAGES, LABELS[None].repeat(2, 1), rate=torch.tensor(1.0))
    f(IMAGES, rate=np.float32(2))
    for arguments, message in [
        ((IMAGES[0],), r"images must have shape \(n, pixels\), got \(4,\)"),
        ((IMAGES, LABELS[:2]), r"with n = 6 as in images, got \(2,\)"),
        ((IMAGES.long(),), "images must hold real numbers"),
        ((IMAGES, LABELS.double()), "labels must hold whole numbers"),
    ]:
        with pytest.raises(ValueError, match=message):
            f(*arguments)
    with pytest.raises(TypeError, match="rate must be a number, got '0.1' .str."):
        f(IMAGES, LABELS, "0.1")
    with pytest.raises(TypeError, match="images must be a torch.Tensor, got .* make one"):
        f([[0.0]])


def test_an_error_of_pytorch_is_not_ours():
    unchecked = ast.parse("cross_entropy.__wrapped__(_bad, torch.zeros(2))")
    found = outcome(Case("tinynets.losses", "cross_entropy", "logits", unchecked), None)
    assert found.startswith("AttributeError")
