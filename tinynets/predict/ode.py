"""Training on any loss, with momentum or without, as an ordinary differential equation."""

import math
from collections.abc import Callable

import numpy as np
import torch
from scipy.integrate import solve_ivp
from torch import Tensor

from tinynets import checks
from tinynets.predict.shapes import Times, as_matrix, stack, times

METHODS = ("RK23", "RK45", "DOP853", "Radau", "BDF", "LSODA")


@checks.arguments(f0="float finite n | n outputs")
def integrate(
    ntk: Tensor,
    loss: Callable[[Tensor], Tensor],
    t: Times,
    *,
    f0: Tensor,
    ntk_star: Tensor | None = None,
    f0_star: Tensor | None = None,
    friction: float | None = None,
    tolerance: float = 1e-6,
    solver: str = "LSODA",
) -> Tensor:
    r"""Train on any loss by integrating the gradient flow of the outputs.

    Without friction $\dot f = -\Theta\, \nabla L(f)$, and time is that of gradient descent with
    learning rate 1 on L itself: step k with learning rate $\eta$ is time $\eta k$. With
    `friction` $\gamma$ it is $\ddot f = -\gamma \dot f - \Theta\, \nabla L(f)$, the limit of
    heavy-ball momentum m: $\gamma = (1 - m) / \sqrt\eta$, and step k is time $\sqrt\eta\, k$.

    What is integrated is u with $f = f_0 + \Theta u$, so that any number of new inputs
    costs one product at the end.

    Parameters
    ----------
    ntk : torch.Tensor, (n, n) or (n, n, outputs, outputs)
        At the training inputs; an (n, n) one acts on each output alone, and an empirical
        one is a trace divided by the number of outputs.
    loss : callable
        `loss(f)` gives a number from outputs shaped as `f0`, such as
        `lambda f: (f - y).square().sum() / (2 * y.numel())`.
    t : float or sequence of float
        Finite times, 0 or above, ascending.
    f0 : torch.Tensor, (n,) or (n, outputs)
        Outputs at time 0, at the training inputs.
    ntk_star : torch.Tensor, (n_star, n) or (n_star, n, outputs, outputs), optional
        Between new and training inputs; without it the outputs at the training inputs
        are returned.
    f0_star : torch.Tensor, (n_star,) or (n_star, outputs), optional
        Outputs at time 0 at the new inputs; by default 0.
    friction : float, optional
        $\gamma$, 0 or above; None for plain gradient flow.
    tolerance : float
        Relative and absolute tolerance of the solver.
    solver : str
        A `method` of `scipy.integrate.solve_ivp`.

    Returns
    -------
    torch.Tensor, (*times, n_star) or (*times, n_star, outputs)

    Raises
    ------
    ArithmeticError
        If the solver gives up; says why and what to do.

    References
    ----------
    Lee et al. (2019), Eqs. (7) and (S9) to (S11) for momentum.
    """
    checks.positive("tolerance", tolerance)
    checks.choice("solver", solver, METHODS)
    checks.like_x("ntk", ntk, f0)
    if friction is not None:
        checks.non_negative("friction", friction)
    at = times(t)
    if at != sorted(set(at)) or at[-1] == math.inf:
        raise ValueError(f"t must be finite and ascending, got {at}")
    outputs = f0.shape[1:]
    blocks = (*outputs, *outputs) if ntk.ndim == 4 else ()
    checks.shape("ntk", ntk, (len(f0), len(f0), *blocks))
    matrix = as_matrix(ntk)
    checks.shape("loss(f0)", loss(f0), ())

    def force(u: np.ndarray) -> np.ndarray:
        columns = torch.as_tensor(u, dtype=f0.dtype, device=f0.device).reshape(len(matrix), -1)
        f = (f0 + (matrix @ columns).reshape(f0.shape)).detach().requires_grad_()
        return -torch.autograd.grad(loss(f), f)[0].flatten().double().cpu().numpy()

    def right_side(_, state: np.ndarray) -> np.ndarray:
        if friction is None:
            return force(state)
        u, velocity = np.split(state, 2)
        return np.concatenate([velocity, force(u) - friction * velocity])

    paths = np.zeros((f0.numel() * (1 if friction is None else 2), len(at)))
    if at[-1] > 0:
        done = solve_ivp(
            right_side,
            (0.0, at[-1]),
            paths[:, 0],
            method=solver,
            t_eval=at,
            rtol=tolerance,
            atol=tolerance,
        )
        if not done.success:
            raise ArithmeticError(
                f"the gradient flow could not be integrated up to t = {at[-1]:g}: {done.message} "
                "Take a smaller last time, a larger tolerance or solver='BDF'"
            )
        paths = done.y
    star = matrix
    start = f0
    shape = f0.shape
    if ntk_star is not None:
        checks.shape("ntk_star", ntk_star, ("n_star", *ntk.shape[1:]))
        star, shape = as_matrix(ntk_star), (len(ntk_star), *outputs)
        start = f0.new_zeros(shape) if f0_star is None else f0_star
        checks.shape("f0_star", start, shape)
    u = torch.as_tensor(paths[: f0.numel()].T.copy(), dtype=f0.dtype, device=f0.device)
    return stack([start + (star @ one.reshape(len(matrix), -1)).reshape(shape) for one in u], t)
