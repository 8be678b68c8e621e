"""Samplers: random walk, Langevin, Hamiltonian, all chains in one batch."""

from tinynets.samplers.base import Info, Sampler, State, value_and_grad

__all__ = ["Info", "Sampler", "State", "value_and_grad"]
