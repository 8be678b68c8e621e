r"""How posteriors of small nets get their gradients fast; private to `bnn`.

Two ways, beside autograd, which takes any module. `chains` makes whole
trajectories in one call of the C code of `chains.c`, which `build` compiles.
Where that can't be, `batched` makes them in PyTorch, with the gradient
written out as a list of operations on `buffers`; `fits` compares outputs with
data. All of it is invisible from outside but for `Posterior.path`.

**Layout.** A position holds the weights of one net in the order of
`net.parameters()`, row-major; there is a row for each chain:

    position[c] = | W1: n_out x n_in | b1: n_out | W2 | b2 | ...      (dim,)

`buffers` puts the chains of a layer side by side and biases beside weights,

    | W1 | b1 of chain 0 | W1 | b1 of chain 1 | ... | W2 | b2 of chain 0 | ...

and keeps the values of units with the examples last, (chains, out + 1, n),
the last row ones. `chains.c` copies positions into vectors of 64 bytes
(32 without AVX-512, 16 without AVX), 8 doubles or 16 floats, its *lanes*,

    chains in the lanes:      | w_0 of chains 0 .. 7 | w_1 of chains 0 .. 7 | ...
    fewer chains than lanes:  | w_0 of chains 0 1 2 3 0 1 2 3 | ...
                              each copy for its share of the examples
    one input and one hidden layer of as many units as lanes, or more:
                              | w1_0 .. w1_7 | w1_8 .. | b1_0 .. b1_7 | ... of one chain

and goes through the layers with some 8 examples at a time, whose units lie
unit by unit: h[j][i], a vector for unit j and example i.

**Gradient.** Layer l computes z_l = W_l h_{l-1} + b_l and h_l = phi_l(z_l),
with h_0 = x and f = h_L; c is the log likelihood. Let d_l = dc / dz_l, of the
shape of z_l. Then the chain rule, from the last layer down, reads

    d_L = dc/df * phi_L'(z_L)                  (the likelihood gives dc/df)
    dc/dW_l = sum_i d_l[i] h_{l-1}[i]'         (over the examples i)
    dc/db_l = sum_i d_l[i]
    d_{l-1} = (W_l' d_l) * phi_{l-1}'(z_{l-1})

and phi' needs the value alone for tanh (1 - h^2), sigmoid (h (1 - h)) and ReLU
(h > 0), and the argument for the others.
For the Gaussian, dc/df = (y - f) / noise_std^2; for classes, 1[k = y] - p_k.
The prior adds -theta / prior_std^2. An unknown noise u = log noise_std gets
sum (y - f)^2 / noise_std^2 - n, and the slope of its own prior.

**Trajectory.** n leapfrog steps of size e with diagonal inverse mass v, the
half steps of neighbours joined: p += e/2 g; then n times q += e v p, g anew,
p += e g; the last with e/2.
"""

from tinynets._fast.batched import Batched
from tinynets._fast.chains import Compiled, compiled, why_not
from tinynets._fast.fits import Problem, observed, pulled
from tinynets._fast.stack import Stack, recognise

__all__ = [
    "Batched",
    "Compiled",
    "Problem",
    "Stack",
    "compiled",
    "observed",
    "pulled",
    "recognise",
    "why_not",
]
