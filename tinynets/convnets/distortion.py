"""Distorted copies of images."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from tinynets import checks


@checks.arguments(images="float n pixels")
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
    images : Tensor, (n, pixels)
        In [0, 1], 0 is paper.
    image_shape : (height, width)
    generator : torch.Generator
        Draws the amounts.
    shift : float
        Largest shift along each axis in pixels; shifts are whole pixels.
    rotation : float
        Largest turn either way, in degrees.
    skew : float
        Largest slant: columns moved for each row.

    Returns
    -------
    Tensor, (n, pixels)
        New images; pixels from outside the image are 0.

    Raises
    ------
    ValueError
        If the shape does not fit, or an amount is negative.

    Examples
    --------
    >>> one = torch.zeros(1, 9)
    >>> one[0, 4] = 1.0
    >>> distorted(one, (3, 3), generator=torch.Generator()).view(3, 3)
    tensor([[0., 0., 0.],
            [0., 1., 0.],
            [0., 0., 0.]])
    """
    for side in image_shape:
        checks.count("each of image_shape", side)
    if len(image_shape) != 2 or math.prod(image_shape) != images.shape[1]:
        raise ValueError(
            f"image_shape must be (height, width) of {images.shape[1]} pixels, got {image_shape}"
        )
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
