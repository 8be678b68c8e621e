"""A second layout of a figure, for a phone: panels below one another, letters as large as before.

The column of a page is 680 pixels wide, on a phone 320. A drawing made for
the first and shrunk to the second has letters of six pixels; so a figure too
wide for a phone is laid out once more, and the page chooses by `<picture>`.
"""

import math
import textwrap

from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text
from matplotlib.ticker import LogLocator
from matplotlib.transforms import ScaledTranslation

from tinynets import checks

PHONE = 320 / 96  # inches: the column on a phone 360 CSS pixels wide
MIME = "image/x-phone+svg"  # what a cell hands over beside the drawing itself
_FITS = 1.25 * PHONE  # shrunk from here, letters of 9 points keep 9 pixels
_TILE = 0.62  # inches: no narrower is a tile, a panel without ticks
_MOST_INSIDE = 0.45  # of a panel's width: a wider legend stands above it
_MOST_BESIDE = 0.22  # of the phone: longer names of curves stand in a legend
_SMALLEST = 7  # points: 9.3 pixels; exponents are drawn at 0.7 of their text's size


@checks.arguments()
def is_wide(figure: Figure) -> bool:
    """Tell whether a figure is too wide for a phone.

    Parameters
    ----------
    figure : Figure
        It is not changed.

    Returns
    -------
    bool
        Whether its letters would become too small there.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> is_wide(plt.figure(figsize=(7, 3)))
    True
    """
    return bool(figure.get_figwidth() > _FITS)


@checks.arguments()
def stack(figure: Figure) -> Figure:
    """Lay a figure out for a phone, in place.

    Panels stand below one another; tiles, as panels without ticks are called
    here, stand in lines of as many as there is room for. A panel that leant on
    the labels of its neighbour gets its own.

    Parameters
    ----------
    figure : Figure
        Panels, size, legends and the smallest letters change.

    Returns
    -------
    Figure
        The same.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> figure, axes = plt.subplots(1, 2, figsize=(7, 3))
    >>> [ax.get_subplotspec().rowspan.start for ax in stack(figure).axes]
    [0, 1]
    """
    cells = _cells(figure)
    rows = _rows(cells)
    if not cells:
        figure.set_size_inches(PHONE, figure.get_figheight() * PHONE / figure.get_figwidth())
        return figure
    if any(len(row) > 1 for row in rows):
        _give_labels(rows, cells)
    for ax in filter(_is_tile, figure.axes):
        _wrap(ax.yaxis.label, 0.28 * PHONE)
    _place(figure, _lines(rows, cells), cells)
    for ax in figure.axes:
        named = _gather_names(ax)
        _fit_words(ax)
        _lift_legend(ax, always=named)
    _narrow_legends(figure)
    _enlarge(figure)
    return figure


def _cells(figure):
    """Return the axes of each panel by its place: left, bottom, width, height in inches."""
    size = figure.get_size_inches()
    cells = {}
    for ax in figure.axes:
        spec = ax.get_subplotspec()
        if spec is None:  # a colour bar goes where its panel goes
            continue
        pars = spec.get_gridspec().get_subplot_params(figure)
        box = spec.get_position(figure)
        wide, high = size[0] / (pars.right - pars.left), size[1] / (pars.top - pars.bottom)
        place = (box.x0 * wide, box.y1 * high, box.width * wide, box.height * high)
        cells.setdefault(tuple(round(float(one), 2) for one in place), []).append(ax)
    return cells


def _rows(cells):
    """Return the places of the panels, row by row from the top, each from the left."""
    tops = sorted({top for _, top, _, _ in cells}, reverse=True)
    return [sorted(place for place in cells if place[1] == top) for top in tops]


def _is_tile(ax):
    return not ax.axison or (len(ax.get_xticks()) == 0 and len(ax.get_yticks()) == 0)


