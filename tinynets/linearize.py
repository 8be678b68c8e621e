"""Taylor expansions of a network in its parameters."""

import copy

import torch
from torch import Tensor, nn
from torch.func import functional_call, jvp

from tinynets import checks


class Taylor(nn.Module):
    r"""A network's Taylor polynomial in its parameters around where they are now.

    $f(\theta) \approx \sum_{i=0}^{k} \frac{1}{i!}
    \frac{d^i}{dt^i} f(\theta_0 + t\,(\theta - \theta_0)) \big|_{t=0}$

    It is a module like the one it expands: its parameters have the same order and shapes,
    start at the anchor $\theta_0$ and can be trained; `nets.apply` evaluates it at flat
    parameters. With `order=1` it is the linearised network, whose neural tangent kernel does
    not move. Derivatives are taken in nested forward mode: an evaluation costs about
    $2^k$ times one of the network.

    Parameters
    ----------
    net : nn.Module
        What is expanded; it is copied, and its own parameters stay untouched.
    order : int
        Degree $k$ of the polynomial, 1 or above.

    References
    ----------
    Lee et al. (2019), Eq. (5), for `order=1`.

    Examples
    --------
    >>> import torch
    >>> from tinynets import nets, rng
    >>> net = nets.initialise(nets.MLP([2, 8, 1]), generator=rng.generator(1))
    >>> x = torch.ones(3, 2)
    >>> bool(torch.allclose(Taylor(net)(x), net(x)))
    True
    """

    def __init__(self, net: nn.Module, order: int = 1):
        super().__init__()
        if not isinstance(net, nn.Module):
            raise TypeError(f"net must be a torch.nn.Module, got {type(net).__name__}")
        self.order = checks.count("order", order)
        self.net = copy.deepcopy(net)
        for i, parameter in enumerate(net.parameters()):
            self.register_buffer(f"anchor_{i}", parameter.detach().clone())

    def forward(self, *inputs):
        """Return the outputs of the expansion."""
        moving = dict(self.net.named_parameters())
        anchor = {name: getattr(self, f"anchor_{i}") for i, name in enumerate(moving)}

        def along(t: Tensor) -> tuple:
            at = {name: a + t * (moving[name] - a) for name, a in anchor.items()}
            return (functional_call(self.net, at, inputs),)

        for _ in range(self.order):
            along = _with_next_derivative(along)
        some = next(iter(anchor.values()))
        value, *derivatives = along(torch.zeros((), dtype=some.dtype, device=some.device))
        factorial = 1
        for i, derivative in enumerate(derivatives, start=1):
            factorial *= i
            value = value + derivative / factorial
        return value


def _with_next_derivative(function):
    """From t -> (f, ..., f^(k)) make t -> (f, ..., f^(k+1))."""

    def one_more(t):
        values, tangents = jvp(function, (t,), (torch.ones_like(t),))
        return (values[0], *tangents)

    return one_more
