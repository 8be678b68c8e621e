"""What continual backprop remembers of units, and which it chooses."""

from typing import NamedTuple

import torch
from torch import Tensor

from tinynets import checks, nets


class Units(NamedTuple):
    """What continual backprop remembers of one hidden layer.

    Examples
    --------
    >>> units = init(nets.MLP([2, 3, 1]))
    >>> units[0].age
    tensor([0, 0, 0])
    """

    utility: Tensor  # (*nets, units), running mean of the contribution
    age: Tensor  # (*nets, units) int64, updates since the unit's birth
    owed: Tensor  # (*nets,), replacements due, a fraction


@checks.arguments()
def init(net: nets.MLP) -> list[Units]:
    """Give each hidden layer of a net units without age or utility.

    Parameters
    ----------
    net : nets.MLP
        One net or a stack; only its shapes are used.

    Returns
    -------
    list of Units
        One a hidden layer, all zero.

    Raises
    ------
    TypeError
        If the net is no `MLP`.

    Examples
    --------
    >>> len(init(nets.MLP([2, 3, 4, 1])))
    2
    """
    if not isinstance(net, nets.MLP):
        raise TypeError(f"net must be a nets.MLP, got {type(net).__name__}")

    def born(bias: Tensor) -> Units:
        return Units(
            torch.zeros_like(bias), torch.zeros_like(bias).long(), bias.new_zeros(bias.shape[:-1])
        )

    return [born(layer.weight.detach()[..., 0]) for layer in net.linears[:-1]]


@checks.arguments(activation="float ... n units", outgoing="float ... following units")
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
    Tensor, (*nets, units)
        In the unit of the next layer's weighted inputs; 0 or above.

    Examples
    --------
    >>> h, w = torch.tensor([[1.0, 0.0], [3.0, 0.0]]), torch.tensor([[2.0, 5.0]])
    >>> contribution(h, w)
    tensor([4., 0.])
    """
    return activation.abs().mean(-2) * outgoing.abs().sum(-2)


@checks.arguments(activation="float ... n units", outgoing="float ... following units")
def observe(units: Units, activation: Tensor, outgoing: Tensor, *, decay: float = 0.99) -> Units:
    """Let each unit age by one update and renew its utility.

    u ← decay · u + (1 − decay) · contribution: Algorithm 1, lines "update age" and "update unit
    utility".

    Parameters
    ----------
    units : Units
        Before the update.
    activation : Tensor, (*nets, n, units)
        Of this layer on the batch.
    outgoing : Tensor, (*nets, next, units)
        Weights of the next layer.
    decay : float
        Of the running mean, in [0, 1].

    Returns
    -------
    Units
        Each a step older, with the new utility.
    """
    checks.probability("decay", decay)
    new = contribution(activation, outgoing)
    checks.shape("units.utility", units.utility, tuple(new.shape))
    return units._replace(utility=torch.lerp(new, units.utility, decay), age=units.age + 1)


@checks.arguments()
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

    Raises
    ------
    ValueError
        If the rate or the maturity is out of its range.

    Examples
    --------
    >>> units = Units(torch.tensor([0.5, 0.1]), torch.tensor([200, 200]), torch.tensor(0.0))
    >>> select(units, rate=0.5, maturity=100)[1]
    tensor([False,  True])
    """
    if not ((share := torch.as_tensor(rate)) >= 0).all() or not (share <= 1).all():
        raise ValueError(f"rate must lie in [0, 1], got {rate}")
    checks.count("maturity", maturity, at_least=0)
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
