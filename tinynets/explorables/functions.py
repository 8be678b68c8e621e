"""HMC in function space: where a chain is in a posterior, and which curve that means."""

import numpy as np
from torch import Tensor

from tinynets import bnn, checks
from tinynets.explorables import Explorable, Slider, live
from tinynets.plots.stills import plot_functions

STEPS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.007, 0.01, 0.015, 0.02)


@checks.arguments(
    starts="finite n dim",
    reference="finite draws points",
    x_star="finite points 1",
    step_size="positive",
    span="positive",
)
def functions_explorable(
    posterior: bnn.Posterior,
    starts: Tensor,
    reference: Tensor,
    x_star: Tensor,
    *,
    name: str = "functions",
    step_size: float = 0.005,
    n_leapfrog: int = 60,
    span: float = 1.5,
    seed: int = 1,
) -> Explorable:
    """Let the reader drive HMC over the weights of a ReLU net and watch its function.

    Parameters
    ----------
    posterior : bnn.Posterior
        Of a net of one input, one hidden ReLU layer and one output, with a
        `bnn.Gaussian` likelihood of known noise.
    starts : Tensor
        (n, dim): where chains begin, one after the other.
    reference : Tensor
        (draws, points): f at `x_star` by a method that is trusted; its 95 %
        band is what the chain should fill.
    x_star : Tensor
        (points, 1).
    name : str
        Lower-case letters, digits and hyphens; unique on its page.
    step_size : float
        Of `STEPS`, at the start.
    n_leapfrog : int
        At the start, 5 to 200.
    span : float
        Half the width of the slice, in units of a bias.
    seed : int
        Of the random numbers, which are the same at each visit.

    Returns
    -------
    Explorable
        To end a cell with.

    Examples
    --------
    >>> import torch
    >>> from tinynets.nets import MLP
    >>> x = torch.linspace(-1, 1, 5)[:, None].double()
    >>> posterior = bnn.Posterior(MLP([1, 3, 1], "relu"), x, x, bnn.Gaussian(0.1))
    >>> functions_explorable(posterior, torch.ones(2, 10).double(), torch.eye(5), x).html[:24]
    '<div class="explorable" '
    """
    n_units = (posterior.dim - 1) // 3
    band = np.quantile(np.asarray(reference), (0.025, 0.975), axis=0)
    xs, x, y = (np.asarray(v).ravel() for v in (x_star, posterior.x, posterior.y))
    low, high = min(y.min(), band.min()), max(y.max(), band.max())
    margin = 0.12 * (high - low)
    bounds = [round(float(low - margin), 2), round(float(high + margin), 2)]
    noise_std = float(posterior.noise_std(starts[:1])[0])
    first = bnn.predictions(posterior, starts[:1, None], x_star)[0, 0]
    still = plot_functions(xs, band, first, (x, y), ylim=bounds)
    return live(
        name,
        module="functions",
        heights=(512, 304),
        title="HMC in function space",
        question="Let the curves pile up. Does one chain fill the dashed reference everywhere? "
        "Does another start fill it elsewhere?",
        answer="Where the data are, the pile fills the reference soon, whatever the start. "
        "Corners pass one another, but no unit turns round: a chain keeps as many units that "
        "point left as it began with. So at one of the bends its pile stays narrower than the "
        "reference, until another start brings another number.",
        alt_text="Data points, a curve of straight pieces through them, and a dashed band.",
        still=still,
        controls=[
            Slider("step", "Step size ε", step_size, stops=STEPS),
            Slider("leapfrogs", "Leapfrog steps", n_leapfrog, 5, 200, 5),
            Slider("speed", "Draws per frame", 1, stops=(1, 3, 10)),
        ],
        data={
            "problem": {
                "x": np.round(x, 6).tolist(),
                "y": np.round(y, 6).tolist(),
                "noise_std": noise_std,
                "prior_std": posterior.prior_std.tolist(),
            },
            "starts": np.round(np.asarray(starts), 6).tolist(),
            "xs": np.round(xs, 4).tolist(),
            "reference": np.round(band, 4).tolist(),
            "axis": [n_units, n_units + 1],
            "range": bounds,
            "span": span,
            "seed": seed,
        },
        runs=True,
        step_label="One draw",
        buttons={"start": "Another start"},
    )
