"""Figures that a reader moves.

A cell that ends in an `Explorable` puts one block of HTML on the page: a
question, controls, the still picture that is seen without JavaScript, in print
and in the feed, and data that a module in `explore/` brings to life. Of what
runs there, the numeric core is held to `tinynets` by tests; a figure that only
shows numbers computed here can be an Altair chart (`explorable`).
"""

import re

import vl_convert

from tinynets.explorables.block import Explorable, live
from tinynets.explorables.controls import Choice, Control, Points, Slider, Switch

__all__ = [
    "TEXT",
    "Choice",
    "Control",
    "Explorable",
    "Points",
    "Slider",
    "Switch",
    "explorable",
    "live",
    "still_image",
    "style",
]

TEXT = "currentColor"  # text and axes take the colour of the page's text

_FONT = "system-ui, sans-serif"


def style(chart):
    """Give a chart the site's type and colours, without frames.

    Parameters
    ----------
    chart : altair chart
        Any.

    Returns
    -------
    altair chart
        The same, configured.
    """
    axis = {
        "domain": False,
        "ticks": False,
        "grid": False,
        "labelFontSize": 14,
        "titleFontSize": 14,
        "titleFontWeight": "normal",
        "labelColor": TEXT,
        "titleColor": TEXT,
    }
    return (
        chart.configure(font=_FONT, background="transparent", padding=2)
        .configure_view(stroke=None)
        .configure_axis(**axis)
        .configure_title(color=TEXT, fontSize=14, fontWeight="normal")
        .configure_text(color=TEXT, fontSize=14)
        .configure_legend(labelColor=TEXT, titleColor=TEXT, labelFontSize=13)
    )


def explorable(
    chart,
    *,
    name: str,
    title: str,
    question: str,
    answer: str,
    alt_text: str,
    labels: dict | None = None,
    play: str | None = None,
    every: int = 700,
    drag: dict | None = None,
) -> Explorable:
    """Turn an Altair chart with bound parameters into a block for a page.

    Each parameter with `alt.binding_range`, `alt.binding_select` or
    `alt.binding_checkbox` becomes a labelled native control, with the
    binding's `name` as its label; its value goes into the address as
    `name.parameter`. A parameter called `announce` with an expression that
    gives a text is said below the picture, and read out when it rests.

    Parameters
    ----------
    chart : altair chart
        Its parameters hold the state in which it is first seen.
    name : str
        Lower-case letters, digits and hyphens; unique on its page.
    title, question, answer : str
        The question is answered by moving the figure; the answer folds open below it.
    alt_text : str
        What the eye sees at the start.
    labels : dict of str to sequence of str, optional
        What a slider shows for each of its values: `{"time": ["step 0", …]}`.
    play : str, optional
        The parameter that a Play button moves on.
    every : int
        Milliseconds between its steps.
    drag : dict, optional
        Two sliders that dragging moves: `{"across": "turn", "up": "tilt", "per": (0.5, -0.5)}`,
        by so much a pixel; or, with `"group": "concat_0"` in place of `per`, to the place in
        that panel, whose axes span the sliders' ranges.

    Returns
    -------
    Explorable
        To end a cell with.

    Raises
    ------
    ValueError
        If a name is malformed, a text is empty, or no parameter is bound.
    """
    spec = vl_convert.vegalite_to_vega(style(chart).to_dict())
    controls = [
        _control(signal, (labels or {}).get(signal["name"]))
        for signal in spec.get("signals", ())
        if "bind" in signal
    ]
    if not controls:
        raise ValueError(
            f"explorable {name!r} must have a parameter bound to a control: "
            "alt.param(value=…, bind=alt.binding_range(…)); a figure that "
            "doesn't move belongs into tinynets.plots"
        )
    unbound = [{k: v for k, v in signal.items() if k != "bind"} for signal in spec["signals"]]
    spec = {**spec, "signals": unbound}
    return live(
        name,
        module="vega",
        title=title,
        question=question,
        answer=answer,
        alt_text=alt_text,
        still=still_image(spec, name=name),
        controls=controls,
        data={"spec": spec} | ({"drag": drag} if drag else {}),
        play=play,
        every=every,
        inline=True,
    )


def _control(signal: dict, labels) -> Control:
    """Read a control from a Vega signal that is bound."""
    bind, name, value = signal["bind"], signal["name"], signal["value"]
    label = bind.get("name", name).strip()
    if bind["input"] == "select":
        return Choice(name, label, bind["options"], value, bind.get("labels"))
    if bind["input"] == "checkbox":
        return Switch(name, label, value)
    low, high, step = bind["min"], bind["max"], bind["step"]
    if labels is None:
        return Slider(name, label, value, low, high, step)
    stops = [low + i * step for i in range(round((high - low) / step) + 1)]
    return Slider(name, label, value, stops=stops, labels=labels)


def still_image(spec: dict, *, name: str) -> str:
    """Draw a Vega specification as one small SVG element that scales down.

    Marks that can't be seen and digits beyond the third are left out;
    identifiers begin with the name, since a page may hold several images.

    Parameters
    ----------
    spec : dict
        A Vega specification.
    name : str
        Of the figure.

    Returns
    -------
    str
        One `<svg>` element.
    """
    svg = vl_convert.vega_to_svg(spec)
    svg = re.sub(r' aria-[a-z]+="[^"]*"| role="[^"]*"', "", svg)
    svg = re.sub(r'<path [^>]* opacity="0"/>', "", svg)
    svg = re.sub(r"(\d\.\d{3})\d+", r"\1", svg)
    for number, old in enumerate(re.findall(r' id="([^"]+)"', svg), 1):
        # Vega counts its clips through all charts of a process.
        svg = re.sub(rf'( id="|url\(#){re.escape(old)}(?=["\)])', rf"\g<1>{name}-{number}", svg)
    svg = re.sub(r"\s*\n\s*", " ", svg)
    return svg.replace(
        "<svg ",
        '<svg aria-hidden="true" focusable="false" style="max-width: 100%; height: auto" ',
        1,
    )
