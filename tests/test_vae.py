"""ELBO terms against Monte Carlo, quadrature and finite differences."""

import itertools
import math

import pytest
import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from tinynets import nets, train, vae
from tinynets.rng import generator


def built(n_nets=None, sizes=(6, 8, 2)):
    net = vae.VAE(sizes, n_nets=n_nets)
    return nets.initialise(net, generator=generator(1)).double()


def images(n=5, pixels=6):
    return torch.rand(n, pixels, generator=generator(2)).double()


def gaussians():
    mean = torch.randn(7, 3, generator=generator(3)).double()
    return mean, torch.randn(7, 3, generator=generator(4)).double() - 0.5


def test_kl_equals_torch_distributions():
    mean, log_var = gaussians()
    peer = kl_divergence(Normal(mean, torch.exp(log_var / 2)), Normal(torch.zeros(()).double(), 1))
    torch.testing.assert_close(vae.kl_to_prior(mean, log_var), peer)


def test_kl_agrees_with_monte_carlo():
    mean, log_var = gaussians()
    n = 50_000
    z = vae.sample_latents(
        mean.expand(n, -1, -1), log_var.expand(n, -1, -1), generator=generator(5)
    )
    log_ratio = Normal(mean, torch.exp(log_var / 2)).log_prob(z) - Normal(0.0, 1.0).log_prob(z)
    error = log_ratio.std(0) / math.sqrt(n)
    assert ((log_ratio.mean(0) - vae.kl_to_prior(mean, log_var)).abs() < 5 * error).all()


def test_latents_have_the_encoder_moments():
    mean, log_var = gaussians()
    n = 50_000
    z = vae.sample_latents(
        mean.expand(n, -1, -1), log_var.expand(n, -1, -1), generator=generator(6)
    )
    std = torch.exp(log_var / 2)
    assert ((z.mean(0) - mean).abs() < 5 * std / math.sqrt(n)).all()
    assert ((z.std(0) / std - 1).abs() < 5 / math.sqrt(2 * n)).all()


def test_pixel_log_likelihood_is_the_mean_over_binarised_images():
    logits = torch.randn(4, 6, generator=generator(7)).double()
    grey = images(4)
    peer = (
        grey * Bernoulli(logits=logits).log_prob(torch.ones(()).double())
        + (1 - grey) * Bernoulli(logits=logits).log_prob(torch.zeros(()).double())
    ).sum(-1)
    torch.testing.assert_close(vae.pixel_log_likelihood(logits, grey), peer)
    assert (
        vae.pixel_log_likelihood(torch.tensor([[200.0, -200.0]]), torch.tensor([[1.0, 0.0]])) == 0
    )


def test_objective_is_log_likelihood_minus_beta_kl():
    net, x = built(n_nets=3), images()
    beta = torch.tensor([0.0, 1.0, 4.0]).double()
    terms = vae.elbo(net, x, generator=generator(8), beta=beta)
    assert terms.objective.shape == (3, 5)
    torch.testing.assert_close(terms.objective, terms.log_likelihood - beta[:, None] * terms.kl)
    single = vae.elbo(net, x, generator=generator(8), beta=4.0)
    torch.testing.assert_close(single.objective[2], terms.objective[2])


def test_gradient_equals_finite_differences():
    net, x = built(sizes=(6, 4, 2)), images(3)
    theta = nets.flatten(net).requires_grad_()

    def objective(theta):
        parts = nets.unflatten(theta, nets.parameter_shapes(net))

        class Bound(torch.nn.Module):
            n_nets = None

            def encoder(self, x):
                return torch.func.functional_call(net.encoder, part("encoder"), (x,))

            def decoder(self, z):
                return torch.func.functional_call(net.decoder, part("decoder"), (z,))

        def part(which):
            return {
                name.removeprefix(which + "."): value
                for name, value in parts.items()
                if name.startswith(which)
            }

        return vae.elbo(Bound(), x, generator=generator(9), beta=2.0).objective.mean()

    assert torch.autograd.gradcheck(objective, theta)


