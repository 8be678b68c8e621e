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

from tinynets import (
    bnn,
    checks,
    continual,
    convnets,
    diagnostics,
    laplace,
    latents,
    losses,
    masks,
    nets,
    samplers,
    scores,
    train,
    vae,
    vi,
)

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


@pytest.fixture(autouse=True)
def no_figure_is_left():
    yield
    plt.close("all")


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
        "labels must lie in 0 to n_classes - 1 = 1, got 0 to 2",
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
