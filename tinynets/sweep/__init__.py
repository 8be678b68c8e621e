"""Grids of small training runs: `cells` are what is run, `app` is Hydra's."""
