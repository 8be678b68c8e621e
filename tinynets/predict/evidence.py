"""Choose a Gaussian process's settings by its log evidence, without gradients."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from tinynets import checks, gp

WORST = 1e100  # nats, what settings cost whose covariance has no Cholesky factor


class Choice(NamedTuple):
    """The settings under which the data are most probable."""

    settings: dict[str, Any]
    log_evidence: float  # nats, summed over outputs
    by_choice: dict[tuple, float]  # the best of each combination of `choices`, nats


@checks.arguments()
def maximise_evidence(
    kernel: Callable[..., Tensor],
    y: Tensor,
    *,
    start: Mapping[str, float],
    choices: Mapping[str, Sequence] | None = None,
    max_evaluations: int = 100,
) -> Choice:
    r"""Find the settings of a kernel, and the noise, that make the data most probable.

    For each combination of `choices` a simplex (Nelder and Mead 1965) climbs
    $\log p(y \mid \text{settings})$ in the logarithms of the positive numbers in `start`.

    Parameters
    ----------
    kernel : callable
        `kernel(**settings)` gives the covariances of the data, (n, n).
    y : torch.Tensor, (n,) or (n, outputs)
        Observations; outputs are independent.
    start : mapping of str to float
        Where the search begins: positive settings such as `W_std` and `b_std`. It must have
        `noise_std`, which is not handed to the kernel.
    choices : mapping of str to sequence, optional
        Settings that are tried out, such as `{"depth": [1, 2, 3]}`.
    max_evaluations : int
        Evaluations of the evidence for each combination; each costs one kernel and one
        Cholesky factorisation.

    Returns
    -------
    Choice
        Settings (`noise_std` among them) and their log evidence.

    Raises
    ------
    ValueError
        If `noise_std` is missing from `start`, or a start is not positive.
    torch.linalg.LinAlgError
        If no settings tried give a positive definite matrix.

    References
    ----------
    Rasmussen and Williams (2006), section 5.4.
    """
    if "noise_std" not in start:
        raise ValueError(f"start must have noise_std, got {sorted(start)}: add it")
    for name, value in start.items():
        checks.positive(f"start's {name}", value)
    checks.count("max_evaluations", max_evaluations)
    choices = dict(choices or {})
    names, by_choice, best, failure = list(start), {}, None, None
    logs = np.log([start[name] for name in names])
    for combination in itertools.product(*choices.values()):
        fixed = dict(zip(choices, combination, strict=True))

        def cost(at: np.ndarray, fixed=fixed) -> float:
            nonlocal failure
            settings = dict(zip(names, np.exp(at).tolist(), strict=True))
            noise_std = settings.pop("noise_std")
            try:
                data = gp.condition(kernel(**fixed, **settings), y, noise_std=noise_std)
            except torch.linalg.LinAlgError as error:
                failure = error
                return WORST
            return -data.log_evidence.item()

        simplex = np.vstack([logs, logs + 0.5 * np.eye(len(logs))])
        found = minimize(
            cost,
            logs,
            method="Nelder-Mead",
            options={
                "maxfev": max_evaluations,
                "initial_simplex": simplex,
                "xatol": 1e-3,
                "fatol": 1e-3,
            },
        )
        by_choice[combination] = -float(found.fun)
        if found.fun < WORST and (best is None or -found.fun > best.log_evidence):
            settings = fixed | dict(zip(names, np.exp(found.x).tolist(), strict=True))
            best = Choice(settings, -float(found.fun), by_choice)
    if best is None:
        raise torch.linalg.LinAlgError(
            f"no settings gave a positive definite covariance; the last: {failure}"
        ) from failure
    return best
