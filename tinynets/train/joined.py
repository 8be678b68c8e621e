"""Parameters of an optimiser joined to one tensor: one call a step, not one each.

A step of AdamW over twelve small tensors spends its time on calls. What these
optimisers do is element by element, so the same step over one tensor, of which
the parameters are views, does the same to rounding.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer, RMSprop

ELEMENTWISE = (SGD, Adam, AdamW, RMSprop)  # exactly these: a subclass may do otherwise
SMALL = 100_000  # weights up to which adding to a buffer is cheaper than the calls saved


class Joined(NamedTuple):
    """One tensor in place of several in a group of an optimiser."""

    group: dict[str, Any]
    before: list[nn.Parameter]  # what the group held
    parts: list[nn.Parameter]  # those that are views of `whole` now
    whole: nn.Parameter
    gradient: Tensor  # of `whole`
    gradients: list[Tensor]  # views of it, one a part


def join(optimiser: Optimizer, *, at_most: float = SMALL) -> list[Joined]:
    """Join the parameters of each group, with what the optimiser keeps of them.

    To be called after a step, when each parameter that is trained has a
    gradient, and the optimiser its running means; the others stay as they are.

    Parameters
    ----------
    optimiser : Optimizer
        Its groups hold one parameter in place of several afterwards; if it is
        none of `ELEMENTWISE`, nothing is done.
    at_most : float
        Groups of more weights are left alone.

    Returns
    -------
    list of Joined
        One for each group that changed.
    """
    if type(optimiser) not in ELEMENTWISE:
        return []
    found = [_join(optimiser, group, at_most) for group in optimiser.param_groups]
    return [one for one in found if one is not None]


def clear(optimiser: Optimizer, joined: Sequence[Joined]) -> None:
    """Forget all gradients; those of the parts are views of zeros again.

    Parameters
    ----------
    optimiser : Optimizer
    joined : sequence of Joined
        From `join`.
    """
    for group in optimiser.param_groups:
        for parameter in group["params"]:
            parameter.grad = None
    for one in joined:
        one.gradient.zero_()
    attach(joined)


def attach(joined: Sequence[Joined]) -> None:
    """Make each `.grad` the buffer again, or its part of it, whoever replaced it.

    Parameters
    ----------
    joined : sequence of Joined
        From `join`.
    """
    for one in joined:
        one.whole.grad = one.gradient
        for part, gradient in zip(one.parts, one.gradients, strict=True):
            part.grad = gradient


def separate(optimiser: Optimizer, joined: Sequence[Joined]) -> None:
    """Give the groups the parameters back that they held.

    Parameters
    ----------
    optimiser : Optimizer
        What it keeps of the whole, it keeps of the parts again, as views.
    joined : sequence of Joined
        From `join`.
    """
    for one in joined:
        one.group["params"] = one.before
        kept = optimiser.state.pop(one.whole, {})
        full = {name: _cut(v, one.parts) for name, v in kept.items() if _fits(v, one.whole)}
        for i, part in enumerate(one.parts):
            optimiser.state[part] = {
                name: full[name][i] if name in full else _own(value) for name, value in kept.items()
            }


def _join(optimiser: Optimizer, group: dict[str, Any], at_most: float) -> Joined | None:
    before = list(group["params"])
    parts = [one for one in before if one.grad is not None and _is_plain(one, before[0])]
    state = _merged([optimiser.state.get(part, {}) for part in parts], parts)
    if len(parts) < 2 or sum(map(torch.numel, parts)) > at_most or state is None:
        return None
    whole = nn.Parameter(_cat(parts))
    gradient = torch.empty_like(whole).detach()
    for part, view in zip(parts, _cut(whole.detach(), parts), strict=True):
        part.data = view
        optimiser.state.pop(part, None)
    if state:
        optimiser.state[whole] = state
    group["params"] = [whole, *(one for one in before if all(one is not part for part in parts))]
    return Joined(group, before, parts, whole, gradient, _cut(gradient, parts))


def _is_plain(one: nn.Parameter, first: nn.Parameter) -> bool:
    same = (one.dtype, one.device) == (first.dtype, first.device)
    return same and one.is_contiguous() and one.layout == torch.strided


def _merged(states: Sequence[dict], parts: Sequence[Tensor]) -> dict[str, Any] | None:
    """Return what is kept of all parts as that of one; None if they differ in it."""
    first = states[0] if states else {}
    if any(state.keys() != first.keys() for state in states):
        return None
    merged = {}
    for name, value in first.items():
        values = [state[name] for state in states]
        if all(map(_fits, values, parts)):
            merged[name] = _cat(values)
        elif all(_equal(other, value) for other in values):
            merged[name] = _own(value)
        else:
            return None
    return merged


def _fits(value: Any, parameter: Tensor) -> bool:
    return isinstance(value, Tensor) and value.ndim > 0 and value.shape == parameter.shape


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return torch.equal(a, b)
    return type(a) is type(b) and bool(a == b)


def _own(value: Any) -> Any:
    return value.clone() if isinstance(value, Tensor) else value


def _cat(tensors: Sequence[Tensor]) -> Tensor:
    return torch.cat([tensor.detach().flatten() for tensor in tensors])


def _cut(whole: Tensor, parts: Sequence[Tensor]) -> list[Tensor]:
    pieces = whole.split([part.numel() for part in parts])
    return [piece.view(part.shape) for piece, part in zip(pieces, parts, strict=True)]
