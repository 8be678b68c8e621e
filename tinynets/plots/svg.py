"""SVG files that know light from dark, and are small.

An SVG behind ``<img>`` sees no style of the page, but it does see the page's
``color-scheme``. The file carries two rules a colour: a little darker on the
light page, lighter on the dark one; without them the colours still read.

A tile of weights is a PNG of four bytes a pixel within the SVG; with the
colours in a palette it has one, and is a third as large. Coordinates are cut
to hundredths of a point, which no screen shows.
"""

import base64
import io
import re

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import register_backend
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.cbook import open_file_cm
from matplotlib.figure import Figure
from PIL import Image

from tinynets import checks
from tinynets.plots import phone

Drawn = Figure | Axes

_PNG = re.compile(r"(?<=data:image/png;base64,)\s*([A-Za-z0-9+/=\s]+)")
_PATH = re.compile(r'(?<= d=")[^"]+')
_PLACE = re.compile(r'(?<= [xy]=")-?[0-9]+[.][0-9]+(?=")')
_FINE = re.compile(r"([.][0-9]{2})[0-9]+(?!e)")
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


def with_palette(png: bytes) -> bytes:
    """Encode a PNG of at most 256 colours with a palette, without loss.

    An image of more colours comes back as it was.

    Parameters
    ----------
    png : bytes
        A PNG file.

    Returns
    -------
    bytes
        A PNG file of the same pixels.
    """
    image = np.array(Image.open(io.BytesIO(png)).convert("RGBA"))
    colours, index = np.unique(image.reshape(-1, 4), axis=0, return_inverse=True)
    if len(colours) > 256:
        return png
    small = Image.fromarray(index.reshape(image.shape[:2]).astype(np.uint8))
    small.putpalette(colours[:, :3].tobytes())
    target = io.BytesIO()
    small.save(target, "png", optimize=True, transparency=colours[:, 3].tobytes())
    return target.getvalue()


def _smaller(found: re.Match) -> str:
    return base64.b64encode(with_palette(base64.b64decode(found[1]))).decode()


def with_coarse_paths(svg):
    """Cut coordinates to two decimals, and a path to one line.

    Parameters
    ----------
    svg : str
        An SVG file.

    Returns
    -------
    str
        The same, shorter.
    """

    def cut(found):
        return _FINE.sub(r"\1", " ".join(found[0].split()))

    svg = _PLACE.sub(cut, _PATH.sub(cut, svg))
    return re.sub(r"\n +", "\n", svg)


def write_themed_svg(colours):
    """From here on, have matplotlib write the rules into each SVG file.

    Parameters
    ----------
    colours : dict of str to (str, str)
        Colour as drawn, and what it becomes in light and in dark.
    """
    rules = theme_rules(colours)

    class ThemedCanvas(FigureCanvasSVG):
        # matplotlib hands other people's canvases dpi, colours and
        # orientation too, which an SVG has no use for.
        def print_svg(self, filename, *, bbox_inches_restore=None, metadata=None, **_):
            text = io.StringIO()
            super().print_svg(text, bbox_inches_restore=bbox_inches_restore, metadata=metadata)
            drawn = with_coarse_paths(_PNG.sub(_smaller, text.getvalue()))
            themed = drawn.replace(_ANCHOR, f"{rules}\n{_ANCHOR}", 1)
            with open_file_cm(filename, "w", encoding="utf-8") as file:
                is_text = isinstance(file, io.TextIOBase)
                file.write(themed if is_text else themed.encode())

    register_backend("svg", ThemedCanvas)


@checks.arguments()
def layouts(drawn: Drawn) -> tuple[str, str | None]:
    """Write a figure as drawn, and once more for a phone if it is too wide for one; close it.

    Parameters
    ----------
    drawn : Figure or Axes
        It is changed and closed.

    Returns
    -------
    tuple of str and (str or None)
        The texts of SVG files, with the rules that swap colours.

    Examples
    --------
    >>> [text[:5] for text in layouts(plt.figure(figsize=(7, 3)))]
    ['<?xml', '<?xml']
    """
    figure = drawn.get_figure()
    texts = _written(figure), for_phone(figure)
    plt.close(figure)
    return texts


@checks.arguments()
def for_phone(figure: Figure) -> str | None:
    """Write a figure once more, laid out for a phone; nothing if it fits as it is.

    Parameters
    ----------
    figure : Figure
        A wide one is changed: it has been shown before.

    Returns
    -------
    str or None
        The text of an SVG file.

    Examples
    --------
    >>> for_phone(plt.figure(figsize=(3, 2))) is None
    True
    """
    return _written(phone.stack(figure)) if phone.is_wide(figure) else None


def show_on_phones(ipython):
    """Have cells hand over a figure twice: as drawn, and laid out for a phone.

    Parameters
    ----------
    ipython : InteractiveShell
        It shows figures from here on with one type more.
    """
    formatters = ipython.display_formatter.formatters

    class PhoneFormatter(type(formatters["image/svg+xml"])):
        # Not by `for_type`: matplotlib's inline backend takes that back.
        def __call__(self, shown):
            return for_phone(shown) if isinstance(shown, Figure) else None

    formatters[phone.MIME] = PhoneFormatter(parent=ipython.display_formatter)


def _written(figure):
    target = io.StringIO()
    figure.savefig(target, format="svg", metadata={"Date": None})
    return target.getvalue()
