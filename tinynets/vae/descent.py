"""The loss of a VAE, with its gradient written out."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from tinynets import backprop, checks
from tinynets.vae.bound import VAE, _check_beta, elbo


class NegativeElbo(NamedTuple):
    """Minus the objective of `elbo`, averaged over images: what `train` minimises.

    Called, it is differentiable by autograd; `backward` gives the same value
    and writes the gradient out, which takes half as many operations.

    Parameters
    ----------
    generator : torch.Generator
        Draws one latent an image.
    beta : float or (n_nets,)
        Weight of the KL, 0 or above; a tensor gives each net its own.

    Examples
    --------
    >>> from tinynets import nets
    >>> net = nets.initialise(VAE([4, 3, 2]), generator=torch.Generator().manual_seed(0))
    >>> loss = NegativeElbo(torch.Generator().manual_seed(1))
    >>> loss.backward(net, torch.ones(5, 4)).shape, net.decoder.layers[0].weight.grad.shape
    (torch.Size([]), torch.Size([3, 2]))
    """

    generator: torch.Generator
    beta: float | Tensor = 1.0

    def __call__(self, net: VAE, images: Tensor) -> Tensor:
        """Return nats an image, () or (n_nets,), differentiable."""
        terms = elbo(net, images, generator=self.generator, beta=self.beta)
        return -terms.objective.mean(-1)

    @torch.no_grad()
    def backward(self, net: VAE, images: Tensor) -> Tensor:
        r"""Set the parameters' gradients, and return nats an image.

        With z = μ + σ ε and log σ² = s, and p = sigmoid(logits), the
        derivatives of one image's loss are

            d/dlogits = p - x
            d/dμ      = d/dz + β μ
            d/ds      = (σ ε d/dz + β (σ² - 1)) / 2

        Parameters
        ----------
        net : VAE
            One, or a stack.
        images : Tensor, (n, pixels) or (n_nets, n, pixels)
            In [0, 1].

        Returns
        -------
        Tensor, () or (n_nets,)

        Raises
        ------
        ValueError
            If an image is outside [0, 1] or does not fit the net, or beta is negative.
        """
        checks.unit_interval("images", images)
        beta = _check_beta(self.beta, net)
        codes, kept_encoder = backprop.forward(net.encoder, images)
        mean, log_var = codes.chunk(2, -1)
        std = torch.exp(log_var / 2)
        noise = torch.empty_like(mean).normal_(generator=self.generator)
        logits, kept_decoder = backprop.forward(net.decoder, mean + std * noise)
        distortion = F.softplus(logits).sum((-2, -1)) - (images * logits).sum((-2, -1))
        excess = std.square() - 1
        rate = (mean.square() + excess - log_var).sum((-2, -1)) / 2

        n, beta_each = images.shape[-2], beta
        if isinstance(beta, Tensor):
            beta, beta_each = beta.squeeze(-1), beta.unsqueeze(-1)
        slope = backprop.backward(net.decoder, kept_decoder, (logits.sigmoid() - images).div_(n))
        by_mean = slope + mean * (beta_each / n)
        by_log_var = (slope * std * noise + excess * (beta_each / n)) / 2
        by_codes = torch.cat([by_mean, by_log_var], -1)
        backprop.backward(net.encoder, kept_encoder, by_codes, to_inputs=False)
        return (distortion + beta * rate) / n
