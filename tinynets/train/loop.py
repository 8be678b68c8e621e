"""The loop over minibatches."""

import contextlib
import inspect
import math
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from tqdm import tqdm

from tinynets import checks, nets
from tinynets.train import joined
from tinynets.train.batches import minibatches

Loss = Callable[..., Tensor]  # (net, *batch) -> () or (n_nets,)
Backward = Callable[..., Tensor]  # the same, and leaves the gradient in the net
EVERY = 50  # steps after which losses are looked at: a look makes the step wait


class DivergedError(ArithmeticError):
    """A loss that became infinite or NaN, in the update number `step`."""

    step: int


class History(NamedTuple):
    """The losses of a training, and the parameters kept on the way."""

    losses: Tensor  # (n_steps, *nets), each before its step
    steps: Tensor  # (n_checkpoints,) int64, steps done so far
    parameters: Tensor  # (n_checkpoints, *nets, dim)


@checks.arguments()
def train(
    net: nn.Module,
    loss: Loss,
    data: Sequence[Tensor],
    *,
    optimiser: torch.optim.Optimizer,
    batch_size: int,
    n_steps: int,
    generator: torch.Generator,
    checkpoints: Iterable[int] = (),
    stop: Callable[[int, nn.Module], bool] | None = None,
) -> History:
    """Minimise a loss over minibatches.

    The gradient is that of the *sum* of the losses over nets, so each net
    of a stack learns as if it were alone, from minibatches of its own.

    Parameters
    ----------
    net : nn.Module
        Trained in place; with `n_nets` set, all nets at once.
    loss : callable
        `loss(net, *batch)`: one value, or one a net. A batch tensor has
        shape (batch, ...), or (n_nets, batch, ...) for a stack. If it has a
        method `backward`, that is called instead of autograd: it returns the
        same values and sets the parameters' gradients.
    data : sequence of (n_examples, ...)
        Whole data set on tensors: `(images,)` or `(images, labels)`.
    optimiser : torch.optim.Optimizer
        Over `net.parameters()`. `fused=True` is the fastest on a CPU too. The
        parameters of a small net are one tensor to it while training lasts.
    batch_size : int
        The last batch of an epoch may be smaller.
    n_steps : int
        Updates; `steps_in_epoch` says how many are an epoch.
    generator : torch.Generator
        Orders the examples, anew for each epoch and net.
    checkpoints : iterable of int
        Numbers of steps after which to keep the parameters; 0 is the start.
    stop : callable, optional
        `stop(n_steps_done, net)` is asked after each step; true ends the
        training early (see `tinynets.stopping`).

    Returns
    -------
    History

    Raises
    ------
    DivergedError
        If a loss is infinite or NaN: names step, net and learning rate. Losses
        are looked at every 50 steps, after each epoch and at the end.
    ValueError
        If the tensors of `data` differ in length, or a checkpoint lies
        outside 0 to `n_steps`.

    Examples
    --------
    >>> net = nets.initialise(nets.MLP([2, 1]), generator=torch.Generator().manual_seed(0))
    >>> sgd, order = torch.optim.SGD(net.parameters(), lr=0.1), torch.Generator()
    >>> how = {"optimiser": sgd, "batch_size": 4, "n_steps": 3, "generator": order}
    >>> train(net, lambda net, x: net(x).square().mean(), (torch.ones(8, 2),), **how).losses.shape
    torch.Size([3])
    """
    checks.count("n_steps", n_steps)
    wanted = _wanted_checkpoints(checkpoints, n_steps)
    losses, kept = [], {}
    if 0 in wanted:
        kept[0] = nets.flatten(net)
    steps = updates(
        net, loss, data, optimiser=optimiser, batch_size=batch_size, generator=generator
    )
    with contextlib.closing(steps):
        # tqdm keeps quiet by itself where the output is not a terminal
        for step in tqdm(range(1, n_steps + 1), disable=None, unit="step"):
            losses.append(next(steps))
            if step in wanted:
                kept[step] = nets.flatten(net)
            if stop is not None and stop(step, net):
                break
    parameters = torch.stack(list(kept.values())) if kept else nets.flatten(net)[None][:0]
    done = torch.tensor(list(kept), dtype=torch.int64, device="cpu")
    return History(torch.stack(losses), done, parameters)


