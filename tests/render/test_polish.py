"""What is done to finished pages: formulas, tables, code below figures, sizes of images."""

import struct

import pytest
from bs4 import BeautifulSoup

from render.layout import images, markup, pandoc, polish


def math(tex, display=False):
    return pandoc.formulas([(tex, display)])[0]


def soup(html):
    return BeautifulSoup(html, "html.parser")


def finished(html):
    return polish.polish(html, lambda src: (30, 20))


@pytest.mark.parametrize("tex", [r"a \log p", r"\exp x", r"(a)\cos\theta", r"\operatorname{tr} A"])
def test_named_functions_stand_off_from_their_neighbours(tex):
    assert "<mspace" not in math(tex)
    assert "<mspace" in polish.formulas(math(tex))


@pytest.mark.parametrize("tex", [r"\log(p)", r"-\log(p)", r"x_{\max}", r"\frac{\log(x)}{\exp(x)}"])
def test_a_function_keeps_close_to_its_parenthesis_and_its_sign(tex):
    assert "<mspace" not in polish.formulas(math(tex))


def test_a_functions_limits_stay_its_own():
    function = soup(polish.formulas(math(r"\max_i x_i"))).find("msub")
    assert len(function.find_all(recursive=False)) == 2
    assert function.find_next_sibling().name == "mspace"


def test_norm_bars_stretch_only_where_the_author_asks_for_it():
    plain, asked = (
        polish.formulas(math(tex)) for tex in (r"\lVert w_k\rVert", r"\left\lVert w_k\right\rVert")
    )
    assert 'stretchy="true"' not in plain
    assert asked.count('stretchy="true"') == 2


def test_punctuation_stays_with_a_short_formula():
    held = polish.hold_punctuation(f"<p>of {math('x')}, and {math('y')} too</p>")
    assert [one.get_text()[-1] for one in soup(held).select("span.nobr")] == [","]
    opened = polish.hold_punctuation(f"<p>(that is {math('x')} and ({math('y')} too))</p>")
    assert [one.get_text()[0] for one in soup(opened).select("span.nobr")] == ["("]
    assert polish.hold_punctuation(opened) == opened
    long = math("+".join("abcdefghijklmnop"))
    assert "nobr" not in polish.hold_punctuation(f"<p>{long}, and</p>")
    assert "nobr" not in polish.hold_punctuation(f"<p>{math('x', display=True)}.</p>")


def test_a_number_keeps_its_per_cent_and_a_size_its_sides():
    html = "<p>95 % of 28 × 28</p><pre>7 % 3</pre><p><code>8 % 3</code> by 3 or % of 2</p>"
    spaced = polish.whole_values(html).replace("\u00a0", "~")
    assert spaced == html.replace("95 %", "95~%").replace("28 × 28", "28~×~28")


CELLS = [
    ("-0.81", "−0.81"),
    ("1.5 (-2-3)", "1.5 (−2-3)"),
    ("8.3e-05", "8.3 × 10−5"),
    ("2e+06", "2 × 106"),
    ("x-1", "x-1"),
    ("2026-11-20", "2026-11-20"),
    ("one-half", "one-half"),
]


@pytest.mark.parametrize(("written", "shown"), CELLS)
def test_numbers_in_tables_have_a_true_minus_and_powers(written, shown):
    cell = soup(polish.tables(f"<table><tr><td>{written}</td></tr></table>")).td
    assert cell.get_text().replace("\u00a0", " ") == shown
    assert bool(cell.sup) == ("e" in written and "×" in shown)


def test_code_in_a_table_stays_as_it_is():
    html = "<td><code>x[-1]</code> -1</td>"
    assert polish.tables(html) == html


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("92.1 % ± 0.1", True),
        ("1.54 (1.33–1.64)", True),
        ("12.8 s", True),
        ("a claim of 3 words", False),
        ("–", False),
    ],
)
def test_a_value_is_never_broken(text, whole):
    cell = soup(polish.tables(f'<td style="text-align: left;">{text}</td>')).td
    assert ("value" in cell.get("class", [])) == whole


FOLD = '<details class="code-fold"><summary>Code</summary><pre>x</pre></details>'
SHOWN = '<div class="cell-output cell-output-display"><figure></figure></div>'
PRINTED = '<div class="cell-output cell-output-stdout"><pre>x</pre></div>'


def order(html):
    cell = soup(polish.code_below(html)).div
    return [one.name for one in cell.find_all(recursive=False)]


