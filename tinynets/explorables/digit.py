"""The figure in which a reader draws a digit, and the nets that look at it."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from tinynets import checks
from tinynets.drawing import Looks, typical
from tinynets.explorables._paper import LABELS, grey, layer_data, pens, scored
from tinynets.explorables.block import Explorable, live
from tinynets.explorables.controls import Points, Switch
from tinynets.explorables.weights import Rows, grey_png, halves, int8_rows, rounded_to_half
from tinynets.nets import MLP
from tinynets.plots.drawing import plot_looks
from tinynets.vae import VAE

N_PER_CLASS = 25  # digits that mark where each class lies


@checks.arguments()
def sheet(net: VAE) -> Rows:
    """Round a VAE's two large matrices into one sheet, (2 a, pixels).

    The upper half holds what each of the `a` first hidden units reads, the
    lower half what each of the decoder's last hidden units draws.

    Parameters
    ----------
    net : VAE
        One, not a stack.

    Returns
    -------
    Rows
        Bytes and scales.
    """
    first, last = net.encoder.layers[0].weight, net.decoder.layers[-1].weight
    return int8_rows(torch.cat([first, last.T]))


@checks.arguments()
def sheet_png(net: VAE) -> bytes:
    """Return the sheet as a grey PNG: one weight per pixel, 0 is middle grey.

    Parameters
    ----------
    net : VAE
        One, not a stack.

    Returns
    -------
    bytes
        A PNG file.

    Examples
    --------
    >>> from tinynets.nets import initialise
    >>> net = initialise(VAE([64, 8, 2]), generator=torch.Generator().manual_seed(0))
    >>> sheet_png(net)[1:4]
    b'PNG'
    """
    return grey_png(sheet(net).bytes)


@checks.arguments()
@torch.no_grad()
def as_stored(net: VAE) -> VAE:
    """Put a VAE's rounded weights back into it, in float64; return it.

    Then it computes what the browser computes.

    Parameters
    ----------
    net : VAE
        Changed in place.

    Returns
    -------
    VAE
        The net, float64.
    """
    whole = sheet(net).restored()
    half = len(whole) // 2
    net.double()
    for parameter in net.parameters():
        parameter.copy_(rounded_to_half(parameter))
    net.encoder.layers[0].weight.copy_(whole[:half])
    net.decoder.layers[-1].weight.copy_(whole[half:].T)
    return net


@checks.arguments()
def stored(net: VAE) -> dict:
    """Return what the page holds of a VAE beside its sheet.

    Parameters
    ----------
    net : VAE
        One, not a stack.

    Returns
    -------
    dict
        JSON can hold it.
    """
    return {
        "scales": [float(f"{scale:.8g}") for scale in sheet(net).scales],
        "first": halves(net.encoder.layers[0].bias),
        "encoder": _layers(net.encoder, 1),
        "decoder": _layers(net.decoder)[:-1],
        "last": halves(net.decoder.layers[-1].bias),
    }


@checks.arguments(images="finite n pixels", labels="int n")
def digit_explorable(
    looks: Looks,
    images: Tensor,
    labels: Tensor,
    *,
    start: int,
    sheets: Sequence[str],
    question: str,
    answer: str,
) -> Explorable:
    """Make the figure in which a digit is drawn and looked at.

    Parameters
    ----------
    looks : Looks
        The nets, and the β of each VAE.
    images : Tensor, (n, pixels)
        Digits not trained on; the most typical of each class can be started
        from, and some more show where the class lies.
    labels : Tensor, (n,) int64
        Their classes.
    start : int
        The class of the digit that is there at first.
    sheets : sequence of str
        Labels of the figures that show the sheets of `looks.vaes`.
    question, answer : str
        The question is answered by drawing; the answer folds open below.

    Returns
    -------
    Explorable
        To end a cell with.

    Raises
    ------
    ValueError
        If a class has no image, or the numbers of VAEs, βs and sheets differ.

    Examples
    --------
    >>> from tinynets.nets import initialise
    >>> made = (MLP([64, 10]), MLP([64, 4, 3, 10], "sigmoid"), VAE([64, 8, 2]))
    >>> masks, cube, vae = (initialise(net, generator=torch.Generator()) for net in made)
    >>> how = {"start": 3, "sheets": ["fig-a"], "question": "?", "answer": "!"}
    >>> digit_explorable(
    ...     Looks(masks, cube, [vae], [1.0]), torch.eye(10, 64), torch.arange(10), **how
    ... ).html[:24]
    '<div class="explorable" '
    """
    if not len(looks.vaes) == len(looks.betas) == len(sheets):
        raise ValueError(
            "there must be a β and a sheet for each VAE, got "
            f"{len(looks.vaes)} VAEs, {len(looks.betas)} βs, {len(sheets)} sheets"
        )
    side = math.isqrt(images.shape[1])
    checks.shape("images", images, ("n", side * side))
    examples = images[typical(images, labels)]
    planes, marks, limit = _planes(
        looks, sheets, examples[start : start + 1], *_some(images, labels)
    )
    return live(
        "digit",
        module="digit",
        heights=(806, 450),
        title="Draw a digit",
        question=question,
        answer=answer,
        alt_text=(
            "Paper with a drawn digit; beside it the small image the nets are given; ten masks "
            "with a bar each; a cube and two planes with a dot each among small digits."
        ),
        still=plot_looks(looks, images, labels, start=start),
        narrow=plot_looks(looks, images, labels, start=start, narrow=True),
        controls=[
            *pens(start),
            Switch("prepare", "Box and centre it", True),
            Points(
                "latent",
                "Latent points",
                [],
                (-limit, -limit, 0),
                (limit, limit, len(planes) - 1),
                0.1,
                least=0,
                most=len(planes),
            ),
        ],
        data={
            **scored(looks.masks, examples),
            "limit": limit,
            "cube": _layers(looks.cube),
            "planes": planes,
            "clouds": {"cube": _cloud(looks.cube, *_some(images, labels)), "planes": marks},
            "labels": LABELS
            | {
                "cube": "The cube of three hidden units, the drawing in it as a dot",
                "plane": "A latent plane, with the digit that its point is drawn back as",
            },
        },
        buttons={"clear": "Clear"},
    )


def _some(images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Return a few images of each class."""
    rows = torch.cat([(labels == k).nonzero()[:N_PER_CLASS, 0] for k in range(10)])
    return images[rows], labels[rows]


