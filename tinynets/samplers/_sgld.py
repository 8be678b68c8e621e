"""SGLD: Langevin steps on the gradient of a few examples at a time."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from tinynets import checks
from tinynets.samplers import base
from tinynets.samplers.description import described
from tinynets.samplers.mass import Mass, draw_momentum, velocity


class MinibatchState(NamedTuple):
    """Where the chains are, and how many steps they have made."""

    position: Tensor  # (chains, dim)
    log_density: Tensor  # (chains,), the estimate of the last minibatch
    n_steps: Tensor  # (), int64


@described
def sgld(
    log_density: Callable,
    *,
    n_examples: int,
    batch_size: int,
    step_size: float | Callable,
    mass: Mass | None = None,
) -> base.Sampler:
    """Move to q' = q + (ε²/2) M⁻¹ ĝ(q) + ε M^{-1/2} ξ with a noisy ĝ.

    Each step takes a minibatch without replacement, the same for all chains.
    There is no correction: with a constant step size, noise of the gradient
    and of the discretisation both widen what is drawn; a decreasing one
    makes both vanish.

    Parameters
    ----------
    log_density : callable
        `(position, examples) -> (chains,)`: an unbiased estimate of the log
        density from the examples with the indices `examples` (batch_size,),
        that is, log prior + (n_examples / batch_size) Σ log likelihood.
    n_examples, batch_size : int
        Size of the data set and of a minibatch.
    step_size : float or callable
        ε, or `n_steps -> ε`; see `polynomial_decay`.
    mass : Mass, optional
        From `diagonal_mass` or `dense_mass`; the identity by default.

    References
    ----------
    Welling and Teh (2011), Bayesian learning via stochastic gradient
    Langevin dynamics, Eq. (4).
    """
    checks.count("batch_size", batch_size)
    checks.count("n_examples", n_examples, at_least=batch_size)
    schedule = step_size if callable(step_size) else lambda n_steps: step_size
    base.step_sizes(schedule(0))

    def init(position):
        every = torch.arange(n_examples, device=position.device)
        whole = base.start(lambda q: log_density(q, every[:batch_size]), position)
        return MinibatchState(
            whole.position, whole.log_density, torch.zeros((), dtype=torch.int64, device="cpu")
        )

    def step(state, *, generator):
        examples = torch.randperm(n_examples, generator=generator, device=state.position.device)[
            :batch_size
        ]
        value, gradient = base.value_and_grad(lambda q: log_density(q, examples))(state.position)
        epsilon = schedule(int(state.n_steps))
        noise = draw_momentum(mass, state.position, generator=generator)
        position = state.position + epsilon * velocity(mass, noise + 0.5 * epsilon * gradient)
        finite = torch.isfinite(position.sum(-1) + value)
        moved = torch.where(finite.unsqueeze(1), position, state.position)
        unknown = torch.full_like(value, torch.nan)  # no exact energy here
        return (
            MinibatchState(moved, value, state.n_steps + 1),
            base.Info(
                acceptance=finite.to(value.dtype),
                accepted=finite,
                energy=-value,
                energy_error=unknown,
                divergent=~finite,
                n_gradients=torch.ones_like(finite, dtype=torch.int64),
            ),
        )

    return base.Sampler(init, step)


@checks.arguments()
def polynomial_decay(first: float, *, offset: float = 1.0, power: float = 0.275) -> Callable:
    """Give ε(t) = first (1 + t / offset)^-power.

    In τ = ε²/2, the sum of steps diverges and the sum of their squares does
    not, as SGLD asks, for a power in (1/4, 1/2].
    """
    checks.positive("first", first)
    checks.positive("offset", offset)
    if not 0.25 < power <= 0.5:
        raise ValueError(
            f"power must lie in (0.25, 0.5], got {power}: below, "
            "the noise never dies; above, the chain freezes"
        )
    return lambda n_steps: first * (1 + n_steps / offset) ** -power
