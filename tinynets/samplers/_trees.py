"""Trajectories of NUTS as trees: which leaf is drawn, and whether they turn back."""

from typing import NamedTuple, cast

import torch
from torch import Tensor

from tinynets.samplers import base
from tinynets.samplers.mass import Mass, velocity


class Subtree(NamedTuple):
    """Leaves in a row, (*subtrees, chains, ...), and the one drawn of them."""

    first: Tensor  # momentum of the first leaf
    last: Tensor
    total: Tensor  # momenta of all leaves
    log_weight: Tensor
    proposal: base.State
    energy_error: Tensor  # of the proposal


def merge_all(mass: Mass | None, leaves: Subtree, uniform: Tensor) -> tuple[Subtree, Tensor]:
    """Merge 2^k leaves pair by pair; tell at which of them a subtree ends that turns."""
    turned = torch.zeros_like(leaves.log_weight, dtype=torch.bool)
    level = 0
    while len(leaves.log_weight) > 1:
        left, right = (_every(leaves, slice(i, None, 2)) for i in (0, 1))
        leaves, now = merge(mass, left, right, uniform[level])
        level += 1
        turned[2**level - 1 :: 2**level] |= now
    return _every(leaves, 0), turned


def _every(subtrees: Subtree, index) -> Subtree:
    """Return some of the subtrees, or one."""
    position, value, gradient = subtrees.proposal
    return Subtree(
        subtrees.first[index],
        subtrees.last[index],
        subtrees.total[index],
        subtrees.log_weight[index],
        base.State(position[index], value[index], cast(Tensor, gradient)[index]),
        subtrees.energy_error[index],
    )


def merge(
    mass: Mass | None, left: Subtree, right: Subtree, uniform: Tensor
) -> tuple[Subtree, Tensor]:
    """Make one subtree of two, with a leaf of either by its weight, and say whether it turned."""
    log_weight = torch.logaddexp(left.log_weight, right.log_weight)
    taken = uniform < (right.log_weight - log_weight).exp()
    return _both(left, right, taken, log_weight), _turned(mass, left, right)


def join(
    mass: Mass | None, tree: Subtree, branch: Subtree, whole: Tensor, uniform: Tensor
) -> tuple[Subtree, Tensor]:
    """Append a branch; take its proposal with probability w_new / w_old.

    A branch that turned or diverged within itself is left out whole.
    """
    taken = whole & (uniform < (branch.log_weight - tree.log_weight).exp())
    log_weight = torch.logaddexp(tree.log_weight, branch.log_weight)
    log_weight = torch.where(whole, log_weight, tree.log_weight)
    return _both(tree, branch, taken, log_weight), _turned(mass, tree, branch)


def _both(left: Subtree, right: Subtree, taken: Tensor, log_weight: Tensor) -> Subtree:
    return Subtree(
        left.first,
        right.last,
        left.total + right.total,
        log_weight,
        base.select(taken, right.proposal, left.proposal),
        torch.where(taken, right.energy_error, left.energy_error),
    )


def _turned(mass: Mass | None, left: Subtree, right: Subtree) -> Tensor:
    """Tell whether two subtrees together turn, or one with the other's nearest leaf."""
    whole = _turns(mass, left.first, right.last, left.total + right.total)
    early = _turns(mass, left.first, right.first, left.total + right.first)
    late = _turns(mass, left.last, right.last, left.last + right.total)
    return whole | early | late


def _turns(mass: Mass | None, first: Tensor, last: Tensor, momentum_sum: Tensor) -> Tensor:
    """Tell where going on at either end would shorten the trajectory.

    The generalised criterion of Betancourt (2017), A.4.2, with the ends
    counted half: the trapezoidal rule for the distance travelled.
    """
    travelled = velocity(mass, momentum_sum - 0.5 * (first + last))
    return (torch.linalg.vecdot(travelled, first) <= 0) | (
        torch.linalg.vecdot(travelled, last) <= 0
    )
