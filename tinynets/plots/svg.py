"""SVG files that know light from dark.

An SVG behind ``<img>`` sees no style of the page, but it does see the page's
``color-scheme``. The file carries two rules a colour: a little darker on the
light page, lighter on the dark one; without them the colours still read.
"""

import io

from matplotlib.backend_bases import register_backend
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.cbook import open_file_cm

_ANCHOR = "*{stroke-linejoin"  # how matplotlib's own style element begins


def theme_rules(colours):
    """Write CSS that swaps colours with the page's colour scheme.

    Parameters
    ----------
    colours : dict of str to (str, str)
        Colour as drawn, and what it becomes in light and in dark.

    Returns
    -------
    str
        Two media queries; colours that don't change are left out.
    """
    queries = []
    for index, scheme in enumerate(("light", "dark")):
        rules = "".join(
            f'[style*="{what}: {drawn}"]{{{what}:{themed[index]}!important}}'
            for drawn, themed in colours.items()
            for what in ("fill", "stroke")
            if themed[index] != drawn
        )
        queries.append(f"@media (prefers-color-scheme: {scheme}){{{rules}}}")
    return "\n".join(queries)


def write_themed_svg(colours):
    """From here on, have matplotlib write the rules into each SVG file."""
    rules = theme_rules(colours)

    class ThemedCanvas(FigureCanvasSVG):
        # matplotlib hands other people's canvases dpi, colours and
        # orientation too, which an SVG has no use for.
        def print_svg(self, filename, *, bbox_inches_restore=None,
                      metadata=None, **_):
            text = io.StringIO()
            super().print_svg(text, bbox_inches_restore=bbox_inches_restore,
                              metadata=metadata)
            themed = text.getvalue().replace(
                _ANCHOR, f"{rules}\n{_ANCHOR}", 1
            )
            with open_file_cm(filename, "w", encoding="utf-8") as file:
                is_text = isinstance(file, io.TextIOBase)
                file.write(themed if is_text else themed.encode())

    register_backend("svg", ThemedCanvas)
