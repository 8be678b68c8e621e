"""The step of continual backprop: idle units start again."""

from collections.abc import Sequence

import torch
from torch import Tensor

from tinynets import checks, nets
from tinynets.continual.units import Units, observe, select


@checks.arguments()
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
        Changed in place.
    layer : int
        Which hidden layer, from 0.
    chosen : Tensor, (*nets, units) bool
        Which units.
    generator : torch.Generator
        Source of the new weights.
    scheme : str
        Initial distribution: a key of `nets.INITIALISATIONS`.
    optimiser : torch.optim.Optimizer, optional
        Its moments of the weights redrawn are forgotten.

    Raises
    ------
    ValueError
        If there is no such hidden layer, or `chosen` does not fit it.

    Examples
    --------
    >>> net = nets.initialise(nets.MLP([2, 3, 1]), generator=torch.Generator().manual_seed(0))
    >>> renew(net, 0, torch.tensor([True, False, False]), generator=torch.Generator())
    >>> net.linears[1].weight[0, 0].item()
    0.0
    """
    if not 0 <= layer < len(net.linears) - 1:
        raise ValueError(f"layer must be a hidden one, 0 to {len(net.linears) - 2}, got {layer}")
    if chosen.dtype != torch.bool or chosen.shape != net.linears[layer].weight.shape[:-1]:
        raise ValueError(
            f"chosen must be torch.bool of shape {tuple(net.linears[layer].weight.shape[:-1])}, "
            f"got {chosen.dtype} of shape {tuple(chosen.shape)}"
        )
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


@checks.arguments()
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
        Source of the new weights.
    decay : float
        Of the running mean of utility, in [0, 1].
    scheme : str
        Initial distribution of renewed units: a key of `nets.INITIALISATIONS`.
    optimiser : torch.optim.Optimizer, optional
        Its moments of the weights redrawn are forgotten.

    Returns
    -------
    list of Units
        One a hidden layer.
    list of Tensor, (*nets,) int64
        Units replaced, one entry a hidden layer.

    Raises
    ------
    ValueError
        If a setting is out of range, or a layer is missing.

    Examples
    --------
    >>> from tinynets.continual import init
    >>> net = nets.initialise(nets.MLP([2, 3, 1], "relu"), generator=torch.Generator())
    >>> how = {"rate": 0.1, "maturity": 5, "generator": torch.Generator()}
    >>> units, counts = step(net, init(net), list(net.activations(torch.ones(4, 2)))[:-1], **how)
    >>> units[0].age, counts
    (tensor([1, 1, 1]), [tensor(0)])
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
