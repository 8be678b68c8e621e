"""Every gate passes a good page, and catches the fault that it is there for."""

import gzip
import random
import string

import gates
import gates_site
import pytest
from gates import Page
from gates_site import Site

URL = "https://example.org/"
POLICY = "default-src 'self'; img-src 'self' data:; object-src 'none'"
GOOD = f"""<!DOCTYPE html>
<html lang="en-GB"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width">
<meta name="description" content="A good page.">
<title>Good</title><link rel="stylesheet" href="style.css">
</head><body data-pagefind-body><h1>Good</h1><p id="top-of-it">See <a href="#fig-a">Figure 1</a>.</p>
<figure id="fig-a"><img src="a.svg" alt="A line that rises."><figcaption>Figure&nbsp;1: It rises.</figcaption></figure>
<div id="tbl-a"><table><caption>Table 1: One cell</caption><tbody><tr><td>1</td></tr></tbody></table></div>
<pre class="python"><code>":::" if 1 else "{{{{"</code></pre>
<p><a href="other.html#there">Other</a> <a href="https://example.org/other.html">again</a>
<a href="https://elsewhere.org/">elsewhere</a></p></body></html>
"""
OTHER = (
    GOOD.replace("other.html#there", "index.html")
    .replace("top-of-it", "there")
    .replace("<title>Good", "<title>Other")
)
FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>T</title><link>https://example.org/</link>
<description>D</description><item><title>Other</title><link>https://example.org/other.html</link>
<guid>https://example.org/other.html</guid><pubDate>Mon, 02 Nov 2026 00:00:00 GMT</pubDate>
<description>&lt;img src="https://example.org/a.svg"&gt;</description></item></channel></rss>"""
SITEMAP = """<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<url><loc>https://example.org/index.html</loc></url><url><loc>https://example.org/other.html</loc></url></urlset>"""
SEARCH = '{"languages": {"en-gb": {"page_count": 2}}}'
FRAGMENT = '{"meta":{"image":"/a.png"}}'
NAMES = {"search": "pagefind/pagefind-entry.json", "fragment": "pagefind/fragment/a"}
SOURCE = "---\ntitle: Good\n---\n\n```{python}\n#| label: fig-a\nplot()\n```\n"


def build(folder, **changes):
    """Write a small good site, with some files otherwise."""
    files = {
        "index.html": GOOD,
        "other.html": OTHER,
        "a.svg": "<svg/>",
        "b-output-1.svg": '<svg><g transform="translate(1 2) scale(0.09 -0.09)"/></svg>',
        "style.css": "p {color: red}",
        "index.xml": FEED,
        "sitemap.xml": SITEMAP,
        "pagefind/pagefind-entry.json": SEARCH,
        "pagefind/fragment/a": FRAGMENT,
        "index.qmd": SOURCE,
        "other.qmd": "---\ntitle: Other\n---\n",
    }
    files.update({NAMES.get(name, name.replace("_", ".")): text for name, text in changes.items()})
    for name, text in files.items():
        if text is not None:
            packed = gzip.compress(text.encode()) if "fragment" in name else text.encode()
            (folder / name).parent.mkdir(exist_ok=True, parents=True)
            (folder / name).write_bytes(packed)
    return Site(folder, URL, sources=folder)


DATA = (
    "data:image/svg+xml,%3Csvg%3E %3Cg transform='translate(1 2) scale(0.09 -0.09)'/%3E%3C/svg%3E"
)
STILL = f'class="explorable-still" width="680" src="{DATA}"'
NARROW = f'<source width="640" srcset="{DATA.replace(" ", "%20")}">'
CARD = '<article class="quarto-grid-item"><h3>A note</h3>'
BARE = '<div class="thumbnail"><img src="a.svg" alt=""></div>'

