"""Grids of small training runs: `trials` are what is run, `app` is Hydra's."""
