"""Every figure that moves, in a real browser: by mouse, finger and keyboard, or not at all."""

import gzip
import json
import re
from urllib.parse import unquote

import figures
import lab
import pytest
from playwright.sync_api import expect, sync_playwright

from render.layout import scripts
from tests.conftest import once
from tinynets.colours import BLUE, GREEN, INK, PALETTE, THEMED, VERMILION

NAMES = list(figures.BUILDERS)
SCRIPT_BUDGET = 12_000  # bytes, gzipped, of a figure with the shell, as they travel


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """A folder with all figures on a page, and each on its own; made once for all workers."""

    def make(folder):
        blocks = figures.blocks()
        (folder / "blocks.json").write_text(json.dumps(blocks))
        lab.write(folder, blocks.values())
        for name, block in blocks.items():
            lab.write(folder, [block], f"{name}.html")

    return once(tmp_path_factory, "lab", make)


@pytest.fixture(scope="module")
def blocks(pages):
    return json.loads((pages / "blocks.json").read_text())


@pytest.fixture(scope="module")
def base(pages):
    with lab.serve(pages, below="/") as url:
        yield url


@pytest.fixture(scope="module")
def browser():
    path = lab.needs_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**lab.browsing.launch_options(path))
        yield browser
        browser.close()


def controls(block):
    text = re.search(r'explorable-data">(.*?)</script>', block, re.S)[1]
    return json.loads(text)["controls"]


def another(control):
    """A value that a control does not start with, as the address writes it."""
    if control["kind"] == "choice":
        return str(next(o for o in control["options"] if o != control["initial"]))
    if control["kind"] == "switch":
        return str(not control["initial"]).lower()
    if control["kind"] == "points":
        middle = [
            (a + b) / 2 + control["step"]
            for a, b in zip(control["min"], control["max"], strict=True)
        ]
        return "_".join("~".join(f"{m:.2f}" for m in middle) for _ in control["initial"])
    stops = control.get("stops") or [control["min"], control["max"]]
    return str(stops[0] if stops[0] != control["initial"] else stops[-1])


def said(figure):
    return figure.locator(".explorable-says").text_content()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wrong_with_it(browser, base, width, scheme):
    """Axe, overflow, small targets, small text, console."""
    with lab.visited(browser, base, "index", width=width, scheme=scheme) as page:
        for name in NAMES:
            lab.live_figure(page, name)
        page.evaluate(lab.browsing.AXE)
        assert page.evaluate(lab.browsing.RUN_AXE) == []
        assert page.evaluate(lab.browsing.OVERFLOW) == []
        assert page.evaluate(SMALL) == []
        assert page.evaluate(MOVED) == []
        played = [name for name in NAMES if page.query_selector(PLAY.format(name))]
        assert played == figures.PLAYED
        assert page.errors == []


PLAY = "#explorable-{} [data-press=play]"


def test_a_still_picture_keeps_the_room_of_what_will_run(browser, base):
    with lab.visited(browser, base, "index", java_script_enabled=False) as page:
        assert len(page.evaluate(MOVED)) > len(NAMES) / 2  # drawn in a shape of its own
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.route("**/main.js", lambda route: route.abort())  # about to run
    page.goto(f"{base}index-light.html")
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(MOVED) == []
    page.evaluate("document.querySelectorAll('.explorable').forEach((b) => b.dataset.still = '')")
    assert len(page.evaluate(MOVED)) > len(NAMES) / 2
    context.close()