@torch.no_grad()
def _planes(looks, sheets, first, images, labels):
    """Return what the page stores of each VAE, where classes lie, and the axes' end."""
    means = [net.encoder(images)[0] for net in looks.vaes]
    limit = math.ceil(10 * max(float(mean.abs().max()) for mean in means)) / 10
    planes = []
    for net, beta, name in zip(looks.vaes, looks.betas, sheets, strict=True):
        latent = net.encoder(first)[0]
        begin = {
            "latent": [round(v, 3) for v in latent[0].tolist()],
            "image": grey(net.decoder(latent).sigmoid()),
        }
        planes.append({"beta": beta, "sheet": name, "start": begin, **stored(net)})
    marks = [
        [*row, int(label)]
        for mean in means
        for row, label in zip(
            ((mean / limit + 1) * 127.5).round().int().tolist(), labels, strict=True
        )
    ]
    n = len(labels)
    return planes, [marks[i * n : (i + 1) * n] for i in range(len(means))], limit


@torch.no_grad()
def _cloud(cube: MLP, images: Tensor, labels: Tensor) -> list[list[int]]:
    _, hidden, _ = cube.activations(images)
    rows = (255 * hidden).round().int().tolist()
    return [[*row, int(label)] for row, label in zip(rows, labels, strict=True)]


def _layers(net: MLP, first: int = 0) -> list[dict]:
    names = (*net.activation_names, "identity")
    return [
        layer_data(layer, name) for layer, name in list(zip(net.layers, names, strict=True))[first:]
    ]
