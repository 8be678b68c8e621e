"""What both engines leave to be done on a finished page: formulas, tables, figures, code.

Each step takes HTML and returns HTML, and does nothing to what it has done already.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape, unescape

from render.facts import SET_UP
from render.layout.exercises import headed
from render.layout.markup import Element, edited, elements

Sizes = Callable[[str], tuple[int, int] | None]

THIN = '<mspace width="0.167em"/>'
NAMES = frozenset(
    "arg cos cosh det diag dim exp inf lim ln log max min sin sinh sup tan tanh tr 𝔼".split()  # noqa: SIM905
)
SCRIPTED = ("msub", "msup", "msubsup", "munder", "mover", "munderover")
FORMULA = re.compile(r"(<math\b[^>]*>)(.*?)(</math>)", re.DOTALL)
BAR = re.compile(r'<mo stretchy="true" form="(prefix|postfix)">([‖∥|])</mo>')
TEX = re.compile(r"<annotation[^>]*>(.*?)</annotation>", re.DOTALL)

VERBATIM = re.compile(
    r"(<(?:pre|code|script|annotation)\b.*?</(?:pre|code|script|annotation)>)", re.S
)
APART = re.compile(r"(?<=\d) (?=%|× \d)|(?<=\d ×) (?=\d)|(?<=\d\u00a0×) (?=\d)")

LONG = 30  # characters of TeX that may not fit on a phone's line
CLOSED = re.compile(r"(\(?)<math\b((?:(?!</math>).)*)</math>([.,;:!?)”’]*)", re.DOTALL)

MANY = 600  # pixels: an image drawn wider than this has several panels, or much text
SECTION = re.compile(
    r'(<section\b[^>]*?) id=("[^"]+")([^>]*\bclass="[^"]*\blevel[1-6]\b[^>]*>\s*)'
    r"(<h[1-6])((?:(?! id=)[^>])*>)"
)

CELL = re.compile(r"(<t[dh]\b[^>]*>)(.*?)(</t[dh]>)", re.DOTALL)
MINUS = re.compile(r"(?<![\w\d)\]⁻-])-(?=\.?\d)")
POWER = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)e([+-−])0*(\d+)\b")
VALUE = re.compile(r"[^A-Za-z]*\d[^A-Za-z]*|(?=.*\d)[^A-Za-z]*(?:%|s|ms|min|h|MB|kB)[^A-Za-z]*")
WIDEST = 26  # characters of a value that stays on one line


def polish(html: str, sizes: Sizes) -> str:
    """Finish the content of a page.

    Parameters
    ----------
    html
        The content, as the engine wrote it.
    sizes
        Gives width and height in pixels of an image by its address, or None.
    """
    html = tables(hold_punctuation(formulas(whole_values(html))))
    return figures(code_below(without_set_up(headed(headings(html)))), sizes)


def whole_values(html: str) -> str:
    """Keep a number and its per cent, and the two sides of a size, on one line."""
    pieces = VERBATIM.split(html)
    pieces[::2] = [APART.sub("\u00a0", piece) for piece in pieces[::2]]
    return "".join(pieces)


def formulas(html: str) -> str:
    """Set named functions off from their neighbours, and bars no taller than their content."""
    return FORMULA.sub(_formula, html)


def _formula(match: re.Match) -> str:
    opening, inner, closing = match.groups()
    tex = TEX.search(inner)
    if tex is None or r"\left" not in tex[1]:
        inner = BAR.sub(r'<mo stretchy="false" form="\1">\2</mo>', inner)
    found = elements(inner)
    places = {at for one in found if _is_function(one, inner) for at in _thin(_whole(one), inner)}
    return opening + edited(inner, [(at, at, THIN) for at in places]) + closing


def _text(one: Element, html: str) -> str:
    text = unescape(re.sub(r"<[^>]+>", "", html[one.inner : one.inner_end]))
    return text.strip("\u2061 \n")


def _is_function(one: Element, html: str) -> bool:
    """Tell whether this is a name such as log, or letters set upright as one."""
    if one.tag == "mi":
        return _text(one, html) in NAMES
    upright = [child.attrs.get("mathvariant") == "normal" for child in one.children]
    return one.tag == "mrow" and len(upright) > 1 and all(upright) and _text(one, html) in NAMES


def _whole(one: Element) -> Element:
    """Climb to what the name stands for: with its limits, in its row of one."""
    around = one.parent
    while around is not None and around.children[0] is one:
        only = all(child.tag == "mo" for child in around.children[1:])
        if around.tag not in SCRIPTED and not (around.tag == "mrow" and only):
            break
        one, around = around, around.parent
    return one


def _thin(one: Element, html: str) -> Iterator[int]:
    """Where a function wants a thin space, as TeX sets it: before and after what is no sign."""
    if one.parent is None or one.parent.tag in SCRIPTED or one.parent.tag == "mfrac":
        return
    row = one.parent.children
    at = row.index(one)
    if at and _is_operand(row[at - 1], html):
        yield one.start
    if at + 1 < len(row) and row[at + 1].tag not in ("mo", "mspace", "annotation"):
        yield one.end


def _is_operand(one: Element, html: str) -> bool:
    if one.tag == "mo":
        return one.attrs.get("form") == "postfix"
    return one.tag not in ("mspace", "mtext") and _text(one, html) not in ("−", "-", "/", "∑", "∏")


def hold_punctuation(html: str) -> str:
    """Keep a bracket before a short formula, and what closes a clause after it, on its line."""

    def held(match: re.Match) -> str:
        tex = TEX.search(match[0])
        short = tex is not None and len(unescape(tex[1])) <= LONG
        is_block = 'display="block"' in match[2][: match[2].index(">")]
        alone = not (match[1] or match[3])
        done = html.startswith('<span class="nobr">', match.start() - 19)
        if alone or done or is_block or not short:
            return match[0]
        return f'<span class="nobr">{match[0]}</span>'

    return CLOSED.sub(held, html)


def tables(html: str) -> str:
    """Set a table's numbers: true minus, powers of ten, a value never broken."""
    return CELL.sub(_cell, html)


