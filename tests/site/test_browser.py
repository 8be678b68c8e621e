"""The site in a real browser: quiet, whole, and usable by everyone.

Every page is opened in light at 1280 px and in dark at 360 px, one of each kind also the other
way round, from a server that has the site below a sub-path, as GitHub Pages has a project's.
"""

import json
import os
import re
import zipfile
from pathlib import PurePath
from urllib.parse import unquote, urlsplit

import browsing
import gates_site
import pytest
from browsing import BRIGHTNESS, TOGGLE
from gates_site import Site
from playwright.sync_api import expect, sync_playwright
from serving import Slow, serve

from tests.conftest import once

HOW_TO_INSTALL = "no Chromium on the PATH: apt install chromium-headless-shell (Debian), or name a browser of its family in $CHROMIUM"


expect.set_options(timeout=browsing.PATIENCE)


@pytest.fixture(scope="session")
def chromium():
    if path := browsing.find_chromium():
        return path
    if os.environ.get("CI") == "true":
        pytest.fail(HOW_TO_INSTALL, pytrace=False)
    pytest.skip(HOW_TO_INSTALL)


@pytest.fixture(scope="session")
def site(site_root, config):
    return Site(site_root, config["website"]["site-url"])


@pytest.fixture(scope="session")
def base(site_root):
    with serve(site_root, below="/tiny-nets/") as url:
        yield url


# A list, the reference's, a page of it, a post, a note: what is around a page, one of each.
KINDS = (
    "posts/index.html",
    "reference/index.html",
    "reference/samplers.html",
    "posts/one-neuron/index.html",
    "notes/sampling.html",
)


@pytest.fixture(scope="session")
def visits(tmp_path_factory, site, base, chromium):
    """What every page did, opened once for all workers."""

    def make(folder):
        paths = [str(page.path) for page in site.pages if page.path.name != "404.html"]
        # one template writes the reference: its list and one module stand for all
        paths = [path for path in paths if not path.startswith("reference/") or path in KINDS]
        seen = browsing.visit_all(base, paths, chromium, fully=KINDS)
        browsing.keep(seen, base, folder / "visits.json")

    return browsing.kept(once(tmp_path_factory, "visits", make) / "visits.json", base)


BAD = """<!DOCTYPE html><html lang="en"><head><title>Bad</title></head><body><main><h1>Bad</h1>
<p style="color: #eee">Pale</p><pre><code>one</code></pre><pre><code>two</code></pre>
<pre style="color: #ddd"><code>three</code></pre><img src="http://127.0.0.1:9/a.png"><div style="width: 900px">Wide</div>
<button class="quarto-color-scheme-toggle">Dark</button><p style="font-size: 100px">Restless</p></main>
<script>console.error("it is broken");
const last = document.querySelector("p:last-of-type"), move = () => {  // down and up for ever
  last.style.marginTop = last.style.marginTop === "" ? "400px" : "";
  requestAnimationFrame(move);
};
move();</script></body></html>"""


@pytest.fixture(scope="session")
def bad_visits(tmp_path_factory, chromium):
    root = tmp_path_factory.mktemp("bad")
    for name in ("index.html", "404.html"):
        (root / name).write_text(BAD)
    with serve(root, below="/sub/") as url:
        return browsing.visit_all(url, ["index.html"], chromium)


@pytest.fixture(scope="module")
def browser(chromium):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**browsing.launch_options(chromium))
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
    page = context.new_page()
    page.set_default_timeout(browsing.PATIENCE)
    yield page
    context.close()


