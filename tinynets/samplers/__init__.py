"""Samplers: random walk, Langevin, Hamiltonian, all chains in one batch.

    sampler = hmc(log_density, step_size=0.1, n_leapfrog=20)
    draws = sample(sampler, position, n_draws=1000, n_burn_in=500,
                   generator=generator)

Tuned while warming up:

    tuned = adapt(hmc, log_density, n_leapfrog=20)
    draws = sample(tuned, position, n_draws=1000, n_warmup=500,
                   generator=generator)
"""

from tinynets.densities import LogDensity, ValueAndGrad, value_and_grad
from tinynets.samplers._hmc import hmc
from tinynets.samplers._mala import mala
from tinynets.samplers._metropolis import metropolis
from tinynets.samplers._nuts import nuts
from tinynets.samplers._sgld import polynomial_decay, sgld
from tinynets.samplers._ula import ula
from tinynets.samplers.adaptation import Adaptation, Tuning, adapt
from tinynets.samplers.base import Info, Sampler, State
from tinynets.samplers.mass import Mass, dense_mass, diagonal_mass
from tinynets.samplers.run import Draws, Warmup, sample
from tinynets.samplers.smc import Particles, tempered_smc

__all__ = [
    "Adaptation",
    "Draws",
    "Info",
    "LogDensity",
    "Mass",
    "Particles",
    "Sampler",
    "State",
    "Tuning",
    "ValueAndGrad",
    "Warmup",
    "adapt",
    "dense_mass",
    "diagonal_mass",
    "hmc",
    "mala",
    "metropolis",
    "nuts",
    "polynomial_decay",
    "sample",
    "sgld",
    "tempered_smc",
    "ula",
    "value_and_grad",
]
