"""Running: what stops, resumes; what is impossible, is said or counted."""

import errno
import functools
import math

import pytest
import torch

from tinynets import bnn, nets, rng, targets
from tinynets.samplers import (
    Adaptation,
    adapt,
    dense_mass,
    diagonal_mass,
    hmc,
    mala,
    metropolis,
    nuts,
    polynomial_decay,
    sample,
    sgld,
    ula,
)

TARGET = targets.skewed(2)
GRADIENT_SAMPLERS = {
    "ula": functools.partial(ula, step_size=0.5),
    "mala": functools.partial(mala, step_size=0.5),
    "hmc": functools.partial(hmc, step_size=0.5, n_leapfrog=3),
    "nuts": functools.partial(nuts, step_size=0.5),
}


def start(chains=3):
    return TARGET.draw(chains, generator=rng.generator(1))


def sgld_sampler():
    return sgld(
        lambda q, examples: TARGET.log_density(q),
        n_examples=5,
        batch_size=2,
        step_size=polynomial_decay(0.3),
    )


class Interrupted(Exception):
    """What stops a run in these tests."""


def breaking_after(sampler, n_steps):
    """Return the sampler or adaptation, failing after some steps."""
    made = 0

    def step(state, *, generator):
        nonlocal made
        made += 1
        if made > n_steps:
            torch.randn(7, generator=generator)  # in the midst of a step
            raise Interrupted
        return sampler.step(state, generator=generator)

    return sampler._replace(step=step)


def breaking_in(sampler, after, n_warmup):
    """Return the sampler or adaptation, failing after steps of warm-up and draws together."""
    if not isinstance(sampler, Adaptation):
        return breaking_after(sampler, after)
    finish = sampler.finish
    late = sampler._replace(
        finish=lambda learning: (
            lambda tuned, *rest: (breaking_after(tuned, after - n_warmup), *rest)
        )(*finish(learning))
    )
    return breaking_after(late, after)


@pytest.mark.parametrize("after", [13, 55])
@pytest.mark.parametrize(
    "make",
    [
        lambda: adapt(nuts, TARGET.log_density),
        lambda: adapt(hmc, TARGET.log_density, n_leapfrog=3, mass="dense", pooled=False),
        lambda: metropolis(TARGET.log_density, step_size=1.0),
        sgld_sampler,
    ],
    ids=["nuts", "hmc", "metropolis", "sgld"],
)
def test_interrupted_run_resumes_bit_for_bit(tmp_path, make, after):
    path = tmp_path / "run.pt"
    before = "n_warmup" if isinstance(make(), Adaptation) else "n_burn_in"
    options = {"n_draws": 30, before: 40, "thin": 2, "keep_warmup": True}
    whole = sample(make(), start(), generator=rng.generator(2), **options)
    with pytest.raises(Interrupted):
        sample(
            breaking_in(make(), after, 40),
            start(),
            checkpoint=path,
            generator=rng.generator(2),
            **options,
        )
    resumed = sample(make(), start(), checkpoint=path, generator=rng.generator(2), **options)
    assert torch.equal(resumed.position, whole.position)
    assert all(
        torch.equal(one, other) or one.isnan().all()
        for one, other in zip(resumed.info, whole.info, strict=True)
    )
    assert resumed.warmup[:4] == whole.warmup[:4]
    assert torch.equal(resumed.warmup.position, whole.warmup.position)
    again = rng.generator(2)
    done = sample(make(), start(), checkpoint=path, generator=again, **options)
    assert torch.equal(done.position, whole.position)


def test_checkpoint_is_written_while_running(tmp_path):
    path = tmp_path / "run.pt"
    seen = []
    sampler = hmc(TARGET.log_density, step_size=0.5, n_leapfrog=2)

    def step(state, *, generator):
        seen.append(path.exists())
        return sampler.step(state, generator=generator)

    sample(
        sampler._replace(step=step),
        start(),
        n_draws=10,
        checkpoint=path,
        checkpoint_every=4,
        generator=rng.generator(2),
    )
    assert seen == 4 * [False] + 6 * [True]
    assert not path.with_name("run.pt.part").exists()


