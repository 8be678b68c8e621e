"""One hidden layer for many weight vectors at once, gradient by hand.

The cost of a small network in PyTorch is the overhead of each operation, so
this path uses few of them: at 64 networks of 100 units a gradient takes a
fraction of what `vmap` over `functional_call` takes.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import nn

from tinynets.nets import MLP


class OneLayer(NamedTuple):
    r"""Shape of $f(x) = W_2\, \phi(W_1 x + b_1) + b_2$ for flat weights.

    The order of the flat weights is that of `MLP.parameters()`: W1, b1, W2,
    b2.
    """

    n_inputs: int
    n_hidden: int
    n_outputs: int
    activation: str  # "tanh" or "relu"

    @property
    def sizes(self) -> list[int]:
        """Numbers of entries of W1, b1, W2, b2."""
        return [
            self.n_hidden * self.n_inputs,
            self.n_hidden,
            self.n_outputs * self.n_hidden,
            self.n_outputs,
        ]

    @property
    def dim(self) -> int:
        """Number of weights and biases."""
        return sum(self.sizes)

    def unflatten(self, position: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return W1 (chains, hidden, inputs), b1, W2 and b2 as views."""
        w1, b1, w2, b2 = position.split(self.sizes, 1)
        return (
            w1.unflatten(1, (self.n_hidden, self.n_inputs)),
            b1,
            w2.unflatten(1, (self.n_outputs, self.n_hidden)),
            b2,
        )

    def __call__(self, position: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Return f(x) (chains, n, outputs) for `position` (chains, dim)."""
        _, _, w2, b2 = self.unflatten(position)
        hidden = self._hidden(position, x)  # (chains, hidden, n)
        return torch.baddbmm(b2[:, None], hidden.mT, w2.mT)

    def pullback(self, position: torch.Tensor, x: torch.Tensor) -> tuple[torch.Tensor, Callable]:
        """Return f(x) and the map from df to its gradient in the weights.

        The map takes the derivative of a scalar by f, (chains, n, outputs),
        and returns its derivative by the flat weights, (chains, dim).
        """
        _, _, w2, b2 = self.unflatten(position)
        hidden = self._hidden(position, x)  # (chains, hidden, n)
        outputs = torch.baddbmm(b2[:, None], hidden.mT, w2.mT)

        def pull(d_outputs: torch.Tensor) -> torch.Tensor:
            d_hidden = self._activate_backward(
                _outer(w2.mT, d_outputs.mT, self._units_last(x)), hidden
            )
            inputs = x.expand(len(position), *x.shape)
            return torch.cat(
                [
                    torch.bmm(d_hidden, inputs).flatten(1),
                    d_hidden.sum(2),
                    torch.bmm(hidden, d_outputs).mT.flatten(1),
                    d_outputs.sum(1),
                ],
                1,
            )

        return outputs, pull

    def corners(self, position: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return where each unit's ReLU bends, and to which side it is on.

        Both (chains, hidden), in ascending order of the corner -b1 / w1, so
        that networks which differ by a permutation of units get the same; a
        unit of direction 1 is on to the right of its corner, of -1 to its
        left. For one input.
        """
        w1, b1, _, _ = self.unflatten(position)
        if self.n_inputs != 1:
            raise ValueError(
                f"corners are points on a line for 1 input, got a network of {self.n_inputs}"
            )
        corner, order = (-b1 / w1[..., 0]).sort(1)
        return corner, w1[..., 0].sign().gather(1, order)

    def _hidden(self, position: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Return the hidden units' activations, (chains, hidden, n)."""
        w1, b1, _, _ = self.unflatten(position)
        if self._units_last(x):
            return self._activate(_affine(b1[:, None], x, w1.mT)).mT
        return self._activate(_affine(b1[..., None], w1, x.mT))

    def _units_last(self, x: torch.Tensor) -> bool:
        """Whether units, not examples, lie side by side in memory.

        Vectors of 3 units are too short to be fast, so the longer of the
        two comes last; either way the values are the same.
        """
        return self.n_hidden >= len(x)

    def _activate(self, values: torch.Tensor) -> torch.Tensor:
        """Apply the activation, in place where no gradient is recorded."""
        in_place = not values.requires_grad
        if self.activation == "tanh":
            return values.tanh_() if in_place else values.tanh()
        return values.relu_() if in_place else values.relu()

    def _activate_backward(self, d_hidden: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """Multiply by the activation's slope, read off its value."""
        if self.activation == "tanh":
            return torch.ops.aten.tanh_backward(d_hidden, hidden)
        return torch.ops.aten.threshold_backward(d_hidden, hidden, 0)


def recognise(net: nn.Module) -> OneLayer | None:
    """Return the shape of `net` if it is an `MLP` that this path can take."""
    if not (
        type(net) is MLP
        and len(net.sizes) == 3
        and net.n_nets is None
        and net.activation_names[0] in ("tanh", "relu")
        and net.layers[0].bias is not None
    ):
        return None
    return OneLayer(*net.sizes, net.activation_names[0])


def _affine(bias: torch.Tensor, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Return bias + left @ right for each chain, either of them shared."""
    if left.shape[-1] == 1:  # an outer product: no matrix to multiply
        return torch.addcmul(bias, left, right)
    chains = len(bias)
    return torch.baddbmm(
        bias, left.expand(chains, *left.shape[-2:]), right.expand(chains, *right.shape[-2:])
    )


def _outer(w2: torch.Tensor, d_outputs: torch.Tensor, units_last: bool) -> torch.Tensor:
    """Return w2 @ d_outputs, (chains, hidden, n), laid out as `hidden`."""
    multiply = torch.mul if w2.shape[-1] == 1 else torch.bmm
    if units_last:
        return multiply(d_outputs.mT, w2.mT).mT
    return multiply(w2, d_outputs)
