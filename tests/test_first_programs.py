"""What a learner writes first: short programs that run at the first attempt, and fast."""

import re
from pathlib import Path

import torch
from sklearn import datasets
from torch import nn
from torch.distributions import HalfNormal

from tinynets import bnn, diagnostics, laplace, nets, scores, vi
from tinynets.rng import generator
from tinynets.samplers import adapt, hmc, sample, tempered_smc
from tinynets.train import maximise


def test_the_readmes_program_runs_as_it_stands(tmp_path, monkeypatch):
    """As a newcomer copies it, with PyTorch's default dtype and threads."""
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"^```python\n(.*?)^```", readme, flags=re.S | re.M)
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(program, names)
    posterior, f, x, ax = (names[name] for name in ("posterior", "f", "x", "ax"))
    assert (tmp_path / "band.png").stat().st_size > 5000
    assert posterior.path.name == "compiled" or "C" in posterior.path.reason
    assert f.shape == (4, 200, 20) and len(ax.lines) == 14
    assert (f.mean((0, 1)) - torch.sin(2 * x[:, 0])).abs().max() < 0.3
    assert diagnostics.r_hat(f).max() < 1.2
    low, high = scores.central_interval(f, 0.95)
    assert ((low < torch.sin(2 * x[:, 0])) & (torch.sin(2 * x[:, 0]) < high)).float().mean() > 0.7


def standardised(values):
    values = torch.as_tensor(values, dtype=torch.float64)
    return (values - values.mean(0)) / values.std(0)


def sampled(posterior, *, n_leapfrog, n_warmup=150, n_draws=100, chains=4):
    """Draws from a posterior by HMC, from starts near the prior's centre."""
    start = 0.3 * posterior.draw_prior(chains, generator=generator(1, "start"))
    return sample(
        adapt(hmc, posterior, n_leapfrog=n_leapfrog),
        start,
        n_draws=n_draws,
        n_warmup=n_warmup,
        generator=generator(1, "draws"),
    ).position


def moons():
    x, labels = datasets.make_moons(200, noise=0.15, random_state=0)
    net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
    x, labels = standardised(x), torch.as_tensor(labels)
    train = bnn.Posterior(net, x[:100], labels[:100], bnn.Categorical(), 3.0)
    return train, x[100:], labels[100:]


def log_score(posterior, position, x, y):
    return scores.log_predictive_density(bnn.log_likelihood(posterior, position, x, y)).mean()


def test_a_classifier_of_two_moons_is_sampled():
    posterior, x, labels = moons()
    assert posterior.path.name == "compiled" or "C" in posterior.path.reason
    position = sampled(posterior, n_leapfrog=20)
    p = scores.class_probabilities(bnn.predictions(posterior, position, x))
    assert (p.argmax(1) == labels).double().mean() > 0.93
    assert log_score(posterior, position, x, labels) > -0.2
    assert scores.calibration_error(p, labels) < 0.1


def test_a_classifier_is_fitted_by_every_other_method_too():
    posterior, x, labels = moons()
    g = generator(1, "others")
    particles = tempered_smc(posterior, n_particles=60, n_leapfrog=8, generator=g)
    fit = vi.fit(
        vi.mean_field(0.1 * posterior.draw_prior(2, generator=g), 0.05),
        vi.expected_log_likelihood(posterior, n_samples=4),
        posterior,
        n_steps=400,
        learning_rate=0.03,
        generator=g,
    )
    best = particles.position[posterior(particles.position).argmax()]
    mode = maximise(posterior, best[None], n_steps=300, learning_rate=0.03).position[0]
    f_mean, f_std = laplace.linearised(posterior, laplace.fit(posterior, mode), x)
    assert f_mean.shape == f_std.shape == (100, 2)
    answers = [f_mean.softmax(-1)] + [
        scores.class_probabilities(bnn.predictions(posterior, position, x))
        for position in (particles.position, fit.q.sample(50, generator=g))
    ]
    for p in answers:
        assert (p.argmax(1) == labels).double().mean() > 0.9


def test_a_classifier_of_8x8_digits_is_sampled():
    images, labels = datasets.load_digits(return_X_y=True)
    x = torch.as_tensor(images, dtype=torch.float32) / 16
    labels = torch.as_tensor(labels)
    net = nets.MLP([64, 12, 10], "relu")
    std = bnn.prior_std(net, weight_std=3.0, fan_in=True, dtype=torch.float32)
    posterior = bnn.Posterior(net, x[:500], labels[:500], bnn.Categorical(), std)
    position = sampled(posterior, n_leapfrog=10, n_warmup=80, n_draws=40, chains=2)
    p = scores.class_probabilities(bnn.predictions(posterior, position, x[500:1000]))
    assert (p.argmax(1) == labels[500:1000]).float().mean() > 0.8
    assert scores.entropy(p).mean() < 1.5


def test_a_deep_regression_of_two_outputs_is_sampled_with_its_noise():
    data = datasets.load_diabetes()
    columns = standardised(data.data)
    x, y = columns[:, [0, 1, 3, 4, 5]], torch.stack([standardised(data.target), columns[:, 2]], 1)
    net = nn.Sequential(nn.Linear(5, 10), nn.ReLU(), nn.Linear(10, 8), nn.SiLU(), nn.Linear(8, 2))
    likelihood = bnn.Gaussian(HalfNormal(torch.ones(2)))
    std = bnn.prior_std(net, fan_in=True)
    posterior = bnn.Posterior(net, x[:300], y[:300], likelihood, std)
    assert posterior.dim == len(std) + 2
    position = sampled(posterior, n_leapfrog=15)
    f = bnn.predictions(posterior, position, x[300:])
    assert f.shape == (4, 100, 142, 2)
    noisy = scores.with_noise(f, posterior.noise_std(position), generator=generator(2))
    held_out = y[300:]
    error = (f.mean((0, 1)) - held_out).square().mean(0).sqrt()
    assert (error < 0.95 * held_out.std(0)).all()
    shares = scores.coverage(noisy, held_out, torch.tensor([0.9]))
    assert 0.82 < shares.item() < 0.97
    assert scores.crps(noisy, held_out).shape == (142, 2)
    assert log_score(posterior, position, x[300:], held_out) > -3.0
    rival = bnn.Posterior(net, x[:300], y[:300], bnn.Gaussian(torch.tensor([3.0, 3.0]).double()))
    assert log_score(rival, sampled(rival, n_leapfrog=15), x[300:], held_out) < log_score(
        posterior, position, x[300:], held_out
    )
