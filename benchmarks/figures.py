"""Time the figures that move, on a built site in a headless browser.

Two questions for each figure: how long the page is busy for one step of each of
its sliders (from the event to the end of the frame that shows it: script,
drawing, layout and paint), and how many frames a second Play shows. A page that
is busy for less than 16 ms a step keeps up with a screen of 60 Hz; above 33 ms a
drag is seen to lag. With --heap, also how much the heap grows over that many
frames of Play, after a garbage collection.

    python benchmarks/figures.py [--site _site] [--steps 40] [--only NAME] [--heap 3000]
"""

import argparse
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "site"))

import browsing  # noqa: E402  (the tests' own browser and server)
import serving  # noqa: E402

PAINTED = """const painted = () => new Promise((done) => requestAnimationFrame((start) => {
  const channel = new MessageChannel();
  channel.port1.onmessage = () => done(performance.now() - start);
  channel.port2.postMessage(0);
}));
const figure = (name) => document.querySelector(`.explorable[data-name="${name}"]`);
"""
SLIDERS = f"""async ([name, count]) => {{
  {PAINTED}
  const busy = {{}};
  for (const input of figure(name).querySelectorAll("input[type=range]")) {{
    const steps = Math.round((input.max - input.min) / input.step);
    const seen = busy[input.id] = [];
    for (let i = 0; i < count; i++) {{
      await painted();
      const began = performance.now();
      const place = Math.round(steps * (0.5 - 0.5 * Math.cos(2 * Math.PI * i / count)));
      input.value = Number(input.min) + place * Number(input.step);
      input.dispatchEvent(new Event("input", {{ bubbles: true }}));
      const handled = performance.now() - began;
      seen.push(handled + await painted());
    }}
  }}
  return busy;
}}"""
FRAMES = f"""async ([name, milliseconds]) => {{
  {PAINTED}
  const play = figure(name).querySelector("button[data-press=play]");
  play.click();
  const began = performance.now();
  let frames = 0, busy = [];
  while (performance.now() - began < milliseconds && play.textContent === "Pause") {{
    busy.push(await painted());
    frames++;
  }}
  const seconds = (performance.now() - began) / 1000;
  if (play.textContent === "Pause") play.click();
  return {{ rate: frames / seconds, busy }};
}}"""
HEAP = f"""async ([name, frames]) => {{
  {PAINTED}
  const play = figure(name).querySelector("button[data-press=play]");
  play.click();
  for (let i = 0; i < frames; i++) {{
    await painted();
    if (play.textContent !== "Pause") play.click();
  }}
  if (play.textContent === "Pause") play.click();
}}"""
LIVE = "(name) => document.querySelector(`.explorable[data-name='${name}']`).dataset.live"
NAMES = "() => [...document.querySelectorAll('.explorable')].map((block) => block.dataset.name)"


def at_95_percent(seen):
    return sorted(seen)[int(0.95 * (len(seen) - 1) + 0.5)]


def bytes_in_use(session):
    session.send("HeapProfiler.collectGarbage")
    return session.send("Runtime.getHeapUsage")["usedSize"]


def look_at(page, name, options):
    """Print a line for each slider and one for Play."""
    block = page.locator(f'.explorable[data-name="{name}"]')
    block.scroll_into_view_if_needed()
    page.wait_for_function(LIVE, arg=name)
    for slider, seen in page.evaluate(SLIDERS, [name, options.steps]).items():
        print(f"  {slider:28} slider {at_95_percent(seen):7.1f} ms a step at 95 %", flush=True)
    if not block.locator("button[data-press=play]").count():
        return
    play = page.evaluate(FRAMES, [name, 3000])
    busy = f"{at_95_percent(play['busy']):7.1f} ms a frame at 95 %"
    print(f"  {name:28} play   {busy}, {play['rate']:.0f} frames a second", flush=True)
    if options.heap:
        session = page.context.new_cdp_session(page)
        before = bytes_in_use(session)
        page.evaluate(HEAP, [name, options.heap])
        grown = (bytes_in_use(session) - before) / 1e3
        print(f"  {name:28} heap   {grown:+7.0f} kB in {options.heap} frames", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--site", type=Path, default=ROOT / "_site")
    parser.add_argument("--steps", type=int, default=40, help="positions of each slider")
    parser.add_argument("--only", default="", help="figures whose name contains this")
    parser.add_argument("--heap", type=int, default=0, help="frames over which the heap may grow")
    options = parser.parse_args()
    everything = sorted(options.site.rglob("*.html"))
    pages = [page for page in everything if 'class="explorable' in page.read_text("utf-8")]
    path = browsing.find_chromium() or sys.exit("no Chromium on the PATH: $CHROMIUM")
    with serving.serve(options.site, below="/") as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**browsing.launch_options(path))
        for source in pages:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(url + source.relative_to(options.site).as_posix())
            print(source.relative_to(options.site).as_posix())
            for name in page.evaluate(NAMES):
                if options.only in name:
                    look_at(page, name, options)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
