"""What a page may not hold: each is one message with page and line."""

import pytest

from render.errors import RenderError, RenderErrors, errors_of
from tests.render.helpers import CONFIG, build, lay_out

IMAGE = '![Cap](x.svg){#fig-x fig-alt="A line"}'
# markdown (its first line is line 5 of the page), line of the error, words of its message
PAGES = [
    ("Text.\n\n{{< video x.mp4 >}}", 7, "shortcodes"),
    ("::: {.callout-note}\nx\n:::", 5, ".callout-note is not supported"),
    ("::: {.column-margin}\nx\n:::", 5, ".column-margin is not supported"),
    ("::: {.columns}\nx\n:::", 5, ".columns is not supported"),
    ("::: {.panel-tabset}\n## A\nx\n:::", 5, ".panel-tabset is not supported"),
    ("::: {.proof}\nx\n:::", 5, ".proof is not supported"),
    ("Text.\n\n::: {#thm-a}\nx\n:::", 7, "labels such as thm-…"),
    ("::: {layout-ncol=2}\nx\n:::", 5, "layout-ncol is not supported"),
    ("Text.\n\nText.[^a]\n\n[^a]: Note.", 7, "footnotes"),
    ("Text.\n\nText.[^a]", 7, "[^a] refers to no footnote"),
    (f"::: {{#fig-two}}\n{IMAGE}\n\nBoth.\n:::", 6, "fig-x stands within another figure"),
    ("::: {.column-screen}\nx\n:::", 5, ".column-screen is not supported"),
    ('::: {layout="[[1,1]]"}\nx\n:::', 5, "layout is not supported"),
    ("::: {.content-visible when-format=pdf}\nx\n:::", 5, "content-visible"),
    ("```{r}\nx\n```", 5, "{r} stands where it was not run"),
    ("Text.\n\n``` {.ojs-cell}\n```\n\n```{ojs}\nx\n```", 10, "{ojs}"),
    ("``` mermaid\nx\n```", 5, "mermaid is not supported"),
    ("``` python\nx = 1  # <1>\n```", 6, "code annotations"),
    ("a\n\n`{python} x`", 7, "{python} stands where it was not run"),
    ("See\n@fig-none.", 6, "@fig-none points to no figure"),
    ("As [@nobody1900] says.", 5, "@nobody1900 is not in the bibliography"),
    ("![A caption](x.svg)", 5, "x.svg has no alternative text"),
    ("Text ![](x.svg) text.", 5, "x.svg has no alternative text"),
    ('![A](https://far.example/x.svg){fig-alt="Far"}', 5, "comes from another site"),
    ("\\newpage", 5, "raw tex"),
    ("Text \\begin{align} x \\end{align}", 5, "raw tex"),
    ("[a](other.qmd)", 5, "points to no page"),
    ("Text {#eq-a}", 5, "follows no displayed equation"),
    ("Text\n::: {.callout-note}\nx\n:::", 6, "div fence"),
    ("Text.\n\n::: {.column-page}\nx", 7, "unclosed"),
    ("Text.\n\n[^b]: Unused.", 7, "key 'b'"),
]


@pytest.mark.parametrize(("markdown", "line", "words"), PAGES, ids=[words for *_, words in PAGES])
def test_each_is_an_error_at_its_line(markdown, line, words):
    with pytest.raises((RenderError, RenderErrors)) as caught:
        lay_out(markdown)
    first = errors_of(caught.value)[0]
    assert words in first.message
    assert first.place == f"posts/test.qmd:{line}"


def test_all_of_a_page_are_told_at_once():
    with pytest.raises(RenderErrors) as caught:
        lay_out("@fig-one\n\n@tbl-two\n\n{{< three >}}")
    assert [error.line for error in caught.value.errors] == [5, 7, 9]


def test_a_page_needs_a_title(tmp_path):
    with pytest.raises(RenderError, match="no title") as caught:
        build(tmp_path, {"posts/a.qmd": "---\ndate: 2026-01-01\n---\n\nText.\n"})
    assert caught.value.place == "posts/a.qmd:1"


# a page of a site: its body (from line 5 on), the line, the words
BUILT = [
    (IMAGE, 5, "the image x.svg leads nowhere: there is no posts/x.svg"),
    ("Text.\n\n[a](#nowhere)", 7, "has no #nowhere"),
    ("[a](../index.qmd#nowhere)", 5, "index.html has no #nowhere"),
    ("[a](files/data.csv)", 5, "there is no posts/files/data.csv"),
    ("```{=html}\n<img src='/assets/no.png' alt='Nothing there'>\n```", 6, "no.png"),
    (
        "## A {#same}\n\n## B {#same}",
        7,
        "same is the label or id of more than one thing (lines 5, 7)",
    ),
    ("::: {#exr-a}\nx\n:::\n\n::: {#exr-a}\ny\n:::", 9, "exr-a is the label or id"),
]