def test_folded_code_goes_below_its_figure():
    assert order(f'<div class="cell">{FOLD}\n{SHOWN}\n</div>') == ["div", "details"]
    assert order(f'<div class="cell">{FOLD}{PRINTED}{SHOWN}</div>') == ["div", "div", "details"]


def test_folded_code_without_a_figure_stays():
    assert order(f'<div class="cell">{FOLD}{PRINTED}</div>') == ["details", "div"]


def test_images_get_their_size_unless_they_have_one():
    html = '<p><img src="a.svg" alt="A"><img src="b.svg" width="5" alt="B"></p>'
    first, second = soup(finished(html)).find_all("img")
    assert (first["width"], first["height"]) == ("30", "20")
    assert second["width"] == "5" and "height" not in second.attrs


@pytest.mark.parametrize(("width", "many"), [(600, False), (601, True)])
def test_a_wide_drawing_is_marked_as_one_of_many_parts(width, many):
    image = soup(polish.figures('<img class="x" src="a.svg">', {"a.svg": (width, 9)}.get)).img
    assert ("many" in image["class"]) == many and "x" in image["class"]


def test_a_drawing_with_a_second_layout_for_phones_is_a_picture_of_both():
    sizes = {"a.svg": (680, 200), "a-phone.svg": (320, 500)}.get
    html = polish.figures('<p><img src="a.svg" alt="A"></p>', sizes)
    source, image = soup(html).picture.find_all(["source", "img"])
    assert source["srcset"] == "a-phone.svg" and "max-width" in source["media"]
    assert (source["width"], source["height"], image["width"]) == ("320", "500", "680")
    assert "many" not in image.get("class", []) and polish.figures(html, sizes) == html


def test_a_sections_id_goes_to_its_heading():
    html = '<section id="one" class="level2">\n<h2 class="x">One</h2></section>'
    assert soup(polish.headings(html)).h2["id"] == "one"
    assert "id" not in soup(polish.headings(html)).section.attrs


def test_what_is_finished_stays_as_it_is():
    log, norm = math(r"a \log p"), math(r"\lVert x\rVert")
    html = f"""<section id="a" class="level2"><h2>A</h2><p>{log}, {norm}.
    </p><div class="cell">{FOLD}{SHOWN}</div><img src="a.svg" alt=""><table><tr><td>-1e-3</td></tr>
    </table></section>"""
    once = finished(html)
    assert once != html
    assert finished(once) == once


def test_elements_are_found_with_all_that_is_in_them():
    html = '<p>a<br>b <img alt="1 > 0"/></p><!-- <p> --><script>"<b>"</script><div><i>c</i></div>'
    found = markup.elements(html)
    assert [one.tag for one in found] == ["p", "br", "img", "div", "i"]
    assert [html[one.start : one.end] for one in found if one.tag in ("p", "div")] == [
        '<p>a<br>b <img alt="1 > 0"/></p>',
        "<div><i>c</i></div>",
    ]
    assert found[2].attrs == {"alt": "1 > 0"}
    assert found[4].parent is found[3]


SVG = '<?xml version="1.0"?>\n<svg {} xmlns="http://www.w3.org/2000/svg"></svg>'


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ('width="510pt" height="367.2pt" viewBox="0 0 1 1"', (680, 490)),
        ('width="30" height="20px"', (30, 20)),
        ('viewBox="0 0 64 32"', (64, 32)),
        ("", None),
    ],
)
def test_the_size_of_an_svg_is_read(tmp_path, attributes, size):
    (tmp_path / "a.svg").write_text(SVG.format(attributes))
    assert images.size(tmp_path / "a.svg") == size


def test_the_size_of_a_png_is_read(tmp_path):
    header = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 640, 480)
    (tmp_path / "a.png").write_bytes(header)
    assert images.size(tmp_path / "a.png") == (640, 480)
    assert images.size(tmp_path / "none.png") is None


SET_UP = """<div id="setup" class="cell" data-execution_count="1">
<details class="code-fold"><summary>Imports</summary><pre>import torch</pre></details>{}</div><p>Text.</p>"""


def test_a_page_does_not_begin_with_its_folded_set_up():
    assert polish.without_set_up(SET_UP.format("")) == "<p>Text.</p>"
    said = SET_UP.format('<div class="cell-output"><pre>A warning.</pre></div>')
    assert polish.without_set_up(said) == said
    other = SET_UP.format("").replace("setup", "train")
    assert polish.without_set_up(other) == other