@pytest.mark.parametrize(
    "change, what",
    [
        ({"n_draws": 9}, "n_draws was 8"),
        ({"thin": 2}, "thin was 1"),
        ({"generator": rng.generator(3)}, "generator"),
        ({"position": start() + 1}, "starting position"),
    ],
)
def test_checkpoint_of_another_run_is_refused(tmp_path, change, what):
    path = tmp_path / "run.pt"
    sampler = mala(TARGET.log_density, step_size=0.5)

    def run(**change):
        options = {
            "position": start(),
            "generator": rng.generator(2),
            "n_draws": 8,
            "checkpoint": path,
        } | change
        return sample(sampler, **options)

    run()
    with pytest.raises(ValueError, match=what):
        run(**change)


def other_data(noise=0.3, last=1.0):
    x = torch.tensor([[-1.0], [0.2], [1.0]], dtype=torch.float64)
    y = torch.tensor([[0.5], [0.1], [last]], dtype=torch.float64)
    return bnn.Posterior(nets.MLP([1, 2, 1]), x, y, bnn.Gaussian(noise))


WIDE = diagonal_mass(torch.tensor([2.0, 2.0], dtype=torch.float64))
HMC = {"step_size": 0.1, "n_leapfrog": 2}


@pytest.mark.parametrize(
    "before, now, what",
    [
        (
            mala(TARGET.log_density, step_size=0.5),
            ula(TARGET.log_density, step_size=0.5),
            "sampler was mala then and is ula now",
        ),
        (
            mala(TARGET.log_density, step_size=0.5),
            mala(TARGET.log_density, step_size=0.4),
            "step_size was 0.5 then and is 0.4 now",
        ),
        (
            mala(TARGET.log_density, step_size=torch.tensor([0.5, 0.4, 0.3, 0.2])),
            mala(TARGET.log_density, step_size=torch.tensor([0.5, 0.4, 0.3, 0.1])),
            r"step_size was \(4,\)",
        ),
        (
            mala(TARGET.log_density, step_size=0.5),
            mala(TARGET.log_density, step_size=0.5, mass=WIDE),
            "mass was None then and is Mass now",
        ),
        (
            mala(TARGET.log_density, step_size=0.5, mass=WIDE),
            mala(TARGET.log_density, step_size=0.5, mass=WIDE._replace(dense=True)),
            "mass: dense was False then and is True now",
        ),
        (hmc(other_data(), **HMC), hmc(other_data(), **HMC, jitter=0.1), "jitter was 0.0"),
        (hmc(other_data(), **HMC), hmc(other_data(last=1 + 1e-12), **HMC), "log_density: y was"),
        (hmc(other_data(), **HMC), hmc(other_data(0.31), **HMC), r"noise_std=0.3\).* then and is"),
        (
            hmc(other_data(), **HMC),
            hmc(other_data().tempered(2.0), **HMC),
            "log_density: temperature was 1.0 then and is 2.0 now",
        ),
        (
            adapt(hmc, TARGET.log_density, n_leapfrog=3),
            adapt(nuts, TARGET.log_density),
            "algorithm was hmc then and is nuts now",
        ),
        (
            adapt(hmc, TARGET.log_density, n_leapfrog=3),
            adapt(hmc, TARGET.log_density, n_leapfrog=4),
            "options: n_leapfrog was 3 then and is 4 now",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_checkpoint_of_another_sampler_or_target_is_refused(tmp_path, before, now, what):
    dim = 7 if "Posterior" in before.describe()["log_density"] else 2
    warm = {"n_warmup": 20} if isinstance(before, Adaptation) else {}
    run = functools.partial(
        sample,
        position=0.1 * torch.ones(4, dim, dtype=torch.float64),
        n_draws=4,
        checkpoint=tmp_path / "run.pt",
        **warm,
    )
    first = run(before, generator=rng.generator(2))
    again = run(before, generator=rng.generator(2))
    assert torch.equal(first.position, again.position)
    with pytest.raises(ValueError, match=what):
        run(now, generator=rng.generator(2))


def minibatches(scale):
    return sgld(
        lambda q, examples: -0.5 * (q**2).sum(-1) * scale, n_examples=4, batch_size=2, step_size=0.1
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda scale: metropolis(lambda q: -0.5 * scale * (q**2).sum(-1), step_size=0.5),
        lambda scale: adapt(nuts, lambda q: -0.5 * scale * (q**2).sum(-1)),
        minibatches,
    ],
    ids=["metropolis", "nuts", "sgld"],
)
def test_a_target_of_the_same_name_is_known_by_its_values(tmp_path, make):
    """Two lambdas are described alike; what they return tells them apart."""
    before = make(1.0)
    warm = "n_warmup" if isinstance(before, Adaptation) else "n_burn_in"
    options = {"n_draws": 6, warm: 30, "checkpoint": tmp_path / "run.pt"}
    for after in (10, 33):  # while it warms up, and while it draws
        (tmp_path / "run.pt").unlink(missing_ok=True)
        with pytest.raises(Interrupted):
            late = breaking_in(make(1.0), after, 30)
            sample(late, start(), generator=rng.generator(2), **options)
        with pytest.raises(ValueError, match="log density at a stored position was .* then and is"):
            sample(make(1.0 + 1e-6), start(), generator=rng.generator(2), **options)
        sample(make(1.0), start(), generator=rng.generator(2), **options)


def test_only_where_the_chains_are_may_show_another_target(tmp_path):
    """Equal where they started: the position that is stored last decides."""
    path, begin = tmp_path / "run.pt", start()

    def make(scale):
        def log_density(q):
            return -0.5 * (q**2).sum(-1) - scale * (q - begin).square().sum(-1)

        return metropolis(log_density, step_size=0.5)

    options = {"n_draws": 6, "checkpoint": path}
    sample(make(0.1), begin, generator=rng.generator(2), **options)
    with pytest.raises(ValueError, match="log density at a stored position"):
        sample(make(0.2), begin, generator=rng.generator(2), **options)


def test_no_flipped_bit_is_loaded(tmp_path):
    path = tmp_path / "run.pt"
    run = functools.partial(
        sample, mala(TARGET.log_density, step_size=0.5), start(), n_draws=8, checkpoint=path
    )
    run(generator=rng.generator(2))
    whole = path.read_bytes()
    bits = torch.randint(8 * len(whole), (300,), generator=rng.generator(1)).tolist()
    for bit in [*range(0, 8 * 120, 7), *bits]:  # the head as well as the body
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="run.pt is damaged.*delete it"):
            run(generator=rng.generator(2))
    path.write_bytes(whole)
    run(generator=rng.generator(2))


def test_a_full_disk_leaves_the_checkpoint_that_was_there(tmp_path, monkeypatch):
    path = tmp_path / "run.pt"
    sampler = mala(TARGET.log_density, step_size=0.5)
    whole = sample(sampler, start(), n_draws=8, generator=rng.generator(2))

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(Interrupted):
        run = breaking_after(sampler, 5)
        sample(run, start(), n_draws=8, checkpoint=path, generator=rng.generator(2))
    before = path.read_bytes()
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match=r"run\.pt can't be written: No space left"):
        sample(sampler, start(), n_draws=8, checkpoint=path, generator=rng.generator(2))
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
    monkeypatch.undo()
    done = sample(sampler, start(), n_draws=8, checkpoint=path, generator=rng.generator(2))
    assert torch.equal(done.position, whole.position)
    monkeypatch.setattr("os.fsync", full)  # nothing new to write
    sample(sampler, start(), n_draws=8, checkpoint=path, generator=rng.generator(2))


