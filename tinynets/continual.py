"""Continual backprop: gradient descent that keeps renewing idle units.

A net that learns one task after another slowly loses the ability to learn.
Continual backprop gives it fresh units all along: after each ordinary
update, a very small share of each hidden layer, the units that contribute
least, starts again from random weights.

References
----------
Dohare, Sutton, Mahmood (2021), arXiv:2108.06325, Algorithm 1.
Dohare et al. (2024), Nature 632, 768-774.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from tinynets import checks, nets


class Units(NamedTuple):
    """What continual backprop remembers of one hidden layer."""

    utility: Tensor  # (*nets, units), running mean of the contribution
    age: Tensor  # (*nets, units) int64, updates since the unit's birth
    owed: Tensor  # (*nets,), replacements due, a fraction


def init(net: nets.MLP) -> list[Units]:
    """Give each hidden layer of a net units without age or utility."""

    def born(bias: Tensor) -> Units:
        return Units(
            torch.zeros_like(bias), torch.zeros_like(bias).long(), bias.new_zeros(bias.shape[:-1])
        )

    return [born(layer.weight.detach()[..., 0]) for layer in net.linears[:-1]]


def contribution(activation: Tensor, outgoing: Tensor) -> Tensor:
    """Compute what each unit feeds to the next layer, |h_i| Σ_k |w_ki|.

    Parameters
    ----------
    activation : (*nets, n, units)
        Averaged over the n examples of the batch.
    outgoing : (*nets, next, units)
        Weights of the next layer.

    Returns
    -------
    (*nets, units)
    """
    return activation.abs().mean(-2) * outgoing.abs().sum(-2)


def observe(units: Units, activation: Tensor, outgoing: Tensor, *, decay: float = 0.99) -> Units:
    """Let each unit age by one update and renew its utility.

    u ← decay · u + (1 − decay) · contribution: Algorithm 1, lines "update
    age" and "update unit utility". Shapes as in `contribution`.
    """
    new = contribution(activation, outgoing)
    return units._replace(utility=torch.lerp(new, units.utility, decay), age=units.age + 1)


def select(units: Units, *, rate: float | Tensor, maturity: int) -> tuple[Units, Tensor]:
    """Choose the mature units of least utility, `rate` of them an update.

    Parameters
    ----------
    units : Units
    rate : float or (*nets,)
        Share of the mature units that is replaced an update, in [0, 1];
        fractions add up in `owed` until a whole unit is due.
    maturity : int
        Units are safe until they are older than this many updates.

    Returns
    -------
    Units
        The chosen ones reborn: utility and age 0.
    (*nets, units) bool
        The chosen ones.
    """
    eligible = units.age > maturity
    owed = units.owed + rate * eligible.sum(-1)
    if not (owed >= 1).any():  # the usual case, and cheap
        return units._replace(owed=owed), torch.zeros_like(eligible)
    cost = units.utility.masked_fill(~eligible, torch.inf)
    place = cost.argsort(-1).argsort(-1)  # 0 for the least useful
    chosen = eligible & (place < owed.floor().unsqueeze(-1))
    return Units(
        units.utility.masked_fill(chosen, 0),
        units.age.masked_fill(chosen, 0),
        owed - chosen.sum(-1),
    ), chosen


@torch.no_grad()
def renew(
    net: nets.MLP,
    layer: int,
    chosen: Tensor,
    *,
    generator: torch.Generator,
    scheme: str = "he",
    optimiser: torch.optim.Optimizer | None = None,
) -> None:
    """Redraw units of a hidden layer, in place.

    Incoming weights and bias come from the initial distribution; outgoing
    weights become 0, so that a newcomer disturbs nothing.

    Parameters
    ----------
    net : nets.MLP
    layer : int
        Which hidden layer, from 0.
    chosen : (*nets, units) bool
    generator : torch.Generator
    scheme : str
        As for `nets.initialise`.
    optimiser : torch.optim.Optimizer, optional
        Its moments of the weights redrawn are forgotten.
    """
    n_chosen = int(chosen.sum())
    if n_chosen == 0:
        return
    into, out = net.linears[layer], net.linears[layer + 1]
    n_out, n_in = into.weight.shape[-2:]
    fresh = nets.initialise(
        nets.StackedLinear(n_in, n_out, n_nets=-(-n_chosen // n_out)).to(into.weight.device),
        generator=generator,
        scheme=scheme,
    )
    into.weight[chosen] = fresh.weight.flatten(0, 1)[:n_chosen].to(into.weight)
    out.weight.mT[chosen] = 0
    if into.bias is not None and fresh.bias is not None:
        into.bias[chosen] = fresh.bias.flatten()[:n_chosen].to(into.bias)
    for moment in _moments(optimiser, into.weight, into.bias):
        moment[chosen] = 0
    for moment in _moments(optimiser, out.weight):
        moment.mT[chosen] = 0


def _moments(optimiser, *parameters):
    """Yield the running means an optimiser keeps of some parameters."""
    if optimiser is not None:
        for parameter in parameters:
            for value in optimiser.state.get(parameter, {}).values():
                if isinstance(value, Tensor) and value.shape == parameter.shape:
                    yield value


@torch.no_grad()
def step(
    net: nets.MLP,
    units: Sequence[Units],
    hidden: Sequence[Tensor],
    *,
    rate: float | Tensor,
    maturity: int,
    generator: torch.Generator,
    decay: float = 0.99,
    scheme: str = "he",
    optimiser: torch.optim.Optimizer | None = None,
) -> tuple[list[Units], list[Tensor]]:
    """Do, after an update, what makes backprop continual: Algorithm 1.

    Parameters
    ----------
    net : nets.MLP
        Changed in place.
    units : list of Units
        One a hidden layer, from `init` or the step before.
    hidden : list of (*nets, n, units)
        Activations of the hidden layers on the batch: `net.activations(x)` gives
        them, and the outputs last.
    rate : float or (*nets,)
        Replacement rate; 0 is plain backprop.
    maturity : int
        Updates for which a newcomer is safe.
    generator : torch.Generator
    decay : float
        Of the running mean of utility, in [0, 1].
    scheme, optimiser
        As for `renew`.

    Returns
    -------
    list of Units
    list of (*nets,) int64
        Units replaced, one entry a hidden layer.

    Raises
    ------
    ValueError
        If a setting is out of range, or a layer is missing.
    """
    checks.count("maturity", maturity, at_least=0)
    checks.probability("decay", decay)
    if isinstance(rate, Tensor):
        checks.probability("the least rate", rate.min().item())
        checks.probability("the largest rate", rate.max().item())
    else:
        checks.probability("rate", rate)
    if not len(units) == len(hidden) == len(net.layers) - 1:
        raise ValueError(
            f"units and hidden must have one entry for each of the "
            f"{len(net.layers) - 1} hidden layers, got {len(units)} and "
            f"{len(hidden)}: leave the outputs out of hidden"
        )
    after, counts = [], []
    for layer, (state, activation) in enumerate(zip(units, hidden, strict=True)):
        state = observe(state, activation.detach(), net.linears[layer + 1].weight, decay=decay)
        state, chosen = select(state, rate=rate, maturity=maturity)
        renew(net, layer, chosen, generator=generator, scheme=scheme, optimiser=optimiser)
        after.append(state)
        counts.append(chosen.sum(-1))
    return after, counts


def dead_share(activation: Tensor) -> Tensor:
    """Compute the share of units that are 0 on every example.

    Parameters
    ----------
    activation : (*nets, n, units)

    Returns
    -------
    (*nets,)
    """
    return (activation == 0).all(-2).float().mean(-1)


def effective_rank(activation: Tensor) -> Tensor:
    """Compute exp of the entropy of the normalised singular values.

    Between 1 and min(n, units): how many directions the activations use; 0
    where all of them are 0.

    Parameters
    ----------
    activation : (*nets, n, units)

    Returns
    -------
    (*nets,)

    References
    ----------
    Roy and Vetterli (2007), The effective rank.
    """
    values = torch.linalg.svdvals(activation)
    total = values.sum(-1, keepdim=True)
    share = values / total.clamp_min(torch.finfo(values.dtype).tiny)
    return torch.where(total[..., 0] > 0, torch.special.entr(share).sum(-1).exp(), 0.0)
