r"""What the outputs of a net say of data: Gaussian, categorical, or your own.

A likelihood is called with outputs $f$ of many nets, `(*chains, n, outputs)`,
and the data `y`, and gives the log likelihood of each observation,
`(*chains, n)`, in nats. What it does not know, such as the noise of a
Gaussian, are *unknowns*: real numbers beside the weights, `(chains, k)`.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from tinynets import checks
from tinynets.densities import value_and_grad


class Pull(NamedTuple):
    """The log likelihood of all data, and its derivatives."""

    value: Tensor  # (chains,), nats
    by_outputs: Tensor  # (chains, n, outputs)
    by_unknowns: Tensor | None  # (chains, k)


class Likelihood:
    """What a posterior asks of a likelihood; without unknowns unless said."""

    n_unknowns = 0

    def __call__(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return the log likelihood of each observation, (*chains, n)."""
        raise NotImplementedError

    def check(self, outputs: Tensor, y: Tensor) -> None:
        """Raise ValueError or TypeError if `y` can't be of such outputs."""
        found = self(outputs, y)
        checks.shape("likelihood(outputs, y)", found, (*outputs.shape[:1], len(y)))

    def given(self, unknowns: Tensor) -> "Likelihood":
        """Return the likelihood with its unknowns (*chains, k) filled in."""
        return self

    def log_prior(self, unknowns: Tensor) -> Tensor:
        """Return the log density of the unknowns, (*chains,)."""
        return unknowns.new_zeros(unknowns.shape[:-1])

    def draw_prior(self, like: Tensor, *, generator: torch.Generator) -> Tensor:
        """Draw unknowns for each row of `like` (draws, ...), (draws, k)."""
        return like.new_empty(len(like), 0)

    def pull(self, outputs: Tensor, y: Tensor, unknowns: Tensor) -> Pull:
        """Return the sum over observations and its derivatives."""
        value, by_outputs = value_and_grad(lambda f: self(f, y).sum(-1))(outputs)
        return Pull(value, by_outputs, None)

    def fisher(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return the curvature of -log p by the outputs, (n, outputs, outputs).

        Here the Hessian at `y` and `outputs` (n, outputs); a subclass may
        give its expectation over y, the Fisher information.
        """

        def slope(f):
            return torch.autograd.grad(-self(f[None], y).sum(), f, create_graph=True)[0]

        outputs = outputs.detach().requires_grad_()
        columns = [
            torch.autograd.grad(one.sum(), outputs, retain_graph=True)[0]
            for one in slope(outputs).unbind(-1)
        ]
        return torch.stack(columns, -1)

    def fisher_of_unknowns(self, n: int, n_outputs: int) -> float:
        """Return the Fisher information of n observations in each unknown."""
        return 0.0


class Categorical(Likelihood):
    r"""Observations are classes, the outputs their logits.

    $\log p(y_i \mid f_i) = f_{i, y_i} - \log \sum_k e^{f_{ik}}$.

    Examples
    --------
    >>> import torch
    >>> Categorical()(torch.zeros(1, 4), torch.tensor([3]))
    tensor([-1.3863])
    """

    def __repr__(self) -> str:
        return "Categorical()"

    def __call__(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return the log probability of each observed class, (*chains, n).

        Parameters
        ----------
        outputs : Tensor, (*chains, n, classes)
            Logits.
        y : Tensor, (n,)
            Classes, int64.
        """
        log_p = outputs.log_softmax(-1)
        return log_p.gather(-1, y.expand(outputs.shape[:-1]).unsqueeze(-1)).squeeze(-1)

    def check(self, outputs: Tensor, y: Tensor) -> None:
        """Raise if `y` holds no classes, or other ones than the net's."""
        if y.dtype != torch.int64:
            raise TypeError(
                f"y must hold classes as torch.int64, got {y.dtype}; convert it with y.long()"
            )
        checks.shape("y", y, (outputs.shape[1],))
        checks.shape("outputs of the net", outputs, ("chains", "n", "classes"))
        n_classes = outputs.shape[-1]
        if n_classes < 2:
            raise ValueError(f"net must have an output for each class, 2 or more, got {n_classes}")
        if y.min() < 0 or y.max() >= n_classes:
            raise ValueError(
                f"y must hold classes from 0 to {n_classes - 1}, one for each output of "
                f"the net, got {y.min().item()} to {y.max().item()}"
            )

    def pull(self, outputs: Tensor, y: Tensor, unknowns: Tensor) -> Pull:
        """Return the log probability of all data and its derivatives."""
        log_p = outputs.log_softmax(-1)
        at = y.expand(outputs.shape[:-1]).unsqueeze(-1)
        value = log_p.gather(-1, at).flatten(1).sum(1)
        slope = log_p.exp().neg_()
        return Pull(value, slope.scatter_add_(-1, at, torch.ones_like(at, dtype=slope.dtype)), None)

    def fisher(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return diag(p) - p p' of the class probabilities p, (n, k, k)."""
        p = outputs.softmax(-1)
        return p.diag_embed() - p.unsqueeze(-1) * p.unsqueeze(-2)


class Custom(Likelihood):
    """A likelihood that is a function `(outputs, y) -> (*chains, n)`."""

    def __init__(self, function: Callable[[Tensor, Tensor], Tensor]):
        self.function = function

    def __repr__(self) -> str:
        return f"Custom({getattr(self.function, '__name__', self.function)})"

    def __call__(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return what the function gives, (*chains, n)."""
        return self.function(outputs, y)


def as_likelihood(likelihood) -> Likelihood:
    """Return a likelihood, a callable being made one.

    Parameters
    ----------
    likelihood : Likelihood or callable
        What a user gave.

    Returns
    -------
    Likelihood
        A callable becomes one without unknowns.

    Raises
    ------
    TypeError
        If it is neither.
    """
    if isinstance(likelihood, Likelihood):
        return likelihood
    if callable(likelihood) and not isinstance(likelihood, type):
        return Custom(likelihood)
    raise TypeError(
        "likelihood must be Gaussian(noise_std), Categorical() or a callable "
        f"(outputs, y) -> log likelihood of each observation, got {likelihood!r}"
    )