PAGE_FAULTS = [
    (gates.duplicate_ids, '<p id="top-of-it">', '<p id="fig-a">', "2 times"),
    (gates.invalid_html, "<p id=", "<div><p></div></p><p id=", "unexpected-end-tag"),
    (gates.invalid_html, "<!DOCTYPE html>\n", "", "expected-doctype"),
    (gates.invalid_html, '<img src="a.svg"', '<img src="a.svg" src="b.svg"', "duplicate-attribute"),
    (gates.bad_head, ' lang="en-GB"', "", "lang"),
    (gates.bad_head, "<title>Good</title>", "<title> </title>", "<title>"),
    (gates.bad_head, "A good page.", "", "description"),
    (gates.bad_head, "<h1>Good</h1>", "<h1>Good</h1><h1>Two</h1>", "2 <h1>"),
    (gates.no_policy, POLICY, "img-src 'self'", "no Content-Security-Policy"),
    (gates.no_policy, POLICY, POLICY + "; script-src https://cdn.example", "admits"),
    (gates.no_policy, POLICY, POLICY + "; script-src *", "admits *"),
    (gates.no_policy, POLICY, POLICY + "; script-src 'self' 'unsafe-inline'", "any inline"),
    (gates.missing_alt, ' alt="A line that rises."', "", "has no alt"),
    (gates.missing_alt, "A line that rises.", "plot", "say what is seen"),
    (gates.missing_alt, "<figcaption>", "<svg><path/></svg><figcaption>", "no name"),
    (gates.bare_cards, "<p id", f"{CARD}</article><p id", "no picture with a text"),
    (gates.bare_cards, "<p id", f"{CARD}{BARE}</article><p id", "no picture"),
    (gates.uncited_figures, '<a href="#fig-a">', '<a href="#tbl-a">', "nowhere cited"),
    (gates.wrong_numbers, "Figure&nbsp;1:", "Figure&nbsp;2:", "expected 'Figure 1"),
    (gates.wrong_numbers, "Table 1:", "", "expected 'Table 1"),
    (gates.leftovers, "See ", "See {{< video x >}} ", "shortcode"),
    (gates.leftovers, "See ", "::: {.callout-note} ", "fence"),
    (gates.leftovers, "See ", "See @fig-a ", "cross-reference"),
    (gates.leftovers, "See ", "See ?@fig-a ", "cross-reference"),
    (gates.leftovers, "See ", "See {python} n ", "inline value"),
    (gates.leftovers, "See ", "See {#sec-a} ", "attribute"),
    (gates.leftovers, "See ", r"See \frac{1}{2} ", "raw maths"),
    (gates.leftovers, "See ", '<span class="citation">(<strong>doe?</strong>)</span> ', "citation"),
    (gates.failed_cells, "<p id", '<div class="cell-output-error"></div><p id', "error"),
    (
        gates.failed_cells,
        "<p id",
        '<div class="cell-output"><pre>Traceback (most recent call last): x</pre></div><p id',
        "traceback",
    ),
    (gates.not_for_phones, 'src="a.svg"', 'src="b-output-1.svg" width="680"', "letters of 5.6 px"),
    (gates.not_for_phones, 'src="a.svg"', STILL, "letters of 5.6 px"),
    (gates.not_for_phones, '<img src="a.svg"', f"<picture>{NARROW}<img {STILL}", "of 6.0 px"),
    (gates.third_party, 'src="a.svg"', 'src="https://cdn.example/a.svg"', "cdn.example"),
    (
        gates.third_party,
        'src="a.svg"',
        'src="a.svg" srcset="//cdn.example/a.svg 2x"',
        "cdn.example",
    ),
    (
        gates.third_party,
        "</head>",
        "<style>@import '//fonts.example/a.css';</style></head>",
        "fonts.example",
    ),
    (
        gates.third_party,
        "</head>",
        '<script>import("https://cdn.example/a.js")</script></head>',
        "cdn.example",
    ),
    (gates.broken_links, 'href="style.css"', 'href="gone.css"', "gone.css: no such file"),
    (gates.broken_links, "#there", "#nowhere", "no such anchor"),
    (gates.broken_links, '"#fig-a"', '"#fig-b"', "no such anchor"),
    (gates.broken_links, 'src="a.svg"', 'src="a.svg" srcset="b.svg 2x"', "b.svg: no such file"),
    (gates.broken_links, '"other.html#there"', '"/other.html"', "sub-path"),
    (gates.broken_links, '"other.html#there"', '"../other.html"', "out of the site"),
    (gates.broken_links, "example.org/other.html", "example.org/gone.html", "no such file"),
    (gates_site.over_budget, "See ", "incompressible", "over 350 kB"),
]


def noise(n):
    letters = random.Random(0).choices(string.ascii_letters, k=n)
    return "".join(letters)


def check(gate, page):
    return gate(page, URL) if gate is gates.broken_links else gate(page)


