"""Break a part of a sampler on purpose: the checks must see it."""

import pytest
import sampler_checks as check
import torch

from tinynets.samplers import base, hmc, mala, mass, metropolis, nuts

MODULES = {"mala": mala, "hmc": hmc, "nuts": nuts, "metropolis": metropolis}


def module(name):
    """Return the module behind a factory of the same name."""
    return __import__(MODULES[name].__module__, fromlist=[name])


def always_accept(energy_error):
    return torch.ones_like(energy_error)


def accept_by_barker(energy_error):  # exp(-E) alone, without the ratio
    return torch.sigmoid(-energy_error)


def accept_too_often(energy_error):
    return (-0.5 * energy_error).clamp(max=0).exp()


def accept_upside_down(energy_error):
    return energy_error.clamp(max=0).exp()


@pytest.mark.parametrize("broken", [always_accept, accept_too_often, accept_upside_down])
@pytest.mark.parametrize("sampler", ["metropolis", "mala", "hmc"])
def test_a_broken_acceptance_is_seen(monkeypatch, broken, sampler):
    monkeypatch.setattr(base, "acceptance_probability", broken)
    with pytest.raises(AssertionError):
        check.moments(sampler, "skewed")
    with pytest.raises(AssertionError):
        check.joint_test(sampler)


def test_a_right_acceptance_of_another_kind_is_not_blamed(monkeypatch):
    # Barker's rule is as exact; only the theory of Metropolis' tells it.
    monkeypatch.setattr(base, "acceptance_probability", accept_by_barker)
    check.moments("hmc", "skewed")
    check.joint_test("mala")
    with pytest.raises(AssertionError):
        check.acceptance_matches_theory()


@pytest.mark.parametrize("sampler", ["mala", "hmc", "nuts"])
@pytest.mark.parametrize("factor", [0.0, 0.9, 1.1])
def test_a_broken_momentum_refresh_is_seen(monkeypatch, sampler, factor):
    def scaled(which, position, *, generator):
        return factor * mass.draw_momentum(which, position, generator=generator)

    monkeypatch.setattr(module(sampler), "draw_momentum", scaled)
    with pytest.raises(AssertionError):
        check.joint_test(sampler)
    with pytest.raises(AssertionError):
        check.moments(sampler, "gaussian")


def wrong_gradient(log_density):
    """A gradient of other values: acceptance hides it from the moments."""
    right = base.value_and_grad(log_density)

    def value_and_grad(position):
        value, gradient = right(position)
        return value, 0.9 * gradient

    log_density.value_and_grad = value_and_grad
    return log_density


def test_a_broken_gradient_is_seen(monkeypatch):
    target = check.targets.banana(bend=0.3, width=1.5)
    monkeypatch.setattr(
        check.targets,
        "banana",
        lambda **_: target._replace(log_density=wrong_gradient(target.log_density)),
    )
    with pytest.raises(AssertionError, match="order"):
        check.energy_error_order()


@pytest.mark.parametrize("sampler", ["mala", "hmc"])
def test_a_gradient_kept_from_a_rejected_proposal_is_seen(monkeypatch, sampler):
    def select(where, one, other, right=base.select):
        return right(where, one, other)._replace(gradient=one.gradient)

    monkeypatch.setattr(base, "select", select)
    with pytest.raises(AssertionError):
        check.moments(sampler, "quartic")


def test_a_wrong_sign_in_the_correction_fails_on_the_quartic(monkeypatch):
    """It hides on Gaussians, where both ways cost nearly the same."""

    def propose(value_and_grad, state, step_size, which, *, generator):
        momentum = mass.draw_momentum(None, state.position, generator=generator)
        drift = momentum + 0.5 * step_size * state.gradient
        position = state.position + step_size * drift
        value, gradient = value_and_grad(position)
        back = drift + 0.5 * step_size * gradient
        error = (
            state.log_density
            - value
            - (  # the sign
                mass.kinetic_energy(None, back) - mass.kinetic_energy(None, momentum)
            )
        )
        return base.State(position, value, gradient), -value, error

    monkeypatch.setattr(module("mala"), "propose", propose)
    with pytest.raises(AssertionError, match="E q²"):
        check.quartic_held(0.2)


def test_a_tree_that_prefers_its_last_leaf_is_seen(monkeypatch):
    original = module("nuts").Uniform

    def no_chance(direction, join, merge):
        return original(direction, torch.zeros_like(join), torch.zeros_like(merge))

    monkeypatch.setattr(module("nuts"), "Uniform", no_chance)
    with pytest.raises(AssertionError):
        check.moments("nuts", "skewed")


def test_a_tree_that_never_checks_its_inside_is_seen(monkeypatch):
    # Turning within a branch must discard it: the trajectory could not have
    # started from there.
    original = module("nuts").merge_all

    def unchecked(mass, leaves, uniform):
        merged, turned = original(mass, leaves, uniform)
        return merged, torch.zeros_like(turned)

    monkeypatch.setattr(module("nuts"), "merge_all", unchecked)
    with pytest.raises(AssertionError):
        check.moments("nuts", "gaussian", n_chains=2_000)