def test_gradient_flows_to_encoder_and_decoder():
    net, x = built(n_nets=2), images()
    vae.elbo(net, x, generator=generator(10)).objective.sum().backward()
    for name, parameter in net.named_parameters():
        by_seed = parameter.grad.flatten(1).abs().amax(1)
        assert (by_seed > 0).all(), name


@pytest.mark.parametrize("beta", [0.0, 1.5])
@pytest.mark.parametrize("activation", ["silu", "tanh"])
@pytest.mark.parametrize("n_nets", [None, 3])
def test_gradient_written_out_equals_that_of_autograd(beta, activation, n_nets):
    net = vae.VAE((6, 8, 5, 2), activation, n_nets=n_nets)
    nets.initialise(net, generator=generator(1)).double()
    if n_nets:
        beta = beta * torch.arange(1.0, 4).double()
    by_graph = vae.NegativeElbo(generator(2), beta)(net, images())
    expected = torch.autograd.grad(by_graph.sum(), list(net.parameters()))
    value = vae.NegativeElbo(generator(2), beta).backward(net, images())
    torch.testing.assert_close(value, by_graph.detach())
    for parameter, gradient in zip(net.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient)


def test_training_by_either_gradient_ends_at_the_same_net():
    ends = []
    for plain in (True, False):
        net, loss = built(), vae.NegativeElbo(generator(3), beta=2.0)
        train.train(
            net,
            (lambda net, x, loss=loss: loss(net, x)) if plain else loss,
            (images(20),),
            batch_size=8,
            n_steps=25,
            optimiser=torch.optim.AdamW(net.parameters(), lr=0.02, fused=True),
            generator=generator(4),
        )
        ends.append(nets.flatten(net))
    torch.testing.assert_close(*ends, rtol=0, atol=1e-6)
    assert (ends[0] - nets.flatten(built())).abs().max() > 0.1


def test_what_an_elbo_refuses_its_gradient_refuses():
    loss = vae.NegativeElbo(generator(1))
    for x, words in [(images() * 255, "divide those"), (images(5, 4), r"shape \(..., 6\)")]:
        with pytest.raises(ValueError, match=words):
            loss.backward(built(), x)
    with pytest.raises(ValueError, match="beta"):
        vae.NegativeElbo(generator(1), -1.0).backward(built(), images())


def test_beta_zero_is_an_autoencoder():
    net, x = built(), images()
    terms = vae.elbo(net, x, generator=generator(11), beta=0)
    assert torch.equal(terms.objective, terms.log_likelihood)
    log_var_at_start = net.encoder(x)[1].detach()
    fit(net, x, beta=0.0, n_steps=400)
    _, log_var = net.encoder(x)
    assert (log_var < log_var_at_start - 1).all()  # nothing pays for noise: it is removed


def fit(net, x, *, beta, n_steps):
    noise = generator(12)
    return train.train(
        net,
        lambda net, x: -vae.elbo(net, x, generator=noise, beta=beta).objective.mean(-1),
        (x,),
        batch_size=len(x),
        n_steps=n_steps,
        optimiser=torch.optim.AdamW(net.parameters(), lr=0.02, weight_decay=0.0),
        generator=generator(13),
    )


def test_tiny_overfit_reaches_zero_loss():
    x = torch.eye(6).double()[:4]
    result = fit(built(sizes=(6, 32, 2)), x, beta=0.0, n_steps=300)
    assert result.losses[0] > 3 and result.losses[-20:].mean() < 0.01


def test_large_beta_empties_the_code():
    x = images(20)
    net = built()
    fit(net, x, beta=100.0, n_steps=300)
    mean, log_var = net.encoder(x)
    assert vae.kl_to_prior(mean, log_var).sum(-1).max() < 0.01
    assert vae.active_units(mean) == 0


