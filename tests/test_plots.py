"""Figures read on both pages, are small, and come out the same twice."""

import io
import re
import subprocess
import sys

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from tinynets import colours, plots
from tinynets.plots import curves, masks, phone, svg

LIGHT, DARK = "#ffffff", "#14171c"


@pytest.fixture(autouse=True)
def styled():
    with mpl.rc_context():
        plots.use_style()
        yield


def luminance(colour):
    values = np.array(mpl.colors.to_rgb(colour))
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def over(rgba, page):
    """Lay a colour with alpha on a page."""
    rgba, page = np.array(rgba), np.array(mpl.colors.to_rgb(page))
    return rgba[3] * rgba[:3] + (1 - rgba[3]) * page


@pytest.mark.parametrize("colour", [colours.INK, *colours.PALETTE])
def test_colours_read_on_both_pages(colour):
    in_light, in_dark = colours.THEMED[colour]
    assert contrast(colour, LIGHT) >= 3 and contrast(colour, DARK) >= 3
    assert contrast(in_light, LIGHT) >= 4.5
    assert contrast(in_dark, DARK) >= 4.5


@pytest.mark.parametrize("page", [LIGHT, DARK])
def test_zero_weight_is_the_page_and_full_weight_is_not(page):
    # Of an odd number of colours, the middle one is zero.
    np.testing.assert_allclose(over(plots.WEIGHTS(0.5), page), mpl.colors.to_rgb(page), atol=0.01)
    np.testing.assert_allclose(over(plots.AMOUNTS(0.0), page), mpl.colors.to_rgb(page), atol=0.01)
    for full in (plots.WEIGHTS(0.0), plots.WEIGHTS(1.0), plots.AMOUNTS(1.0)):
        assert contrast(over(full, page), page) >= 3


def test_class_colours_are_ten_at_most():
    assert len(set(colours.class_colours(10))) == 10
    with pytest.raises(ValueError, match="n_classes must be from 1 to 10"):
        colours.class_colours(11)


def save(figure):
    target = io.BytesIO()
    figure.savefig(target, format="svg", metadata={"Date": None})
    return target.getvalue().decode()


def tiles():
    weights = np.random.default_rng(1).normal(size=(3, 64))
    return masks.plot_tiles([weights], (8, 8), titles=["abc"], row_titles=["row"])


def test_figures_carry_rules_for_both_pages_and_no_date():
    text = save(tiles())
    for scheme in ("light", "dark"):
        assert f"@media (prefers-color-scheme: {scheme})" in text
    assert f'[style*="fill: {colours.INK}"]' in text
    assert f"fill: {colours.INK}" in text.split("</style>")[1]
    assert "dc:date" not in text


def test_figures_are_written_to_paths_too(tmp_path):
    tiles().savefig(tmp_path / "x.svg", metadata={"Date": None})
    assert "prefers-color-scheme" in (tmp_path / "x.svg").read_text()


def test_two_processes_write_the_same_bytes(tmp_path):
    program = (
        "import sys, numpy as np; from tinynets import plots; "
        "from tinynets.plots import masks; plots.use_style(); "
        "masks.plot_tiles([np.eye(3, 64) - 0.5], (8, 8)).savefig("
        "sys.argv[1], metadata={'Date': None})"
    )
    for name in ("one.svg", "two.svg"):
        subprocess.run(
            [sys.executable, "-c", program, tmp_path / name], check=True, env={"MPLBACKEND": "agg"}
        )
    one, two = ((tmp_path / name).read_bytes() for name in ("one.svg", "two.svg"))
    assert one == two and len(one) > 1000


def png_of(pixels):
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "png")
    return target.getvalue()


def test_a_palette_loses_nothing_and_saves_much():
    values = np.random.default_rng(1).uniform(size=(28, 28))
    pixels = plots.WEIGHTS(values, bytes=True)
    small = svg.with_palette(png_of(pixels))
    back = np.array(Image.open(io.BytesIO(small)).convert("RGBA"))
    np.testing.assert_array_equal(back, pixels)
    assert len(small) < 0.6 * len(png_of(pixels))


def test_an_image_of_many_colours_stays_as_it_was():
    pixels = np.arange(4 * 400, dtype=np.uint32).view(np.uint8)
    png = png_of(pixels.reshape(40, 40, 4))
    assert svg.with_palette(png) == png


def test_tiles_are_drawn_pixel_by_pixel():
    text = save(tiles())
    assert text.count("<image") == 3
    assert re.search(r"<image[^>]*image-rendering:\s*crisp", text)


@pytest.mark.parametrize(("limits", "tops"), [("row", (1, 1)), ("all", (0.1, 1))])
def test_rows_have_scales_of_their_own_or_one(limits, tops):
    row = np.linspace(-1, 1, 64)[None]
    figure = masks.plot_tiles([0.1 * row, row], (8, 8), limits=limits)
    for ax, top in zip(figure.axes, tops, strict=True):
        image = ax.images[0]
        drawn = image.norm(image.get_array().max())
        assert drawn == pytest.approx(0.5 + 0.5 * top, abs=0.01)