def _lines(rows, cells):
    """Return which panels share a line on the phone."""
    axes = [ax for panel in cells.values() for ax in panel]
    if len(cells) > 3 and all(ax.get_aspect() == 1 and not _is_tile(ax) for ax in axes):
        flat = [place for row in rows for place in row]  # squares, by two
        return [flat[start : start + 2] for start in range(0, len(flat), 2)]
    parts = [_parted(row, cells) for row in rows]
    if len({len(part) for part in parts}) == 1 and any(len(line) > 1 for line in parts[0]):
        return [line for group in zip(*parts, strict=True) for line in group]
    return [line for part in parts for line in part]


def _parted(row, cells):
    narrowest = min(place[2] for place in row)
    tiles = all(_is_tile(ax) for place in row for ax in cells[place])
    room = int(PHONE / min(_TILE, narrowest)) if tiles else 2 if narrowest < 1.5 else 1
    n_lines = math.ceil(len(row) / room)
    per = math.ceil(len(row) / n_lines)
    lines = [row[start : start + per] for start in range(0, len(row), per)]
    for line in lines[1:]:
        _name_again(cells[row[0]][0].yaxis.label, cells[line[0]][0])
    return lines


def _name_again(label, ax):
    """Write the name of a row of tiles at its second line, too."""
    if not ax.get_ylabel() and _is_tile(ax):
        alignment = {"ha": label.get_ha(), "va": label.get_va()}
        ax.set_ylabel(label.get_text(), rotation=label.get_rotation(), **alignment)


def _place(figure, lines, cells):
    """Put each line of panels into a row of a new grid."""
    heights = [_height(line, cells) for line in lines]
    figure.set_size_inches(PHONE, sum(heights) + sum(_titles(line, cells) for line in lines))
    most = max(map(len, lines))
    grid = figure.add_gridspec(len(lines), most, height_ratios=heights)
    for row, line in enumerate(lines):
        span = most // len(line) if most % len(line) == 0 else 1
        for at, place in enumerate(line):
            for ax in cells[place]:
                ax.set_subplotspec(grid[row, at * span : (at + 1) * span])


def _titles(line, cells):
    """Return the room for titles above tiles, which their height leaves out."""
    axes = [ax for place in line for ax in cells[place]]
    return 0.25 if all(map(_is_tile, axes)) and any(ax.get_title() for ax in axes) else 0


def _height(line, cells):
    """Return the height of a line: panels keep their shape, and room for labels."""
    shape = max(_shape(place, cells[place]) for place in line)
    axes = [ax for place in line for ax in cells[place]]
    width = PHONE / len(line)
    if all(map(_is_tile, axes)):
        names = max(_width_of([ax.yaxis.label]) for ax in axes)
        return (PHONE - names) / len(line) * shape
    if any(ax.get_aspect() != "auto" for ax in axes):
        return width * shape + 0.1
    return min(max(height for *_, height in line), 0.85 * PHONE)


def _shape(place, axes):
    """Return height over width of a panel; an image in it may be flatter than its place."""
    boxes = [ax.get_data_ratio() for ax in axes if ax.get_aspect() == 1]
    return min([place[3] / place[2], *boxes])


def _give_labels(rows, cells):
    """Give panels the labels and numbers that they had from their neighbours."""
    for row in rows:
        _hand_on([ax for place in row for ax in cells[place]], "y")
    lefts = {place[0] for row in rows for place in row}
    for left in lefts:
        column = [place for row in reversed(rows) for place in row if place[0] == left]
        _hand_on([ax for place in column for ax in cells[place]], "x")


def _hand_on(axes, which):
    """Give each panel the label of the first, if it shares the axis with it."""
    first = axes[0]
    shared = getattr(first, f"get_shared_{which}_axes")()
    side = {"x": "labelbottom", "y": "labelleft"}[which]
    for ax in axes[1:]:
        if shared.joined(first, ax) and not _is_tile(ax):
            ax.tick_params(axis=which, **{side: True})
            if not getattr(ax, f"get_{which}label")():
                ax.set(**{f"{which}label": getattr(first, f"get_{which}label")()})


