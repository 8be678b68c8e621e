"""Convolutional nets for images, and distorted copies of the images."""

import itertools
import json
import math
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import skip_init

from tinynets import checks, nets, train
from tinynets.losses import accuracy


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

    Raises
    ------
    ValueError
        If the image is too small for that many layers.
    """

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
    ):
        super().__init__()
        checks.choice("activation", activation, nets.ACTIVATIONS)
        self.options = {
            "image_shape": list(image_shape),
            "channels": list(channels),
            "hidden": list(hidden),
            "kernel": kernel,
            "padding": padding,
            "activation": activation,
            "n_classes": n_classes,
            "dropout": checks.probability("dropout", dropout),
        }
        self.image_shape, self.dropout = tuple(image_shape), dropout
        self.activation = nets.ACTIVATIONS[activation]
        maps = [1, *channels]
        self.convolutions = nn.ModuleList(
            skip_init(nn.Conv2d, n_in, n_out, kernel, padding=padding)
            for n_in, n_out in itertools.pairwise(maps)
        )
        sides = [_side(side, len(channels), kernel, padding) for side in image_shape]
        sizes = [maps[-1] * math.prod(sides), *hidden, n_classes]
        self.layers = nn.ModuleList(
            skip_init(nn.Linear, n_in, n_out) for n_in, n_out in itertools.pairwise(sizes)
        )

    def forward(self, images: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """Compute logits (n, classes) of images (n, pixels).

        With a generator hidden units are dropped, as in training; without
        one none is.
        """
        *_, a = self.feature_maps(images)
        a = a.flatten(1)
        for layer in self.layers[:-1]:
            a = self.activation(layer(a))
            if generator is not None and self.dropout:
                a = dropped(a, self.dropout, generator=generator)
        return self.layers[-1](a)

    def feature_maps(self, images: Tensor) -> Iterator[Tensor]:
        """Yield the images and each pooled layer (n, maps, rows, columns)."""
        a = images.reshape(len(images), 1, *self.image_shape)
        yield a
        for convolution in self.convolutions:
            a = self.activation(F.max_pool2d(convolution(a), 2))
            yield a


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


def dropped(a: Tensor, rate: float, *, generator: torch.Generator) -> Tensor:
    """Set a share `rate` of activations to 0 and scale up the others."""
    keep = torch.empty_like(a).bernoulli_(1 - rate, generator=generator)
    return a * keep / (1 - rate)


def distorted(
    images: Tensor,
    image_shape: tuple[int, int],
    *,
    generator: torch.Generator,
    shift: float = 0.0,
    rotation: float = 0.0,
    skew: float = 0.0,
) -> Tensor:
    """Move, turn and slant each image by an amount of its own.

    Parameters
    ----------
    images : (n, pixels)
    image_shape : (height, width)
    generator : torch.Generator
    shift : float
        Largest shift along each axis in pixels; shifts are whole pixels.
    rotation : float
        Largest turn either way, in degrees.
    skew : float
        Largest slant: columns moved for each row.

    Returns
    -------
    (n, pixels)
        A new tensor; pixels from outside the image are 0.
    """
    n, (height, width) = len(images), image_shape

    def uniform(reach: float) -> Tensor:
        return reach * (2 * torch.rand(n, generator=generator, device=images.device) - 1)

    angle = uniform(math.radians(checks.non_negative("rotation", rotation)))
    slant = uniform(checks.non_negative("skew", skew))
    reach = int(checks.non_negative("shift", shift))
    across, down = (
        torch.randint(-reach, reach + 1, (n,), generator=generator, device=images.device)
        for _ in range(2)
    )
    cos, sin = angle.cos(), angle.sin()
    # (x, y) on the new image comes from R(angle) S(slant) (x, y) + shift on
    # the old one, in pixels; affine_grid counts from -1 to 1 on each axis.
    matrix = torch.stack(
        [
            torch.stack([cos, (slant * cos - sin) * height / width, -2 * across / width], -1),
            torch.stack([sin * width / height, slant * sin + cos, -2 * down / height], -1),
        ],
        dim=1,
    )
    grid = F.affine_grid(matrix, [n, 1, height, width], align_corners=False)
    moved = F.grid_sample(images.reshape(n, 1, height, width), grid, align_corners=False)
    return moved.reshape(images.shape)


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
        Trained in place.
    images, labels : (n, pixels), (n,) int64
    epochs, batch_size : int
    rate : float, or callable
        A callable gives the rate of epoch 1, 2, ...
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
    """
    optimiser = torch.optim.SGD(
        net.parameters(), lr=0.0, fused=True, momentum=momentum, weight_decay=decay
    )

    def loss(net: nn.Module, batch: Tensor, labels: Tensor) -> Tensor:
        if distort is not None:
            batch = distort(batch, generator=generator)
        return F.cross_entropy(net(batch, generator=generator), labels)

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


@torch.no_grad()
def logits_of(net: nn.Module, images: Tensor, *, batch_size: int = 500) -> Tensor:
    """Compute logits (n, classes) in batches, the last one as it comes."""
    return torch.cat([net(part) for part in images.split(batch_size)])


def accuracy_on(net: nn.Module, images: Tensor, labels: Tensor, *, batch_size: int = 500) -> float:
    """Compute the share of images whose largest logit is their label's."""
    return accuracy(logits_of(net, images, batch_size=batch_size).double(), labels).item()


def vote(guesses: Tensor, n_classes: int = 10) -> Tensor:
    """Find what most nets say: (nets, n) int64 -> (n,).

    Of classes with as many votes the smallest number wins.
    """
    return F.one_hot(guesses, n_classes).sum(0).argmax(-1)


def save(net: ConvNet, path: str | Path) -> None:
    """Write what `ConvNet` was built with and its parameters as one .npz.

    No pickle: the file can't run code when it is read.
    """
    arrays = {name: value.numpy(force=True) for name, value in net.state_dict().items()}
    with open(path, "wb") as file:
        np.savez(file, options=json.dumps(net.options), **arrays)


def load(path: str | Path) -> ConvNet:
    """Read a net that `save` wrote.

    Raises
    ------
    ValueError
        If the file is not such a net.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            options = json.loads(str(file["options"]))
            net = ConvNet(**options)
            net.load_state_dict(
                {name: torch.from_numpy(file[name]) for name in file.files if name != "options"}
            )
    except (EOFError, KeyError, RuntimeError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} must be a net written by convnets.save: {error}") from error
    return net
