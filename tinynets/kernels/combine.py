"""Layers that join branches: sums, products, features side by side."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from tinynets.kernels.layers import Layer, identity
from tinynets.kernels.layers.base import are_layers, flags, names
from tinynets.kernels.state import Kernels


def add(*branches: Layer) -> Layer:
    """Return the sum of branches that see the same inputs: K' = Σ K, Θ' = Σ Θ.

    All but one must end in weights of their own, for the branches to be uncorrelated.

    Parameters
    ----------
    *branches : Layer
        They see the same inputs; one or more.

    Returns
    -------
    Layer
        Their sum.

    Raises
    ------
    TypeError
        If a branch is no layer.
    ValueError
        If there is no branch, or more than one does not end in weights of its own.
    """
    _independent("add", branches)

    def join(parts: Sequence[Kernels]) -> Kernels:
        # A pair (u, v) is a vector each of independent parts: Lagrange's identity gives the
        # gap that differing proportions leave.
        q1, q2 = (sum(getattr(k, q) for k in parts) for q in ("q1", "q2"))
        extra = proportions_gap([(k.q1.sqrt(), k.q2.sqrt()) for k in parts], q1.sqrt(), q2.sqrt())
        return parts[0]._replace(
            gap=sum((k.gap for k in parts), extra),
            ntk=None if parts[0].ntk is None else sum(k.ntk for k in parts),
            q1=q1,
            q2=q2,
            n_features=_same([k.n_features for k in parts]),
            gaussian=all(k.gaussian for k in parts),
            error=max(k.error for k in parts),
        )

    return _joined("add", branches, join)


def residual(body: Layer, shortcut: Layer | None = None) -> Layer:
    """Return x + body(x), or shortcut(x) + body(x).

    Parameters
    ----------
    body : Layer
        Ends in weights of its own, unless the shortcut does.
    shortcut : Layer, optional
        The identity if left out.

    Returns
    -------
    Layer
        The block.
    """
    return add(identity() if shortcut is None else shortcut, body)


def multiply(*branches: Layer) -> Layer:
    """Return the elementwise product of branches: K' = Π K, Θ' by the product rule.

    All but one must end in weights of their own.

    Parameters
    ----------
    *branches : Layer
        They see the same inputs; one or more.

    Returns
    -------
    Layer
        Their elementwise product.

    Raises
    ------
    TypeError
        If a branch is no layer.
    ValueError
        If there is no branch, or more than one does not end in weights of its own.
    """
    _independent("multiply", branches)

    def two(a: Kernels, b: Kernels) -> Kernels:
        ka, kb = (k.product - k.gap for k in (a, b))
        return a._replace(
            gap=a.gap * b.product + ka * b.gap,
            ntk=None if a.ntk is None else a.ntk * kb + ka * b.ntk,
            q1=a.q1 * b.q1,
            q2=a.q2 * b.q2,
            n_features=_same([a.n_features, b.n_features]),
            gaussian=False,
            error=a.error + b.error,
        )

    def join(parts: Sequence[Kernels]) -> Kernels:
        product = parts[0]
        for part in parts[1:]:
            product = two(product, part)
        return product

    return _joined("multiply", branches, join)


def concatenate(*branches: Layer) -> Layer:
    """Return the branches' features side by side: the mean of K and Θ weighted by widths.

    The layers with weights before it must name their `width`.

    Parameters
    ----------
    *branches : Layer
        They see the same inputs.

    Returns
    -------
    Layer
        Their features side by side.

    Raises
    ------
    TypeError
        If a branch is no layer.
    ValueError
        At the call, if a branch's number of features is not known.
    """
    are_layers("branches", branches)

    def join(parts: Sequence[Kernels]) -> Kernels:
        widths = [k.n_features for k in parts]
        if None in widths:
            raise ValueError(
                f"concatenate needs the number of features of each branch, got {widths}: give "
                "the layers with weights before it a width"
            )
        share = [width / sum(widths) for width in widths]
        parts = [
            k._replace(
                gap=s * k.gap, ntk=None if k.ntk is None else s * k.ntk, q1=s * k.q1, q2=s * k.q2
            )
            for s, k in zip(share, parts, strict=True)
        ]
        q1, q2 = (sum(getattr(k, q) for k in parts) for q in ("q1", "q2"))
        extra = proportions_gap([(k.q1.sqrt(), k.q2.sqrt()) for k in parts], q1.sqrt(), q2.sqrt())
        return parts[0]._replace(
            gap=sum((k.gap for k in parts), extra),
            ntk=None if parts[0].ntk is None else sum(k.ntk for k in parts),
            q1=q1,
            q2=q2,
            n_features=sum(widths),
            gaussian=len(parts) == 1 and parts[0].gaussian,
            error=max(k.error for k in parts),
        )

    return _joined("concatenate", branches, join)


def proportions_gap(parts: Sequence[tuple[Tensor, Tensor]], norm1: Tensor, norm2: Tensor) -> Tensor:
    """Return |s1||s2| - s1·s2 for two vectors of standard deviations, given by parts.

    Parameters
    ----------
    parts : sequence of (Tensor, Tensor)
        Standard deviations of each part, for the first and the second input.
    norm1, norm2 : Tensor
        Their root sums of squares |s1| and |s2|.

    Returns
    -------
    Tensor, of the broadcast shape
        Zero where both have the same proportions.
    """
    safe1, safe2 = (torch.where(norm > 0, norm, 1) for norm in (norm1, norm2))
    squared = sum((s1 / safe1 - s2 / safe2).square_() for s1, s2 in parts)
    return squared.mul_(0.5 * norm1 * norm2)


def _joined(
    name: str, branches: Sequence[Layer], join: Callable[[Sequence[Kernels]], Kernels]
) -> Layer:
    def apply(k: Kernels) -> Kernels:
        parts = [branch(k) for branch in branches]
        shapes = {(tuple(part.gap.shape), part.spatial, part.pairs) for part in parts}
        if len(shapes) > 1:
            raise ValueError(
                f"{name}: its branches differ in positions, with kernels of shape "
                f"{sorted(shape[0] for shape in shapes)}"
            )
        new = join(parts)
        if any(part.own1 is None for part in parts):
            return new._replace(own1=None, own2=None)
        own1 = join([part.own1 for part in parts])
        same = all(part.own2 is part.own1 for part in parts)
        return new._replace(own1=own1, own2=own1 if same else join([p.own2 for p in parts]))

    fresh = all(branch.fresh for branch in branches)
    return Layer(f"{name}({names(branches)})", apply, fresh, *flags(branches))


def _independent(name: str, branches: Sequence[Layer]) -> None:
    are_layers("branches", branches)
    if not branches:
        raise ValueError(f"{name} needs a branch at least, got none")
    correlated = [branch.name for branch in branches if not branch.fresh]
    if len(correlated) > 1:
        raise ValueError(
            f"{name}: the branches {' and '.join(correlated)} are correlated, and the kernel "
            "of their sum or product is not known; end all but one in dense or conv"
        )


def _same(values: Sequence[int | None]) -> int | None:
    return values[0] if len(set(values)) == 1 else None