@pytest.mark.parametrize(
    "damage", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: b"text"]
)
def test_damaged_checkpoint_is_refused(tmp_path, damage):
    path = tmp_path / "run.pt"
    run = functools.partial(
        sample, mala(TARGET.log_density, step_size=0.5), start(), n_draws=8, checkpoint=path
    )
    run(generator=rng.generator(2))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match="run.pt is damaged.*delete it"):
        run(generator=rng.generator(2))


def test_thinning_keeps_every_so_manyth_draw():
    sampler = nuts(TARGET.log_density, step_size=0.5)
    every = sample(sampler, start(), n_draws=12, n_burn_in=3, generator=rng.generator(2))
    third = sample(sampler, start(), n_draws=4, n_burn_in=3, thin=3, generator=rng.generator(2))
    assert torch.equal(third.position, every.position[:, 2::3])
    in_threes = [field.reshape(3, 4, 3) for field in every.info]
    torch.testing.assert_close(third.info.acceptance, in_threes[0].mean(-1))
    assert torch.equal(third.info.n_gradients, in_threes[5].sum(-1))


def test_progress_shows_acceptance_and_divergences(capsys):
    sampler = hmc(TARGET.log_density, step_size=0.5, n_leapfrog=2)
    sample(sampler, start(), n_draws=5, n_burn_in=5, progress=True, generator=rng.generator(2))
    shown = capsys.readouterr().err
    assert "10/10" in shown and "acceptance=" in shown
    assert "divergences=0" in shown and "phase=draws" in shown
    sample(sampler, start(), n_draws=5, generator=rng.generator(2))
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda f: mala(f, step_size=0.0), "step_size must be .* above 0"),
        (lambda f: hmc(f, step_size=-1.0, n_leapfrog=2), "step_size"),
        (lambda f: nuts(f, step_size=math.nan), "step_size"),
        (lambda f: ula(f, step_size=torch.tensor([0.1, 0.0])), "every chain"),
        (lambda f: hmc(f, step_size=0.1, n_leapfrog=0), "n_leapfrog"),
        (lambda f: hmc(f, step_size=0.1, n_leapfrog=2, jitter=2.0), "jitter"),
        (lambda f: nuts(f, step_size=0.1, max_depth=0), "max_depth"),
        (lambda f: nuts(f, step_size=0.1, max_depth=31), "max_depth must be at most 30"),
        (
            lambda f: sgld(f, n_examples=3, batch_size=4, step_size=0.1),
            "n_examples must be 4 or above",
        ),
        (lambda f: sgld(f, n_examples=3, batch_size=2, step_size=0.0), "step_size"),
        (lambda f: polynomial_decay(0.1, power=1.0), "power"),
        (lambda f: adapt(nuts, f, target_acceptance=1.0), "target_acceptance"),
        (lambda f: adapt(nuts, f, mass="full"), "'dense'"),
        (lambda f: diagonal_mass(torch.tensor([1.0, 0.0])), "above 0"),
        (lambda f: dense_mass(-torch.eye(2)), "positive definite"),
        (lambda f: dense_mass(torch.ones(2, 3)), "shape"),
    ],
)
def test_impossible_settings_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make(TARGET.log_density)