def test_draws_reproduce_and_leave_the_global_state():
    net, x, state = built(), images(), torch.get_rng_state()
    one, same, other = (vae.elbo(net, x, generator=generator(seed)).objective for seed in (1, 1, 2))
    assert torch.equal(one, same) and not torch.equal(one, other)
    assert torch.equal(torch.get_rng_state(), state)
    for call in (
        lambda: vae.elbo(net, x),
        lambda: vae.sample_latents(x, x),
        lambda: vae.log_importance_weights(net, x, n_samples=2),
    ):
        with pytest.raises(TypeError, match="generator"):
            call()


def exact_log_likelihood(net, x, n=321, limit=8.0):
    """Integrate p(x|z) p(z) over the plane by the trapezium rule."""
    axis = torch.linspace(-limit, limit, n).double()
    z = torch.cartesian_prod(axis, axis)
    with torch.no_grad():
        log_p = vae.pixel_log_likelihood(net.decoder(z), x[:, None])
    log_prior = -z.square().sum(-1) / 2 - math.log(2 * math.pi)
    cell = 2 * math.log(2 * limit / (n - 1))
    return (log_p + log_prior).logsumexp(-1) + cell


def test_importance_weights_average_to_the_likelihood():
    net, x = built(), images()
    with torch.no_grad():  # a decoder that depends on its latents
        net.decoder.layers[0].weight *= 6
        net.decoder.layers[1].weight *= 3
    exact = exact_log_likelihood(net, x)
    log_w = vae.log_importance_weights(
        net, x, n_samples=10_000, chunk=3_000, generator=generator(14)
    )
    ratio = (log_w - exact[:, None]).exp()
    error = ratio.std(-1) / math.sqrt(ratio.shape[-1])
    assert ((ratio.mean(-1) - 1).abs() < 5 * error).all()


def test_bound_tightens_with_samples_and_starts_at_the_elbo():
    net, x = built(), images()
    with torch.no_grad():
        net.decoder.layers[0].weight *= 6
        net.decoder.layers[1].weight *= 3
    log_w = vae.log_importance_weights(net, x, n_samples=10_000, generator=generator(15))
    bounds = [vae.importance_weighted_bound(log_w, k) for k in (1, 10, 100, 1000)]
    for looser, tighter in itertools.pairwise(bounds):
        assert (tighter > looser).all()
    assert (bounds[-1] <= exact_log_likelihood(net, x) + 0.01).all()
    elbos = torch.stack(
        [vae.elbo(net, x, generator=g).objective for g in [generator(16)] for _ in range(500)]
    )
    error = elbos.std(0) / math.sqrt(500) + log_w.std(-1) / math.sqrt(10_000)
    assert ((bounds[0] - elbos.mean(0)).abs() < 5 * error).all()


def test_bound_of_equal_weights_is_their_value_whatever_the_number():
    log_w = torch.full((3, 12), -70.5)
    for n_samples in (1, 3, 12):
        torch.testing.assert_close(
            vae.importance_weighted_bound(log_w, n_samples), torch.full((3,), -70.5)
        )


def test_weights_keep_the_seeds_apart():
    stack, x = built(n_nets=2), images()
    log_w = vae.log_importance_weights(stack, x, n_samples=3, generator=generator(17))
    assert log_w.shape == (2, 5, 3)
    assert vae.importance_weighted_bound(log_w, 3).shape == (2, 5)


def test_active_units_count_moving_means():
    mean = torch.zeros(2, 50, 3)
    mean[0, :, 1] = torch.randn(50, generator=generator(18))
    mean[1] = 1 + 0.01 * torch.randn(50, 3, generator=generator(19))
    assert vae.active_units(mean).tolist() == [1, 0]


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: vae.elbo(built(), images(), generator=generator(1), beta=-1), "beta"),
        (
            lambda: vae.elbo(
                built(2), images(), generator=generator(1), beta=torch.tensor([1.0, -1.0])
            ),
            "beta",
        ),
        (
            lambda: vae.elbo(built(2), images(), generator=generator(1), beta=torch.ones(3)),
            r"shape \(2,\)",
        ),
        (lambda: vae.importance_weighted_bound(torch.zeros(5, 10), 3), "divide the 10"),
    ],
)
def test_errors_name_the_argument(call, words):
    with pytest.raises(ValueError, match=words):
        call()