def test_figures_move_in_the_site_as_a_file(site, page, tmp_path):
    """Unpacked and opened from the disk, without a server: nothing fails, figures live."""
    with zipfile.ZipFile(site.root / "tiny-nets.zip") as packed:
        packed.extractall(tmp_path)
    found, said = 0, []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    for one in site.pages:
        blocks = len(one.soup.select(".explorable")) if "explorable" in one.html else 0
        if blocks and one.path.name != "404.html":
            found += 1
            page.goto((tmp_path / "tiny-nets" / str(one.path)).as_uri())
            for block in page.query_selector_all(".explorable"):
                block.scroll_into_view_if_needed()
            live = ".explorable[data-live]"
            page.wait_for_function(f"document.querySelectorAll('{live}').length === {blocks}")
    assert found and not said, said


def test_search_answers_in_the_site_as_a_file(site, page, tmp_path):
    with zipfile.ZipFile(site.root / "tiny-nets.zip") as packed:
        packed.extractall(tmp_path)
    root = (tmp_path / "tiny-nets").as_uri()
    page.goto(f"{root}/notes/index.html")
    page.locator("#search-open").click()
    first = page.locator("#search-results a").first
    for query, address in QUERIES.items():
        page.locator("#search-input").fill(query)
        expect(first, query).to_have_attribute("href", f"{root}/{address}")
    page.locator("#search-input").fill("posterior mode")  # words of the text, no name
    expect(page.locator("#search-status")).to_contain_text("pages")
    page.locator("#search-results a").first.click()
    expect(page.locator("main")).to_contain_text(re.compile("posterior", re.I))


def say(visits, name):
    return "\n".join(
        f"{v.path} ({v.scheme}, {v.width} px): {p}" for v in visits for p in getattr(v, name)
    )


def test_a_bad_page_is_caught(bad_visits):
    light, dark = bad_visits
    assert "it is broken" in say([light], "errors")
    assert any("127.0.0.1:9/" in url for url in light.requests)
    assert "360 px): div#.null to 9" in say([dark], "overflow")
    assert light.overflow == []
    for rule in ("color-contrast", "image-alt"):
        assert rule in say([light], "violations")
    assert "<code>three</code>" in say([light], "violations")  # what is new is looked at
    assert "color-contrast" in say([dark], "violations")
    assert dark.brightness > 0.8  # its toggle does nothing
    assert light.shift > 0.05
    assert light.first_figure is None and light.code == [1, 1, 1]


def test_no_page_logs_an_error(visits):
    assert not (problems := say(visits, "errors")), problems


def test_no_page_asks_another_host(visits, base):
    foreign = [
        f"{visit.path}: {url}"
        for visit in visits
        for url in sorted(visit.requests)
        if not url.startswith((base, "data:", "blob:"))
    ]
    assert not foreign, "\n".join(foreign)


def test_a_strange_inline_script_does_not_run(page, base):
    page.goto(base)
    page.evaluate("""() => document.head.append(Object.assign(
        document.createElement("script"), {textContent: "window.strange = true"}))""")
    assert page.evaluate("window.strange") is None


def test_no_page_overflows_sideways(visits):
    assert not (problems := say(visits, "overflow")), problems


def test_no_page_violates_axe(visits):
    assert not (problems := say(visits, "violations")), problems


def test_nothing_moves_while_a_page_loads(visits):
    """0.1 is good by Google's scale; half of that here, at 1280 px (light) and 360 px (dark)."""
    moved = [f"{v.path} ({v.scheme}): {v.shift:.3f}" for v in visits if v.shift >= 0.05]
    assert not moved, "\n".join(moved)


# A table for the whole page, controls that a script works, paragraphs with formulas and emphasis.
LATE = ("status.html", "exercises.html", "notes/nielsen/index.html", "notes/nielsen/chapter-6.html")


@pytest.mark.parametrize("path", LATE)
def test_nothing_moves_when_rows_fonts_and_scripts_come_late(path, site_root, page):
    page.add_init_script(browsing.SHIFT)
    with serve(site_root, handler=Slow) as url:
        page.goto(url + path, wait_until="networkidle")
        assert page.evaluate(browsing.SHIFTED) < 0.01


