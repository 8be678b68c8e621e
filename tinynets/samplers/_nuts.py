"""The No-U-Turn Sampler: HMC that stops when the path turns back."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from tinynets import checks
from tinynets.samplers import base
from tinynets.samplers._trees import Subtree, join, merge, merge_all
from tinynets.samplers.description import described
from tinynets.samplers.leapfrog import path
from tinynets.samplers.mass import Mass, checked, draw_momentum, kinetic_energy

BLOCK = 2**18  # numbers in the positions of the leaves that are held at once
MOST_DEPTH = 30  # a billion steps


@described
def nuts(
    log_density: Callable,
    *,
    step_size: float | Tensor,
    max_depth: int = 10,
    mass: Mass | None = None,
) -> base.Sampler:
    """Double a trajectory until it turns back, then draw one of its points.

    Points are drawn by their weight exp(-H) (multinomial), newer halves
    being preferred. A trajectory has turned back when its ends approach each
    other, or when either half of it does with the first point of the other.
    All chains double their trees at once: a chain that is done waits for the
    others, so that a step takes the time of the longest trajectory, while
    `n_gradients` counts what each would have needed alone. Posteriors of
    small nets make the same steps in C, where only chains of one vector wait.

    Parameters
    ----------
    log_density : callable
        `(chains, dim) -> (chains,)`, nats; see `densities.LogDensity`.
    step_size : float or Tensor
        ε, above 0: one, or (chains,) one for each chain.
    mass : Mass, optional
        From `diagonal_mass` or `dense_mass`; the identity by default.
    max_depth : int
        Trajectories have at most 2^max_depth - 1 leapfrog steps.

    Returns
    -------
    Sampler
        `init(position)` and `step(state, *, generator)`.

    Raises
    ------
    ValueError
        If an option is out of its range.

    References
    ----------
    Hoffman and Gelman (2014), The No-U-Turn Sampler. Betancourt (2017), A
    conceptual introduction to Hamiltonian Monte Carlo, appendix A. Stan's
    reference manual, "HMC algorithm", for the checks across halves.

    Examples
    --------
    >>> sampler = nuts(lambda q: -0.5 * (q**2).sum(-1), step_size=0.5)
    >>> state = sampler.init(torch.zeros(3, 2))
    >>> sampler.step(state, generator=torch.Generator().manual_seed(0))[0].position.shape
    torch.Size([3, 2])
    """
    step_size = base.step_sizes(step_size)
    if checks.count("max_depth", max_depth) > MOST_DEPTH:
        raise ValueError(f"max_depth must be at most {MOST_DEPTH}, got {max_depth}; usual is 10")
    checked(mass)
    draw = _by_target(log_density, mass) or _in_python(log_density, mass)

    def init(position):
        return base.start(log_density, position, step_size)

    def step(state, *, generator):
        momentum = draw_momentum(mass, state.position, generator=generator)
        uniform = torch.rand(
            (3, max_depth, len(momentum)),
            generator=generator,
            dtype=momentum.dtype,
            device=momentum.device,
        )
        return draw(state, momentum, step_size, Uniform(*uniform))

    return base.Sampler(init, step)


class Uniform(NamedTuple):
    """Random numbers of a step, each field (max_depth, chains).

    Merges at one level share theirs: of all of them, only the one with the
    leaf that is drawn in the end counts.
    """

    direction: Tensor  # of each doubling
    join: Tensor  # of each doubling: is its leaf taken
    merge: Tensor  # of halves with 1, 2, 4, ... leaves: is it the newer's


class Edge(NamedTuple):
    """One end of a trajectory."""

    state: base.State
    momentum: Tensor  # (chains, dim)


class Tally(NamedTuple):
    """What happened to each chain, (chains,)."""

    growing: Tensor  # bool: neither turned nor diverged
    divergent: Tensor  # bool
    acceptance: Tensor  # summed over the leaves made
    n_leaves: Tensor  # int64, leaves made


def _by_target(log_density: Callable, mass: Mass | None) -> Callable | None:
    """Return the log density's own step, if it has one for this mass matrix.

    `no_u_turn(position, log density, gradient, momentum, step_size, variance, uniform) ->
    (position, log density, gradient, report)`, where the report has energy errors, acceptances
    summed over leaves, numbers of leaves, and divergences.
    """
    own = getattr(log_density, "no_u_turn", None)
    if own is None or mass and mass.dense:
        return None

    def draw(state, momentum, step_size, uniform):
        energy = kinetic_energy(mass, momentum) - state.log_density
        *drawn, report = own(*state, momentum, step_size, mass and mass.inverse, uniform)
        error, acceptance, n_leaves, divergent = report
        tally = Tally(error > 0, divergent > 0, acceptance, n_leaves.long())
        return base.State(*drawn), _info(base.State(*drawn), error, tally, state, energy)

    return draw


def _in_python(log_density: Callable, mass: Mass | None) -> Callable:
    follow = path(log_density, mass)

    def draw(state, momentum, step_size, uniform):
        energy = kinetic_energy(mass, momentum) - state.log_density
        zero, yes = torch.zeros_like(energy), torch.ones_like(energy, dtype=torch.bool)
        tree = Subtree(momentum, momentum, momentum, zero, state, zero)
        ends = Edge(state, momentum), Edge(state, momentum)
        tally = Tally(yes, ~yes, zero, yes.long() * 0)
        for depth in range(len(uniform.direction)):
            forward = uniform.direction[depth] < 0.5
            near, far = _choose(forward, ends[1], ends[0]), _choose(forward, ends[0], ends[1])
            signed = (2.0 * forward.to(energy.dtype) - 1.0).unsqueeze(1) * step_size
            branch, newest, tally = _grow(
                follow, mass, near, energy, tally, signed, depth, uniform.merge
            )
            if not tally.growing.any():
                break
            tree = tree._replace(first=far.momentum, last=near.momentum)
            tree, turned = join(mass, tree, branch, tally.growing, uniform.join[depth])
            ends = (
                _choose(tally.growing & ~forward, newest, ends[0]),
                _choose(tally.growing & forward, newest, ends[1]),
            )
            tally = tally._replace(growing=tally.growing & ~turned)
            if not tally.growing.any():
                break
        return tree.proposal, _info(tree.proposal, tree.energy_error, tally, state, energy)

    return draw


def _grow(
    follow: Callable,
    mass: Mass | None,
    edge: Edge,
    start_energy: Tensor,
    tally: Tally,
    signed_step: Tensor,
    depth: int,
    uniform: Tensor,
) -> tuple[Subtree, Edge, Tally]:
    """Add 2^depth leaves beyond an edge, in the chains still growing.

    The leaves come in blocks that fit into memory. Whenever two subtrees of
    the same size lie side by side they are merged, and must not have turned.
    """
    room = max(1, BLOCK // edge.momentum.numel())
    height = min(depth, room.bit_length() - 1)  # of a block
    waiting: list[tuple[int, Subtree]] = []
    for _ in range(2 ** (depth - height)):
        leaves, momenta = follow(*edge, signed_step, 2**height)
        edge = Edge(base.State(*(part[-1] for part in leaves)), momenta[-1])
        error = kinetic_energy(mass, momenta) - leaves.log_density - start_energy
        subtree, turned = merge_all(
            mass, Subtree(momenta, momenta, momenta, -error, leaves, error), uniform
        )
        tally = _counted(tally, error, turned)
        level = height
        while waiting and waiting[-1][0] == level:
            subtree, turned = merge(mass, waiting.pop()[1], subtree, uniform[level])
            tally = tally._replace(growing=tally.growing & ~turned)
            level += 1
        waiting.append((level, subtree))
        if not tally.growing.any():
            break
    return waiting[-1][1], edge, tally


def _counted(tally: Tally, error: Tensor, turned: Tensor) -> Tally:
    """Count the leaves (leaves, chains) that chains would have made one by one.

    They would have stopped at the first that diverges or completes a
    subtree that turns, and that one counts.
    """
    divergent = base.is_divergent(error)
    stops = divergent | turned
    reached = ((stops.cumsum(0) - stops.long()) == 0) & tally.growing
    acceptance = base.acceptance_probability(error)
    return Tally(
        tally.growing & ~stops.any(0),
        tally.divergent | (divergent & reached).any(0),
        tally.acceptance + torch.where(reached, acceptance, 0.0).sum(0),
        tally.n_leaves + reached.sum(0),
    )


def _choose(where: Tensor, one: Edge, other: Edge) -> Edge:
    return Edge(
        base.select(where, one.state, other.state),
        torch.where(where.unsqueeze(1), one.momentum, other.momentum),
    )


def _info(
    drawn: base.State, error: Tensor, tally: Tally, state: base.State, energy: Tensor
) -> base.Info:
    return base.Info(
        acceptance=tally.acceptance / tally.n_leaves,
        accepted=(drawn.position != state.position).any(-1),
        energy=energy + error,
        energy_error=error,
        divergent=tally.divergent,
        n_gradients=tally.n_leaves,
    )
