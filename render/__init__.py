"""Renders the pages where Quarto is not to be had: `python -m render`."""
