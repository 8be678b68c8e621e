"""Gaussians of classes: closed forms against Monte Carlo and brute force."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy.spatial import ConvexHull
from scipy.stats import multivariate_normal
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from torch.distributions import MultivariateNormal, kl_divergence

from tinynets import latents
from tinynets.latents import Gaussian
from tinynets.rng import generator


def gaussian(seed, d=2, nets=()):
    g = generator(seed)
    root = torch.randn(*nets, d, d, generator=g).double()
    mean = torch.randn(*nets, d, generator=g).double()
    return Gaussian(mean, root @ root.mT + 0.2 * torch.eye(d).double())


def encoded(n=400, d=2, seed=1):
    """Draw encoder-like Gaussians of three classes."""
    g = generator(seed)
    labels = torch.arange(n) % 3
    means = torch.randn(n, d, generator=g).double() * (1 + labels[:, None])
    return means + labels[:, None], torch.rand(n, d, generator=g).double() + 0.1, labels


def grid(limit=14.0, n=281):
    axis = torch.linspace(-limit, limit, n).double()
    return torch.cartesian_prod(axis, axis), (2 * limit / (n - 1)) ** 2


def test_log_density_equals_scipy():
    g, points = gaussian(1, d=3), torch.randn(9, 3, generator=generator(2)).double()
    peer = multivariate_normal(g.mean, g.covariance).logpdf(points)
    np.testing.assert_allclose(latents.log_density(points, g), peer)


def test_kl_equals_torch_distributions_and_monte_carlo():
    a, b = gaussian(2, d=3), gaussian(3, d=3)
    value = latents.kl(a, b)
    p, q = (MultivariateNormal(g.mean, g.covariance) for g in (a, b))
    torch.testing.assert_close(value, kl_divergence(p, q))
    n = 50_000
    z = (
        a.mean
        + torch.randn(n, 3, generator=generator(4)).double()
        @ torch.linalg.cholesky(a.covariance).mT
    )
    ratio = latents.log_density(z, a) - latents.log_density(z, b)
    assert abs(ratio.mean() - value) < 5 * ratio.std() / math.sqrt(n)


def test_overlap_equals_the_integral_over_the_plane():
    a, b = gaussian(5), gaussian(6)
    points, area = grid()
    logs = [latents.log_density(points, g) for g in (a, b)]
    brute = torch.exp((logs[0] + logs[1]) / 2).sum() * area
    torch.testing.assert_close(latents.overlap(a, b), brute, rtol=1e-6, atol=0)
    torch.testing.assert_close(latents.bhattacharyya(a, b), -brute.log(), rtol=1e-5, atol=0)


def test_distances_vanish_only_for_equal_gaussians():
    a, b = gaussian(7), gaussian(8)
    zero = torch.zeros(()).double()
    for distance in (latents.kl, latents.bhattacharyya):
        torch.testing.assert_close(distance(a, a), zero, atol=1e-12, rtol=0)
        assert distance(a, b) > 0.01
    assert abs(latents.kl(a, b) - latents.kl(b, a)) > 0.01
    torch.testing.assert_close(latents.bhattacharyya(a, b), latents.bhattacharyya(b, a))


@pytest.mark.parametrize("compare", [latents.kl, latents.bhattacharyya, latents.overlap])
def test_pairwise_equals_each_pair_alone(compare):
    many = gaussian(9, nets=(2, 3))
    table = latents.pairwise(compare, many)
    assert table.shape == (2, 3, 3)
    for s, i, j in itertools.product(range(2), range(3), range(3)):
        alone = compare(
            Gaussian(many.mean[s, i], many.covariance[s, i]),
            Gaussian(many.mean[s, j], many.covariance[s, j]),
        )
        torch.testing.assert_close(table[s, i, j], alone)


def test_class_gaussians_match_the_moments_of_draws():
    means, variances, labels = encoded()
    classes = latents.class_gaussians(means, variances, labels, 3)
    n = 100_000
    for k in range(3):
        rows = (labels == k).nonzero().flatten()
        pick = rows[torch.randint(len(rows), (n,), generator=generator(k))]
        z = (
            means[pick]
            + variances[pick].sqrt() * torch.randn(n, 2, generator=generator(10, k)).double()
        )
        error = 5 * z.std(0) / math.sqrt(n)
        assert ((z.mean(0) - classes.mean[k]).abs() < error).all()
        scale = classes.covariance[k].diagonal().max()
        assert ((z.T.cov() - classes.covariance[k]).abs() < 10 * scale / math.sqrt(n)).all()


def test_class_gaussians_of_stacked_seeds_equal_each_alone():
    means, variances, labels = encoded()
    both = latents.class_gaussians(
        torch.stack([means, 2 * means]), torch.stack([variances, variances]), labels, 3
    )
    alone = latents.class_gaussians(2 * means, variances, labels, 3)
    torch.testing.assert_close(both.mean[1], alone.mean)
    torch.testing.assert_close(both.covariance[1], alone.covariance)


def test_mixture_density_integrates_to_one_and_matches_by_hand():
    means, variances, _ = encoded(n=20)
    points, area = grid(limit=25.0, n=401)
    density = latents.mixture_log_density(points, means, variances, chunk=7).exp()
    assert float(density.sum() * area) == pytest.approx(1, abs=1e-6)
    by_hand = np.mean(
        [
            multivariate_normal(m, np.diag(v)).pdf(points[:50])
            for m, v in zip(means, variances, strict=True)
        ],
        axis=0,
    )
    np.testing.assert_allclose(density[:50], by_hand, rtol=1e-9)


def test_ellipse_lies_at_its_mahalanobis_distance():
    g = gaussian(11, nets=(4,))
    curve = latents.ellipse(g, 2.0)
    assert curve.shape == (4, 64, 2)
    torch.testing.assert_close(curve[:, 0], curve[:, -1])
    for k in range(4):
        away = curve[k] - g.mean[k]
        distance = (away @ torch.linalg.inv(g.covariance[k]) * away).sum(-1)
        torch.testing.assert_close(distance, torch.full((64,), 4.0).double())


def test_ellipse_at_one_std_has_the_area_pi_root_det():
    g = gaussian(12)
    area = ConvexHull(latents.ellipse(g, 1.0, 2000)).volume
    assert math.log(area / math.pi) == pytest.approx(float(latents.log_volume(g)), abs=1e-5)


@pytest.mark.parametrize(
    "call",
    [
        lambda flat, g: latents.kl(g, flat),
        lambda flat, g: latents.kl(flat, g),
        latents.bhattacharyya,
        latents.overlap,
        lambda flat, g: latents.ellipse(flat, 1.0),
        lambda flat, g: latents.log_volume(flat),
        lambda flat, g: latents.log_density(torch.zeros(1, 2).double(), flat),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_singular_covariance_is_an_error_that_says_which(call, dtype):
    # three times one point on a line: rank one, up to rounding
    line = torch.tensor([[0.1, 0.3], [0.2, 0.6], [0.3, 0.9]], dtype=dtype)
    good = gaussian(13)
    classes = [
        Gaussian(good.mean.to(dtype), good.covariance.to(dtype)),
        latents.mixture_moments(line, torch.zeros_like(line)),
    ]
    many = Gaussian(*(torch.stack(parts) for parts in zip(*classes, strict=True)))
    with pytest.raises(ValueError, match=r"covariance at index \(1,\) .* needs more images"):
        call(many, classes[0])


def test_scatter_adds_up_to_the_total_covariance():
    means, _, labels = encoded(n=300)
    parts = latents.scatter(means, labels, 3)
    total = means.T.cov(correction=0)
    torch.testing.assert_close(parts.within + parts.between, total)


def test_fisher_ratio_of_known_scatter():
    parts = latents.Scatter(
        torch.diag(torch.tensor([1.0, 2.0])), torch.diag(torch.tensor([4.0, 5.0]))
    )
    assert latents.fisher_ratio(parts) == pytest.approx(3)


def test_fisher_ratio_grows_as_classes_tighten():
    _, _, labels = encoded(n=300)
    corners = torch.eye(3).double()[labels]
    noise = torch.randn(300, 3, generator=generator(14)).double()
    near, far = (
        float(latents.fisher_ratio(latents.scatter(corners + size * noise, labels, 3)))
        for size in (0.01, 0.1)
    )
    assert near == pytest.approx(100 * far, rel=0.1)


@pytest.mark.parametrize("mass", [0.3, 0.5, 0.9])
def test_region_level_of_a_gaussian_is_known(mass):
    points, _ = grid(limit=6.0, n=241)
    g = Gaussian(torch.zeros(2).double(), torch.eye(2).double())
    density = latents.log_density(points, g).exp().view(241, 241)
    level = latents.region_level(torch.stack([density, 3 * density]), mass)
    peak = (1 - mass) / (2 * math.pi)  # mass within r is 1 - exp(-r²/2)
    torch.testing.assert_close(level, torch.tensor([peak, 3 * peak]).double(), rtol=0.02, atol=0)


@pytest.mark.parametrize("gap, separable", [(0.05, True), (-0.05, False)])
def test_plane_separates_exactly_when_it_can(gap, separable):
    g = generator(15)
    points = torch.rand(200, 3, generator=g).double()
    side = points @ torch.tensor([1.0, -2.0, 0.5]).double() + 0.2
    points = points[side.abs() > 0.05]
    side = side[side.abs() > 0.05]
    a, b = points[side > 0], points[side < 0]
    if not separable:  # one point goes over to the middle of the other side
        a = torch.cat([a, b.mean(0, keepdim=True)])
    plane = latents.separating_plane(a, b)
    assert (plane.error_rate == 0) == separable
    if separable:
        assert (a @ plane.normal + plane.offset > 0).all()
        assert (b @ plane.normal + plane.offset < 0).all()


def test_plane_errs_about_as_often_as_a_discriminant_does():
    g = generator(16)
    a, b = (torch.randn(150, 2, generator=g).double() + shift for shift in (0.0, 1.5))
    plane = latents.separating_plane(a, b)
    peer = LinearDiscriminantAnalysis().fit(torch.cat([a, b]), [0] * 150 + [1] * 150)
    rate = 1 - peer.score(torch.cat([a, b]), [0] * 150 + [1] * 150)
    assert plane.error_rate == pytest.approx(rate, abs=0.03)


def test_classes_in_one_point_are_read_at_chance():
    points = torch.zeros(10, 3).double()
    assert latents.separating_plane(points, points).error_rate == 0.5


def test_pairwise_error_is_symmetric_and_finds_the_pair_that_overlaps():
    g = generator(17)
    labels = torch.arange(90) % 3
    centre = torch.tensor([[0.0, 0], [0.5, 0], [20, 0]]).double()
    features = centre[labels] + torch.randn(90, 2, generator=g).double()
    errors = latents.pairwise_error(features, labels, 3)
    assert torch.equal(errors, errors.T) and errors.diagonal().sum() == 0
    assert errors[0, 1] > 0.1 and errors[2].sum() == 0


def test_errors_name_the_argument():
    means, variances, labels = encoded()
    with pytest.raises(ValueError, match="none of class 3"):
        latents.class_gaussians(means, variances, labels, 4)
    with pytest.raises(ValueError, match="two-dimensional"):
        latents.ellipse(gaussian(1, d=3), 1.0)
    with pytest.raises(ValueError, match="n_std"):
        latents.ellipse(gaussian(1), 0.0)


def test_orthogonal_fit_finds_a_turn_and_a_mirror():
    points = torch.randn(10, 3, dtype=torch.float64, generator=generator(9))
    turn = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64, generator=generator(10))).Q
    found = latents.orthogonal_fit(points, points @ turn)
    torch.testing.assert_close(found, turn)
    noisy = points @ turn + 0.3 * torch.randn(10, 3, dtype=torch.float64, generator=generator(11))
    best = latents.orthogonal_fit(points, noisy)
    torch.testing.assert_close(best.mT @ best, torch.eye(3, dtype=torch.float64))
    assert (points @ best - noisy).square().sum() <= (points @ turn - noisy).square().sum()
    with pytest.raises(ValueError, match="reference"):
        latents.orthogonal_fit(points, points[:5])
