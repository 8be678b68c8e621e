"""The frame of the pages: menus, lists, feed, sitemap, search, 404."""

import json
from xml.etree import ElementTree as ET

import pytest
from bs4 import BeautifulSoup

from render.layout import feed
from render.layout.frame import needed
from tests.render.helpers import CONFIG, build

SIDEBAR = """\
  sidebar:
    - title: "Notes"
      contents:
        - posts/index.qmd
        - auto: "notes/*.qmd"
        - section: "Deep"
          contents: "notes/deep/*.qmd"
format:
"""
PAGES = {
    "posts/old.qmd": "---\ntitle: Old & *plain*\ndate: 2025-01-02\ncategories: [masks]\n---\n\nTemplates.\n",
    "posts/new.qmd": "---\ntitle: New\ndescription: Of $x$\ndate: 2026-03-04\n"
    "categories: [masks, 'two words']\n---\n\n## Head\n\nLatents, as @ada1843 says.\n",
    "posts/draft.qmd": "---\ntitle: Secret\ndraft: true\ncategories: [hidden]\n---\n\nHidden.\n",
    "notes/b.qmd": "---\ntitle: Beta\norder: 1\n---\n\n[d](../posts/draft.qmd)\n",
    "notes/a.qmd": "---\ntitle: Alpha\n---\n\nText.\n",
    "notes/deep/c.qmd": "---\ntitle: Gamma\n---\n\nText.\n",
    "404.qmd": "---\ntitle: Gone\n---\n\n[Home](index.qmd) ![](/mark.svg){fig-alt='A mark'}\n",
    "mark.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    config = CONFIG.replace("format:\n", SIDEBAR)
    return build(tmp_path_factory.mktemp("site"), PAGES, config=config)


@pytest.fixture
def soup(site):
    return lambda name: BeautifulSoup((site / name).read_text(encoding="utf-8"), "html.parser")


def test_lists_sort_and_count_their_categories(soup):
    page = soup("posts/index.html")
    entries = page.select(".quarto-listing article")
    assert [e.find("a").get_text() for e in entries] == ["New", "Old & plain"]
    assert [json.loads(e["data-categories"]) for e in entries] == [
        ["masks", "two words"],
        ["masks"],
    ]
    assert [
        " ".join(a.get_text().split()) for a in page.select("nav.quarto-listing-category a")
    ] == ["All (2)", "masks (2)"]  # no button for what one page has
    assert page.select("nav.quarto-listing-category a")[1]["href"] == "#category=masks"
    assert entries[0].time.get_text() == "4 March 2026"


def test_posts_lead_to_their_neighbours_in_the_list(soup):
    links = {a["rel"][0]: a for a in soup("posts/new.html").select("nav.page-navigation a")}
    assert links["next"]["href"] == "old.html" and "prev" not in links
    assert links["next"].select_one(".nav-page-text").get_text() == "Old & plain"
    assert soup("posts/old.html").select_one("a[rel=prev]")["href"] == "new.html"


def test_a_pages_categories_lead_to_its_list(soup):
    links = soup("posts/new.html").select("a.quarto-category")
    assert [a["href"] for a in links] == [
        "index.html#category=masks",
        "index.html#category=two%20words",
    ]


def test_drafts_are_nowhere(site, soup):
    assert not (site / "posts/draft.html").exists()
    assert not any("Secret" in path.read_text() for path in site.rglob("*.html"))
    assert soup("notes/b.html").main.find("a", string="d") is None


def test_the_sidebar_orders_pages_and_their_neighbours(soup):
    page = soup("notes/b.html")
    texts = [
        " ".join(a.get_text().split()) for a in page.select("#quarto-sidebar .sidebar-item-text")
    ]
    assert texts == ["Posts", "Beta", "Alpha", "Deep", "Gamma"]
    assert page.select_one('#quarto-sidebar [aria-current="page"]').get_text(strip=True) == "Beta"
    assert page.select_one(".nav-page-previous a")["href"] == "../posts/index.html"
    assert page.select_one(".nav-page-next a")["href"] == "a.html"
    assert soup("posts/new.html").find(id="quarto-sidebar") is None


def test_the_feed_is_whole(site):
    channel = ET.parse(site / "posts/index.xml").find("channel")
    items = [{child.tag: child.text for child in item} for item in channel.findall("item")]
    assert [item["title"] for item in items] == ["New", "Old & plain"]
    assert items[0]["link"] == "https://tiny.example/nets/posts/new.html"
    assert items[0]["pubDate"] == "Wed, 04 Mar 2026 00:00:00 +0000"
    assert 'href="https://tiny.example/nets/posts/new.html#ref-ada1843"' in items[0]["description"]
    assert "Templates." in items[1]["description"]
    assert (
        channel.find("{http://www.w3.org/2005/Atom}link")
        .get("href")
        .endswith("/nets/posts/index.xml")
    )


def test_every_page_names_the_feeds(soup):
    for page, address in (("index.html", "posts/index.xml"), ("posts/new.html", "index.xml")):
        [link] = soup(page).select('link[rel="alternate"]')
        assert (link["href"], link["type"]) == (address, "application/rss+xml")
        assert link["title"].endswith(": Posts")


def test_addresses_of_files_with_odd_names_are_valid():
    website = {"site-url": "https://tiny.example/nets"}
    names = ["notes/with space/per%cent.html", "notes/über.html"]
    assert [feed.absolute(website, name) for name in names] == [
        "https://tiny.example/nets/notes/with%20space/per%25cent.html",
        "https://tiny.example/nets/notes/%C3%BCber.html",
    ]


def test_a_pages_own_picture_goes_along(tmp_path):
    page = "---\ntitle: New\ndate: 2026-03-04\nimage: small.svg\n---\n\nText.\n"
    out = build(tmp_path, {"posts/new.qmd": page, "posts/small.svg": PAGES["mark.svg"]})
    assert (out / "posts" / "small.svg").is_file()


def test_the_sitemap_has_every_page_but_404(site):
    names = {loc.text for loc in ET.parse(site / "sitemap.xml").iterfind(".//{*}loc")}
    assert "https://tiny.example/nets/notes/deep/c.html" in names
    assert len(names) == 7 and not any("404" in name or "draft" in name for name in names)
    assert "https://tiny.example/nets/sitemap.xml" in (site / "robots.txt").read_text()


def test_the_404_page_answers_at_any_depth(soup):
    page = soup("404.html")
    local = [
        tag.get("href") or tag.get("src") for tag in page.find_all(["a", "link", "img", "script"])
    ]
    local = [link for link in local if link and not link.startswith(("#", "https:"))]
    assert local and all(link.startswith("/nets/") for link in local)
    assert page.find("meta", attrs={"name": "quarto:offset"})["content"] == "/nets/"


def test_links_are_relative_elsewhere(site, soup):
    for path in site.rglob("*.html"):
        if path.name == "404.html":
            continue
        page = soup(path.relative_to(site))
        for tag in page.find_all(["a", "link", "img", "script"]):
            link = tag.get("href") or tag.get("src") or ""
            assert not link.startswith("/"), (path, link)


def test_head_says_what_the_page_is(soup):
    head = soup("posts/new.html").head
    assert head.title.get_text() == "New – Tiny"
    assert head.find("link", rel="canonical")["href"] == "https://tiny.example/nets/posts/new.html"
    assert head.find("meta", property="og:type")["content"] == "article"
    assert head.find("meta", attrs={"name": "description"})["content"] == "Of x"


def test_references_close_the_page(soup):
    page = soup("posts/new.html")
    assert "Lovelace" in page.select_one("#refs #ref-ada1843").get_text()
    assert page.select_one("#TOC a").get_text() == "Head"
    assert "References" not in page.select_one("#TOC").get_text()


def test_references_go_where_their_div_is(tmp_path):
    body = "@ada1843\n\n## Read on\n\n::: {#refs}\n:::\n\n## Last\n\nText.\n"
    site = build(tmp_path, {"posts/a.qmd": f"---\ntitle: A\n---\n\n{body}"})
    page = BeautifulSoup((site / "posts/a.html").read_text(), "html.parser")
    assert page.select_one("section:has(> #read-on) #refs #ref-ada1843") is not None
    assert page.find(id="quarto-bibliography") is None


def test_search_knows_the_words_of_pages_only(site):
    entry = json.loads((site / "pagefind/pagefind-entry.json").read_text())
    assert entry["languages"]["en-gb"]["page_count"] == 6  # not the list, not the 404 page
    assert not list((site / "pagefind").glob("*ui*"))


def test_a_font_is_preloaded_where_a_page_shows_it():
    head = '<link rel="preload" href="/a.woff2" data-if="&lt;math">\n<link rel="icon" href="/i">\n'
    kept = '<link rel="preload" href="/a.woff2">\n<link rel="icon" href="/i">\n'
    assert needed(head, "<p><math>x</math></p>") == kept
    assert needed(head, "<p>math</p>") == '<link rel="icon" href="/i">\n'