@pytest.mark.parametrize(
    "position, error, message",
    [
        (torch.zeros(2).double(), ValueError, r"shape \(chains, dim\), got \(2,"),
        (torch.zeros(3, 2, dtype=torch.int64), TypeError, "floating"),
        (torch.tensor([[0.0, math.nan]]), ValueError, "position must be finite"),
        ([[0.0, 1.0]], TypeError, "torch.Tensor"),
        (
            1e200 * torch.ones(3, 2).double(),
            ValueError,
            "log_density must be finite where the chains start, got -inf in chain",
        ),
    ],
)
def test_impossible_starts_are_refused(position, error, message):
    with pytest.raises(error, match=message):
        sample(
            mala(TARGET.log_density, step_size=0.1), position, n_draws=3, generator=rng.generator(1)
        )


def test_log_density_of_wrong_shape_is_refused():
    with pytest.raises(
        ValueError,
        match=r"log_density\(position\) must have "
        r"shape \(3,\)",
    ):
        sample(
            metropolis(lambda q: q**2, step_size=0.1),
            start(),
            n_draws=3,
            generator=rng.generator(1),
        )


def test_tuning_needs_a_warm_up_and_a_density_that_varies():
    flat = adapt(mala, lambda q: 0 * q.sum(-1))
    for n_warmup in (0, 1, 19):
        with pytest.raises(ValueError, match=f"n_warmup must be 20 or above .* got {n_warmup}: "):
            sample(flat, start(), n_draws=3, n_warmup=n_warmup, generator=rng.generator(1))
    assert draw(adapt(mala, TARGET.log_density), n_warmup=20).warmup.n_steps == 20
    with pytest.raises(ValueError, match="no step size found.*flat"):
        sample(flat, start(), n_draws=3, n_warmup=30, generator=rng.generator(1))


@pytest.mark.parametrize("name", GRADIENT_SAMPLERS)
def test_nan_of_a_target_is_counted_and_never_drawn(name):
    def log_density(q):  # NaN on the right of 1
        return -0.5 * (q**2).sum(-1) + 0 * (1 - q).log().sum(-1)

    draws = sample(
        GRADIENT_SAMPLERS[name](log_density),
        torch.zeros(50, 2).double(),
        n_draws=60,
        generator=rng.generator(3),
    )
    assert torch.isfinite(draws.position).all()
    assert torch.isfinite(draws.log_density).all()
    assert torch.isfinite(draws.info.acceptance).all()
    assert draws.position.max() < 1 and draws.position.max() > 0.8
    assert draws.info.divergent.any() and not draws.info.divergent.all()


