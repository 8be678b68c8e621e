"""The No-U-Turn Sampler: HMC that stops when the path turns back."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from tinynets import checks
from tinynets.samplers import base
from tinynets.samplers.hmc import trajectory
from tinynets.samplers.mass import (
    Mass, draw_momentum, kinetic_energy, velocity)


def nuts(log_density: Callable, *, step_size: float | Tensor,
         max_depth: int = 10, mass: Mass | None = None) -> base.Sampler:
    """Double a trajectory until it turns back, then draw one of its points.

    Points are drawn by their weight exp(-H) (multinomial), newer halves
    being preferred. All chains grow their trees at once, leaf by leaf: a
    chain that is done waits for the others, so that a step takes the time
    of the longest trajectory, while `n_gradients` counts what each needed.

    Parameters
    ----------
    log_density, step_size, mass
        As in `metropolis`.
    max_depth : int
        Trajectories have at most 2^max_depth - 1 leapfrog steps.

    References
    ----------
    Hoffman and Gelman (2014), The No-U-Turn Sampler. Betancourt (2017), A
    conceptual introduction to Hamiltonian Monte Carlo, appendix A. Phan,
    Pradhan and Jankowiak (2019), appendix A: the iterative form.
    """
    step_size = base.step_sizes(step_size)
    checks.count("max_depth", max_depth)
    integrate = trajectory(log_density, mass)

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
            branch = _grow(integrate, mass, edge, energy, tree.growing,
                           torch.where(forward, 1.0, -1.0).unsqueeze(1)
                           * step_size, depth, own)
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

    left: Edge | None  # in a branch: None
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
    return Tree(edge, edge, state, zero, zero, momentum, ~no, no, zero,
                no.long())


def _grow(integrate: Callable, mass: Mass | None, edge: Edge,
          start_energy: Tensor, growing: Tensor, signed_step: Tensor,
          depth: int, generator: torch.Generator) -> Tree:
    """Add 2^depth leaves beyond an edge, in the chains still growing."""
    branch = _root(*edge)._replace(
        left=None, growing=growing, momentum_sum=torch.zeros_like(
            edge.momentum),
        log_weight=torch.full_like(start_energy, -torch.inf))
    waypoints: list = [None] * (depth + 1)
    for leaf in range(2**depth):
        edge = Edge(*integrate(*branch.right, signed_step, 1))
        branch = _add_leaf(mass, branch, edge, start_energy, generator)
        first, last = _waypoints_of(leaf)
        if leaf % 2 == 0:
            waypoints[last] = edge.momentum, branch.momentum_sum
        else:
            turned = torch.zeros_like(growing)
            for momentum, earlier in waypoints[first:last + 1]:
                turned |= _turns(mass, momentum, edge.momentum,
                                 branch.momentum_sum - earlier + momentum)
            branch = branch._replace(growing=branch.growing & ~turned)
        if not branch.growing.any():
            break
    return branch


def _waypoints_of(leaf: int) -> tuple[int, int]:
    """Tell which stored leaves begin the subtrees that end at this one.

    A subtree of size 2^k that ends at an odd leaf n begins where the last k
    bits of n are zero; its place is the number of ones before (Phan et al.
    2019, algorithm 2).
    """
    last = (leaf >> 1).bit_count()
    trailing_ones = (~leaf & (leaf + 1)).bit_length() - 1
    return last - trailing_ones + 1, last


def _add_leaf(mass: Mass | None, branch: Tree, leaf: Edge,
              start_energy: Tensor, generator: torch.Generator) -> Tree:
    """Weigh a new leaf and let it take the place of the proposal."""
    state, momentum = leaf
    energy_error = (kinetic_energy(mass, momentum) - state.log_density
                    - start_energy)
    divergent = base.is_divergent(energy_error) & branch.growing
    alive = branch.growing & ~divergent
    log_leaf = torch.where(alive, -energy_error, -torch.inf)
    log_weight = torch.logaddexp(branch.log_weight, log_leaf)
    taken = alive & (_uniform(log_weight, generator).log_()
                     < log_leaf - log_weight)
    acceptance = base.acceptance_probability(energy_error)
    return Tree(
        None, leaf, base.select(taken, state, branch.proposal),
        torch.where(taken, energy_error, branch.energy_error), log_weight,
        branch.momentum_sum + momentum, alive, branch.divergent | divergent,
        branch.acceptance_sum + torch.where(branch.growing, acceptance, 0.0),
        branch.n_leaves + branch.growing)


def _join(mass: Mass | None, tree: Tree, branch: Tree, forward: Tensor,
          generator: torch.Generator) -> Tree:
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
        left, right, base.select(taken, branch.proposal, tree.proposal),
        torch.where(taken, branch.energy_error, tree.energy_error),
        torch.where(whole, torch.logaddexp(tree.log_weight,
                                           branch.log_weight),
                    tree.log_weight),
        momentum_sum, whole & ~turned, tree.divergent | branch.divergent,
        tree.acceptance_sum + branch.acceptance_sum,
        tree.n_leaves + branch.n_leaves)


def _turns(mass: Mass | None, first: Tensor, last: Tensor,
           momentum_sum: Tensor) -> Tensor:
    """Tell where going on at either end would shorten the trajectory.

    The generalised criterion of Betancourt (2017), A.4.2, with the ends
    counted half: the trapezoidal rule for the distance travelled.
    """
    travelled = velocity(mass, momentum_sum - 0.5 * (first + last))
    return ((torch.linalg.vecdot(travelled, first) <= 0)
            | (torch.linalg.vecdot(travelled, last) <= 0))


def _choose(where: Tensor, one: Edge, other: Edge) -> Edge:
    return Edge(base.select(where, one.state, other.state),
                torch.where(where.unsqueeze(1), one.momentum,
                            other.momentum))


def _uniform(like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.rand(like.shape, generator=generator, dtype=like.dtype,
                      device=like.device)


def _info(tree: Tree, state: base.State, energy: Tensor) -> base.Info:
    return base.Info(
        acceptance=tree.acceptance_sum / tree.n_leaves,
        accepted=(tree.proposal.position != state.position).any(-1),
        energy=energy + tree.energy_error, energy_error=tree.energy_error,
        divergent=tree.divergent, n_gradients=tree.n_leaves)
