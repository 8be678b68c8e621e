"""The site's look: one style and two colour maps, over `tinynets.colours`.

Figures are SVG files behind ``<img>``, so they can't see the page's styles;
where the reader's browser tells the file the page's ``color-scheme``, each
colour is swapped for one with a contrast of 4.5:1. The colour maps end in
*nothing*: their zero is transparent, so zero is the page itself, white or
black.
"""

import sys

import matplotlib as mpl
from cycler import cycler
from matplotlib.colors import LinearSegmentedColormap

from tinynets.colours import INK, PALETTE, THEMED
from tinynets.plots.svg import show_on_phones, write_themed_svg

WIDTH = 680 / 96  # inches: the text column, 680 CSS pixels


def _fading(name, *stops):
    return LinearSegmentedColormap.from_list(name, stops, N=129)


# Weights: blue below zero, nothing at zero, vermilion above.
WEIGHTS = _fading(
    "tinynets_weights",
    (0.0, (0.02, 0.42, 0.72, 1)),
    (0.5, (0.00, 0.48, 0.74, 0)),
    (0.5, (0.86, 0.40, 0.00, 0)),
    (1.0, (0.78, 0.29, 0.00, 1)),
)
# Amounts: nothing at zero, ink at one.
AMOUNTS = _fading("tinynets_amounts", (0.0, (0.44, 0.47, 0.51, 0)), (1.0, (0.44, 0.47, 0.51, 1)))

STYLE = {
    "figure.figsize": (WIDTH, WIDTH * 0.55),
    "figure.dpi": 96,
    "figure.facecolor": "none",
    "figure.constrained_layout.use": True,
    "savefig.facecolor": "none",
    "savefig.bbox": None,
    "svg.fonttype": "path",
    "svg.hashsalt": "tinynets",
    "axes.facecolor": "none",
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 10.5,
    "axes.labelsize": 10,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=PALETTE),
    "axes.grid": False,
    "grid.color": INK,
    "grid.alpha": 0.25,
    "grid.linewidth": 0.6,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "text.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.8,
    "lines.markersize": 4,
    "image.cmap": "tinynets_weights",
    "image.interpolation": "none",
    "mathtext.fontset": "dejavusans",
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
}

for _map in (WEIGHTS, AMOUNTS):
    mpl.colormaps.register(_map, force=True)


def use_style():
    """Make every figure from here on look like the site.

    Sets matplotlib's ``rcParams`` and, in a notebook kernel, SVG output
    without a date, so that rendering again gives the same bytes.

    Examples
    --------
    >>> use_style()
    >>> mpl.rcParams["font.size"]
    10.0
    """
    mpl.rcParams.update(STYLE)
    write_themed_svg(THEMED)
    ipython = sys.modules.get("IPython")
    if ipython is not None and ipython.get_ipython() is not None:
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg", bbox_inches=None, metadata={"Date": None})
        show_on_phones(ipython.get_ipython())
