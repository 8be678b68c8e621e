"""Figures that a reader moves: an Altair chart as Vega and as a still image.

A cell that ends in an `Explorable` puts one block of HTML on the page: the
still image, seen without JavaScript, in print and in the feed, and the Vega
specification that `assets/explorable.js` brings to life. Every number in it
was computed here, so no second model in JavaScript can drift from the first.
"""

import html
import json
import re
from dataclasses import dataclass

import altair as alt
import vl_convert

INK = "currentColor"  # text and axes take the colour of the page's text
BLUE, VERMILION, GREEN = "#1f7fc4", "#d55e00", "#009e73"
MUTED = "#7c848f"

_NAME = re.compile(r"[a-z][a-z0-9-]*")
_FONT = "system-ui, sans-serif"


@dataclass(frozen=True)
class Explorable:
    """One block of raw HTML, shown by a notebook as Markdown."""

    html: str

    def _repr_markdown_(self) -> str:
        return f"```{{=html}}\n{self.html}\n```"

    def __repr__(self) -> str:
        return f"<explorable, {len(self.html):,} characters>"


def style(chart):
    """Give a chart the site's type and colours, without frames."""
    axis = {
        "domain": False,
        "ticks": False,
        "grid": False,
        "labelFontSize": 14,
        "titleFontSize": 14,
        "titleFontWeight": "normal",
        "labelColor": INK,
        "titleColor": INK,
    }
    return (
        chart.configure(font=_FONT, background="transparent", padding=2)
        .configure_view(stroke=None)
        .configure_axis(**axis)
        .configure_title(color=INK, fontSize=14, fontWeight="normal")
        .configure_text(color=INK, fontSize=14)
        .configure_legend(labelColor=INK, titleColor=INK, labelFontSize=13)
    )


def explorable(chart, *, name: str, alt_text: str) -> Explorable:
    """Turn an Altair chart with bound parameters into a block for a page.

    Each parameter with `alt.binding_range` or `alt.binding_select` becomes
    a labelled native control, with the binding's `name` as its label; its
    value goes into the address as `name.parameter`. A parameter called
    `announce` with an expression that gives a text is said below the
    controls, and read out when it changes.

    Parameters
    ----------
    chart : altair chart
        Its parameters hold the state in which it is first seen.
    name : str
        Lower-case letters, digits and hyphens; unique on its page.
    alt_text : str
        What the eye sees, for those who don't.

    Raises
    ------
    ValueError
        If the name is malformed, the text is empty, or no parameter is bound.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"name must be lower-case letters, digits and hyphens, got {name!r}")
    if not alt_text.strip():
        raise ValueError(
            f"alt_text of explorable {name!r} must say what the eye sees, got an empty text"
        )
    spec = vl_convert.vegalite_to_vega(style(chart).to_dict())
    if not any("bind" in signal for signal in spec.get("signals", ())):
        raise ValueError(
            f"explorable {name!r} must have a parameter bound to a control: "
            "alt.param(value=…, bind=alt.binding_range(…)); a figure that "
            "doesn't move belongs into tinynets.plots"
        )
    return Explorable(_block(spec, name, alt_text))


def _block(spec: dict, name: str, alt_text: str) -> str:
    unbound = [
        {key: value for key, value in signal.items() if key != "bind"} for signal in spec["signals"]
    ]
    still = still_image({**spec, "signals": unbound}, name=name)
    data = json.dumps(spec, separators=(",", ":"), ensure_ascii=False)
    data = data.replace("<", "\\u003c")  # no tag can end the script
    label = html.escape(alt_text, quote=True)
    return (
        f'<div class="explorable" id="explorable-{name}" '
        f'data-name="{name}">\n'
        f'<div class="explorable-view" role="img" aria-label="{label}">\n'
        f'{still}\n</div>\n<script type="application/json" '
        f'class="explorable-spec">{data}</script>\n</div>'
    )


def still_image(spec: dict, *, name: str) -> str:
    """Draw a Vega specification as one small SVG element that scales down.

    Marks that can't be seen and digits beyond the third are left out;
    identifiers begin with the name, since a page may hold several images.
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