def test_dark_is_dark_and_light_is_light(visits):
    wrong = [v for v in visits if (v.brightness < 0.2) != (v.scheme == "dark")]
    assert not wrong, [(v.path, v.scheme, v.brightness) for v in wrong]


def test_what_pages_load_is_within_budget(visits, site, base):
    """As gates_site.over_budget, but with what the browser really asked for."""
    problems = []
    for visit in visits:
        names = {unquote(urlsplit(url).path) for url in visit.requests if url.startswith(base)}
        files = {site.root / name.removeprefix("/tiny-nets/") for name in names}
        total = sum(gates_site.weight(file) for file in files if file.is_file())
        html = (site.root / visit.path).read_text(encoding="utf-8")
        budget = (
            gates_site.EXPLORABLE_BUDGET if 'class="explorable' in html else gates_site.TEXT_BUDGET
        )
        if total > budget:
            problems.append(f"{visit.path}: {total // 1000} kB, over {budget // 1000} kB")
    assert not problems, "\n".join(problems)


def first_with(site, pattern, what):
    """The first page with a pattern in its HTML; the site must have one."""
    for page in site.pages:
        if page.path.name != "404.html" and re.search(pattern, page.html):
            return str(page.path)
    pytest.fail(f"no page of the site has {what}")


def test_search_finds_a_word(page, site, base):
    page.goto(base, wait_until="networkidle")
    page.locator("#search-open").click()
    note = next(page for page in site.pages if page.path.match("notes/*.html"))
    word = max(re.findall("[a-z]+", note.soup.h1.get_text().lower()), key=len)
    page.locator("#search-input").fill(word)
    results = page.locator("#search-results a")
    expect(results.first).to_be_visible()
    with page.expect_navigation():
        results.first.click()
    assert page.url.startswith(base)
    expect(page.locator("main")).to_contain_text(re.compile(word, re.I))


def test_search_says_when_it_finds_nothing(page, base):
    page.goto(base, wait_until="networkidle")
    page.locator("#search-open").click()
    page.locator("#search-input").fill(
        "日本語"
    )  # words of the site's alphabet match by their first letters
    said = page.locator("#search-status")
    expect(said).to_contain_text(re.compile("no (results|page|match)|nothing", re.I))


def test_the_dark_toggle_is_remembered(page, base):
    page.goto(base, wait_until="networkidle")
    assert page.evaluate(BRIGHTNESS) > 0.8
    page.locator(TOGGLE).first.click()
    page.wait_for_function(f"() => ({BRIGHTNESS})() < 0.2")
    page.goto(base + "notes/index.html", wait_until="networkidle")
    assert page.evaluate(BRIGHTNESS) < 0.2
    page.locator(TOGGLE).first.click()
    page.wait_for_function(f"() => ({BRIGHTNESS})() > 0.8")


def wide(visits, *patterns):
    found = [v for v in visits if any(PurePath(v.path).match(one) for one in patterns)]
    assert found, f"the site has no {patterns}"
    return [v for v in found if v.width == 1280 and v.scheme == "light"]


def too_much_code(path, lines, most):
    """What to say of a page that shows more lines than these, or more than 15 at a time."""
    if sum(lines) <= most and max(lines, default=0) <= 15:
        return []
    return [
        f"{path}: {sum(lines)} visible lines of code, {max(lines)} at a time; "
        f"{most} and 15 are allowed: fold what builds tables and plots below its figure"
    ]


def test_a_post_begins_with_its_figure_and_shows_little_code(visits):
    problems = []
    for v in wide(visits, "posts/*/index.html"):
        if v.first_figure is None or v.first_figure > 700:
            problems.append(f"{v.path}: its first figure begins at {v.first_figure} px, not in 700")
        problems += too_much_code(v.path, v.code, 60)
    assert not problems, "\n".join(problems)


def test_a_note_shows_little_code(visits):
    seen = wide(visits, "notes/*.html", "nielsen/*.html")
    problems = [problem for v in seen for problem in too_much_code(v.path, v.code, 100)]
    assert not problems, "\n".join(problems)


