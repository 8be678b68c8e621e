"""Digits drawn on large paper, made ready for a net as the data sets were.

A drawing is ink in [0, 1] on paper of any size. `prepare` boxes and centres
it as MNIST's own images were; `shrink` leaves that out. The browser does the
same (`explore/core/paper.js`), and the tests hold the two together.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from tinynets import checks
from tinynets.nets import MLP
from tinynets.vae import VAE

BOX = 20  # pixels of the longer side of an MNIST digit, in a field of 28


class Looks(NamedTuple):
    """The nets that look at a digit, none of them a stack.

    Examples
    --------
    >>> net = MLP([64, 10])
    >>> Looks(net, net, [], []).masks is net
    True
    """

    masks: MLP  # {pixels, 10}
    cube: MLP  # {pixels, 10, 3, 10}, sigmoid
    vaes: Sequence[VAE]  # {pixels, a, b, 2} and back, SiLU
    betas: Sequence[float]  # of each VAE


@checks.arguments(ink="float height width", rows="positive", columns="positive")
def resample(ink: Tensor, rows: int, columns: int) -> Tensor:
    """Average the ink over the area of each target pixel.

    Parameters
    ----------
    ink : Tensor, (height, width)
    rows, columns : int
        Size of the result; no multiple or fraction of the paper's is needed.

    Returns
    -------
    Tensor, (rows, columns)
        Mean ink of each target pixel's area, so the mean of all is kept.
    """
    height, width = ink.shape
    return _shares(height, rows, ink) @ ink @ _shares(width, columns, ink).mT


def _shares(length: int, n: int, like: Tensor) -> Tensor:
    """Return the share of each of `n` equal parts in each pixel, (n, length)."""
    start = torch.arange(length, dtype=like.dtype, device=like.device)
    edge = torch.arange(n + 1, dtype=like.dtype, device=like.device) * length / n
    low = torch.maximum(start, edge[:-1, None])
    high = torch.minimum(start + 1, edge[1:, None])
    return (high - low).clamp(min=0) * n / length


@checks.arguments(ink="float ... side side")
def shrink(ink: Tensor, side: int) -> Tensor:
    """Shrink a drawing to (side, side) and do nothing else.

    Parameters
    ----------
    ink : Tensor, (height, width)
        In [0, 1], 0 is paper.
    side : int
        Pixels of the result.

    Returns
    -------
    Tensor, (side, side)
        Mean ink of each pixel's area.

    Examples
    --------
    >>> shrink(torch.eye(4), 2)
    tensor([[0.5000, 0.0000],
            [0.0000, 0.5000]])
    """
    checks.shape("ink", ink, ("height", "width"))
    return resample(ink, checks.count("side", side), side)


@checks.arguments(ink="float ... side side")
def prepare(ink: Tensor, side: int) -> Tensor:
    """Prepare one drawing as the images of its data set were prepared.

    MNIST (side 28): the longer side of the ink's box becomes 20 pixels, and
    the centre of mass comes to the centre of the field. The 8 × 8 digits:
    the box becomes 8 rows high and is centred from left to right. Blank
    paper stays blank.

    Parameters
    ----------
    ink : Tensor, (height, width)
        In [0, 1], 0 is paper.
    side : int
        28 or 8.

    Returns
    -------
    Tensor, (side, side)
        In [0, 1].

    Raises
    ------
    ValueError
        If `side` is another, or `ink` is no picture.

    References
    ----------
    LeCun, Bottou, Bengio and Haffner (1998), section III.A. Alpaydin and
    Kaynak (1998), Optical recognition of handwritten digits, UCI.

    Examples
    --------
    >>> paper = torch.zeros(20, 20)
    >>> paper[2:10, 3:5] = 1.0
    >>> prepare(paper, 8).sum(0).tolist()
    [0.0, 0.0, 0.0, 8.0, 8.0, 0.0, 0.0, 0.0]
    """
    checks.shape("ink", ink, ("height", "width"))
    checks.choice("side", side, (28, 8))
    where = ink > 0
    if not where.any():
        return ink.new_zeros(side, side)
    top, bottom = where.any(1).nonzero()[[0, -1], 0].tolist()
    left, right = where.any(0).nonzero()[[0, -1], 0].tolist()
    box = ink[top : bottom + 1, left : right + 1]
    height, width = box.shape
    scale = BOX / max(height, width) if side == 28 else side / height
    rows = max(1, _round(height * scale))
    columns = min(side, max(1, _round(width * scale)))
    small = resample(box, rows, columns)
    if side == 8:
        return _paste(small, side, 0, _round(side / 2 - 0.25 - (columns - 1) / 2))
    return _paste(small, side, *(_round(side / 2 - middle) for middle in _middle(small)))


def _round(value: float) -> int:
    """Round halves up, as browsers do."""
    return math.floor(value + 0.5)


def _middle(small: Tensor) -> tuple[float, float]:
    """Return row and column of the centre of mass."""
    mass = small.sum()
    rows, columns = (torch.arange(n, dtype=small.dtype, device=small.device) for n in small.shape)
    return float((rows @ small.sum(1)) / mass), float((columns @ small.sum(0)) / mass)


def _paste(small: Tensor, side: int, top: int, left: int) -> Tensor:
    """Place a small picture on an empty field; what hangs over is cut off."""
    rows, columns = small.shape
    return F.pad(small, (left, side - left - columns, top, side - top - rows))


@checks.arguments(images="float n side side")
def draw_large(
    images: Tensor, *, generator: torch.Generator, paper: int = 280, times: tuple[int, int] = (3, 8)
) -> Tensor:
    """Draw square images on large paper, each in a size and place of its own.

    Parameters
    ----------
    images : Tensor, (n, side, side)
        Ink in [0, 1].
    generator : torch.Generator
        Draws size and place.
    paper : int
        Height and width of the paper, pixels.
    times : (int, int)
        An image's pixel becomes a square of so many paper pixels: from the
        first to the second, both included, each as likely.

    Returns
    -------
    Tensor, (n, paper, paper)
        Ink in [0, 1].

    Raises
    ------
    ValueError
        If the largest image would not fit on the paper.

    Examples
    --------
    >>> one = torch.ones(1, 2, 2)
    >>> draw_large(one, generator=torch.Generator(), paper=9, times=(3, 3)).sum().item()
    36.0
    """
    n, side, _ = images.shape
    fewest, most = checks.counts("times", times)
    if most * side > paper:
        raise ValueError(
            f"paper must be at least {most * side} pixels for images of "
            f"{side} drawn {most} times as large, got {paper}"
        )
    sheets = images.new_zeros(n, paper, paper)
    size = torch.randint(
        fewest, most + 1, (n,), generator=generator, device=generator.device
    ).tolist()
    place = torch.rand(n, 2, generator=generator, device=generator.device, dtype=torch.float64)
    for sheet, image, k, (down, right) in zip(sheets, images, size, place.tolist(), strict=True):
        top, left = (int(share * (paper - k * side + 1)) for share in (down, right))
        sheet[top : top + k * side, left : left + k * side] = image.repeat_interleave(
            k, 0
        ).repeat_interleave(k, 1)
    return sheets


@checks.arguments(images="float n pixels | float n side side", labels="int n")
def typical(images: Tensor, labels: Tensor, n_classes: int = 10) -> Tensor:
    """Return the row of the image nearest to the mean of each class, (n_classes,).

    Parameters
    ----------
    images : Tensor, (n, pixels)
        In [0, 1].
    labels : Tensor, (n,) int64
        Their classes.
    n_classes : int
        Number of classes.

    Returns
    -------
    Tensor, (n_classes,) int64
        Rows of `images`.

    Raises
    ------
    ValueError
        If a class has no image.
    """
    checks.classes("labels", labels, n_classes)
    rows = [(labels == k).nonzero()[:, 0] for k in range(n_classes)]
    missing = [k for k, own in enumerate(rows) if not len(own)]
    if missing:
        raise ValueError(f"images must show each class at least once, got none of {missing}")
    nearest = [(images[own] - images[own].mean(0)).square().sum(-1).argmin() for own in rows]
    return torch.stack([own[place] for own, place in zip(rows, nearest, strict=True)])


@checks.arguments(images="float n side side | float n pixels")
@torch.no_grad()
def rubbed_out(net: MLP, images: Tensor, source: int, target: int, *, patch: int) -> Tensor:
    """Rub out a patch at each place, and count which answers change.

    Parameters
    ----------
    net : MLP
        A classifier of flat images, or a stack of them.
    images : Tensor, (n, side, side)
        Of class `source`.
    source, target : int
        Only images that the net reads as `source` count; of these, which
        does it read as `target` without the patch?
    patch : int
        Pixels of the patch's side, at most `side`.

    Returns
    -------
    Tensor, (*nets, side - patch + 1, side - patch + 1)
        Shares in [0, 1], by the upper left corner of the patch; NaN for a
        net that reads no image as `source`.

    Raises
    ------
    ValueError
        If the images are not square, or the patch is larger than they are.

    Examples
    --------
    >>> from tinynets.nets import initialise
    >>> net = initialise(MLP([16, 2]), generator=torch.Generator().manual_seed(0))
    >>> rubbed_out(net, torch.ones(3, 4, 4), 0, 1, patch=2).shape
    torch.Size([3, 3])
    """
    checks.shape("images", images, ("n", "side", "side"))
    n_places = images.shape[1] - checks.count("patch", patch) + 1
    if n_places < 1:
        raise ValueError(f"patch must be at most {images.shape[1]}, the images' side, got {patch}")
    counted = net(images.flatten(1)).argmax(-1) == source  # (*nets, n)
    shares = []
    for place in range(n_places**2):
        top, left = divmod(place, n_places)
        rubbed = images.clone()
        rubbed[:, top : top + patch, left : left + patch] = 0
        changed = (net(rubbed.flatten(1)).argmax(-1) == target) & counted
        shares.append(changed.sum(-1) / counted.sum(-1))
    return torch.stack(shares, -1).unflatten(-1, (n_places, n_places))
