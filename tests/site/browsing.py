"""Opens pages in headless Chromium and notes what they do there."""

import asyncio
import contextlib
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

from playwright.async_api import TimeoutError, async_playwright

AXE = (Path(__file__).parents[1] / "vendor" / "axe" / "axe.min.js").read_text(encoding="utf-8")
# How each page is seen, and some also: what shows at one width alone is the frame of all pages.
EACH = (("light", 1280), ("dark", 360))
ALSO = (("dark", 1280), ("light", 360))
AT_ONCE = 4
PATIENCE = 180_000  # ms: a loaded machine is no fault of a page
UNUSED = (  # of the browser: what asks other hosts; a window's address bar, which is two pages
    "AimEnabled",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxPopup",
)
ARGUMENTS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--disable-gpu",
    "--no-first-run",
    "--force-color-profile=srgb",
    "--disable-features=" + ",".join(UNUSED),
]

RUN_AXE = """async () => {
  const found = await axe.run(document, {preload: false, resultTypes: ["violations"]});
  return found.violations.map(({id, help, nodes}) =>
    `${id}: ${help} (${nodes.length}): ` + nodes.slice(0, 3).map((n) =>
      `${n.target.join(" ")} ${n.html.slice(0, 120)} ${(n.any[0] ?? n.all[0] ?? n.none[0])?.message ?? ""}`
    ).join(" | "));
}"""
# What reaches over the right edge, unless something around it scrolls.
OVERFLOW = """() => {
  const width = document.documentElement.clientWidth, root = document.documentElement;
  const scrolls = (e) => e && e !== document.body && e !== root &&
    (["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
  const out = [...document.body.querySelectorAll("*")].filter((e) => {
    const box = e.getBoundingClientRect();
    return box.width && box.right > width + 1 && getComputedStyle(e).visibility !== "hidden"
      && !scrolls(e.parentElement) && !e.closest("svg svg, .visually-hidden");
  }).map((e) => `${e.tagName.toLowerCase()}#${e.id}.${e.getAttribute("class")} to ${Math.round(e.getBoundingClientRect().right)} of ${width}`);
  if (root.scrollWidth > width) out.push(`the page scrolls to ${root.scrollWidth} of ${width}`);
  return out.slice(0, 4);
}"""
# What a fold hides is looked at as its reader sees it, once it is open.
FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
OPEN = f"""async () => {{
  for (const fold of document.querySelectorAll("details")) fold.open = true;
  await {FRAMES};
}}"""
# Formulas and code that look like what stands above them become empty boxes and plain text, since
# axe takes its time for every element; what is new in colour, weight or ground stays as it is.
PLAIN = """() => {
  const ground = (e) => {
    const { backgroundColor } = getComputedStyle(e);
    return /, 0\\)$|transparent/.test(backgroundColor) && e.parentElement ? ground(e.parentElement) : backgroundColor;
  };
  const look = (e) => {
    const { color, backgroundColor, fontWeight, fontSize } = getComputedStyle(e);
    return [ground(e), color, backgroundColor, fontWeight, parseFloat(fontSize) > 18].join();
  };
  const seen = new Set(), known = [];
  for (const block of document.querySelectorAll("math, pre > code")) {
    if (!block.checkVisibility()) continue;
    const looks = [block, ...block.querySelectorAll("*")].map((e) => block.localName + look(e));
    if (looks.every((one) => seen.has(one))) known.push([block, block.getBoundingClientRect()]);
    looks.forEach((one) => seen.add(one));
  }
  for (const [block, { width, height }] of known) {
    if (block.localName === "code") block.textContent = block.textContent;
    else {
      block.replaceChildren();
      block.style.cssText = `display: inline-block; width: ${width}px; height: ${height}px`;
    }
  }
}"""
# How far down a page's first figure begins, and the lines of code that one sees unasked.
FIRST_SCREEN = """() => {
  const figure = document.querySelector("main :is(figure, .explorable)");
  const code = [...document.querySelectorAll("main pre:has(> code)")]
    .filter((pre) => !pre.closest("details, .cell-output") && pre.checkVisibility());
  const top = figure ? figure.getBoundingClientRect().top + scrollY : null;
  return [top, code.map((pre) => pre.innerText.trim().split("\\n").length)];
}"""
BRIGHTNESS = """() => {
  const shades = [document.body, document.documentElement].map((e) => getComputedStyle(e).backgroundColor);
  const shade = shades.find((s) => !/, 0\\)$|transparent/.test(s)) ?? "rgb(255, 255, 255)";
  const canvas = new OffscreenCanvas(1, 1).getContext("2d");
  canvas.fillStyle = shade;
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b] = canvas.getImageData(0, 0, 1, 1).data;
  return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
}"""
# How far what is seen moved by itself: the Cumulative Layout Shift.
SHIFT = """window.shift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
}).observe({type: "layout-shift", buffered: true});"""
SHIFTED = f"async () => {{ await {FRAMES}; await {FRAMES}; return window.shift; }}"
TOGGLE = ".quarto-color-scheme-toggle"


