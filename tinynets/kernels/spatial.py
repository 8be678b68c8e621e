"""Layers with positions: convolution and flattening."""

import math
from collections.abc import Sequence

from torch import Tensor

from tinynets import checks
from tinynets.kernels._windows import each_axis, margins, mean, named, shifted
from tinynets.kernels.combine import proportions_gap
from tinynets.kernels.layers import Layer
from tinynets.kernels.layers.affine import affine, weights
from tinynets.kernels.layers.base import through_own
from tinynets.kernels.state import Kernels


@checks.arguments()
def conv(
    kernel_size: Sequence[int],
    W_std: float = 1.0,
    b_std: float = 0.0,
    *,
    stride: int | Sequence[int] = 1,
    padding: str | int | Sequence[int] = "valid",
    dilation: int | Sequence[int] = 1,
    width: int | None = None,
    parameterisation: str = "ntk",
) -> Layer:
    """Return a convolution over one axis of positions, or two, or more.

    Its n_in is channels times kernel positions: K'[p, p'] is W_std² times the mean of
    K[p + δ, p' + δ] over the kernel's offsets δ, plus b_std².

    Parameters
    ----------
    kernel_size : sequence of int
        One size for each axis of positions.
    W_std, b_std : float
        Standard deviations of the weights, times √n_in, and of the biases; 0: no biases.
    stride, dilation : int or sequence of int
        For all axes, or one for each.
    padding : "valid", "same", "circular", int or sequence of int
        No padding; zeros so that the size stays (for stride 1); the other end's values, so
        that it stays; or that many zeros at both ends.
    width : int, optional
        Channels of the finite network.
    parameterisation : str
        "ntk" or "standard", with n the n_in above.

    Returns
    -------
    Layer
        The convolution; what follows it is Gaussian in the limit.

    Raises
    ------
    ValueError
        If an option is out of range; at the call, if the inputs have another number of axes
        of positions, or are smaller than the kernel.

    References
    ----------
    Novak et al. (2019), eq. 7; Arora et al. (2019), section 4.
    """
    size = tuple(checks.count("kernel_size", s) for s in kernel_size)
    weight_var, bias_var = weights(W_std, b_std, parameterisation)
    strides, dilations = (each_axis(name, v, size) for name, v in named(stride, dilation))
    before = margins(padding, size, dilations)
    circular = padding == "circular"
    if width is not None:
        checks.count("width", width)

    @through_own
    def apply(k: Kernels) -> Kernels:
        if k.spatial != len(size):
            raise ValueError(
                f"conv: its kernel_size {size} is for {len(size)} axes of positions, its inputs "
                f"have {k.spatial}"
            )

        def patches(t: Tensor, *axes: int) -> list[Tensor]:
            return shifted(t, axes, size, strides, dilations, before, circular)

        first = [k.n_batch + a for a in range(k.spatial)]
        second = [a + k.spatial for a in first] if k.pairs else first
        both = [*first, *second] if k.pairs else first
        ones = 1 / math.prod(size)
        stds1 = [q.clamp(min=0).sqrt() for q in patches(k.q1, *first)]
        stds2 = [q.clamp(min=0).sqrt() for q in patches(k.q2, *second)]
        q1, q2 = (sum(s.square() for s in stds) * ones for stds in (stds1, stds2))
        averaged = k._replace(
            gap=mean(patches(k.gap, *both)).add_(
                proportions_gap(
                    [(a * ones**0.5, b * ones**0.5) for a, b in zip(stds1, stds2, strict=True)],
                    q1.sqrt(),
                    q2.sqrt(),
                )
            ),
            ntk=None if k.ntk is None else mean(patches(k.ntk, *both)),
            q1=q1,
            q2=q2,
        )
        n_in = None if k.n_features is None else k.n_features * math.prod(size)
        return affine(averaged, weight_var, bias_var, parameterisation, n_in, width, "conv")

    return Layer("conv", apply, fresh=True, channels_first=True)


def flatten() -> Layer:
    """Return the layer that makes features of positions: K' is the mean of K[p, p].

    Returns
    -------
    Layer
        The mean of the kernels of equal positions.
    """

    def apply(k: Kernels) -> Kernels:
        if not k.spatial:
            return k
        if k.pairs:
            k = same_positions(k)
        axes = tuple(range(k.n_batch, k.gap.ndim))
        q1, q2 = k.q1.mean(axes), k.q2.mean(axes)
        size = math.prod(k.gap.shape[k.n_batch :])
        s1, s2 = (
            (q / size)
            .sqrt()
            .expand(*q.shape[: k.n_batch], *k.gap.shape[k.n_batch :])
            .flatten(k.n_batch)
            for q in (k.q1, k.q2)
        )
        extra = proportions_gap(
            list(zip(s1.unbind(-1), s2.unbind(-1), strict=True)), q1.sqrt(), q2.sqrt()
        )
        return k._replace(
            gap=k.gap.mean(axes) + extra,
            ntk=None if k.ntk is None else k.ntk.mean(axes),
            q1=q1,
            q2=q2,
            own1=None,
            own2=None,
            n_features=None if k.n_features is None else k.n_features * size,
            gaussian=False,
            spatial=0,
            pairs=False,
        )

    return Layer("flatten", apply)


def same_positions(k: Kernels) -> Kernels:
    """Keep of all pairs of positions those of a position with itself.

    Parameters
    ----------
    k : Kernels
        With all pairs of positions.

    Returns
    -------
    Kernels
        With equal positions alone.
    """
    shape = k.gap.shape[k.n_batch : k.n_batch + k.spatial]

    def pick(t: Tensor | None) -> Tensor | None:
        if t is None:
            return None
        size = math.prod(shape)
        t = t.expand(*t.shape[: k.n_batch], *shape, *shape)
        t = t.reshape(*t.shape[: k.n_batch], size, size)
        return t.diagonal(dim1=-2, dim2=-1).reshape(*t.shape[: k.n_batch], *shape)

    return k._replace(
        gap=pick(k.gap),
        ntk=pick(k.ntk),
        q1=pick(k.q1),
        q2=pick(k.q2),
        own1=None,
        own2=None,
        pairs=False,
    )
