"""The No-U-Turn Sampler: HMC that stops when the path turns back."""

from collections.abc import Callable
from typing import NamedTuple, cast

import torch
from torch import Tensor

from tinynets import checks
from tinynets.samplers import base
from tinynets.samplers.description import described
from tinynets.samplers.leapfrog import path
from tinynets.samplers.mass import Mass, draw_momentum, kinetic_energy, velocity

BLOCK = 2**18  # numbers in the positions of the leaves that are held at once


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
    being preferred. All chains double their trees at once, and a branch is
    judged when its leaves are there: a chain that is done waits for the
    others, so that a step takes the time of the longest trajectory, while
    `n_gradients` counts what each would have needed alone.

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
    conceptual introduction to Hamiltonian Monte Carlo, appendix A.

    Examples
    --------
    >>> sampler = nuts(lambda q: -0.5 * (q**2).sum(-1), step_size=0.5)
    >>> state = sampler.init(torch.zeros(3, 2))
    >>> sampler.step(state, generator=torch.Generator().manual_seed(0))[0].position.shape
    torch.Size([3, 2])
    """
    step_size = base.step_sizes(step_size)
    checks.count("max_depth", max_depth)
    follow = path(log_density, mass)

    def init(position):
        return base.start(log_density, position)

    def step(state, *, generator):
        momentum = draw_momentum(mass, state.position, generator=generator)
        energy = kinetic_energy(mass, momentum) - state.log_density
        tree = _root(state, momentum)
        own = base.spawn(generator)
        for depth in range(max_depth):
            forward = _uniform(energy, own) < 0.5
            edge = _choose(forward, tree.right, tree.left)
            branch = _grow(
                follow,
                mass,
                edge,
                energy,
                tree.growing,
                (2.0 * forward.to(energy.dtype) - 1.0).unsqueeze(1) * step_size,
                depth,
                own,
            )
            tree = _join(mass, tree, branch, forward, own)
            if not tree.growing.any():
                break
        return tree.proposal, _info(tree, state, energy)

    return base.Sampler(init, step)


class Edge(NamedTuple):
    """One end of a trajectory."""

    state: base.State
    momentum: Tensor  # (chains, dim)


class Tree(NamedTuple):
    """A trajectory, or the part of it that is being added."""

    left: Edge  # in a branch: the same as right
    right: Edge  # in a branch: its newest leaf
    proposal: base.State
    energy_error: Tensor  # (chains,), of the proposal
    log_weight: Tensor  # (chains,), of all leaves
    momentum_sum: Tensor  # (chains, dim), over all leaves
    growing: Tensor  # (chains,), bool: neither turned nor diverged
    divergent: Tensor  # (chains,), bool
    acceptance_sum: Tensor  # (chains,), over all leaves made
    n_leaves: Tensor  # (chains,), int64, leaves made


def _root(state: base.State, momentum: Tensor) -> Tree:
    zero = torch.zeros_like(state.log_density)
    no = torch.zeros_like(zero, dtype=torch.bool)
    edge = Edge(state, momentum)
    return Tree(edge, edge, state, zero, zero, momentum, ~no, no, zero, no.long())


def _grow(
    follow: Callable,
    mass: Mass | None,
    edge: Edge,
    start_energy: Tensor,
    growing: Tensor,
    signed_step: Tensor,
    depth: int,
    generator: torch.Generator,
) -> Tree:
    """Add 2^depth leaves beyond an edge, in the chains still growing.

    The leaves come in blocks that fit into memory. Whenever two subtrees of
    the same size lie side by side they are joined, and must not have turned.
    """
    room = max(1, BLOCK // edge.momentum.numel())
    size = min(2**depth, 2 ** (room.bit_length() - 1))
    branch: Tree | None = None
    waiting: list[tuple[int, Tensor, Tensor]] = []
    for _ in range(2**depth // size):
        leaves, momenta = follow(*edge, signed_step, size)
        block = _weigh(mass, leaves, momenta, start_energy, growing, generator)
        branch = block if branch is None else _append(branch, block, generator)
        edge, growing = branch.right, branch.growing
        subtree = size, momenta[0], block.momentum_sum
        while waiting and waiting[-1][0] == subtree[0]:
            n_leaves, first, total = waiting.pop()
            subtree = 2 * n_leaves, first, total + subtree[2]
            growing = growing & ~_turns(mass, first, edge.momentum, subtree[2])
        waiting.append(subtree)
        branch = branch._replace(growing=growing)
        if not growing.any():
            break
    return cast(Tree, branch)  # of one block at least


def _weigh(
    mass: Mass | None,
    leaves: base.State,
    momentum: Tensor,
    start_energy: Tensor,
    growing: Tensor,
    generator: torch.Generator,
) -> Tree:
    """Judge 2^k leaves (leaves, chains, …) and draw one for the proposal.

    A chain that grew leaf by leaf would stop at the first that diverges or
    completes a subtree that turns: it has *reached* the leaves up to there,
    and those are counted.
    """
    energy_error = kinetic_energy(mass, momentum) - leaves.log_density - start_energy
    divergent = base.is_divergent(energy_error)  # (leaves, chains)
    turned, momentum_sum = _subtrees(mass, momentum)
    stops = divergent | turned
    reached = ((stops.cumsum(0) - stops.long()) == 0) & growing
    log_leaf = torch.where(divergent, -torch.inf, -energy_error)
    gumbel = -(-_uniform(log_leaf, generator).log_()).log_()
    chosen = (log_leaf + gumbel).argmax(0)
    chain = torch.arange(len(chosen), device=chosen.device)
    acceptance = base.acceptance_probability(energy_error)
    newest = Edge(_leaf(leaves, -1), momentum[-1])
    return Tree(
        newest,
        newest,
        _leaf(leaves, (chosen, chain)),
        energy_error.gather(0, chosen[None])[0],
        log_leaf.logsumexp(0),
        momentum_sum,
        growing & ~stops.any(0),
        (divergent & reached).any(0),
        torch.where(reached, acceptance, 0.0).sum(0),
        reached.sum(0),
    )


def _append(branch: Tree, block: Tree, generator: torch.Generator) -> Tree:
    """Add a block at the end of a branch; take its proposal by its weight."""
    log_weight = torch.logaddexp(branch.log_weight, block.log_weight)
    taken = _uniform(log_weight, generator).log_() < block.log_weight - log_weight
    return Tree(
        block.left,
        block.right,
        base.select(taken, block.proposal, branch.proposal),
        torch.where(taken, block.energy_error, branch.energy_error),
        log_weight,
        branch.momentum_sum + block.momentum_sum,
        block.growing,
        branch.divergent | block.divergent,
        branch.acceptance_sum + block.acceptance_sum,
        branch.n_leaves + block.n_leaves,
    )


def _subtrees(mass: Mass | None, momentum: Tensor) -> tuple[Tensor, Tensor]:
    """Tell at which leaves a subtree ends that turns; sum all momenta."""
    turned = torch.zeros(momentum.shape[:-1], dtype=torch.bool, device=momentum.device)
    total, size = momentum, 1  # (subtrees, chains, dim)
    while len(total) > 1:
        total, size = total[::2] + total[1::2], 2 * size
        turned[size - 1 :: size] |= _turns(
            mass, momentum[::size], momentum[size - 1 :: size], total
        )
    return turned, total[0]


def _leaf(state: base.State, index) -> base.State:
    return base.State(
        state.position[index], state.log_density[index], base.gradient_of(state)[index]
    )


def _join(
    mass: Mass | None, tree: Tree, branch: Tree, forward: Tensor, generator: torch.Generator
) -> Tree:
    """Append a branch; take its proposal with probability w_new / w_old.

    A branch that turned or diverged within itself is left out whole.
    """
    whole = branch.growing  # implies tree.growing
    ratio = branch.log_weight - tree.log_weight
    taken = whole & (_uniform(ratio, generator).log_() < ratio)
    left = _choose(whole & ~forward, branch.right, tree.left)
    right = _choose(whole & forward, branch.right, tree.right)
    momentum_sum = tree.momentum_sum + branch.momentum_sum
    turned = _turns(mass, left.momentum, right.momentum, momentum_sum)
    return Tree(
        left,
        right,
        base.select(taken, branch.proposal, tree.proposal),
        torch.where(taken, branch.energy_error, tree.energy_error),
        torch.where(whole, torch.logaddexp(tree.log_weight, branch.log_weight), tree.log_weight),
        momentum_sum,
        whole & ~turned,
        tree.divergent | branch.divergent,
        tree.acceptance_sum + branch.acceptance_sum,
        tree.n_leaves + branch.n_leaves,
    )


def _turns(mass: Mass | None, first: Tensor, last: Tensor, momentum_sum: Tensor) -> Tensor:
    """Tell where going on at either end would shorten the trajectory.

    The generalised criterion of Betancourt (2017), A.4.2, with the ends
    counted half: the trapezoidal rule for the distance travelled.
    """
    travelled = velocity(mass, momentum_sum - 0.5 * (first + last))
    return (torch.linalg.vecdot(travelled, first) <= 0) | (
        torch.linalg.vecdot(travelled, last) <= 0
    )


def _choose(where: Tensor, one: Edge, other: Edge) -> Edge:
    return Edge(
        base.select(where, one.state, other.state),
        torch.where(where.unsqueeze(1), one.momentum, other.momentum),
    )


def _uniform(like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.rand(like.shape, generator=generator, dtype=like.dtype, device=like.device)


def _info(tree: Tree, state: base.State, energy: Tensor) -> base.Info:
    return base.Info(
        acceptance=tree.acceptance_sum / tree.n_leaves,
        accepted=(tree.proposal.position != state.position).any(-1),
        energy=energy + tree.energy_error,
        energy_error=tree.energy_error,
        divergent=tree.divergent,
        n_gradients=tree.n_leaves,
    )
