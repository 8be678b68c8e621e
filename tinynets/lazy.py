"""Networks between lazy and rich: NTK parameterisation and a scale of the output."""

import copy
import itertools
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from tinynets import checks, nets


class ScaledLinear(nets.StackedLinear):
    r"""A layer in NTK parameterisation, or `n_nets` of them side by side.

    $z = \frac{\sigma_w}{\sqrt{n_{in}}} W x + \sigma_b b$ with standard normal W and b.

    Parameters
    ----------
    n_in, n_out : int
        Inputs and outputs.
    W_std, b_std : float
        $\sigma_w$, above 0, and $\sigma_b$, 0 or above: 0 leaves the bias out.
    n_nets : int, optional
        Number of layers side by side.
    generator : torch.Generator
        Draws W and b.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        *,
        W_std: float,
        b_std: float,
        n_nets: int | None = None,
        generator: torch.Generator,
    ):
        checks.positive("W_std", W_std)
        checks.non_negative("b_std", b_std)
        super().__init__(n_in, n_out, n_nets=n_nets, bias=b_std > 0)
        self.weight_scale, self.bias_scale = W_std / math.sqrt(n_in), b_std
        for parameter in self.parameters():
            nn.init.normal_(parameter, generator=generator)

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs, (*nets, n, out)."""
        bias = None if self.bias is None else self.bias_scale * self.bias
        return nets.affine(x, self.weight_scale * self.weight, bias)


class ScaledMLP(nn.Module):
    """A multi-layer perceptron in NTK parameterisation, or `n_nets` of them.

    Parameters
    ----------
    sizes : sequence of int
        Units of each layer from input to output.
    activation : str
        A key of `nets.ACTIVATIONS`.
    W_std, b_std : float
        Scales of weights and biases, see `ScaledLinear`.
    n_nets : int, optional
        Number of nets side by side; outputs are then (n_nets, n, out).
    generator : torch.Generator
        Draws all weights.

    Examples
    --------
    >>> net = ScaledMLP([3, 16, 1], n_nets=2, generator=torch.Generator().manual_seed(0))
    >>> net(torch.ones(5, 3)).shape
    torch.Size([2, 5, 1])
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: str = "relu",
        *,
        W_std: float = math.sqrt(2),
        b_std: float = 0.0,
        n_nets: int | None = None,
        generator: torch.Generator,
    ):
        super().__init__()
        checks.layers("sizes", sizes)
        checks.generator("generator", generator)
        checks.choice("activation", activation, nets.ACTIVATIONS)
        self.activation, self.n_nets = nets.ACTIVATIONS[activation], n_nets
        self.layers = nn.ModuleList(
            ScaledLinear(a, b, W_std=W_std, b_std=b_std, n_nets=n_nets, generator=generator)
            for a, b in itertools.pairwise(sizes)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs, (*nets, n, out)."""
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
        return self.layers[-1](x)

    def one(self, index: int) -> "ScaledMLP":
        """Return a copy of one of the nets of a stack."""
        net = copy.deepcopy(self)
        net.n_nets = None
        for layer in net.layers:
            for name, parameter in list(layer.named_parameters()):
                setattr(layer, name, nn.Parameter(parameter.detach()[index].clone()))
        return net


class Descent(NamedTuple):
    """A stack of nets on its way, and at its end."""

    times: Tensor  # (n_checkpoints,), steps times learning rate
    losses: Tensor  # (n_checkpoints, n_nets), before the scale: mean square / 2
    nets: tuple[ScaledMLP, ...]  # a copy of the stack at each checkpoint


@checks.arguments(x="float n inputs", y="float n outputs")
def descend(
    net: ScaledMLP,
    x: Tensor,
    y: Tensor,
    *,
    output_scale: float,
    learning_rate: float,
    n_steps: int,
    checkpoints: Iterable[int] = (),
) -> Descent:
    r"""Train a stack of nets by full-batch gradient descent, more or less lazily.

    With h the network, the function that is trained is
    $f = \alpha\,(h_\theta - h_{\theta_0})$, on the loss
    $\frac{1}{\alpha^2} \frac{1}{2N} \lVert f - y \rVert^2$ with N the number of a net's target
    entries. In the time `steps * learning_rate` all scales start with the same
    $\dot f = -\frac1N \Theta (f - y)$, where $\Theta$ is the NTK of h. A large $\alpha$ needs
    to move its parameters by $1/\alpha$ only: it is lazy.

    Parameters
    ----------
    net : ScaledMLP
        A stack, with `n_nets`; it stays as it is.
    x, y : torch.Tensor, (n, inputs) and (n, outputs)
        The data, the same for each net.
    output_scale : float
        $\alpha$, above 0.
    learning_rate : float
        Below `predict.largest_learning_rate` of the kernel, with room for its growth.
    n_steps : int
        Gradient steps.
    checkpoints : iterable of int
        Numbers of steps after which the nets are kept; the end always is.

    Returns
    -------
    Descent

    Raises
    ------
    ArithmeticError
        If a loss became infinite or NaN.

    References
    ----------
    Chizat, Oyallon and Bach (2019), Eq. (3); Geiger et al. (2020).

    Examples
    --------
    >>> net = ScaledMLP([1, 8, 1], n_nets=2, generator=torch.Generator().manual_seed(0))
    >>> x = torch.tensor([[-1.0], [1.0]])
    >>> run = descend(net, x, x, output_scale=1.0, learning_rate=0.1, n_steps=3)
    >>> run.times, run.losses.shape
    (tensor([0.3000]), torch.Size([1, 2]))
    """
    checks.positive("output_scale", output_scale)
    checks.positive("learning_rate", learning_rate)
    checks.count("n_steps", n_steps)
    if net.n_nets is None:
        raise ValueError("net must be a stack, got n_nets=None: build it with n_nets=1 or above")
    wanted = {*checkpoints, n_steps}
    if not all(0 <= step <= n_steps for step in wanted):
        raise ValueError(f"checkpoints must lie in 0 to n_steps={n_steps}, got {sorted(wanted)}")
    net = copy.deepcopy(net)
    parameters: list[Tensor] = list(net.parameters())
    with torch.no_grad():
        start = net(x)
    kept, losses = [], []
    for step in range(n_steps + 1):
        f = output_scale * (net(x) - start)  # (n_nets, n, outputs)
        loss = (f - y).square().mean((1, 2)) / 2
        if not torch.isfinite(loss).all():
            raise ArithmeticError(
                f"the loss of net {int((~torch.isfinite(loss)).nonzero()[0])} diverged by step "
                f"{step}: take a learning_rate below {learning_rate:g}"
            )
        if step in wanted:
            kept.append(copy.deepcopy(net))
            losses.append(loss.detach())
        if step < n_steps:
            gradients = torch.autograd.grad(loss.sum() / output_scale**2, parameters)
            with torch.no_grad():
                torch._foreach_add_(parameters, gradients, alpha=-learning_rate)
    times = learning_rate * torch.tensor(sorted(wanted), dtype=x.dtype, device=x.device)
    return Descent(times, torch.stack(losses), tuple(kept))
