"""Small neural networks, small enough to see."""

__version__ = "0.1.0"