@pytest.mark.parametrize("gate", sorted({f[0] for f in PAGE_FAULTS}, key=lambda g: g.__name__))
def test_a_good_page_passes(gate, tmp_path):
    for page in build(tmp_path).pages:
        assert check(gate, page) == []


@pytest.mark.parametrize(("gate", "old", "new", "phrase"), PAGE_FAULTS)
def test_a_bad_page_is_caught(gate, old, new, phrase, tmp_path):
    assert old in GOOD
    bad = GOOD.replace(old, noise(600_000) if new == "incompressible" else new, 1)
    page = build(tmp_path, index_html=bad).pages[0]
    problems = check(gate, page)
    assert any(phrase in problem for problem in problems), problems


def test_words_are_those_of_the_text(tmp_path):
    (page,) = build(tmp_path).pages[:1]
    more = GOOD.replace(
        "See ", "<details>not this</details><code>nor this</code> three more words "
    )
    (longer,) = build(tmp_path / "longer", index_html=more).pages[:1]
    assert gates.n_words(longer) == gates.n_words(page) + 2


def test_every_page_gate_has_its_bad_page():
    assert {fault[0] for fault in PAGE_FAULTS} >= set(gates.PAGE_GATES)


def test_weight_counts_what_style_sheets_load(tmp_path):
    site = build(tmp_path, style_css="p {background: url(b.svg)}")
    (tmp_path / "b.svg").write_text(noise(600_000))
    assert "b.svg" in gates_site.over_budget(site.pages[0])[0]


@pytest.mark.parametrize("heavy", ["narrow.svg", "wide.svg"])
def test_weight_counts_the_heavier_of_the_drawings_of_a_picture(heavy, tmp_path):
    picture = '<picture><source srcset="narrow.svg"><img src="wide.svg" alt="A"></picture><h1>'
    page = build(tmp_path, index_html=GOOD.replace("<h1>", picture)).pages[0]
    for name in ("narrow.svg", "wide.svg"):
        (tmp_path / name).write_text(noise(600_000 if name == heavy else 10))
    (found,) = gates_site.over_budget(page)
    assert heavy in found
    for name in ("narrow.svg", "wide.svg"):
        (tmp_path / name).write_text(noise(300_000))
    assert gates_site.over_budget(page) == []


def test_weight_counts_modules_and_what_explorables_ask_for(tmp_path):
    script = GOOD.replace("</head>", '<script type="module" src="a.js"></script></head>')
    page = build(
        tmp_path, index_html=script, a_js='import x from "./b.js"; import("./c.js")'
    ).pages[0]
    for name in ("b.js", "c.js"):
        (tmp_path / name).write_text("1")
    assert {file.name for file in gates_site.files_of(page)} >= {"a.js", "b.js"}
    assert "c.js" not in {file.name for file in gates_site.files_of(page)}
    (tmp_path / "index.html").write_text(
        script.replace("<h1>", '<div class="explorable"></div><h1>')
    )
    page = Page(tmp_path, page.path)
    assert "c.js" in {file.name for file in gates_site.files_of(page)}


def test_weight_counts_the_modules_of_the_figures_on_a_page(tmp_path):
    script = GOOD.replace("</head>", '<script type="module" src="explore/main.js"></script></head>')
    script = script.replace("<h1>", '<div class="explorable" data-module="a"></div><h1>')
    page = build(tmp_path, index_html=script).pages[0]
    (tmp_path / "explore" / "figures").mkdir(parents=True)
    for name in ("main", "figures/a", "figures/b"):
        (tmp_path / "explore" / f"{name}.js").write_text("1")
    assert {"main.js", "a.js"} <= {file.name for file in gates_site.files_of(page)}
    assert "b.js" not in {file.name for file in gates_site.files_of(page)}


def test_the_404_page_links_from_the_root(tmp_path):
    site = build(
        tmp_path, **{"404_html": GOOD.replace('"other.html#there"', '"/project/other.html"')}
    )
    page = next(page for page in site.pages if page.path.name == "404.html")
    url = "https://example.org/project/"
    assert gates.broken_links(page, url) == []
    assert gates.broken_links(Page(tmp_path, gates.PurePosixPath("index.html")), url) == []
    (tmp_path / "404.html").write_text(GOOD.replace('"other.html#there"', '"/project/gone.html"'))
    assert "no such file" in gates.broken_links(Page(tmp_path, page.path), url)[0]