def test_a_wide_figure_is_laid_out_anew_on_a_phone(page, site, base):
    path = first_with(site, r"-phone\.svg\"", "a figure with a second layout")
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(base + path, wait_until="networkidle")
    image = page.locator("main picture:has([srcset$='-phone.svg']) img").first
    image.scroll_into_view_if_needed()
    page.wait_for_function("(one) => one.complete && one.naturalWidth", arg=image.element_handle())
    assert image.evaluate("(one) => one.currentSrc").endswith("-phone.svg")
    assert image.evaluate("(one) => [one.naturalWidth, one.clientWidth]") == [320, 320]
    expect(page.get_by_role("group", name="Figure, scrolls sideways")).to_have_count(0)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.wait_for_function("(one) => one.naturalWidth > 320", arg=image.element_handle())
    assert image.evaluate("(one) => one.currentSrc").endswith("-output-1.svg")


def test_code_can_be_copied(page, site, base):
    path = first_with(site, r'<code class="[^"]*\bpython\b', "code")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(base + path, wait_until="networkidle")
    page.evaluate("document.querySelectorAll('details').forEach((folded) => (folded.open = true))")
    block = page.locator("main pre:has(> code.python):visible").first
    block.hover()
    page.locator("main button.code-copy-button:visible").first.click()
    expect(page.locator("main button.code-copy-button:visible").first).to_be_visible()
    first_line = block.inner_text().strip().splitlines()[0]
    page.wait_for_function(
        "async (line) => (await navigator.clipboard.readText()).includes(line)", arg=first_line
    )


def test_a_category_filters_its_listing(page, site, base):
    path = first_with(site, "quarto-listing-category", "a listing with categories")
    page.goto(base + path, wait_until="networkidle")
    entries = page.locator(
        ".quarto-listing .quarto-post:visible, .quarto-listing .quarto-grid-item:visible"
    )
    everything = entries.count()
    chosen = page.locator(
        ".quarto-listing-category .category[data-category]:not([data-category=''])"
    ).last
    name = chosen.inner_text().split("(")[0].strip()
    chosen.click()
    expected = page.locator(
        ".quarto-listing .listing-category", has_text=re.compile(f"^{re.escape(name)}$")
    )
    expect(entries).to_have_count(expected.count())
    assert 0 < entries.count() <= everything
    page.locator(".quarto-listing-category .category").first.click()
    expect(entries).to_have_count(everything)


def test_explorables_answer_to_arrow_keys(page, site, base):
    pages = [page for page in site.pages if "explorable" in page.html]  # others need no parsing
    paths = [str(page.path) for page in pages if page.soup.select_one(".explorable")]
    assert paths, "no page of the site has an explorable"
    for path in paths:
        page.goto(base + path)
        for figure in page.locator(".explorable").all():
            figure.scroll_into_view_if_needed()  # then it starts
            expect(figure).to_have_attribute("data-live", "true")
            control = figure.locator("input[type=range], select").first
            expect(control).to_be_visible()
            before = (control.input_value(), drawn_at_rest(page, figure))
            control.focus()
            page.keyboard.press(
                "ArrowRight" if control.get_attribute("type") == "range" else "ArrowDown"
            )
            if control.input_value() == before[0]:  # it stood at its end
                page.keyboard.press(
                    "ArrowLeft" if control.get_attribute("type") == "range" else "ArrowUp"
                )
            assert control.input_value() != before[0], path
            for _ in range(100):
                if drawn(figure) != before[1]:
                    break
                page.wait_for_timeout(100)
            else:
                raise AssertionError(f"{path}: the picture did not change")


def drawn(figure):
    """The picture and the sentence below, without the controls that show their own value."""
    said = figure.locator(".explorable-says").all_inner_texts()
    return figure.locator(".explorable-view").screenshot(), said


