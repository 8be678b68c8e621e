"""An infinitely wide net whose data a reader drags, with a finite net that trains beside it."""

import math

import numpy as np
import torch
from torch import Tensor

from tinynets import checks, empirical, lazy, nets, predict
from tinynets.explorables import Choice, Explorable, Points, Slider, live
from tinynets.kernels import KernelFunction, kernels_of
from tinynets.plots.stills import plot_wide
from tinynets.rng import generator

LOW, HIGH = -2.5, 2.5
FOREVER = 1e9  # how t = infinity stands in an address
TIMES = (0, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 100_000, 1_000_000, FOREVER)
END = 3000  # where the finite net stops
WIDTHS = (10, 30, 100, 300, 1000)
NOISES = (0.02, 0.05, 0.1, 0.2, 0.5)
RULES = {"descent": "gradient descent", "bayes": "Bayes"}
ACTIVATIONS = {"relu": "ReLU", "erf": "erf"}


@checks.arguments(x="finite n | n 1", y="finite n | n 1", W_std="positive", b_std="finite")
def wide_explorable(
    x: Tensor,
    y: Tensor,
    *,
    answer: str,
    name: str = "wide",
    activation: str = "erf",
    W_std: float = 1.5,
    b_std: float = 0.7,
    width: int = 100,
    t: float = 100,
    seed: int = 1,
) -> Explorable:
    """Let the reader drag data under an infinitely wide net and train a finite one beside it.

    Parameters
    ----------
    x, y : Tensor, (n, 1)
        The data at the start, rounded to hundredths.
    answer : str
        Folds open below the figure.
    name : str
        Lower-case letters, digits and hyphens; unique on its page.
    activation : str
        Of `ACTIVATIONS`, at the start.
    W_std, b_std : float
        Scales of the weights, at the start, and of the biases.
    width : int
        Of `WIDTHS`: units of the finite net's hidden layer at the start.
    t : float
        Of `TIMES`: how long both have been trained at the start.
    seed : int
        Of the finite net.

    Returns
    -------
    Explorable
        To end a cell with.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([[-1.0], [1.0]], dtype=torch.float64)
    >>> wide_explorable(x, x, answer="Both.").html[:24]
    '<div class="explorable" '
    """
    x, y = (v.double().reshape(-1, 1).round(decimals=2) for v in (x, y))
    net = _net(width, activation, W_std, b_std, generator(seed, name))
    first = [
        {"weight": layer.weight.flatten().tolist(), "bias": layer.bias.tolist()}
        for layer in net.layers
    ]
    xs = torch.linspace(LOW, HIGH, 61, dtype=torch.float64)[:, None]
    limit = kernels_of(nets.MLP([1, 1, 1], activation), W_std=W_std, b_std=b_std)
    n_steps, band, told = _train(net, limit, x, y, xs, t)
    with torch.no_grad():
        trained = net(xs)[:, 0]
    reach = math.ceil(2 * float(y.abs().max())) / 2 + 1
    still = plot_wide(xs[:, 0], band, trained, told, (x[:, 0], y[:, 0]), ylim=(-reach, reach))
    labels = [f"{time:,}" for time in TIMES[:-1]] + ["∞"]
    points = list(zip(x[:, 0].tolist(), y[:, 0].tolist(), strict=True))
    return live(
        name,
        module="wide",
        heights=(230, 370),
        title="An infinitely wide net that you drag",
        question="How wide must the finite net be before the formula predicts its training? And "
        "does gradient descent end where Bayes does? Drag the points, press Play, change the "
        "width, then flip the rule.",
        answer=answer,
        alt_text=f"{len(points)} points in two groups, a blue band that is wide in the gap "
        "between them, and through the points a green curve with a dashed one close to it.",
        still=still,
        controls=[
            Choice("rule", "Rule", list(RULES), "descent", list(RULES.values())),
            Slider("t", "Time t", t, stops=TIMES, labels=labels),
            Slider("width", "Finite width", width, stops=WIDTHS),
            Choice(
                "activation", "Units", list(ACTIVATIONS), activation, list(ACTIVATIONS.values())
            ),
            Slider("depth", "Hidden layers", 1, 1, 3, 1),
            Slider("W_std", "Weights σ", W_std, 0.5, 3, 0.1),
            Slider("noise", "Noise σ (Bayes)", 0.1, stops=NOISES),
            Points(
                "points", "Points", points, (LOW, -reach), (HIGH, reach), 0.01, least=1, most=20
            ),
        ],
        data={
            "xs": np.round(xs[:, 0].numpy(), 6).tolist(),
            "range": [-reach, reach],
            "b_std": b_std,
            "first": first,
            "begun": n_steps,
            "end": END,
            "forever": FOREVER,
            "seed": seed,
        },
        runs=True,
        buttons={"net": "Another net", "add": "Add a point", "remove": "Remove one"},
    )


def _net(
    width: int, activation: str, W_std: float, b_std: float, source: torch.Generator
) -> lazy.ScaledMLP:
    """Draw the finite net, with weights of three decimals, short on a page."""
    net = lazy.ScaledMLP([1, width, 1], activation, W_std=W_std, b_std=b_std, generator=source)
    for parameter in net.double().parameters():
        parameter.data.copy_(parameter.data.round(decimals=3))
    return net


def _train(
    net: lazy.ScaledMLP, limit: KernelFunction, x: Tensor, y: Tensor, xs: Tensor, t: float
) -> tuple[int, Tensor, Tensor]:
    """Train the net in place; return the steps, the limit's band, what is predicted for it."""
    rate = len(x) / float(empirical.ntk(net, x, outputs="trace").trace())
    n_steps = round(t / rate)
    own, star = limit(x), limit(xs, x)
    prior = limit(xs, diagonal=True, want="nngp").nngp
    flow = predict.GradientFlow(own.ntk, y[:, 0])
    band = flow.ensemble(t, star.ntk, nngp=own.nngp, nngp_star=star.nngp, prior=prior)
    with torch.no_grad():
        told = flow.test(n_steps * rate, star.ntk, net(xs)[:, 0], net(x)[:, 0])
    parameters = list(net.parameters())
    for _ in range(n_steps):
        loss = (net(x) - y).square().mean() / 2
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            torch._foreach_add_(parameters, gradients, alpha=-rate)
    return n_steps, torch.stack([band.mean, band.std]), told