@pytest.fixture(scope="module")
def wrong(tmp_path_factory):
    """The errors of one site that has all of these pages, by page."""
    pages = {f"posts/{i}.qmd": f"---\ntitle: A\n---\n\n{BUILT[i][0]}\n" for i in range(len(BUILT))}
    with pytest.raises(RenderErrors) as caught:
        build(tmp_path_factory.mktemp("wrong"), pages)
    return {error.page: error for error in caught.value.errors}


@pytest.mark.parametrize("i", range(len(BUILT)), ids=[words for *_, words in BUILT])
def test_what_only_the_built_page_shows(wrong, i):
    _, line, words = BUILT[i]
    assert words in wrong[f"posts/{i}.qmd"].message
    assert wrong[f"posts/{i}.qmd"].line == line
    assert len(wrong) == len(BUILT)


def test_errors_of_all_pages_come_together(tmp_path):
    page = "---\ntitle: A\n---\n\n@fig-none\n"
    with pytest.raises(RenderErrors) as caught:
        build(tmp_path, {"posts/a.qmd": page, "posts/b.qmd": page})
    assert [error.page for error in caught.value.errors] == ["posts/a.qmd", "posts/b.qmd"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("href: posts/index.qmd", "href: posts/no.qmd", "points to posts/no.qmd"),
        ("references.bib", "none.bib", "none.bib is missing"),
        ("    toc: true", "    include-in-header: no.html", "no.html is missing"),
    ],
)
def test_the_projects_own_mistakes_name_its_file(tmp_path, old, new, words):
    with pytest.raises(RenderError, match=words) as caught:
        build(tmp_path, {}, config=CONFIG.replace(old, new))
    assert caught.value.page == "_quarto.yml"


@pytest.mark.parametrize(
    ("listing", "line", "words"),
    [
        ("type: table", 3, "type 'table'"),
        ("sort: author", 3, "can't sort by 'author'"),
        ("template: x.ejs", 5, "listing.template"),
        ("sort: 7", 5, "`listing.sort` must be such as `date desc`"),
        ("max-items: many", 5, "`listing.max-items` must be a whole number"),
    ],
)
def test_a_listing_says_what_it_does_not_know(tmp_path, listing, line, words):
    with pytest.raises(RenderError, match=words) as caught:
        build(
            tmp_path,
            {
                "posts/index.qmd": f"---\ntitle: P\nlisting:\n  contents: '*.qmd'\n  {listing}\n---\n"
            },
        )
    assert caught.value.place == f"posts/index.qmd:{line}"


def test_a_date_is_a_day(tmp_path):
    with pytest.raises(RenderError, match="must be a day") as caught:
        build(tmp_path, {"posts/a.qmd": "---\ntitle: A\ndate: yesterday\n---\n"})
    assert caught.value.place == "posts/a.qmd:3"


def test_a_formula_that_pandoc_refuses_is_told_where_it_stands(tmp_path):
    page = "---\ntitle: P\n---\n\nGood: $x$.\n\nBad: $\\nonsense{x$.\n"
    with pytest.raises(RenderError, match=r"^posts/a\.qmd:7: pandoc says: .*TeX math") as caught:
        build(tmp_path, {"posts/a.qmd": page})
    assert "\\nonsense" in str(caught.value)


def test_a_broken_bibliography_is_told_by_its_name(tmp_path):
    with pytest.raises(RenderError, match=r"^references\.bib:\d+: pandoc says: "):
        build(tmp_path, {"references.bib": "@book{a,\n  title = {B}\n\n@book{\n"})


@pytest.mark.parametrize("image", ["../../secret.svg", "/../secret.svg", "link.svg"])
def test_an_image_outside_the_project_is_not_published(tmp_path, image):
    (tmp_path / "secret.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    folder = tmp_path / "source" / "posts"
    folder.mkdir(parents=True)
    (folder / "link.svg").symlink_to(tmp_path / "secret.svg")
    page = f"---\ntitle: P\n---\n\n![A caption]({image}){{fig-alt='A picture'}}\n"
    with pytest.raises(RenderError, match=r"^posts/a\.qmd:5: the image .* outside the project"):
        build(tmp_path, {"posts/a.qmd": page})
    head = f"---\ntitle: P\nimage: {image}\n---\n"
    with pytest.raises(RenderError, match=r"^posts/a\.qmd:3: `image`: .* outside the project"):
        build(tmp_path, {"posts/a.qmd": head})