def find_chromium():
    """The browser's path, or None: $CHROMIUM, Debian's without windows, its other one, Google's."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser")
    names += ("google-chrome", "google-chrome-stable")
    for name in filter(None, (os.environ.get("CHROMIUM"), *names)):
        if path := shutil.which(name):
            return path
    return None


def launch_options(path):
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # root has no sandbox
    return {"executable_path": path, "args": ARGUMENTS + sandbox}


@dataclass
class Visit:
    """What one page did in one colour scheme, at one width."""

    path: str
    scheme: str
    width: int
    errors: list = field(default_factory=list)
    requests: set = field(default_factory=set)
    overflow: list = field(default_factory=list)
    violations: list = field(default_factory=list)
    brightness: float = 0.0
    shift: float = 0.0
    first_figure: float | None = None  # pixels from the top
    code: list = field(default_factory=list)  # lines of each block that shows unasked


async def visit(page, base, seen):
    """Load one page, open its folds, and look at it."""
    await page.goto(base + seen.path, wait_until="networkidle")
    await be(page, seen.scheme)
    seen.brightness = await page.evaluate(BRIGHTNESS)
    seen.first_figure, seen.code = await page.evaluate(FIRST_SCREEN)
    await page.evaluate("scrollTo(0, document.body.scrollHeight)")  # starts what waits to be seen
    await page.wait_for_load_state("networkidle")
    seen.shift = await page.evaluate(SHIFTED)
    await page.evaluate(AXE)
    await page.evaluate(OPEN)
    seen.overflow = await page.evaluate(OVERFLOW)
    await page.evaluate(PLAIN)
    seen.violations = await page.evaluate(RUN_AXE)


class Tab:
    """A tab for pages that are seen alike, one after the other: `seen` is the visit it is at."""

    def __init__(self, page):
        self.page, self.seen = page, None
        page.set_default_timeout(PATIENCE)
        page.on("console", self.hear)
        page.on("pageerror", lambda error: self.seen.errors.append(str(error)))
        page.on("request", lambda request: self.seen.requests.add(request.url))

    def hear(self, said):
        if said.type == "error":
            self.seen.errors.append(f"{said.text} ({said.location.get('url')})")

    @classmethod
    async def of(cls, browser, scheme, width):
        viewport = {"width": width, "height": 900}
        context = await browser.new_context(
            color_scheme=scheme, viewport=viewport, reduced_motion="reduce"
        )
        await context.add_init_script(SHIFT)
        return cls(await context.new_page())


async def be(page, scheme):
    """Press the toggle if the page did not take the scheme by itself."""
    if (await page.evaluate(BRIGHTNESS) < 0.5) != (scheme == "dark"):
        await page.locator(TOGGLE).first.click()
        reached = "<" if scheme == "dark" else ">="
        with contextlib.suppress(
            TimeoutError
        ):  # a toggle that does nothing is told by its brightness
            await page.wait_for_function(f"() => ({BRIGHTNESS})() {reached} 0.5", timeout=5_000)


def visit_all(base, paths, chromium, *, fully=()):
    """Visit every page in both schemes, and those of `fully` at both widths in each.

    In a thread of its own, since playwright's other half is at home in the caller's.
    """
    visits = [Visit(path, *how) for how in EACH for path in paths]
    visits += [Visit(path, *how) for how in ALSO for path in fully]
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, _visit_all(base, visits, chromium)).result()
    return visits


async def _visit_all(base, visits, chromium):
    todo = iter(visits)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**launch_options(chromium))

        async def look():
            tab = how = None
            for seen in todo:
                if how != (seen.scheme, seen.width):
                    how = seen.scheme, seen.width
                    if tab:
                        await tab.page.context.close()
                    tab = await Tab.of(browser, *how)
                tab.seen = seen
                await visit(tab.page, base, seen)

        await asyncio.gather(*(look() for _ in range(AT_ONCE)))
        await browser.close()


def keep(visits, base, file):
    """Write visits for another process, to which `base` is another address."""
    seen = [asdict(visit) | {"requests": sorted(visit.requests)} for visit in visits]
    file.write_text(json.dumps(seen).replace(base, "BASE/"), encoding="utf-8")


def kept(file, base):
    seen = json.loads(file.read_text(encoding="utf-8").replace("BASE/", base))
    return [Visit(**visit | {"requests": set(visit["requests"])}) for visit in seen]
