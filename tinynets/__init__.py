"""Small neural networks, small enough to see.

What is where:

data, rng, checks           real digits; seeds by purpose; what is refused, and how it is told
nets, convnets, vae         modules, one or many side by side; their flat parameters
train, losses, stopping     the minibatch loop, ascent to a maximum, what is minimised
nielsen                     the networks of Nielsen's book, in NumPy alone
masks, latents, continual   what weights and hidden layers show; units that are replaced
bnn, vi, laplace            a posterior of weights; variational and Laplace's approximations
samplers, diagnostics       Langevin, HMC, NUTS, tempered SMC; whether draws can be trusted
gp, kernels, predict        Gaussian processes; kernels of infinitely wide nets; their training
empirical, linearize, lazy  the tangent kernel of a finite net; Taylor; training near the start
scores, targets, tables     intervals and proper scores; densities that are known; rows of text
plots, explorables, colours figures that stand still, figures that move, one palette
sweep                       grids of small trainings from the command line
"""

__version__ = "0.2.0"