def drawn_at_rest(page, figure):
    """The drawn marks, once they stay as they are for half a second."""
    last = None
    while (marks := drawn(figure)) != last:
        last = marks
        page.wait_for_timeout(500)
    return marks


def test_keyboard_focus_is_visible(page, site, base):
    path = first_with(site, "sourceCode python", "code")
    page.goto(base + path, wait_until="networkidle")
    look = """() => {
      const e = document.activeElement, s = getComputedStyle(e);
      return [e.outerHTML.slice(0, 80), (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== "none",
              e === document.body || e.getBoundingClientRect().width > 0];
    }"""
    for _ in range(15):
        page.keyboard.press("Tab")
        element, outlined, there = page.evaluate(look)
        assert outlined and there, f"focus is not to be seen on {element}"


def test_the_404_page_works_at_any_depth(browser, site_root, config):
    below = urlsplit(config["website"]["site-url"]).path.rstrip("/") + "/"
    page = browser.new_page()
    failed = []
    page.on("response", lambda r: r.status >= 400 and failed.append(r.url))
    with serve(site_root, below=below) as url:
        address = url + "posts/no/such/page.html"
        assert page.goto(address, wait_until="networkidle").status == 404
        assert failed == [address]  # its styles and scripts are found
        with page.expect_navigation():
            page.locator("main a").first.click()
        assert failed == [address]
        expect(page.locator("h1")).to_have_count(1)
    page.close()


def test_without_javascript_the_still_pictures_show(browser, site, base):
    both = r'(?s)class="explorable.*class="solution"'
    path = first_with(site, both, "an explorable, and a folded answer below it")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(base + path)
    for figure in page.locator(".explorable").all():
        still = figure.locator("svg, img").first
        expect(still).to_be_visible()
        assert still.bounding_box()["height"] > 100
    answer = page.locator("details.solution summary").first
    answer.click()
    expect(page.locator("details.solution").first).to_have_attribute("open", "")
    context.close()


def test_the_server_serves_below_its_path_only(tmp_path):
    import urllib.error
    import urllib.request

    (tmp_path / "index.html").write_text("here")
    (tmp_path / "404.html").write_text("nowhere")
    with serve(tmp_path, below="/sub/") as url:
        assert urllib.request.urlopen(url).read() == b"here"
        for path in ("index.html", "sub/none", "sub/../index.html"):
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(url.removesuffix("sub/") + path)
            assert caught.value.code == 404
            assert caught.value.read() == b"nowhere"
            caught.value.close()


# A query, and where its first result leads.
QUERIES = {
    "NTK": "notes/kernels.html#sec-ntk",
    "KL divergence": "notes/variational.html#sec-kl",
    "HMC": "notes/sampling.html#sec-hamilton",
    "MCMC": "notes/sampling.html#sec-balance",
    "VAE": "posts/vae-latents/index.html#sec-elbo",
    "learning rate": "posts/gradient-descent/index.html#sec-bound",
    "exercise 2.5": "notes/nielsen/chapter-2.html#exr-2-p2",
    "3.P10": "notes/nielsen/chapter-3.html#exr-3-p10",
    "Mehler equation": "notes/kernels.html#eq-mehler",
    "weight decay": "notes/regularisation.html#sec-adam",
}


def test_ten_queries_lead_to_the_section(page, base):
    page.goto(base, wait_until="networkidle")
    page.locator("#search-open").click()
    first = page.locator("#search-results a").first
    for query, address in QUERIES.items():
        page.locator("#search-input").fill(query)
        expect(first, query).to_have_attribute("href", base + address, timeout=15_000)


