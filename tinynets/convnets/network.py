"""A convolutional net."""

import itertools
import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import skip_init

from tinynets import checks, nets


class ConvNet(nn.Module):
    """Convolution and 2×2 max-pooling layers, then fully connected ones.

    Parameters are not drawn yet: see `nets.initialise`.

    Parameters
    ----------
    image_shape : (height, width)
    channels : sequence of int
        Feature maps of each convolution; empty for none.
    hidden : sequence of int
        Units of each fully connected hidden layer; empty for none.
    kernel, padding : int
        Width of the square receptive field; zeros added around each map.
    activation : str
        A key of `nets.ACTIVATIONS`; comes after the pooling, as in
        Nielsen's program, which is the same if it is monotone.
    dropout : float
        Share of fully connected hidden units dropped while training.
    n_classes : int
        Outputs.
    n_nets : int, optional
        Build this many nets side by side: images (n, pixels) or
        (n_nets, n, pixels), logits (n_nets, n, classes).

    Raises
    ------
    ValueError
        If the image is too small for that many layers.

    Examples
    --------
    >>> net = nets.initialise(ConvNet((8, 8), (4,), (), kernel=3), generator=torch.Generator())
    >>> net(torch.zeros(5, 64)).shape
    torch.Size([5, 10])
    >>> ConvNet((8, 8), (4,), (), kernel=3, n_nets=2)(torch.zeros(5, 64)).shape
    torch.Size([2, 5, 10])
    """

    @checks.arguments()
    def __init__(
        self,
        image_shape: tuple[int, int],
        channels: Sequence[int] = (20,),
        hidden: Sequence[int] = (100,),
        *,
        kernel: int = 5,
        padding: int = 0,
        activation: str = "relu",
        dropout: float = 0.0,
        n_classes: int = 10,
        n_nets: int | None = None,
    ):
        super().__init__()
        checks.choice("activation", activation, nets.ACTIVATIONS)
        if len(image_shape) != 2:
            raise ValueError(f"image_shape must be (height, width), got {image_shape!r}")
        sizes = {"image_shape": image_shape, "channels": channels, "hidden": hidden}
        for name, size in [(name, size) for name, all_ in sizes.items() for size in all_]:
            checks.count(f"each of {name}", size)
        checks.count("kernel", kernel)
        checks.count("padding", padding, at_least=0)
        checks.count("n_classes", n_classes)
        self.options = {
            "image_shape": list(image_shape),
            "channels": list(channels),
            "hidden": list(hidden),
            "kernel": kernel,
            "padding": padding,
            "activation": activation,
            "n_classes": n_classes,
            "dropout": _below_one("dropout", dropout),
            "n_nets": n_nets,
        }
        self.image_shape, self.dropout, self.n_nets = tuple(image_shape), dropout, n_nets
        self.activation = nets.ACTIVATIONS[activation]
        maps = [1, *channels]
        self.convolutions = nn.ModuleList(
            _convolution(n_in, n_out, kernel, padding, n_nets)
            for n_in, n_out in itertools.pairwise(maps)
        )
        sides = [_side(side, len(channels), kernel, padding) for side in image_shape]
        sizes = [maps[-1] * math.prod(sides), *hidden, n_classes]
        self.layers = nn.ModuleList(
            nets.StackedLinear(n_in, n_out, n_nets=n_nets)
            for n_in, n_out in itertools.pairwise(sizes)
        )

    def forward(self, images: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """Compute logits (*nets, n, classes) of images (n, pixels) or (*nets, n, pixels).

        With a generator hidden units are dropped, as in training; without
        one none is.
        """
        *_, a = self.feature_maps(images)
        a = a.flatten(-3)
        for layer in self.layers[:-1]:
            a = self.activation(layer(a))
            if generator is not None and self.dropout:
                a = dropped(a, self.dropout, generator=generator)
        return self.layers[-1](a)

    def feature_maps(self, images: Tensor) -> Iterator[Tensor]:
        """Yield the images and each pooled layer (*nets, n, maps, rows, columns)."""
        checks.fitting({"images": images}, {"images": f"... n {math.prod(self.image_shape)}"})
        if self.n_nets is not None:  # one map a net
            images = images.expand(self.n_nets, *images.shape[-2:]).transpose(0, 1)
        a = images.reshape(len(images), -1, *self.image_shape)
        a = a.contiguous(memory_format=torch.channels_last)  # as pooling and oneDNN are fastest
        yield self._by_net(a)
        for convolution in self.convolutions:
            a = self.activation(F.max_pool2d(convolution(a), 2))
            yield self._by_net(a)

    def _by_net(self, maps: Tensor) -> Tensor:
        """View (n, nets × maps, ...) as (*nets, n, maps, ...)."""
        return maps if self.n_nets is None else maps.unflatten(1, (self.n_nets, -1)).transpose(0, 1)


def _convolution(
    n_in: int, n_out: int, kernel: int, padding: int, n_nets: int | None
) -> nn.Conv2d | nets.StackedConv2d:
    if n_nets is not None:
        return nets.StackedConv2d(n_in, n_out, kernel, padding=padding, n_nets=n_nets)
    alone = skip_init(nn.Conv2d, n_in, n_out, kernel, padding=padding)
    alone.weight.data = alone.weight.data.to(memory_format=torch.channels_last)  # oneDNN's fastest
    return alone


def _side(side: int, n_layers: int, kernel: int, padding: int) -> int:
    left = side
    for _ in range(n_layers):
        left = (left + 2 * padding - kernel + 1) // 2
        if left < 1:
            raise ValueError(
                f"{n_layers} convolutions of kernel {kernel} and padding "
                f"{padding} leave nothing of {side} pixels: take fewer, a "
                f"smaller kernel or more padding"
            )
    return left


@checks.arguments()
def dropped(a: Tensor, rate: float, *, generator: torch.Generator) -> Tensor:
    """Set a share `rate` of activations to 0 and scale up the others.

    Parameters
    ----------
    a : Tensor
        Activations, of any shape.
    rate : float
        Share that is set to 0, in [0, 1).
    generator : torch.Generator
        Draws which.

    Returns
    -------
    Tensor, of the shape of a
        The others divided by 1 - rate, so that the mean stays.
    """
    _below_one("rate", rate)
    keep = torch.empty_like(a).bernoulli_(1 - rate, generator=generator)
    return a * keep / (1 - rate)


def _below_one(name: str, rate: float) -> float:
    if checks.probability(name, rate) == 1:
        raise ValueError(f"{name} must be below 1, got {rate}: nothing would be left")
    return rate