def updates(
    net: nn.Module,
    loss: Loss,
    data: Sequence[Tensor],
    *,
    optimiser: torch.optim.Optimizer,
    batch_size: int,
    generator: torch.Generator,
) -> Generator[Tensor, None, None]:
    """Make one update after another, without end: the loop under `train`.

    Parameters
    ----------
    net : nn.Module
        Trained in place; with `n_nets` set, all nets at once.
    loss : callable
        `loss(net, *batch)`: one value, or one a net; by its method `backward`
        if it has one.
    data : sequence of Tensor, (n_examples, ...)
        `(images,)` or `(images, labels)`.
    optimiser : torch.optim.Optimizer
        Over `net.parameters()`; its groups may hold them as one tensor until
        the iterator is closed.
    batch_size : int
        The last batch of an epoch may be smaller.
    generator : torch.Generator
        Orders the examples, anew for each epoch and net.

    Yields
    ------
    Tensor, () or (n_nets,)
        The losses of a minibatch, after the update that lowered them.

    Raises
    ------
    DivergedError
        If a loss is infinite or NaN: names step, net and learning rate. Losses
        are looked at every 50 steps and after each epoch.
    ValueError
        If the tensors of `data` differ in length.

    Examples
    --------
    >>> net = nets.initialise(nets.MLP([2, 1]), generator=torch.Generator().manual_seed(1))
    >>> steps = updates(net, lambda net, x: net(x).square().mean(), [torch.ones(8, 2)],
    ...                 optimiser=torch.optim.SGD(net.parameters(), lr=0.1), batch_size=4,
    ...                 generator=torch.Generator().manual_seed(1))
    >>> bool(next(steps) > next(steps))
    True
    """
    ours = {id(parameter) for parameter in net.parameters()}
    if not any(id(one) in ours for group in optimiser.param_groups for one in group["params"]):
        raise ValueError(
            "optimiser must be over the net's parameters, got one of others: build it anew by "
            f"{type(optimiser).__name__}(net.parameters(), ...)"
        )
    n_examples = _n_examples(data)
    _check_takes(loss, net, data)
    batches = minibatches(n_examples, batch_size, n_nets=nets.n_nets_of(net), generator=generator)
    by_hand: Backward | None = getattr(loss, "backward", None)
    backward = by_hand or _by_autograd(loss)
    joins: list[joined.Joined] = []
    unseen: list[Tensor] = []
    step = 0
    try:
        for step, index in enumerate(batches, 1):
            if by_hand:
                joined.attach(joins)
            else:
                joined.clear(optimiser, joins)
            try:
                unseen.append(backward(net, *(_rows(tensor, index) for tensor in data)))
            except Exception:  # a loss may refuse what an earlier step made of the net
                _look(unseen, step - 1, optimiser)
                raise
            optimiser.step()
            if step == 1:
                joins = joined.join(optimiser, at_most=math.inf if by_hand else joined.SMALL)
            yield unseen[-1]
            if len(unseen) == EVERY:
                _look(unseen, step, optimiser)
    finally:
        joined.separate(optimiser, joins)
        _look(unseen, step, optimiser)


def _by_autograd(loss: Loss) -> Backward:
    def backward(net: nn.Module, *batch: Tensor) -> Tensor:
        values = _one_each(loss(net, *batch))
        values.sum().backward()
        return values.detach()

    return backward


def _rows(tensor: Tensor, index: Tensor) -> Tensor:
    """Return tensor[index], which is twice as fast by `index_select`."""
    if index.ndim == 1:
        return tensor.index_select(0, index)
    return tensor.index_select(0, index.flatten()).unflatten(0, index.shape)


def _n_examples(data: Sequence[Tensor]) -> int:
    if isinstance(data, Tensor) or not data:
        raise TypeError("data must be a sequence of tensors such as (images,) or (images, labels)")
    lengths = [len(tensor) for tensor in data]
    if len(set(lengths)) > 1:
        raise ValueError(f"data must be tensors of one length, got {lengths}")
    return lengths[0]


def _wanted_checkpoints(checkpoints: Iterable[int], n_steps: int) -> set[int]:
    wanted = {int(step) for step in checkpoints}
    outside = sorted(step for step in wanted if not 0 <= step <= n_steps)
    if outside:
        raise ValueError(f"checkpoints must lie between 0 and n_steps = {n_steps}, got {outside}")
    return wanted


def _check_takes(loss: Loss, net: nn.Module, data: Sequence[Tensor]) -> None:
    """Raise if a loss can't be called with a net and as many tensors as there are."""
    try:
        inspect.signature(loss).bind(net, *data)
    except TypeError as error:
        raise TypeError(
            f"loss must take the net and {len(data)} tensors, as many as data has: {error}"
        ) from error


def _one_each(values: Tensor) -> Tensor:
    if not isinstance(values, Tensor) or values.ndim > 1:
        got = f"shape {tuple(values.shape)}" if isinstance(values, Tensor) else repr(values)
        raise ValueError(f"loss must return a tensor, one number for each net, got {got}")
    return values


def _look(unseen: list[Tensor], step: int, optimiser: torch.optim.Optimizer) -> None:
    """Raise if a loss of the steps up to `step` is not finite; empty the list."""
    if not unseen:
        return
    values = torch.stack(unseen)
    unseen.clear()
    wrong = ~torch.isfinite(values)
    if not wrong.any():
        return
    first = int(wrong.nonzero()[0, 0])
    bad = wrong[first].nonzero().flatten().tolist()
    which = f" of net {', '.join(map(str, bad))}" if values.ndim > 1 else ""
    rates = ", ".join(f"{group['lr']:g}" for group in optimiser.param_groups)
    at = step - len(values) + 1 + first
    error = DivergedError(
        f"the loss{which} is not finite at step {at} with learning rate "
        f"{rates}: try a smaller rate, and check that the net was "
        f"initialised and the data are finite"
    )
    error.step = at  # not an argument: those make up the message
    raise error
