"""What every sampler shares: its shape, its gradients, its acceptance.

The contract between a target and a sampler. A log density is a callable `log_density(position)
-> (chains,)` on positions `(chains, dim)`; row i of the answer depends on row i of the position
alone. It may carry, or have as None, `value_and_grad(position) -> ((chains,), (chains, dim))`,
faster than autograd; `trajectory(position, momentum, gradient, step_size, variance, n_leapfrog)
-> (position, momentum, log density, gradient)` at the end, with one step size or (chains, 1), and
variance None, (dim,) or (chains, dim); and what `_nuts` and `_blocks` say, a step of NUTS,
`no_u_turn`, and draws of HMC, `hamiltonian`.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from tinynets import checks
from tinynets.densities import value_and_grad

DIVERGENCE = 1000.0  # nats of energy error: the trajectory has run away


class Sampler(NamedTuple):
    """A Markov chain Monte Carlo method, all chains in one batch."""

    init: Callable  # init(position) -> State
    step: Callable  # step(state, *, generator) -> (State, Info)
    describe: Callable[[], dict[str, str]] = dict  # method, numbers, target
    steps: Callable | None = None  # many draws in one call, see `_blocks`
    path: str = ""  # how the target computes gradients, if it says so


class ChainState(Protocol):
    """What the state of every sampler says."""

    @property
    def position(self) -> Tensor:
        """Where the chains are, (chains, dim)."""

    @property
    def log_density(self) -> Tensor:
        """The log density there, (chains,), nats."""


class State(NamedTuple):
    """What the next step needs."""

    position: Tensor  # (chains, dim)
    log_density: Tensor  # (chains,)
    gradient: Tensor | None  # (chains, dim); None where no step needs it


class Info(NamedTuple):
    """What one step did, for diagnosis; each field is (chains,)."""

    acceptance: Tensor  # probability of acceptance, mean over a trajectory
    accepted: Tensor  # bool: did the chain move
    energy: Tensor  # nats, potential plus kinetic, where the chain ended
    energy_error: Tensor  # nats, proposal minus start
    divergent: Tensor  # bool: NaN or an energy error beyond DIVERGENCE
    n_gradients: Tensor  # int64: gradients (values, without one) spent


def start(
    log_density: Callable,
    position: Tensor,
    step_size: float | Tensor = 1.0,
    *,
    with_gradient: bool = True,
) -> State:
    """Evaluate a log density where the chains start.

    Parameters
    ----------
    log_density : callable
        `(chains, dim) -> (chains,)`, nats.
    position : Tensor, (chains, dim)
        Floating and finite, with a chain and a coordinate at least.
    step_size : float or Tensor, (chains, 1)
        That of the sampler, from `step_sizes`.
    with_gradient : bool
        Whether the state holds the gradient.

    Returns
    -------
    State
        A copy of the position, detached.

    Raises
    ------
    TypeError, ValueError
        If the position is not a finite floating (chains, dim) tensor, or if
        the log density there is not finite or not of shape (chains,).
    """
    checks.shape("position", position, ("chains", "dim"))
    if not position.numel():
        raise ValueError(f"position must have chains and coordinates, got {tuple(position.shape)}")
    if isinstance(step_size, Tensor):
        checks.shape("step_size", step_size.flatten(), (len(position),))
    if not position.is_floating_point():
        raise TypeError(
            "position must be floating, best torch.float64, got "
            f"{position.dtype}; convert it with .double()"
        )
    checks.finite("position", position)
    position = position.detach().clone()
    if not with_gradient:
        with torch.no_grad():
            return State(position, _finite_values(log_density(position), position), None)
    value, gradient = value_and_grad(log_density)(position)
    _finite_values(value, position)
    checks.shape("gradient of log_density", gradient, tuple(position.shape))
    _finite_start("gradient of log_density", gradient.sum(-1))
    return State(position, value, gradient)


def gradient_of(state: State) -> Tensor:
    """Return the gradient that a state holds.

    Parameters
    ----------
    state : State
        Of a chain.

    Returns
    -------
    Tensor, (chains, dim)
        Of the log density.

    Raises
    ------
    ValueError
        If it holds none, as those of `metropolis`.
    """
    if state.gradient is None:
        raise ValueError(
            "state must hold a gradient for this sampler, got one without: "
            "start from sampler.init(state.position)"
        )
    return state.gradient


def _finite_values(value: Tensor, position: Tensor) -> Tensor:
    checks.shape("log_density(position)", value, (len(position),))
    if value.dtype != position.dtype:
        raise ValueError(
            f"log_density(position) must be {position.dtype} as the position, got {value.dtype}"
        )
    _finite_start("log_density", value)
    return value


def _finite_start(name: str, value: Tensor) -> None:
    bad = (~torch.isfinite(value)).nonzero().flatten().tolist()
    if bad:
        raise ValueError(
            f"{name} must be finite where the chains start, got "
            f"{value[bad[0]].item()} in chain {bad[0]} ({len(bad)} of "
            f"{len(value)} chains); start inside the support, nearer to the "
            "bulk of the distribution"
        )


def step_sizes(step_size: float | Tensor) -> float | Tensor:
    """Return one step size as a float, one a chain as a (chains, 1) tensor.

    Parameters
    ----------
    step_size : float or Tensor, () or (chains,)
        Above 0.

    Returns
    -------
    float or Tensor, (chains, 1)
        To be multiplied with positions.

    Raises
    ------
    TypeError, ValueError
        If it is not positive and finite.
    """
    if not isinstance(step_size, Tensor):
        return float(checks.positive("step_size", step_size))
    if step_size.ndim == 0:
        return float(checks.positive("step_size", step_size.item()))
    checks.shape("step_size", step_size, ("chains",))
    if not (torch.isfinite(step_size) & (step_size > 0)).all():
        raise ValueError(
            f"step_size must be finite and above 0 in every chain, got {step_size.tolist()}"
        )
    return step_size.unsqueeze(1)


def acceptance_probability(energy_error: Tensor) -> Tensor:
    """Return min(1, exp(-energy error)), and 0 where the error is NaN.

    Parameters
    ----------
    energy_error : Tensor, (chains,)
        Nats.

    Returns
    -------
    Tensor, (chains,)
        In [0, 1].
    """
    return (-energy_error).clamp_(max=0.0).exp_().nan_to_num_(0.0)


def is_divergent(energy_error: Tensor) -> Tensor:
    """Tell where an energy error is NaN or beyond DIVERGENCE.

    Parameters
    ----------
    energy_error : Tensor, (chains,)
        Nats.

    Returns
    -------
    Tensor, (chains,) bool
        True where the trajectory has run away.
    """
    return ~(energy_error < DIVERGENCE)


def metropolis(
    state: State,
    proposal: State,
    energy: Tensor,
    energy_error: Tensor,
    divergent: Tensor,
    *,
    n_gradients: int,
    generator: torch.Generator,
) -> tuple[State, Info]:
    """Accept or reject a proposal in each chain on its own.

    Parameters
    ----------
    state, proposal : State
        Where the chains are and where they may go.
    energy, energy_error : Tensor
        (chains,), nats: at the start, and how much it grew.
    divergent : Tensor
        (chains,), bool: what to report.
    n_gradients : int
        Gradients that the proposal took in each chain.
    generator : torch.Generator
        Draws a uniform number a chain.

    Returns
    -------
    State
        Where the chains are now.
    Info
        What the step did.
    """
    probability = acceptance_probability(energy_error)
    uniform = torch.rand(
        probability.shape, generator=generator, dtype=probability.dtype, device=probability.device
    )
    accepted = uniform < probability
    moved = select(accepted, proposal, state)
    return moved, Info(
        acceptance=probability,
        accepted=accepted,
        energy=torch.where(accepted, energy + energy_error, energy),
        energy_error=energy_error,
        divergent=divergent,
        n_gradients=torch.full(accepted.shape, n_gradients, device=accepted.device),
    )


def select(where: Tensor, one: State, other: State) -> State:
    """Take `one` in the chains where `where` holds, else `other`.

    Parameters
    ----------
    where : Tensor, (*, chains) bool
        Which chains take `one`.
    one, other : State
        Of all chains.

    Returns
    -------
    State
        Without a gradient if either has none.
    """
    column = where[..., None]
    return State(
        torch.where(column, one.position, other.position),
        torch.where(where, one.log_density, other.log_density),
        None
        if one.gradient is None or other.gradient is None
        else torch.where(column, one.gradient, other.gradient),
    )