def test_coordinates_are_cut_where_no_eye_follows():
    drawn = (
        '<path d="M 23.268209 145.64976 \nL 1.5 -0.126e-05 \nz\n"/>\n'
        '  <use x="12.345678" y="-0.999" style="a: 0.12345"/>'
    )
    assert svg.with_coarse_paths(drawn) == (
        '<path d="M 23.26 145.64 L 1.5 -0.126e-05 z"/>\n'
        '<use x="12.34" y="-0.99" style="a: 0.12345"/>'
    )


def letters(written):
    """The sizes of an SVG file's letters in points, exponents left out."""
    return [100 * float(size) for size in re.findall(r" scale\(([\d.]+) -", written)]


def test_on_a_phone_panels_stand_below_one_another_with_labels_of_their_own():
    figure, axes = plt.subplots(1, 3, figsize=(plots.WIDTH, 2.5), sharey=True)
    axes[0].set_ylabel("f(x)")
    phone.stack(figure)
    figure.canvas.draw()
    tops = [ax.get_position().y1 for ax in axes]
    assert tops == sorted(tops, reverse=True) and len(set(tops)) == 3
    assert [ax.get_ylabel() for ax in axes] == 3 * ["f(x)"]
    assert all(ax.yaxis.get_tick_params()["labelleft"] for ax in axes)


def test_on_a_phone_tiles_stand_in_lines_and_rows_stay_together():
    figure, axes = plt.subplots(2, 10, figsize=(plots.WIDTH, 1.5))
    for ax in axes.flat:
        ax.set(xticks=[], yticks=[])
    phone.stack(figure)
    rows = [[ax.get_subplotspec().rowspan.start for ax in line] for line in axes]
    assert rows == [5 * [0] + 5 * [2], 5 * [1] + 5 * [3]]


def test_on_a_phone_a_wide_legend_lies_neither_on_the_lines_nor_on_the_title():
    figure, ax = plt.subplots(figsize=(plots.WIDTH, 3), layout="constrained")
    ax.plot([0, 1], label="a name that is as long as half the panel is wide")
    ax.set_title("what is seen")
    ax.legend()
    phone.stack(figure)
    figure.canvas.draw()
    boxes = [part.get_window_extent() for part in (ax.patch, ax.title, ax.get_legend())]
    assert boxes[2].y0 > boxes[1].y1 > boxes[0].y1
    assert boxes[2].y1 < figure.bbox.y1


def named_at_their_ends(*names):
    figure, ax = plt.subplots(figsize=(plots.WIDTH, 3), layout="constrained")
    curves.plot_curves({name: [0, i] for i, name in enumerate(names)}, ax=ax)
    phone.stack(figure)
    figure.canvas.draw()
    return figure, ax


def test_on_a_phone_long_names_of_curves_leave_them_their_room():
    figure, ax = named_at_their_ends("plain backpropagation", "continual, ρ = 0.001")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "continual, ρ = 0.001",
        "plain backpropagation",
    ]
    assert not ax.texts and ax.get_position().width > 0.75
    legend = ax.get_legend().get_window_extent()
    assert ax.patch.get_window_extent().y1 < legend.y0 and legend.y1 < figure.bbox.y1


def test_on_a_phone_short_names_stay_beside_their_curves():
    _, ax = named_at_their_ends("SGD", "Adam")
    assert ax.get_legend() is None and len(ax.texts) == 2


def test_a_figure_for_phones_is_as_narrow_and_its_letters_can_be_read():
    figure, ax = plt.subplots()
    ax.set(yscale="log", ylim=(1e-6, 1), title="a title that is far too long for a narrow screen")
    ax.text(0.5, 0.1, "small", size=5)
    wide, narrow = svg.layouts(figure)
    assert min(letters(wide)) < 6 and min(letters(narrow)) >= 6.75
    assert float(re.search(r'width="([\d.]+)pt"', narrow)[1]) == 240
    assert svg.for_phone(plt.figure(figsize=(3, 2))) is None


def test_on_a_phone_rows_of_tiles_stand_close_and_keep_their_names():
    names = ["step 0\n10 %", "step 1,000\n91 %"]
    tiles = np.linspace(-1, 1, 640).reshape(10, 64)
    titles = [list("0123456789")]
    figure = phone.stack(masks.plot_tiles([tiles, tiles], (8, 8), row_titles=names, titles=titles))
    figure.draw_without_rendering()
    boxes = [ax.get_position().bounds for ax in figure.axes]
    bottoms = sorted({round(bottom, 3) for _, bottom, _, _ in boxes})
    high = boxes[0][3]
    gaps = np.diff(bottoms) / high - 1
    assert len(gaps) == 3 and gaps[[0, 2]].max() < 0.5 and gaps[1] < 0.75  # its titles are there
    assert [ax.get_ylabel() for ax in figure.axes if ax.get_ylabel()] == sorted(2 * names)


def test_on_a_phone_a_square_beside_a_plane_is_no_higher_than_wide():
    figure, (plane, side) = plt.subplots(1, 2, figsize=(7, 4), width_ratios=(1.6, 1))
    side.imshow(np.eye(4))
    side.set(xticks=[], yticks=[])
    assert phone.stack(figure).get_figheight() < 2.1 * phone.PHONE
