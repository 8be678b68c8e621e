"""The site as one file: its scripts in one that pages opened from a disk may run."""

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
<script src="../explore/file.js"></script>
<script type="module" src="../explore/main.js"></script>
</head><body><button type="button" class="tool" id="search-open" title="Search">S</button>
<dialog id="search"><p>Search</p></dialog><img src="weights.png" data-module="digit"></body></html>"""


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
    for gone in ("Content-Security-Policy", "preload", "file.js", "search", 'type="module"'):
        assert gone not in html


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