def test_nan_is_counted_by_the_random_walk_too():
    draws = sample(
        metropolis(lambda q: (1 - q).log().sum(-1) - q.abs().sum(-1), step_size=1.0),
        torch.zeros(50, 2).double(),
        n_draws=60,
        generator=rng.generator(3),
    )
    assert torch.isfinite(draws.log_density).all()
    assert draws.info.divergent.any()


@pytest.mark.parametrize("name", ["mala", "hmc", "nuts"])
def test_too_large_a_step_diverges_and_stays(name):
    sampler = {"mala": mala, "nuts": nuts, "hmc": functools.partial(hmc, n_leapfrog=20)}[name](
        targets.quartic(2).log_density, step_size=40.0
    )
    draws = sample(sampler, start(), n_draws=20, generator=rng.generator(3))
    assert draws.info.divergent.all() and not draws.info.accepted.any()
    assert torch.equal(draws.position, start().unsqueeze(1).expand(3, 20, 2))


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda f: adapt(hmc(f, step_size=0.1, n_leapfrog=2)), "got a Sampler: write adapt.hmc,"),
        (lambda f: adapt(hmc(f, step_size=0.1, n_leapfrog=2), f), "got a Sampler"),
        (lambda f: adapt(hmc), "needs the log density .* adapt.hmc, log_density"),
        (lambda f: adapt("hmc", f), "algorithm must be .* got 'hmc'"),
        (lambda f: adapt(hmc, f), "hmc can't be built, .*'n_leapfrog'"),
        (lambda f: adapt(nuts, f, n_leapfrog=3), "nuts can't be built, .*'n_leapfrog'"),
        (lambda f: draw(hmc, f), "got hmc: build it, such as hmc.log_density, .*adapt.hmc,"),
        (lambda f: draw(f, f), "sampler must be a Sampler or an Adaptation"),
    ],
)
def test_what_is_no_sampler_is_told_what_to_write(make, message):
    with pytest.raises(TypeError, match=message):
        make(TARGET.log_density)


def draw(sampler, _=None, *, generator=None, **options):
    generator = rng.generator(1) if generator is None else generator
    return sample(sampler, start(), n_draws=3, generator=generator, **options)


@pytest.mark.parametrize("wrong", [0, 7, "7", torch.Generator])
def test_a_seed_is_no_generator(wrong):
    with pytest.raises(TypeError, match=r"generator must be a .* torch.Generator\(\).manual_seed"):
        draw(mala(TARGET.log_density, step_size=0.1), generator=wrong)
    with pytest.raises(TypeError, match="generator must be a torch.Generator, got None"):
        sample(mala(TARGET.log_density, step_size=0.1), start(), n_draws=3, generator=None)


def test_warm_up_is_for_what_is_tuned_and_burn_in_for_the_rest():
    plain = mala(TARGET.log_density, step_size=0.1)
    with pytest.raises(ValueError, match="n_warmup must be 0 .* not tuned, got 30: .*n_burn_in"):
        draw(plain, n_warmup=30)
    with pytest.raises(ValueError, match="n_burn_in must be 0 .* tuned, got 30"):
        draw(adapt(mala, TARGET.log_density), n_warmup=30, n_burn_in=30)
    with pytest.raises(ValueError, match="n_burn_in must be 0 or above"):
        draw(plain, n_burn_in=-1)


def test_warm_up_is_kept_where_it_is_asked_for():
    plain = mala(TARGET.log_density, step_size=0.5)
    whole = sample(plain, start(), n_draws=9, generator=rng.generator(1))
    parts = sample(
        plain, start(), n_draws=4, n_burn_in=5, keep_warmup=True, generator=rng.generator(1)
    )
    joined = torch.cat([parts.warmup.position, parts.position], 1)
    assert torch.equal(joined, whole.position)
    tuned = adapt(nuts, TARGET.log_density)
    assert draw(tuned, n_warmup=30, keep_warmup=True).warmup.position.shape == (3, 30, 2)
    assert draw(tuned, n_warmup=30).warmup.position is None