MOVED = """() => [...document.querySelectorAll(".explorable-view")].map((view) => {
  const name = matchMedia("(max-width: 600px)").matches ? "--narrow" : "--wide";
  const [wide, high] = getComputedStyle(view).getPropertyValue(name).split("/").map(Number);
  const kept = view.clientWidth * high / wide, taken = view.clientHeight;
  return Math.abs(kept - taken) > 8 ? `${view.parentElement.dataset.name} keeps ${kept} px, ` +
    `takes ${taken}` : "";
}).filter(Boolean)"""
SMALL = """() => {
  const found = [];
  const targets = ".explorable :is(button, select, input, summary, .explorable-handle)";
  for (const one of document.querySelectorAll(targets)) {
    const { width, height } = one.getBoundingClientRect();
    if (Math.min(width, height) >= 24) continue;
    found.push(`${one.outerHTML.slice(0, 80)}: ${width} by ${height}`);
  }
  for (const one of document.querySelectorAll(".explorable-view svg text")) {
    const { a, b } = one.getScreenCTM();
    const size = parseFloat(getComputedStyle(one).fontSize) * Math.hypot(a, b);
    if (size < 9 && one.textContent.trim()) found.push(`${one.textContent}: ${size} px`);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def changed(browser, base, blocks):
    """All figures on a page, with another value for each control in its address."""
    given = [
        f"{name}.{control['name']}={another(control)}"
        for name in NAMES
        for control in controls(blocks[name])
    ]
    with lab.visited(browser, base, "index", query="?" + "&".join(given)) as page:
        yield page


@pytest.mark.parametrize("name", NAMES)
def test_its_state_comes_from_the_address_and_goes_there(changed, blocks, name):
    figure = lab.live_figure(changed, name)
    assert "does not have" not in said(figure)
    for control in controls(blocks[name]):
        if control["kind"] == "points":
            continue
        shown = changed.locator(f"#{name}-{control['name']}")
        if control["kind"] == "switch":
            assert shown.is_checked() != control["initial"]
        elif "stops" in control:
            assert control["stops"][int(shown.input_value())] != control["initial"]
        elif control["kind"] == "range":
            assert float(shown.input_value()) == float(another(control))
        else:
            assert shown.input_value() == another(control)
    assert f"{name}." in changed.evaluate("location.search")
    figure.locator("[data-press=reset]").click()
    changed.wait_for_function("(name) => !location.search.match(`[?&]${name}[.]`)", arg=name)


@pytest.fixture(scope="module")
def wrong(browser, base, blocks):
    """All figures on a page whose address asks each for a value that it does not have."""
    asked = [f"{name}.{controls(blocks[name])[0]['name']}=nonsense" for name in NAMES]
    with lab.visited(browser, base, "index", query="?" + "&".join(asked)) as page:
        yield page


@pytest.mark.parametrize("name", NAMES)
def test_a_bad_address_is_named_and_falls_back(wrong, name):
    figure = lab.live_figure(wrong, name)
    expect(figure.locator(".explorable-says")).to_contain_text("nonsense")
    expect(figure.locator(".explorable-spoken")).to_contain_text("shows its default")


@pytest.fixture(scope="module")
def still(browser, base):
    """All figures on a phone that runs no scripts."""
    with lab.visited(browser, base, "index", width=360, java_script_enabled=False) as page:
        yield page


@pytest.mark.parametrize("name", NAMES)
def test_without_javascript_the_picture_and_the_texts_show(still, name):
    figure = still.locator(f"#explorable-{name}")
    picture = figure.locator(".explorable-still")
    assert picture.bounding_box()["height"] > 100
    assert picture.evaluate("(one) => one.naturalWidth") == 320  # drawn for it
    sizes = lab.gates.LETTERS.findall(unquote(picture.evaluate("(one) => one.currentSrc")))
    assert min(400 / 3 * float(size) for size in ["1", *sizes]) >= 9  # pixels
    expect(figure.locator(".explorable-controls")).to_be_hidden()
    figure.locator("summary").click()
    expect(figure.locator(".explorable-answer p")).to_be_visible()


@pytest.fixture(scope="module")
def live(browser, base):
    """All figures on a page."""
    with lab.visited(browser, base, "index") as page:
        yield page


@pytest.mark.parametrize("name", NAMES)
def test_keys_change_what_it_shows_and_what_it_says_after_rest(live, name):
    figure = lab.live_figure(live, name)
    control = figure.locator("input[type=range], select, input[type=checkbox]").first
    control.focus()
    if control.get_attribute("type") == "checkbox":
        keys = ["Space"]
    else:
        keys = (
            ["ArrowRight", "ArrowLeft"]
            if control.get_attribute("type")
            else ["ArrowDown", "ArrowUp"]
        )
    before = figure.locator(".explorable-view").screenshot(), said(figure)
    value = control.input_value()
    for key in keys:
        live.keyboard.press(key)
        if control.input_value() != value:
            break
    assert figure.locator(".explorable-spoken").text_content() == ""
    if name in figures.RUNNING:  # what was changed shows in what comes next
        figure.locator("[data-press=step]").click()
    expect(figure.locator(".explorable-spoken")).not_to_be_empty()
    assert (figure.locator(".explorable-view").screenshot(), said(figure)) != before
    assert figure.locator(".explorable-spoken").text_content() == said(figure)


@pytest.mark.parametrize("name", figures.PLAYED)
def test_it_plays_pauses_and_stops_off_screen(browser, base, name):
    with lab.visited(browser, base, name) as page:
        figure = lab.live_figure(page, name)
        play = figure.locator("[data-press=play]")
        before = figure.locator(".explorable-view").screenshot()
        play.click()
        expect(play).to_have_text("Pause")
        for _ in range(30):
            if figure.locator(".explorable-view").screenshot() != before:
                break
            page.wait_for_timeout(100)
        else:
            pytest.fail("nothing moves")
        page.evaluate("document.body.style.paddingTop = '4000px'; scrollTo(0, 0)")
        page.wait_for_timeout(300)
        words = said(figure)
        page.wait_for_timeout(1000)
        assert said(figure) == words


@pytest.fixture(scope="module")
def calm(browser, base):
    """All figures on a page of a reader who wants less motion."""
    with lab.visited(browser, base, "index", reduced_motion="reduce") as page:
        yield page


@pytest.mark.parametrize("name", figures.PLAYED)
def test_reduced_motion_makes_play_one_leap(calm, name):
    figure = lab.live_figure(calm, name)
    play = figure.locator("[data-press=play]")
    play.click()
    expect(play).to_have_text("Play")
    expect(figure.locator(".explorable-motion")).to_contain_text("Motion is reduced")
    calm.wait_for_timeout(100)
    words = said(figure)
    calm.wait_for_timeout(500)
    assert said(figure) == words


def test_less_motion_leaves_the_colours(browser, base):
    """A style that gives every change a moment of time would hide them from canvases."""
    found = []
    for motion in ("reduce", "no-preference"):
        with lab.visited(browser, base, "index", reduced_motion=motion) as page:
            for name in NAMES:
                lab.live_figure(page, name)
            found.append(page.evaluate(READ))
    assert sorted(found[0]) == sorted(NAMES)
    assert found[0] == found[1]
    assert all(len(set(colours.values())) == 8 for colours in found[0].values())


READ = """() => Object.fromEntries([...window.explorables].map(([name, shell]) => {
  const { ink, soft, line, paper, blue, orange, green, plum } = shell.readColours();
  return [name, { ink, soft, line, paper, blue, orange, green, plum }];
}))"""


def middle(box, right=0.5, down=0.5):
    return box["x"] + right * box["width"], box["y"] + down * box["height"]


# The address is written 250 ms after the last change; a later timer of the page fires after it.
WRITTEN = "new Promise((done) => setTimeout(done, 400))"


@pytest.mark.parametrize("name", figures.HANDLES)
def test_handles_are_dragged_and_moved_by_keys(browser, base, name):
    with lab.visited(browser, base, name) as page:
        figure = lab.live_figure(page, name)
        handle = figure.locator(".explorable-handle").first
        assert handle.get_attribute("role") == "slider" and handle.get_attribute("aria-label")
        box, text = handle.bounding_box(), handle.get_attribute("aria-valuetext")
        page.mouse.move(*middle(box))
        page.mouse.down()
        page.mouse.move(middle(box)[0] + 25, middle(box)[1] - 12, steps=5)
        page.mouse.up()
        page.evaluate(WRITTEN)
        moved = handle.bounding_box()
        assert abs(moved["x"] - box["x"] - 25) < 3
        assert handle.get_attribute("aria-valuetext") != text
        state, text = page.evaluate("location.href"), handle.get_attribute("aria-valuetext")
        assert f"{name}." in state
        assert page.evaluate("document.activeElement.className") == "explorable-handle"
        page.keyboard.press("Shift+ArrowLeft")
        page.wait_for_timeout(100)
        assert handle.bounding_box()["x"] < moved["x"] - 5
        page.goto(state)
        restored = lab.live_figure(page, name).locator(".explorable-handle").first
        expect(restored).to_have_attribute("aria-valuetext", text)
        assert page.errors == []


@pytest.mark.parametrize("name", figures.GRABBED)
@pytest.mark.parametrize("by", ["mouse", "finger"])
def test_the_picture_is_pressed_and_dragged(browser, base, name, by):
    with lab.visited(browser, base, name, width=360, has_touch=by == "finger") as page:
        figure = lab.live_figure(page, name)
        view = figure.locator(".explorable-view")
        view.scroll_into_view_if_needed()
        before, box = view.screenshot(), view.bounding_box()
        at = middle(box, *figures.GRABBED[name])
        if by == "mouse":
            page.mouse.move(*at)
            page.mouse.down()
            page.mouse.move(at[0] + 30, at[1] + 9, steps=5)
            page.mouse.up()
        else:
            touch(page, at, (at[0] + 30, at[1] + 9))
        page.wait_for_timeout(200)
        assert view.screenshot() != before
        page.wait_for_function(f"() => location.search.includes('{name}.')")
        assert page.evaluate("String(getSelection())") == ""


def test_points_are_added_and_removed(browser, base):
    with lab.visited(browser, base, "wide") as page:
        figure = lab.live_figure(page, "wide")
        handles = figure.locator(".explorable-handle")
        expect(handles).to_have_count(4)
        figure.locator("[data-press=add]").click()
        expect(handles).to_have_count(5)
        view = figure.locator(".explorable-view")
        page.mouse.click(*middle(view.bounding_box(), 0.5, 0.8))
        expect(handles).to_have_count(6)
        handles.nth(1).focus()
        page.keyboard.press("Delete")
        expect(handles).to_have_count(5)
        figure.locator("[data-press=remove]").click()
        expect(handles).to_have_count(4)
        page.wait_for_function("() => location.search.includes('wide.points=')")
        figure.locator("[data-press=reset]").click()
        expect(handles).to_have_count(4)
        assert page.errors == []


def test_a_finger_on_the_picture_adds_no_point(browser, base):
    with lab.visited(browser, base, "wide", width=360, has_touch=True) as page:
        figure = lab.live_figure(page, "wide")
        view = figure.locator(".explorable-view")
        view.scroll_into_view_if_needed()
        page.touchscreen.tap(*middle(view.bounding_box(), 0.5, 0.8))
        page.wait_for_timeout(100)
        expect(figure.locator(".explorable-handle")).to_have_count(4)


def touch(page, start, end):
    """Move a finger, as the browser gets it from the system."""
    client = page.context.new_cdp_session(page)
    for kind, place in (("touchStart", start), ("touchMove", end), ("touchEnd", None)):
        points = [{"x": place[0], "y": place[1]}] if place else []
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


@pytest.mark.parametrize("name", figures.RUNNING)
def test_it_runs_without_growing(browser, base, name):
    """10,000 steps leave the heap as it was. How fast they are: benchmarks/figures.py."""
    with lab.visited(browser, base, name, fresh=True) as page:
        lab.live_figure(page, name)
        client = page.context.new_cdp_session(page)
        client.send("HeapProfiler.enable")

        def heap():
            client.send("HeapProfiler.collectGarbage")
            return client.send("Runtime.getHeapUsage")["usedSize"]

        page.evaluate(STEPS, [name, 20])  # compiled, and all room taken
        before = heap()
        page.evaluate(STEPS, [name, 200])
        assert heap() - before < 500_000
        assert page.errors == []


STEPS = """([name, times]) => {
  const { figure } = window.explorables.get(name);
  for (let i = 0; i < times; i++) { figure.step(50); figure.draw(); }
}"""


def test_from_a_file_a_sentence_asks_for_a_server(browser, blocks, tmp_path):
    lab.write(tmp_path, blocks.values())
    text = (tmp_path / "index-light.html").read_text().replace('"/', '"')
    (tmp_path / "file.html").write_text(text)
    page = browser.new_page()
    page.goto(f"file://{tmp_path}/file.html")
    for name in NAMES:
        figure = page.locator(f"#explorable-{name}")
        expect(figure.locator(".explorable-says")).to_contain_text("make preview")
        expect(figure.locator(".explorable-controls")).to_be_hidden()
    page.close()


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shipped")
    scripts.ship(lab.ROOT / "explore", folder)
    return folder


@pytest.mark.parametrize(
    "module", sorted(path.stem for path in (lab.ROOT / "explore" / "figures").glob("*.js"))
)
def test_its_script_is_light(module, shipped):
    explore = shipped
    found, todo = (
        set(),
        [explore / "main.js", explore / "shell.js", explore / "figures" / f"{module}.js"],
    )
    while todo:
        file = todo.pop().resolve()
        if file in found:
            continue
        found.add(file)
        text = file.read_text(encoding="utf-8")
        todo += [file.parent / name for name in re.findall(r'from "(\.[^"]+)"', text)]
    assert len(found) >= 3
    total = sum(len(gzip.compress(file.read_bytes(), 6)) for file in found)
    assert total <= SCRIPT_BUDGET, f"{total} bytes"


def test_the_page_and_the_figures_have_the_same_colours():
    css = (lab.ROOT / "explore" / "explore.css").read_text(encoding="utf-8")
    found = dict(re.findall(r"--ex-(\w+): light-dark\((#\w+, #\w+)\)", css))
    palette = {"soft": INK, "blue": BLUE, "orange": VERMILION, "green": GREEN, "plum": PALETTE[3]}
    for name, colour in palette.items():
        assert found[name] == ", ".join(THEMED[colour]), name
