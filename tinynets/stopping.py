"""When to end a training: early stopping."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from tinynets import checks, nets


class EarlyStop:
    """Stop once a measure has not improved for a while on any net.

    Parameters
    ----------
    measure : callable
        `measure(net)`: to be minimised, such as a validation loss; one
        value, or one a net.
    every : int
        Steps between two measurements.
    patience : int
        Measurements without improvement of any net before the training ends.

    Attributes
    ----------
    best : () or (n_nets,)
    best_step : () or (n_nets,) int64
    best_parameters : (dim,) or (n_nets, dim)
        For each net those at its own best measurement: `nets.set_parameters(net, ...)`.
    """

    best: Tensor  # all three from the first measurement on
    best_step: Tensor
    best_parameters: Tensor

    def __init__(self, measure: Callable[[nn.Module], Tensor], *, every: int, patience: int):
        if not callable(measure):
            raise TypeError(f"measure must be a function of the net, got {measure!r}")
        self.measure = measure
        self.every = checks.count("every", every)
        self.patience = checks.count("patience", patience)

    def __call__(self, step: int, net: nn.Module) -> bool:
        """Say whether training should stop after this step."""
        if step % self.every:
            return False
        with torch.no_grad():
            value, theta = self.measure(net), nets.flatten(net)
        if not hasattr(self, "best"):
            self.best = torch.full_like(value, math.inf)
            self.best_step = torch.full_like(value, step, dtype=torch.int64)
            self.best_parameters = theta
        better = value < self.best
        self.best = torch.where(better, value, self.best)
        self.best_step = torch.where(better, step, self.best_step)
        self.best_parameters = torch.where(better[..., None], theta, self.best_parameters)
        waited = step - int(self.best_step.max())
        return waited >= self.patience * self.every
