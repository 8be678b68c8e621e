"""What other sites show of a page: a PNG of its picture, for both engines alike."""

import io

import pytest
from bs4 import BeautifulSoup
from PIL import Image

from render.errors import RenderError
from render.layout import share
from tests.render.helpers import build

SQUARE = '<svg xmlns="http://www.w3.org/2000/svg" width="{side}" height="{side}" '
SQUARE += 'viewBox="0 0 9 9"><rect width="9" height="9" fill="{colour}"/></svg>'
CONFIGURED = '---\ntitle: A\ndescription: D\nimage: a.svg\nimage-alt: "A red \\"square\\"."\n---\n'
SHOWN = "---\ntitle: B\ndescription: D\nimage: a.svg\nimage-alt: Red.\n---\n\n"
SHOWN += '![](b.svg){fig-alt="A <square>."}\n'
PLAIN = "---\ntitle: C\ndescription: D\n---\n\nNo picture.\n"


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    pages = {
        "index.qmd": '---\ntitle: Home\n---\n\n![](posts/a.svg){fig-alt="A square."}\n',
        "posts/a.qmd": CONFIGURED,
        "posts/b.qmd": SHOWN,
        "posts/c.qmd": PLAIN,
        "posts/a.svg": SQUARE.format(side=9, colour="red"),
        "posts/b.svg": SQUARE.format(side="100%", colour="blue"),
    }
    return build(tmp_path_factory.mktemp("share"), pages)


def named(out, page, name):
    soup = BeautifulSoup((out / page).read_text("utf-8"), "html.parser")
    return soup.find("meta", property=name)["content"]


def colours(out, address):
    assert address.startswith("https://tiny.example/nets/")
    image = Image.open(out / address.removeprefix("https://tiny.example/nets/")).convert("RGB")
    assert image.size == (1200, 630)
    return image.getpixel((600, 315)), image.getpixel((5, 5))


def test_a_page_is_shown_by_its_first_figure_else_its_picture_else_the_homes(out):
    paper = (0xFD, 0xFC, 0xFA)
    assert colours(out, named(out, "posts/a.html", "og:image")) == ((255, 0, 0), paper)
    assert colours(out, named(out, "posts/b.html", "og:image")) == ((0, 0, 255), paper)
    assert named(out, "posts/c.html", "og:image") == named(out, "index.html", "og:image")
    assert named(out, "posts/a.html", "og:image:alt") == 'A red "square".'
    assert named(out, "posts/b.html", "og:image:alt") == "A <square>."
    assert named(out, "posts/c.html", "og:image:alt") == "A square."


def test_where_the_first_figure_moves_the_page_is_shown_by_its_picture(tmp_path):
    class Page:
        source, href, meta = "x.qmd", "x.html", {"image": "a.svg", "image-alt": "Red."}

    class Shown:
        body = "<img alt='Still.' src=\"data:image/svg+xml,%3Csvg viewBox='0 0 1 1'/%3E\">"

    (tmp_path / "a.svg").write_text(SQUARE.format(side=9, colour="red"), "utf-8")
    found = share.picture(Page, Shown, tmp_path, tmp_path / "kept")
    assert found == ("share/x.png", "Red.")


def test_a_square_fills_the_height_between_the_margins(out):
    image = Image.open(out / "share" / "posts-a.png").convert("RGB")
    red = [y for y in range(630) if image.getpixel((600, y)) == (255, 0, 0)]
    assert (red[0], red[-1]) == (share.MARGIN, 629 - share.MARGIN)


def test_a_still_picture_and_a_png_are_shown_too(tmp_path):
    class Page:
        source, href, meta = "x.qmd", "x.html", {}

    class Shown:
        body = "<img alt='' src=\"data:image/svg+xml,%3Csvg viewBox='0 0 1 1'/%3E\">"

    found = share.picture(Page, Shown, tmp_path, tmp_path / "kept")
    assert found == ("share/x.png", "")
    buffer = io.BytesIO()
    Image.new("RGB", (4, 2), "lime").save(buffer, "png")
    (tmp_path / "a.png").write_bytes(buffer.getvalue())
    Shown.body = '<img src="a.png">'
    share.picture(Page, Shown, tmp_path, tmp_path / "kept")
    image = Image.open(tmp_path / "share" / "x.png").convert("RGB")
    assert image.getpixel((600, 315)) == (0, 255, 0)
    assert len(list((tmp_path / "kept").iterdir())) == 2


def test_a_broken_svg_is_told_and_one_without_a_box_is_passed_over(tmp_path):
    class Page:
        source, href, meta = "x.qmd", "x.html", {}

    class Shown:
        body = '<img src="a.svg">'

    (tmp_path / "a.svg").write_text('<svg viewBox="0 0 1 1" width="1" height="1"><g></svg>')
    with pytest.raises(RenderError, match="first figure is no whole SVG"):
        share.picture(Page, Shown, tmp_path, tmp_path / "kept")
    (tmp_path / "a.svg").write_text('<svg width="1" height="1"></svg>')
    assert share.picture(Page, Shown, tmp_path, tmp_path / "kept") is None
