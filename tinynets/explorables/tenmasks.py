"""The figure in which a reader draws a digit, and ten masks score it."""

from torch import Tensor

from tinynets import checks
from tinynets.drawing import typical
from tinynets.explorables._paper import LABELS, pens, scored
from tinynets.explorables.block import Explorable, live
from tinynets.nets import MLP
from tinynets.plots.drawing import plot_scored


@checks.arguments()
def masks_explorable(
    net: MLP, images: Tensor, labels: Tensor, *, start: int, question: str, answer: str
) -> Explorable:
    """Make the figure in which a digit is drawn, and scored by ten masks.

    Parameters
    ----------
    net : MLP
        {pixels, 10}; its images are square.
    images : Tensor, (n, pixels)
        Ink from 0 to 1; the most typical one of each class can be begun with.
    labels : Tensor, (n,)
    start : int
        The class of the digit on the paper at first.
    question, answer : str
        What the reader is asked, and what they find.

    Returns
    -------
    Explorable
        To be the last line of a cell.

    Examples
    --------
    >>> from tinynets import data, nets, rng
    >>> net = nets.initialise(MLP([64, 10]), generator=rng.generator(1))
    >>> setup = {"start": 4, "question": "A 4?", "answer": "Yes."}
    >>> figure = masks_explorable(net, *data.load_small_digits().test, **setup)
    >>> 'data-module="tenmasks"' in figure.html
    True
    """
    return live(
        "masks",
        module="tenmasks",
        heights=(388, 219),
        title="Draw a digit",
        question=question,
        answer=answer,
        alt_text="Paper with a drawn digit; beside it the small image that the masks are given, "
        "and ten masks, one per digit, each with a bar for its probability.",
        still=plot_scored(net, images, labels, start=start),
        narrow=plot_scored(net, images, labels, start=start, narrow=True),
        controls=pens(start),
        data={**scored(net, images[typical(images, labels)]), "labels": LABELS},
        buttons={"clear": "Clear"},
    )
