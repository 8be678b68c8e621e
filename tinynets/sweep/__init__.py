"""Grids of small training runs.

`experiment` is what one trial trains, `trials` runs it once and keeps its
result, `results` reads a grid as a table, and `app` is Hydra's.
"""

from tinynets.sweep.experiment import Experiment, digits_in_use
from tinynets.sweep.results import gather, pivot

__all__ = ["Experiment", "digits_in_use", "gather", "pivot"]