def _fit_words(ax):
    """Break titles and labels that are longer than their panel."""
    size = ax.figure.get_size_inches()
    spec = ax.get_subplotspec()
    legend = ax.get_legend()
    for text in legend.get_texts() if legend else ():
        _wrap(text, 0.7 * size[0])
    if spec is None:
        return
    box = spec.get_position(ax.figure)
    for text in (ax.title, ax.xaxis.label):
        _wrap(text, 1.2 * box.width * size[0])
    if not _is_tile(ax):
        _wrap(ax.yaxis.label, 1.1 * box.height * size[1])


def _wrap(text, room):
    most = max(8, int(room * 72 / (0.58 * text.get_fontsize())))
    lines = text.get_text().split("\n")
    if max(map(len, lines)) > most and "$" not in text.get_text():
        text.set_text("\n".join(textwrap.fill(line, most) for line in lines))


def _width_of(texts, n_more=0):
    """Return about how many inches texts of one size take, in letters and some more."""
    longest = max(len(line) for text in texts for line in text.get_text().split("\n"))
    return (0.55 * longest + n_more) * texts[0].get_fontsize() / 72


def _gather_names(ax):
    """Put names that stand beside the ends of curves into a legend, if they take the curves' room.

    Returns whether they did.
    """
    lines = {line.get_label(): line for line in ax.lines}
    named = [one for one in ax.texts if isinstance(one, Annotation) and one.get_text() in lines]
    beside = [one for one in named if one.xycoords == "axes fraction" and one.xy[0] > 1]
    if not beside or _width_of(beside) <= _MOST_BESIDE * PHONE:
        return False
    from_top = sorted(beside, key=lambda text: -text.xy[1])
    ax.legend(handles=[lines[text.get_text()] for text in from_top])
    for text in beside:
        text.remove()
    return True


def _lift_legend(ax, *, always):
    """Set a legend above its panel where inside it would lie on the lines."""
    legend = ax.get_legend()
    texts = legend.get_texts() if legend else ()
    if not texts or ax.get_subplotspec() is None:
        return
    figure, size = ax.figure, texts[0].get_fontsize()
    lines = [line for text in texts for line in text.get_text().split("\n")]
    wide = _width_of(texts, 4)  # with the handles
    if always or wide > _MOST_INSIDE * ax.get_subplotspec().get_position(figure).width * PHONE:
        title = ax.title
        n_above = title.get_text().count("\n") + 1 if title.get_text() else 0
        above = ScaledTranslation(0, n_above * title.get_fontsize() / 50, figure.dpi_scale_trans)
        legend.set_loc("lower left")
        legend.set_bbox_to_anchor((0, 1), ax.transAxes + above)
        figure.set_figheight(figure.get_figheight() + 1.5 * len(lines) * size / 72)


def _narrow_legends(figure):
    """Set the figure's legends in as many columns as there is room for."""
    for legend in [one for one in figure.legends if one.get_texts()]:
        words = [text.get_text() for text in legend.get_texts()]
        size = legend.get_texts()[0].get_fontsize()
        longest = max(map(len, words)) + 4
        columns = max(1, int(PHONE * 72 / (0.6 * size * longest)))
        handles = legend.legend_handles
        legend.remove()
        figure.legend(handles, words, loc="outside upper center", ncols=columns, fontsize=size)


def _enlarge(figure):
    """Let no letter be smaller than can be read, exponents included."""
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            if axis.get_scale() != "linear":
                axis.set_tick_params(labelsize=_SMALLEST / 0.7)
        minor = ax.xaxis.get_minor_locator()
        if isinstance(minor, LogLocator) and ax.xaxis.get_transform().base == 10:
            ax.xaxis.set_minor_locator(LogLocator(subs=(2, 5)))  # more would run together
    for text in figure.findobj(Text):
        least = _SMALLEST / 0.7 if "$" in text.get_text() else _SMALLEST
        text.set_fontsize(max(text.get_fontsize(), least))
