"""Training by epochs."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from tinynets import checks, losses, train
from tinynets.convnets.network import ConvNet


@checks.arguments(images="n pixels", labels="n")
def train_epochs(
    net: ConvNet,
    images: Tensor,
    labels: Tensor,
    *,
    epochs: int,
    rate: float | Callable[[int], float],
    batch_size: int,
    generator: torch.Generator,
    momentum: float = 0.0,
    decay: float = 0.0,
    distort: Callable[..., Tensor] | None = None,
) -> Iterator[tuple[int, float]]:
    """Minimise the cross-entropy by SGD, and stop after each epoch.

    Parameters
    ----------
    net : ConvNet
        Trained in place; with `n_nets` set, all nets at once, each from
        minibatches of its own.
    images, labels : (n, pixels), (n,) int64
    epochs : int
        Passes through the images.
    rate : float, or callable
        A callable gives the rate of epoch 1, 2, ...
    batch_size : int
        Images of an update; the last batch of an epoch may be smaller.
    generator : torch.Generator
        Orders the examples, drops units and distorts images.
    momentum, decay : float
        Of `torch.optim.SGD`; the decay is Nielsen's λ/n.
    distort : callable, optional
        `distort(batch, generator=generator)`: new images for each batch,
        which are gone after it.

    Yields
    ------
    (epoch, rate)
        After each; leave the loop to stop early.

    Raises
    ------
    DivergedError
        If a loss is infinite or NaN.
    ValueError
        If a number is out of its range.

    Examples
    --------
    >>> from tinynets.nets import initialise
    >>> net = initialise(ConvNet((8, 8), (), (4,)), generator=torch.Generator())
    >>> digits = torch.ones(6, 64), torch.zeros(6, dtype=torch.int64)
    >>> options = {"epochs": 2, "rate": 0.1, "batch_size": 3, "generator": torch.Generator()}
    >>> list(train_epochs(net, *digits, **options))
    [(1, 0.1), (2, 0.1)]
    """
    checks.non_negative("momentum", momentum)
    checks.non_negative("decay", decay)
    optimiser = torch.optim.SGD(
        net.parameters(), lr=0.0, fused=True, momentum=momentum, weight_decay=decay
    )

    def loss(net: nn.Module, batch: Tensor, labels: Tensor) -> Tensor:
        if distort is not None:
            batch = distort(batch.flatten(0, -2), generator=generator).view_as(batch)
        return losses.cross_entropy(net(batch, generator=generator), labels)

    steps = train.updates(
        net, loss, (images, labels), optimiser=optimiser, batch_size=batch_size, generator=generator
    )
    n_steps = train.steps_in_epoch(len(images), batch_size)
    for epoch in range(1, checks.count("epochs", epochs) + 1):
        now = rate(epoch) if callable(rate) else rate
        optimiser.param_groups[0]["lr"] = checks.positive("rate", now)
        for _ in range(n_steps):
            next(steps)
        yield epoch, now