def _cell(match: re.Match) -> str:
    opening, inner, closing = match.groups()
    if "<math" in inner or "<code" in inner or "<pre" in inner:
        return match[0]
    pieces = re.split(r"(<[^>]+>)", inner)
    pieces[::2] = [POWER.sub(_power, MINUS.sub("−", piece)) for piece in pieces[::2]]
    inner = "".join(pieces)
    text = unescape(re.sub(r"<[^>]+>", "", inner)).strip()
    if opening.startswith("<td") and len(text) <= WIDEST and VALUE.fullmatch(text):
        opening = _with_class(opening, "value")
    return opening + inner + closing


def _power(match: re.Match) -> str:
    sign = "" if match[2] == "+" else "−"
    return f"{match[1]}\u00a0×\u00a010<sup>{sign}{match[3]}</sup>"


def _with_class(tag: str, name: str) -> str:
    if 'class="' not in tag:
        return f'{tag[:-1]} class="{name}">'
    given = re.search(r'class="([^"]*)"', tag)[1].split()
    return tag if name in given else tag.replace('class="', f'class="{name} ', 1)


def headings(html: str) -> str:
    """Give a section's id to its heading, which is where search leads to."""
    return SECTION.sub(r"\1\3\4 id=\2\5", html)


def without_set_up(html: str) -> str:
    """Take out the folded cell that a page begins with: its code stands below the page.

    So a page's first screen is its text or its picture. A cell that has outputs stays.
    """
    cells = (one for one in elements(html) if one.id == SET_UP and "cell" in one.classes)
    cell = next(cells, None)
    if cell is None or not all("code-fold" in one.classes for one in cell.children):
        return html
    return html[: cell.start] + html[cell.end :]


def code_below(html: str) -> str:
    """Put the folded code of a cell below the figure or table that it makes."""
    edits = []
    for cell in elements(html):
        if cell.tag != "div" or "cell" not in cell.classes:
            continue
        fold = next((one for one in cell.children if "code-fold" in one.classes), None)
        if fold is None or not any(map(_is_shown, _after(fold, cell))):
            continue
        edits.append((fold.start, fold.end, ""))
        edits.append((cell.inner_end, cell.inner_end, html[fold.start : fold.end] + "\n"))
    return edited(html, edits)


def _after(one: Element, parent: Element) -> list[Element]:
    return parent.children[parent.children.index(one) + 1 :]


def _is_shown(one: Element) -> bool:
    shown = {"cell-output-display", "quarto-float", "quarto-figure", "quarto-layout-panel"}
    return bool(shown & set(one.classes)) or one.tag in ("figure", "table")


def figures(html: str, sizes: Sizes) -> str:
    """Give images their size, so that nothing moves while they load.

    A drawing that has a second layout for phones beside it becomes a `<picture>` of both; a
    wide one that has none is marked, and scrolls.
    """
    edits = []
    for image in elements(html):
        if image.tag != "img" or {"width", "height"} & set(image.attrs):
            continue
        size = sizes(image.attrs.get("src", ""))
        if size is None:
            continue
        tag = html[image.start : image.end]
        narrow = phone_of(image.attrs["src"])
        second = sizes(narrow) if narrow else None
        if size[0] > MANY and not second:
            tag = _with_class(tag, "many")
        tag = f'<img width="{size[0]}" height="{size[1]}"{tag[len("<img") :]}'
        if second:
            tag = _picture(tag, narrow, second)
        edits.append((image.start, image.end, tag))
    return edited(html, edits)


def phone_of(src: str) -> str | None:
    """Return where a drawing's layout for phones would lie; None if it can't have one."""
    return f"{src[: -len('.svg')]}-phone.svg" if src.endswith(".svg") else None


def _picture(tag: str, narrow: str, size: tuple[int, int]) -> str:
    source = f'media="(max-width: 600px)" srcset="{escape(narrow)}"'
    return f'<picture><source {source} width="{size[0]}" height="{size[1]}">{tag}</picture>'
