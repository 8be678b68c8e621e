"""The block of HTML that a moving figure is on a page, and its still picture elsewhere."""

import html
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from tinynets import checks
from tinynets.explorables.controls import Control
from tinynets.plots.svg import Drawn, layouts

_NAME = re.compile(r"[a-z][a-z0-9-]*")


@dataclass(frozen=True)
class Explorable:
    """One block of raw HTML for a page of the site, and a still picture for a notebook.

    Attributes
    ----------
    html : str
    svg : str
        The picture that is seen without JavaScript, in print and in Jupyter.
    """

    html: str
    svg: str

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        if "QUARTO_FIG_FORMAT" in os.environ:  # Quarto or the built-in renderer runs the cell
            return {"text/markdown": f"```{{=html}}\n{self.html}\n```", "text/plain": repr(self)}
        return {"image/svg+xml": self.svg, "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"<explorable, {len(self.html):,} characters>"


@checks.arguments()
def live(
    name: str,
    *,
    module: str,
    heights: tuple[int, int],
    title: str,
    question: str,
    answer: str,
    alt_text: str,
    still: Drawn,
    narrow: Drawn | None = None,
    controls: Sequence[Control],
    data: Mapping,
    runs: bool = False,
    step_label: str = "Step",
    play: str | None = None,
    every: int = 400,
    buttons: Mapping[str, str] | None = None,
) -> Explorable:
    """Make the block of a figure that a module in `explore/figures/` brings to life.

    Number and caption come from the cell: give it a `label: fig-…` and a `fig-cap`.

    Parameters
    ----------
    name : str
        Lower-case letters, digits and hyphens; unique on its page. The state stands in the
        address as `name.control=value`.
    module : str
        File in `explore/figures/`, without `.js`.
    heights : (int, int)
        Of what the module draws, in CSS pixels, in columns 320 and 680 wide. The still picture
        takes that room where the module is about to take its place, so that nothing moves.
    title, question, answer : str
        The question is answered by moving the figure; the answer, a sentence or two, folds
        open below it.
    alt_text : str
        What the eye sees at the start.
    still : Figure or Axes
        The state in which the figure starts, or several; it is closed.
    narrow : Figure or Axes, optional
        The same drawn for phones, where `tinynets.plots.phone` can't lay the other out anew.
    controls : sequence of Slider, Choice, Switch, Points
        In the order in which they stand.
    data : mapping
        What else the module needs; JSON can hold it.
    runs : bool
        Whether the figure makes steps of its own: adds Play and a button for one step.
    step_label : str
        What that button says.
    play : str, optional
        Name of the control that Play moves on instead, every so many milliseconds.
    every : int
        Milliseconds between two steps of Play.
    buttons : mapping of str to str, optional
        Further buttons: what the module is told, and what they say.

    Returns
    -------
    Explorable
        To end a cell with.

    Raises
    ------
    ValueError
        If a name is malformed or used twice, or a text is empty.
    """
    drawn, on_phone = layouts(still)  # first, for it closes the figure
    on_phone = layouts(narrow)[0] if narrow else on_phone
    for what, text in (("name", name), ("module", module)):
        if not _NAME.fullmatch(text):
            raise ValueError(f"{what} must be lower-case letters, digits and hyphens, got {text!r}")
    said = {"title": title, "question": question, "answer": answer, "alt_text": alt_text}
    for what, text in said.items():
        if not text.strip():
            raise ValueError(
                f"{what} of explorable {name!r} must not be empty: say it to the reader"
            )
    names = [control.name for control in controls]
    if len(set(names)) < len(names):
        raise ValueError(f"controls of explorable {name!r} must differ in name, got {names}")
    if play is not None and play not in names:
        raise ValueError(f"play must name one of the controls {names}, got {play!r}")
    known = dict(data) | {"controls": [c.data() for c in controls], "alt": alt_text}
    known |= {"play": {"control": play, "every": every}} if play else {}
    actions = {"play": "Play"} if runs or play else {}
    actions |= {"step": step_label} if runs or play else {}
    actions |= {**(buttons or {}), "reset": "Reset"}
    picture = _picture(drawn, on_phone, alt_text)
    block = _block(name, module, heights, said, controls, actions, picture, known)
    return Explorable(block, drawn)


def _block(name, module, heights, said, controls, actions, picture, known) -> str:
    text = {what: html.escape(words) for what, words in said.items()}
    rows = "".join(control.html(f"{name}-{control.name}") for control in controls)
    pressed = "".join(
        f'<button type="button" data-press="{what}">{html.escape(label)}</button>'
        for what, label in actions.items()
    )
    data = json.dumps(known, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    data = data.replace("<", "\\u003c")  # no tag can end the script
    return (
        f'<div class="explorable" id="explorable-{name}" data-name="{name}" '
        f'data-module="{module}">\n'
        f'<p class="explorable-question"><strong>{text["title"]}.</strong> {text["question"]}</p>\n'
        f'<fieldset class="explorable-controls" disabled aria-label="Controls of the figure">'
        f'{rows}<div class="explorable-buttons">{pressed}</div></fieldset>\n'
        f'<div class="explorable-view" style="--narrow: 320/{heights[0]}; '
        f'--wide: 680/{heights[1]}">\n{picture}\n</div>\n'
        '<p class="explorable-says" aria-hidden="true"></p><p class="explorable-motion"></p>'
        '<output class="explorable-spoken"></output>\n'
        f'<details class="explorable-answer"><summary>Answer</summary>'
        f"<p>{text['answer']}</p></details>\n"
        f'<script type="application/json" class="explorable-data">{data}</script>\n</div>'
    )


def _picture(svg: str, narrow: str | None, alt_text: str) -> str:
    """Return an SVG file as an image within the page, on phones the other one, if there is one."""
    image = f'<img class="explorable-still" {_address("src", svg)} alt="{html.escape(alt_text)}">'
    if narrow is None:
        return image
    source = f'<source media="(max-width: 600px)" {_address("srcset", narrow)}>'
    return f"<picture>{source}{image}</picture>"


def _address(attribute: str, svg: str) -> str:
    """Return attributes with an SVG file as an address, and with its size in pixels."""
    svg = re.sub(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->", "", svg, flags=re.S).strip()
    kept = "/:=;,'()!*@?&+$" + " " * (attribute == "src")  # in `srcset` a space ends an address
    address = quote(re.sub(r"\s+", " ", svg).replace('"', "'"), safe=kept)
    sizes = " ".join(
        f'{name}="{float(re.search(rf" {name}=.([0-9.]+)pt", svg)[1]) * 96 / 72:.0f}"'
        for name in ("width", "height")
    )
    return f'{attribute}="data:image/svg+xml,{address}" {sizes}'
