"""One neuron and two of them, whose weights the reader moves."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from tinynets import checks
from tinynets.explorables import Choice, Explorable, Slider, Switch, live
from tinynets.nets import ACTIVATIONS, MLP, apply
from tinynets.plots.neurons import plot_neuron, plot_two_neurons

LOW, HIGH = -5.0, 5.0
SATURATED = 0.05  # below this slope an error teaches hardly anything
NAMES = {
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "relu": "ReLU",
    "elu": "ELU",
    "selu": "SELU",
    "softplus": "softplus",
    "silu": "SiLU",
    "gelu": "GELU",
}


class Target(NamedTuple):
    """A function to match: what the menu says, its values, and the part of the axis it needs."""

    label: str
    of: Callable[[Tensor], Tensor]
    range: tuple[float, float]


TARGETS = {
    "parabola": Target("−x²", lambda x: -(x**2), (-28, 4)),
    "sine": Target("sin x", torch.sin, (-2.2, 2.2)),
    "bump": Target("a bump", lambda x: torch.exp(-(x**2)), (-0.6, 1.6)),
    "step": Target("a step", lambda x: (x > 1).to(x.dtype), (-0.6, 1.6)),
    "corner": Target("|x|", torch.abs, (-1, 6)),
}
# As the two neurons stand at first: v, a and w of each, and b.
START = {"v1": 1.0, "a1": 2.0, "w1": 3.0, "v2": 1.0, "a2": -2.0, "w2": -2.0, "b": 0.0}
RATE, POINTS, MOST = 0.1, 100, 3000  # of the descent: Adam's rate, points, steps


@checks.arguments(z="float n")
def slopes_of(activation: str, z: Tensor) -> Tensor:
    """Differentiate an activation function by autograd.

    Parameters
    ----------
    activation : str
        A key of `tinynets.nets.ACTIVATIONS`.
    z : Tensor, (n,)
        Weighted inputs.

    Returns
    -------
    Tensor, (n,)
        Slopes.

    Examples
    --------
    >>> slopes_of("sigmoid", torch.zeros(1))
    tensor([0.2500])
    """
    checks.choice("activation", activation, ACTIVATIONS)
    at = z.detach().requires_grad_()
    return torch.autograd.grad(ACTIVATIONS[activation](at).sum(), at)[0]


@checks.arguments()
def neuron_explorable(
    *,
    name: str = "neuron",
    activation: str = "sigmoid",
    question: str,
    answer: str,
    w: float = 1.0,
    b: float = 0.0,
) -> Explorable:
    """Let the reader set weight, bias and activation function of one neuron of one input.

    Parameters
    ----------
    name : str
        Lower-case letters, digits and hyphens; unique on its page.
    activation : str
        The one that is seen first: a key of `NAMES`.
    question, answer : str
        The question is answered by moving the figure; the answer folds open below it.
    w, b : float
        Weight in [-5, 5] and bias in [-15, 15] at the start.

    Returns
    -------
    Explorable
        To end a cell with.

    Examples
    --------
    >>> neuron_explorable(question="When is it flat?", answer="Far out.").html[:24]
    '<div class="explorable" '
    """
    checks.choice("activation", activation, NAMES)
    x = torch.linspace(LOW, HIGH, 241, dtype=torch.float64)
    z = w * x + b
    still = plot_neuron(
        x,
        ACTIVATIONS[activation](z),
        slopes_of(activation, z),
        limit=SATURATED,
        kink=-b / w if w else None,
    )
    return live(
        name,
        module="neuron",
        heights=(362, 442),
        title="One neuron",
        question=question,
        answer=answer,
        alt_text="Above, the output of a neuron against its input, with a dot where its weighted "
        "input is zero; below, the slope of its activation function, with the inputs tinted at "
        "which that slope is nearly zero.",
        still=still,
        controls=[
            Choice("activation", "Activation", list(NAMES), activation, list(NAMES.values())),
            Slider("w", "Weight w", w, -5.0, 5.0, 0.1),
            Slider("b", "Bias b", b, -15.0, 15.0, 0.05),
        ],
        data={"low": LOW, "high": HIGH, "limit": SATURATED},
    )


@checks.arguments()
def two_neurons_explorable(
    *, name: str = "neurons", question: str, answer: str, target: str = "parabola"
) -> Explorable:
    """Let the reader match a function with two sigmoid units, and descend from there.

    Parameters
    ----------
    name : str
        Lower-case letters, digits and hyphens; unique on its page.
    question, answer : str
        The question is answered by moving the figure; the answer folds open below it.
    target : str
        A key of `TARGETS`: the one that is seen first.

    Returns
    -------
    Explorable
        To end a cell with.

    Examples
    --------
    >>> two_neurons_explorable(question="Can two?", answer="A bump, yes.").html[:24]
    '<div class="explorable" '
    """
    checks.choice("target", target, TARGETS)
    x = torch.linspace(LOW, HIGH, POINTS, dtype=torch.float64)
    theta = start_parameters()
    f = torch.sigmoid(apply(MLP([1, 2, 1], "sigmoid").double(), theta, x[:, None]))[:, 0]
    still = plot_two_neurons(x, f, TARGETS[target].of(x), ylim=TARGETS[target].range)
    return live(
        name,
        module="twoneurons",
        heights=(270, 350),
        title="Two neurons",
        question=question,
        answer=answer,
        alt_text="A dashed target curve, and the curve of a net of two hidden units, which is far "
        "from it.",
        still=still,
        controls=_controls(target),
        data={
            "x": x.tolist(),
            "targets": {
                key: {"y": one.of(x).tolist(), "range": one.range} for key, one in TARGETS.items()
            },
            "rate": RATE,
            "most": MOST,
        },
        runs=True,
        step_label="One step",
    )


def start_parameters() -> Tensor:
    """Return the start values in the order of `MLP([1, 2, 1])`: all v, all a, all w, b; (7,).

    Returns
    -------
    Tensor, (7,)
        Flat, float64.

    Examples
    --------
    >>> start_parameters().shape
    torch.Size([7])
    """
    order = ("v1", "v2", "a1", "a2", "w1", "w2", "b")
    return torch.tensor([START[name] for name in order], dtype=torch.float64)


def _controls(target: str) -> list:
    bounds = {"v": (10.0, 0.05), "a": (15.0, 0.02), "w": (60.0, 0.1), "b": (60.0, 0.1)}
    sliders = [
        Slider(name, name, value, -bounds[name[0]][0], bounds[name[0]][0], bounds[name[0]][1])
        for name, value in START.items()
    ]
    labels = [one.label for one in TARGETS.values()]
    return [
        Choice("target", "Target", list(TARGETS), target, labels),
        Switch("squash", "σ on the output", True),
        *sliders,
    ]
