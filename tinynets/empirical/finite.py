"""The NTK of one network, by the cheapest of three methods."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.func import jvp, vjp, vmap

from tinynets import checks, nets
from tinynets.empirical import contract, cost, factors
from tinynets.empirical.factors import Factor
from tinynets.empirical.survey import Survey, evaluate, survey, trainable

OUTPUTS = ("full", "trace", "diagonal")
METHODS = ("auto", "jacobian", "vector-products", "layers")

# Bytes that one block of examples may need besides the result.
MEMORY = 2**28


@checks.arguments(x1="float finite n1 * ...", x2="float finite n2 * ...")
def ntk(
    net: nn.Module,
    x1: Tensor,
    x2: Tensor | None = None,
    *,
    outputs: str = "full",
    method: str = "auto",
    block_size: int | None = None,
) -> Tensor:
    r"""Compute the empirical neural tangent kernel of a network.

    $\Theta_{op}(x, x') = \sum_k \partial_{\theta_k} f_o(x)\, \partial_{\theta_k} f_p(x')$

    Parameters
    ----------
    net : nn.Module
        `net(x)` gives (n, ...); what follows the first axis is flattened to outputs.
        The sum is over parameters that require a gradient.
    x1, x2 : torch.Tensor, (n1, ...) and (n2, ...)
        Inputs. Without `x2` the kernel is that of `x1` with itself, exactly symmetric, and
        half of it is computed.
    outputs : str
        "full": all pairs of outputs; "trace": their trace *divided by the number of
        outputs*; "diagonal": each output with itself.
    method : str
        "jacobian" forms all gradients and multiplies them; "vector-products" applies
        $J J^\top$ to unit vectors; "layers" multiplies Gram matrices of Linear and
        convolutional layers' inputs and cotangents (other parameters by their gradients);
        "auto" takes the one whose estimated number of operations is least (`costs`).
    block_size : int, optional
        Examples whose gradients (or layers' inputs and cotangents) are held at a time. By
        default as many as fit `MEMORY` bytes.

    Returns
    -------
    torch.Tensor, (n1, n2, outputs, outputs), (n1, n2) or (n1, n2, outputs)
        For "full", "trace" and "diagonal". `kernel.transpose(1, 2).flatten(2).flatten(0, 1)`
        of a full one is the matrix (n1 * outputs, n2 * outputs).

    Raises
    ------
    ValueError
        If an option is unknown, or the net has no parameter that requires a gradient, or is
        a stack of several nets; for "vector-products" of a net with a custom
        `torch.autograd.Function` that has no rule for forward mode or for batches. (The other
        methods go through its outputs one by one.)

    References
    ----------
    Jacot, Gabriel and Hongler (2018); Novak, Sohl-Dickstein and Schoenholz (2022) for
    vector products and layers.

    Examples
    --------
    >>> import torch
    >>> from tinynets import nets, rng
    >>> net = nets.initialise(nets.MLP([2, 8, 3]), generator=rng.generator(1))
    >>> ntk(net, torch.ones(4, 2)).shape
    torch.Size([4, 4, 3, 3])
    """
    checks.choice("outputs", outputs, OUTPUTS)
    checks.choice("method", method, METHODS)
    if block_size is not None:
        checks.count("block_size", block_size)
    _refuse(net)
    found = survey(net, x1)
    if method == "auto":
        prices = cost.estimate(found, len(x1), len(x1 if x2 is None else x2), outputs)
        method = min(prices, key=prices.get)
    kernel = _empty(found, x1, x1 if x2 is None else x2, outputs)
    if method == "vector-products":
        _refuse_custom(found, "method='vector-products'")
        _by_vector_products(kernel, net, found, x1, x2, outputs, block_size)
    else:
        _by_factors(kernel, net, found, x1, x2, outputs, method, block_size)
    return kernel.permute(1, 3, 0, 2) if outputs == "full" else kernel


@checks.arguments(x1="float finite n1 * ...", x2="float finite n2 * ...")
def costs(
    net: nn.Module, x1: Tensor, x2: Tensor | None = None, *, outputs: str = "full"
) -> dict[str, float]:
    """Estimate the floating-point operations of each method of `ntk`.

    Parameters
    ----------
    net : nn.Module
        One network, with trainable parameters.
    x1, x2 : Tensor, (n1, ...) and (n2, ...)
        Inputs; without `x2` they are the same.
    outputs : "full", "trace" or "diagonal"
        Which entries over outputs are wanted.

    Returns
    -------
    dict of str to float
        Operations by method: "jacobian", "vector-products" (infinite where a custom
        `torch.autograd.Function` has no rule for it) and "layers".
    """
    checks.choice("outputs", outputs, OUTPUTS)
    _refuse(net)
    return cost.estimate(survey(net, x1), len(x1), len(x1 if x2 is None else x2), outputs)


@checks.arguments(x1="float finite n1 * ...", x2="float finite n2 * ...")
def ntk_vector_product(net: nn.Module, x1: Tensor, vector: Tensor, x2: Tensor | None = None):
    r"""Apply the NTK to a vector without forming it, $\Theta(x_1, x_2)\, v$.

    Parameters
    ----------
    net : nn.Module
        One network, with trainable parameters.
    x1, x2 : torch.Tensor, (n1, ...) and (n2, ...)
        Inputs; without `x2` they are the same.
    vector : torch.Tensor, (n2, outputs)
        One value for each output at each of the second inputs.

    Returns
    -------
    torch.Tensor, (n1, outputs)
        At the cost of one backward and one forward-mode pass.

    Raises
    ------
    ValueError
        If the vector is of another shape, or the net is none that `ntk` takes, or has a custom
        `torch.autograd.Function` without a rule for forward mode.
    """
    _refuse(net)
    _refuse_custom(survey(net, x1), "ntk_vector_product")
    parameters = trainable(net)
    x2 = x1 if x2 is None else x2
    outputs, pull = vjp(lambda p: evaluate(net, p, x2), parameters)
    checks.shape("vector", vector, tuple(outputs.shape))
    tangent = pull(vector)[0]
    return jvp(lambda p: evaluate(net, p, x1), (parameters,), (tangent,))[1]


@checks.arguments(x1="float n1 * ...", x2="float n2 * ...")
def nngp(net: nn.Module, x1: Tensor, x2: Tensor | None = None) -> Tensor:
    """Return the products of a network's outputs, averaged over outputs, (n1, n2).

    Its expectation over networks with zero-mean last weights is their NNGP kernel.

    Parameters
    ----------
    net : nn.Module
        One network.
    x1, x2 : Tensor, (n1, ...) and (n2, ...)
        Inputs; without `x2` they are the same.

    Returns
    -------
    Tensor, (n1, n2)
        In the squared unit of the outputs.
    """
    with torch.no_grad():
        first = net(x1).reshape(len(x1), -1)
        second = first if x2 is None else net(x2).reshape(len(x2), -1)
    checks.shape("what net makes of x2", second, ("n2", first.shape[1]))
    return first @ second.mT / first.shape[1]


def _refuse(net: nn.Module) -> None:
    """Turn away nets that have no single NTK."""
    if not any(p.requires_grad for p in net.parameters()):
        raise ValueError(
            "net must have a parameter that requires a gradient, got none: "
            "call net.requires_grad_()"
        )
    if nets.n_nets_of(net) is not None:
        raise ValueError(f"net must be one network, got a stack of {net.n_nets}: take one of them")


def _refuse_custom(found: Survey, what: str) -> None:
    """Turn away custom autograd functions that know no forward mode."""
    lacking = sorted({*found.without_vmap, *found.without_jvp})
    if lacking:
        raise ValueError(
            f"{what} needs forward-mode derivatives of every operation, got the custom autograd "
            f"function {', '.join(lacking)} without: give it `setup_context`, `jvp` and "
            "`generate_vmap_rule = True`, or take ntk(..., method='layers')"
        )


def _empty(found: Survey, x1: Tensor, x2: Tensor, outputs: str) -> Tensor:
    n = found.n_outputs
    shapes = {
        "full": (n, len(x1), n, len(x2)),
        "trace": (len(x1), len(x2)),
        "diagonal": (len(x1), len(x2), n),
    }
    return torch.empty(shapes[outputs], dtype=found.dtype, device=x1.device)


def _by_factors(kernel, net, found, x1, x2, outputs, method, block_size):
    """Fill a kernel from what each example adds, block by block."""
    n2 = len(x1 if x2 is None else x2)
    if method == "jacobian":
        found = found._replace(layers=(), rest=tuple(trainable(net)))
    n_outputs = found.n_outputs
    blocks = n_outputs**2 if outputs == "full" else n_outputs
    write_out = [
        cost.written_out(layer, len(x1), n2, n_outputs, blocks)
        < cost.gram(layer, len(x1), n2, n_outputs, blocks)
        for layer in found.layers
    ]
    size = block_size or _block_size(found, write_out, x1)

    def make(x: Tensor) -> list[Factor]:
        made = factors.products(net, found, x)
        return [
            factors.written_out(product, n_outputs) if out else product
            for product, out in zip(made, write_out, strict=True)
        ] + factors.dense(net, found, x)

    for i in _slices(len(x1), size):
        rows = make(x1[i])
        for j in _slices(n2, size):
            if x2 is None and j.start < i.start:
                continue
            same = x2 is None and j == i
            columns = rows if same else make((x1 if x2 is None else x2)[j])
            block = kernel[:, i, :, j] if outputs == "full" else kernel[i, j]
            contract.fill(block, rows, columns, outputs)
            if x2 is None and not same:
                contract.mirror(kernel, i, j, outputs)


def _block_size(found: Survey, write_out: list[bool], x: Tensor) -> int:
    """Examples whose factors, twice, fit into `MEMORY`."""
    n_outputs = found.n_outputs
    numbers = 0
    for layer, out in zip(found.layers, write_out, strict=True):
        if out:
            numbers += n_outputs * (layer.n_in + 1) * layer.n_out
        numbers += layer.positions * (layer.n_in + n_outputs * layer.n_out)
    named = sum(layer.n_out * layer.n_in for layer in found.layers)
    numbers += n_outputs * max(found.n_parameters - named, 0) if found.rest else 0
    return max(1, MEMORY // (2 * max(numbers, 1) * found.dtype.itemsize))


def _slices(n: int, size: int) -> Iterator[slice]:
    return (slice(start, min(start + size, n)) for start in range(0, n, size))


def _by_vector_products(kernel, net, found, x1, x2, outputs, block_size):
    """Fill a kernel with products of it and unit vectors, several at a time."""
    parameters = trainable(net)
    second = x1 if x2 is None else x2
    n_outputs = found.n_outputs
    eye = torch.eye(n_outputs, dtype=kernel.dtype, device=kernel.device)

    def product(x: Tensor, basis: Tensor) -> Tensor:  # (n1, outputs)
        _, pull = vjp(lambda p: evaluate(net, p, x[None])[0], parameters)
        return jvp(lambda p: evaluate(net, p, x1), (parameters,), (pull(basis)[0],))[1]

    numbers = found.n_parameters + len(x1) * math.isqrt(found.n_parameters)
    size = block_size or max(1, MEMORY // (numbers * kernel.dtype.itemsize * n_outputs))
    for j in _slices(len(second), size):
        x = second[j].repeat_interleave(n_outputs, 0)
        made = vmap(product)(x, eye.repeat(len(x) // n_outputs, 1))
        made = made.unflatten(0, (-1, n_outputs))  # (n2, outputs, n1, outputs)
        if outputs == "full":
            kernel[..., j] = made.permute(3, 2, 1, 0)
        else:
            diagonal = made.diagonal(dim1=1, dim2=3).transpose(0, 1)  # (n1, n2, outputs)
            kernel[:, j] = diagonal if outputs == "diagonal" else diagonal.mean(2)
    if x2 is None:
        contract.symmetrise(kernel, outputs)
