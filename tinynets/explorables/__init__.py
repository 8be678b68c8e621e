"""Figures that a reader moves.

A cell that ends in an `Explorable` puts one block of HTML on the page: a
question, controls, the still picture that is seen without JavaScript, in print
and in the feed, and data that a module in `explore/` brings to life. Of what
runs there, the numeric core is held to `tinynets` by tests; a figure that only
chooses among curves computed here needs no module of its own (`curves`).
"""

from tinynets.explorables.block import Explorable, live
from tinynets.explorables.controls import Choice, Control, Points, Slider, Switch

__all__ = ["Choice", "Control", "Explorable", "Points", "Slider", "Switch", "live"]
