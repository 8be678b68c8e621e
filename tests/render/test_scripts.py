"""What the page's own scripts do: folds, contents, regions, search by key."""

from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.render.helpers import CONFIG, build
from tests.site.browsing import find_chromium, launch_options
from tests.site.serving import serve

ASSETS = Path(__file__).parents[2] / "assets"

PAGE = (
    """\
---
title: A
---

[to the answer](#in-answer)

<details class="solution"><summary>Answer</summary>

[Hidden]{#in-answer}.

</details>

## Start

$$ a + b + c + d + e + f + g + h + i + j + k + l + m + n = 1 $$

| one | two | three | four | five | six | seven |
|-----|-----|-------|------|------|-----|-------|
| incomprehensibilities | incomprehensibilities | incomprehensibilities | incomprehensibilities | x | x | x |

::: {.column-page}
![Wide](wide.svg){#fig-wide fig-alt="A wide square."}
:::

## End

"""
    + "Text.\n\n" * 60
)


WIDE = '<svg xmlns="http://www.w3.org/2000/svg" width="810pt" height="60pt" viewBox="0 0 9 1"/>'


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    if find_chromium() is None:
        pytest.skip(
            "no Chromium on the PATH: apt install chromium (Debian), or name one in $CHROMIUM"
        )
    names = ("regions.js", "tinynets.css", "components.css")
    pages = {f"assets/{name}": (ASSETS / name).read_text(encoding="utf-8") for name in names}
    pages["head.html"] = '<script type="module" src="/assets/regions.js"></script>\n'
    config = CONFIG.replace("  type: website", "  type: website\n  resources: assets/**").replace(
        "    toc: true",
        "    toc: true\n    include-in-header: head.html\n"
        "    css: [assets/tinynets.css, assets/components.css]",
    )
    pages |= {"posts/a.qmd": PAGE, "posts/wide.svg": WIDE}
    root = build(tmp_path_factory.mktemp("scripts"), pages, config=config)
    with serve(root, "/below/") as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options(find_chromium()))
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        page = context.new_page()
        page.base = base
        yield page
        browser.close()


@pytest.fixture
def fresh(page):
    tab = page.context.new_page()  # what another test still loads stays there
    tab.base = page.base
    tab.goto(page.base + "posts/a.html")
    yield tab
    tab.close()


def test_a_link_opens_the_fold_that_it_leads_into(fresh):
    expect(fresh.get_by_text("Hidden")).to_be_hidden()
    fresh.get_by_role("link", name="to the answer").click()
    expect(fresh.get_by_text("Hidden")).to_be_visible()
    fresh.goto(fresh.base + "index.html")
    fresh.goto(fresh.base + "posts/a.html#in-answer")
    expect(fresh.get_by_text("Hidden")).to_be_visible()


def test_contents_mark_what_is_read(fresh):
    fresh.locator("#end").scroll_into_view_if_needed()
    fresh.evaluate("document.getElementById('end').scrollIntoView()")
    expect(fresh.locator("#TOC [aria-current=true]")).to_have_text("End")


def test_what_is_too_wide_scrolls_and_takes_the_focus(fresh):
    regions = fresh.locator("main [role=group][tabindex='0']")
    expect(regions).to_have_count(1)  # the table, even on a wide page
    fresh.set_viewport_size({"width": 360, "height": 800})
    expect(regions).to_have_count(3)
    names = [region.get_attribute("aria-label") for region in regions.all()]
    assert names == [f"{name}, scrolls sideways" for name in ("Formula", "Table", "Figure")]
    assert fresh.evaluate("document.documentElement.scrollWidth") <= 360


def test_what_scrolls_shows_by_a_faded_edge_that_there_is_more(fresh):
    fresh.set_viewport_size({"width": 360, "height": 800})
    table = fresh.get_by_role("group", name="Table, scrolls sideways")
    faded = "(e) => getComputedStyle(e).maskImage !== 'none'"
    assert table.evaluate(faded)
    table.evaluate("(e) => e.scrollTo(e.scrollWidth, 0)")
    expect(table).to_have_class("table-region scrolls at-end")
    assert not table.evaluate(faded)


@pytest.mark.parametrize(
    ("window", "width"), [(1280, 1080), (1600, 1080), (1100, 1052), (360, 480)]
)
def test_a_wide_figure_takes_the_room_there_is(fresh, window, width):
    fresh.set_viewport_size({"width": window, "height": 800})
    image = fresh.get_by_role("img", name="A wide square.")
    assert image.bounding_box()["width"] == pytest.approx(width, abs=1)
    assert fresh.evaluate("document.documentElement.scrollWidth") <= window


def test_prose_keeps_its_measure_beside_a_wide_figure(fresh):
    paragraph = fresh.locator("main p").last
    assert paragraph.bounding_box()["width"] <= 608


def test_a_phone_has_its_contents_in_a_fold(fresh):
    fresh.set_viewport_size({"width": 360, "height": 800})
    expect(fresh.locator("#TOC")).to_be_hidden()
    contents = fresh.get_by_role("navigation", name="On this page")
    expect(contents).to_have_count(0)
    fresh.locator("summary", has_text="On this page").click()
    contents.get_by_role("link", name="End").click()
    assert fresh.url.endswith("#end")
    fresh.set_viewport_size({"width": 1280, "height": 800})
    expect(fresh.locator("#TOC")).to_be_visible()
    expect(contents).to_have_count(1)


def test_answers_are_open_on_paper_only(fresh):
    answer = fresh.locator("details.solution")
    fresh.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(answer).to_have_attribute("open", "")
    fresh.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(answer).not_to_have_attribute("open", "")


def test_a_page_is_dark_before_anything_is_painted(page):
    """The class is there when the body begins, whatever scripts are still to come."""
    context = page.context.browser.new_context(color_scheme="dark")
    tab = context.new_page()
    tab.route("**/*.js", lambda route: route.abort())
    tab.goto(page.base + "posts/a.html")
    assert tab.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    context.close()


def test_search_opens_by_key_and_is_walked_by_arrows(fresh):
    fresh.keyboard.press("/")
    field = fresh.get_by_role("searchbox", name="Search this site")
    expect(field).to_be_focused()
    field.fill("hidden")
    expect(fresh.locator("#search-results a")).to_have_count(1)
    fresh.keyboard.press("ArrowDown")
    expect(fresh.locator("#search-results a")).to_be_focused()
    with fresh.expect_navigation(url="**/below/posts/a.html*"):
        fresh.keyboard.press("Enter")


def test_the_system_decides_until_the_reader_does(fresh):
    fresh.emulate_media(color_scheme="dark")
    fresh.reload()
    expect(fresh.locator("html.dark")).to_have_count(1)
    fresh.get_by_role("button", name="Dark colours").click()
    fresh.reload()
    expect(fresh.locator("html.light")).to_have_count(1)
    fresh.evaluate("localStorage.clear()")
