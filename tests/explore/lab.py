"""A page of explorables alone, with the site's styles, and a browser that looks at it."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import weakref
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "site"))

import browsing  # noqa: E402
import gates  # noqa: E402
from serving import serve  # noqa: E402

from render.layout import scripts  # noqa: E402

NODE = shutil.which("node")
PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Figures</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><link rel="stylesheet" href="/assets/tinynets.css">
<link rel="stylesheet" href="/assets/components.css">
{head}</head><body class="{scheme}">
<main class="content" style="max-width: 680px; margin: auto; padding: 0 12px">
<h1>Figures</h1>
{blocks}
</main></body></html>"""


def write(folder, blocks, name="index.html"):
    """Write pages with the blocks into a folder that has all they load."""
    if not (folder / "assets").exists():
        (folder / "assets").symlink_to(ROOT / "assets")
        shutil.copytree(ROOT / "explore", folder / "explore")
        scripts.ship(ROOT / "explore", folder / "explore")  # what readers get
    head = (ROOT / "assets" / "head.html").read_text(encoding="utf-8")
    head = re.sub(r'<script type="module" src="/assets/[^>]*></script>\n?', "", head)
    for scheme in ("light", "dark"):
        text = PAGE.format(head=head, blocks="\n".join(blocks), scheme=f"quarto-{scheme}")
        (folder / name.replace(".html", f"-{scheme}.html")).write_text(text, encoding="utf-8")
    (folder / "404.html").write_text("nowhere")
    (folder / "blank.html").write_text('<!DOCTYPE html><link rel="icon" href="data:,">')


def node(script, *arguments, timeout=120):
    """Run a script of the tests in Node; return what it printed."""
    done = subprocess.run(
        [NODE, *map(str, (script, *arguments))], capture_output=True, text=True, timeout=timeout
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def needs_chromium():
    path = browsing.find_chromium()
    if path or os.environ.get("CI") == "true":
        return path
    pytest.skip(
        "no Chromium on the PATH: apt install chromium-headless-shell (Debian), or name one in $CHROMIUM"
    )


needs_node = pytest.mark.skipif(
    NODE is None and os.environ.get("CI") != "true",
    reason="node is not on the PATH: install Node.js 20 or later (apt-get install nodejs)",
)


@contextlib.contextmanager
def visited(browser, base, name, *, width=1280, scheme="light", query="", fresh=False, **options):
    """Open a page, in a tab of an earlier test like this one unless it must be `fresh`.

    Its `errors` are what its console says is wrong.
    """
    tabs = TABS.setdefault(browser, {})
    kind = (width, scheme, *sorted(options.items()))
    page = (None if fresh else tabs.pop(kind, None)) or open_tab(browser, width, scheme, options)
    page.errors.clear()
    page.goto(f"{base}{name}-{scheme}.html{query}")
    yield page  # a test that fails leaves none for the next
    if fresh:
        page.context.close()
    else:
        page.mouse.move(0, 0)
        page.goto(f"{base}blank.html")  # of the same server: the browser keeps its process
        tabs[kind] = page


TABS = weakref.WeakKeyDictionary()


def open_tab(browser, width, scheme, options):
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, **options
    )
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.errors = []
    page.on("console", lambda m: m.type in ("error", "warning") and page.errors.append(m.text))
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    return page


def live_figure(page, name):
    """The block of a figure, once it runs."""
    figure = page.locator(f"#explorable-{name}")
    figure.scroll_into_view_if_needed()
    page.wait_for_selector(f"#explorable-{name}[data-live=true]")
    return figure


__all__ = [
    "browsing",
    "gates",
    "live_figure",
    "needs_chromium",
    "needs_node",
    "node",
    "serve",
    "visited",
]