def test_search_reads_neither_lists_nor_references(page, base):
    page.goto(base, wait_until="networkidle")
    page.locator("#search-open").click()
    page.locator("#search-input").fill("momentum")
    expect(page.locator("#search-results a").first).to_be_visible()
    page.wait_for_timeout(500)
    links = page.locator("#search-results a").evaluate_all("all => all.map((a) => a.href)")
    lists = ("exercises.html", "glossary.html", "posts/index.html", "notes/index.html")
    assert links and not [link for link in links if link.split("#")[0].endswith(lists)]


@pytest.mark.parametrize("kind", ["a.term", "a.quarto-xref[href^='#fig']", "a[role=doc-biblioref]"])
def test_a_link_shows_what_it_means_on_hover_and_focus(kind, page, base):
    page.goto(base + "notes/sampling.html", wait_until="networkidle")
    link, card = page.locator(f"main {kind}:visible").first, page.locator("#card")
    link.scroll_into_view_if_needed()
    link.hover()
    expect(card).to_be_visible()
    assert link.get_attribute("aria-describedby") == "card"
    card.hover()  # it stays while the pointer is in it
    page.wait_for_timeout(400)
    expect(card).to_be_visible()
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    page.mouse.move(0, 0)
    link.evaluate("one => one.focus({ focusVisible: true })")
    expect(card).to_be_visible()
    page.keyboard.press("Tab")
    expect(link).not_to_have_attribute("aria-describedby", "card")


@pytest.mark.parametrize("width", [360, 1280])
def test_a_click_enlarges_a_figure(width, page, base):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(base + "notes/activations.html", wait_until="networkidle")
    image = page.locator("main figure img:visible:not(.explorable-still)").first
    image.scroll_into_view_if_needed()
    small = image.bounding_box()["width"]
    image.click()
    dialog = page.get_by_role("dialog", name="Figure")
    expect(dialog.locator("img")).to_be_visible()
    assert dialog.locator("img").bounding_box()["width"] > 1.2 * small
    assert dialog.locator("img").get_attribute("alt") == image.get_attribute("alt")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.locator(".enlarge").first.focus()
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()


def test_words_and_labels_find_an_exercise(site, page, base, tmp_path):
    """On a server, and in the site as a file."""
    with zipfile.ZipFile(site.root / "tiny-nets.zip") as packed:
        packed.extractall(tmp_path)
    for root in (base, (tmp_path / "tiny-nets").as_uri() + "/"):
        page.goto(root + "exercises.html")
        rows, field = page.locator("#all-exercises li:visible"), page.get_by_label("Word or label")
        expect(page.locator("main [role=status]")).to_contain_text("0 marked")
        everything = rows.count()
        for words, label in (("3.p10", "3.P10"), ("adding MOMENTUM", "3.P14")):
            field.fill(words)
            expect(rows).to_have_count(1)
            expect(rows).to_contain_text(label)
        page.locator("select[name=kind]").select_option("open")
        expect(rows).to_have_count(0)
        page.locator("select[name=kind]").select_option("")
        field.fill("")
        expect(rows).to_have_count(everything)


def test_solved_marks_are_kept_counted_and_saved(page, base, tmp_path):
    page.goto(base + "posts/weight-masks/index.html", wait_until="networkidle")
    page.get_by_role("checkbox", name=re.compile("^Solved: ")).first.check()
    page.goto(base + "exercises.html", wait_until="networkidle")
    status = page.locator("main [role=status]")
    expect(status).to_contain_text("1 marked as solved")
    page.locator("select[name=marks]").select_option("solved")
    expect(page.locator("#all-exercises li:visible")).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save my marks").click()
    download.value.save_as(tmp_path / "marks.json")
    solved = json.loads((tmp_path / "marks.json").read_text())["solved"]
    assert list(solved) == ["posts/weight-masks/index.html#exr-shuffle"]
    page.evaluate("localStorage.clear()")
    page.reload(wait_until="networkidle")
    expect(status).to_contain_text("0 marked as solved")
    page.locator("input[type=file]").set_input_files(tmp_path / "marks.json")
    expect(status).to_contain_text("1 marked as solved")
