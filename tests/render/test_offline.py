"""The site as one file: its scripts in one that pages opened from a disk may run."""

import gzip
import json
import shutil
import subprocess
import zipfile

import pytest

from render.take import offline

NODE = shutil.which("node")
MODULES = {
    "explore/main.js": 'const { go } = await import("./shell.js");\nconsole.log(go("two"));\n',
    "explore/shell.js": 'import { twice as double, base } from "./core/sums.js";\n'
    "export const go = (name) => `${name} ${double(base)}`;\n",
    "explore/core/sums.js": "const base = 21;\nexport function twice(x) { return 2 * x; }\nexport { base };\n",
    "explore/vendor.js": "export const { a, b } =\n  globalThis.there;\n",
}
PAGE = """<html><head>
<meta http-equiv="Content-Security-Policy" content="default-src 'self'">
<link rel="preload" href="../assets/a.woff2" as="font" crossorigin>
<script defer src="../explore/file.js"></script>
<script type="module" src="../explore/main.js"></script>
</head><body><dialog id="search"><p>Search</p></dialog><img src="weights.png" data-module="digit"></body></html>"""


@pytest.mark.skipif(NODE is None, reason="node is not on the PATH: install Node.js 20 or later")
def test_a_bundle_does_what_its_modules_did():
    script = offline.bundle({name: MODULES[name] for name in sorted(MODULES)})
    shim = 'globalThis.document = {currentScript: {dataset: {run: "explore/main.js"}}};\n'
    done = subprocess.run([NODE, "-e", shim + script], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("two 42\n", "")


def test_a_page_runs_the_bundle_and_leaves_out_what_needs_a_server(tmp_path):
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "weights.png").write_bytes(b"png")
    html = offline.page(PAGE, "posts/a.html", tmp_path)
    assert '<script defer src="../offline.js" data-run="explore/main.js"></script>' in html
    assert '<img src="data:image/png;base64,cG5n"' in html
    for gone in ("Content-Security-Policy", "preload", "file.js", 'type="module"'):
        assert gone not in html
    assert '<dialog id="search">' in html


def test_the_same_site_gives_the_same_file(tmp_path):
    for name, text in MODULES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "weights.png").write_bytes(b"png")
    (tmp_path / "pagefind").mkdir()
    (tmp_path / "pagefind" / "pagefind.js").write_text("import('x')")
    first = offline.pack(tmp_path).read_bytes()
    assert offline.pack(tmp_path).read_bytes() == first
    with zipfile.ZipFile(tmp_path / offline.NAME) as packed:
        assert packed.namelist() == [
            "tiny-nets/index.html",
            "tiny-nets/weights.png",
            "tiny-nets/offline.js",
        ]


TEXT = {
    "url": "/posts/a/",
    "content": "Waves. They fall. Where they < break, surf.",
    "meta": {"title": "Waves", "image": "data:,"},
    "anchors": [
        {"element": "div", "id": "fig-a", "text": "", "location": 1},
        {"element": "h2", "id": "sec-surf", "text": "Surf ", "location": 3},
    ],
}
SEARCHES = """
globalThis.document = {
  baseURI: "file:///there/notes/b.html", querySelector: () => ({ content: "../" }),
  createElement: () => ({}), head: { append: (script) => script.onload() },
};
const { init, search, answers } = await import(process.argv[1]);
await init();
const told = await Promise.all(search(process.argv[2]).results.map((one) => one.data()));
console.log(JSON.stringify([told, answers(), search("nothing").results]));
"""


@pytest.mark.skipif(NODE is None, reason="node is not on the PATH: install Node.js 20 or later")
def test_the_file_is_searched_by_what_pagefind_read(tmp_path):
    (tmp_path / "pagefind" / "fragment").mkdir(parents=True)
    fragment = gzip.compress(offline.FRAGMENT + json.dumps(TEXT).encode())
    (tmp_path / "pagefind" / "fragment" / "a").write_bytes(fragment)
    (tmp_path / offline.ANSWERS).parent.mkdir(parents=True)
    (tmp_path / offline.ANSWERS).write_text('["answer"]')
    offline.pack(tmp_path)
    offline.add_search(tmp_path)
    with zipfile.ZipFile(tmp_path / offline.NAME) as packed:
        index = packed.read(f"tiny-nets/{offline.INDEX}").decode()
    shutil.copy(offline.__file__.replace("offline.py", "search.js"), tmp_path / "search.mjs")
    command = [NODE, "--input-type=module", "-e", index + SEARCHES]
    command += [(tmp_path / "search.mjs").as_uri(), "wave break"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert not done.stderr
    [page], answers, nothing = json.loads(done.stdout)
    assert (answers, nothing) == (["answer"], [])
    assert (page["url"], page["meta"]["title"]) == ("file:///there/posts/a/index.html", "Waves")
    [section] = page["sub_results"]
    assert section["url"] == "file:///there/posts/a/index.html#sec-surf"
    assert section["excerpt"].endswith("Where they &lt; <mark>break,</mark> surf.")