def test_an_explorable_page_may_weigh_more(tmp_path):
    page = GOOD.replace("<p id", f"<p>{noise(600_000)}</p><p id")
    assert gates_site.over_budget(build(tmp_path, index_html=page).pages[0])
    page = page.replace("<h1>", '<div class="explorable"></div><h1>')
    assert gates_site.over_budget(build(tmp_path, index_html=page).pages[0]) == []


def secrets(site):
    return gates_site.leaks(site, ["/home/someone"])


def unexecuted(site):
    return gates_site.unexecuted(site, "index.qmd")


SITE_FAULTS = [
    (gates_site.heavy_images, {"b_png": "x" * 200_001}, "b.png has 200 kB"),
    (
        gates_site.foreign_styles,
        {"style_css": "@import url(https://fonts.example/a.css);"},
        "fonts.example",
    ),
    (gates_site.bad_feeds, {"index_xml": None}, "no RSS feed"),
    (gates_site.bad_feeds, {"index_xml": FEED[:-9]}, "does not parse"),
    (gates_site.bad_feeds, {"index_xml": "<feed/>"}, "no RSS 2.0"),
    (gates_site.bad_feeds, {"index_xml": FEED.replace("<title>T</title>", "")}, "no <title>"),
    (
        gates_site.bad_feeds,
        {"index_xml": FEED.replace("<link>https://example.org/other", "<link>/other")},
        "no published page",
    ),
    (
        gates_site.bad_feeds,
        {"index_xml": FEED.replace("Mon, 02 Nov 2026 00:00:00 GMT", "yesterday")},
        "no date",
    ),
    (
        gates_site.bad_feeds,
        {"index_xml": FEED.replace('src="https://example.org/', 'src="')},
        "relative address",
    ),
    (gates_site.bad_sitemap, {"sitemap_xml": None}, "no sitemap.xml"),
    (
        gates_site.bad_sitemap,
        {"sitemap_xml": SITEMAP.replace("other", "gone")},
        "lacks https://example.org/other",
    ),
    (gates_site.no_search, {"search": None}, "no search index"),
    (gates_site.no_search, {"search": SEARCH.replace("2", "1")}, "has 1 pages"),
    (gates_site.no_search, {"other_html": OTHER.replace(" data-pagefind-body", "")}, "has 2 pages"),
    (gates_site.no_search, {"fragment": FRAGMENT.replace("/a.png", "data:x")}, "whole picture"),
    (secrets, {"index_html": GOOD.replace("See", "/home/someone/x.py")}, "index.html names"),
    (gates_site.repeated_titles, {"other_html": GOOD}, "2 pages have"),
    (gates_site.orphans, {"more_html": GOOD}, "no page links to more.html"),
    (unexecuted, {"index_html": None}, "index.html was not built"),
    (unexecuted, {"index_qmd": SOURCE.replace("fig-a", "fig-b")}, "no #fig-b"),
    (
        unexecuted,
        {"index_html": GOOD.replace('<img src="a.svg" alt="A line that rises.">', "")},
        "#fig-a is empty",
    ),
    (unexecuted, {"index_qmd": SOURCE + "```{python}\n1\n```\n"}, "source has 2"),
]


@pytest.mark.parametrize("gate", sorted({f[0] for f in SITE_FAULTS}, key=lambda g: g.__name__))
def test_a_good_site_passes(gate, tmp_path):
    assert gate(build(tmp_path)) == []


@pytest.mark.parametrize(("gate", "changes", "phrase"), SITE_FAULTS)
def test_a_bad_site_is_caught(gate, changes, phrase, tmp_path):
    problems = gate(build(tmp_path, **changes))
    assert any(phrase in problem for problem in problems), problems


def test_a_draft_need_not_be_built(tmp_path):
    site = build(
        tmp_path,
        index_html=None,
        index_qmd=SOURCE.replace("title: Good", "title: Good\ndraft: true"),
    )
    assert unexecuted(site) == []


def test_anchors_of_other_pages_are_read_once(tmp_path):
    pages = {}
    page = build(tmp_path).pages[0]
    assert gates.broken_links(page, URL, pages) == []
    assert isinstance(next(iter(pages.values())), Page)
