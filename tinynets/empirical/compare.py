"""How far two kernels are apart."""

from torch import Tensor

from tinynets import checks


@checks.arguments(kernel="float ... n", reference="float ... n")
def relative_change(kernel: Tensor, reference: Tensor) -> Tensor:
    r"""Return $\lVert K - K_0 \rVert_F / \lVert K_0 \rVert_F$, a number without unit, ().

    Parameters
    ----------
    kernel, reference : torch.Tensor, (n1, n2)
        Kernels on the same inputs.

    Returns
    -------
    Tensor, ()
        0 for equal kernels; no unit.

    Examples
    --------
    >>> import torch
    >>> relative_change(2 * torch.eye(2), torch.eye(2))
    tensor(1.)
    """
    checks.shape("kernel", kernel, ("n1", "n2"))
    checks.shape("reference", reference, tuple(kernel.shape))
    return (kernel - reference).norm() / reference.norm()


@checks.arguments()
def alignment(kernel: Tensor, target: Tensor) -> Tensor:
    r"""Return the centred alignment of two kernels, between 0 and 1, ().

    $A = \langle K_c, T_c \rangle_F / (\lVert K_c \rVert_F \lVert T_c \rVert_F)$ with
    $K_c = H K H$ and $H = I - \mathbf 1 \mathbf 1^\top / n$. It does not change if a kernel
    is scaled, or features are shifted. With $T = y y^\top$ it says how much of the
    kernel's variation is along the labels.

    Parameters
    ----------
    kernel, target : torch.Tensor, (n, n)
        Positive semi-definite kernels on the same inputs.

    Returns
    -------
    Tensor, ()
        1 where the centred kernels are multiples of one another; NaN where one is constant.

    References
    ----------
    Cortes, Mohri and Rostamizadeh (2012), Definition 4.

    Examples
    --------
    >>> import torch
    >>> y = torch.tensor([[1.0], [-1.0], [1.0]])
    >>> alignment(3 * y @ y.mT, y @ y.mT).round(decimals=4)
    tensor(1.)
    """
    checks.shape("kernel", kernel, ("n", "n"))
    checks.shape("target", target, tuple(kernel.shape))
    first, second = _centred(kernel), _centred(target)
    return (first * second).sum() / (first.norm() * second.norm())


def _centred(kernel: Tensor) -> Tensor:
    """Return the kernel of features minus their mean."""
    return kernel - kernel.mean(0) - kernel.mean(1, keepdim=True) + kernel.mean()
