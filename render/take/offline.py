"""The whole site as one file, to be unpacked and read without a server or a network.

Browsers refuse modules to pages opened as files, so the scripts are bundled into a classic one.
They refuse pagefind as well: its texts become a script, and `search.js` looks for words in them.
"""

from __future__ import annotations

import base64
import gzip
import json
import mimetypes
import posixpath
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

NAME = "tiny-nets.zip"
BUNDLE = "offline.js"
INDEX = "search-index.js"
ENGINE = "pagefind/pagefind.js"  # whose place `search.js` takes
ANSWERS = "site_libs/tinynets/answers.json"
FRAGMENT = b"pagefind_dcd"  # how pagefind begins each text
HEADINGS = frozenset({"h2", "h3", "h4", "h5", "h6"})
LEFT_OUT = ("pagefind", "share", NAME, "robots.txt", "sitemap.xml")
FOLDERS = ("explore", "assets", "site_libs")  # of modules
DAY = (2020, 1, 1, 0, 0, 0)  # of every entry, so that the same site gives the same file

MODULE = re.compile(r'<script type="module" src="([^"]*)"></script>\n?')
GONE = re.compile(
    r'<meta http-equiv="Content-Security-Policy"[^>]*>\n?|<script [^>]*explore/file\.js">'
    r'</script>\n?|<link rel="preload"[^>]*>\n?',
    re.S,
)
OPTIONAL = re.compile(rb"font-display:\s*optional")  # which needs a preload, and files have none
FETCHED = re.compile(r'(<img\b[^>]*\bsrc=")([^":]+\.png)(")')
IMPORT = re.compile(r"^import\s*\{([^}]*)\}\s*from\s*[\"']([^\"']+)[\"'];?\n", re.M)
BARE = re.compile(r"^import\s*[\"']([^\"']+)[\"'];?\n", re.M)
DYNAMIC = re.compile(r"(?<![\w.])import\(")
EXPORT = re.compile(r"^export ((?:async )?(?:function\*?|class|const|let) (\w+))", re.M)
TAKEN = re.compile(r"^export const \{([^}]*)\}", re.M)
LISTED = re.compile(r"^export \{([^}]*)\};?\n?", re.M)
RENAMED = re.compile(r"(\w+) as (\w+)")
AS = r"\1: \2"

START = """\
(() => {
  const found = {}, made = {};
  const from = (base, path) => new URL(path, "file:///" + base).pathname.slice(1);
  const need = (name) => made[name] ?? (made[name] = {}, found[name](made[name]), made[name]);
"""
END = """\
  document.currentScript.dataset.run.split(" ").forEach(need);
})();
"""


def pack(out: Path) -> Path:
    """Write a built site into a file within it, and return that.

    Parameters
    ----------
    out
        The site; its pages name their scripts and pictures by relative addresses.
    """
    modules = {
        path.relative_to(out).as_posix(): path.read_text(encoding="utf-8")
        for folder in FOLDERS
        for path in sorted((out / folder).rglob("*.js"))
        if path.name != "file.js"
    }
    modules[ENGINE] = Path(__file__).with_name("search.js").read_text(encoding="utf-8")
    with zipfile.ZipFile(out / NAME, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as packed:
        for path in _files(out):
            name = path.relative_to(out).as_posix()
            if path.suffix == ".html":
                text = page(path.read_text(encoding="utf-8"), name, out)
                packed.writestr(_entry(name), text, zipfile.ZIP_DEFLATED)
            elif name not in modules:
                data = path.read_bytes()
                if path.suffix == ".css":
                    data = OPTIONAL.sub(b"font-display: swap", data)
                packed.writestr(_entry(name), data, zipfile.ZIP_DEFLATED)
        packed.writestr(_entry(BUNDLE), bundle(modules), zipfile.ZIP_DEFLATED)
    return out / NAME


def add_search(out: Path) -> None:
    """Add the index to the packed site, once pagefind has written its own.

    Parameters
    ----------
    out
        The site, with its file in it.
    """
    texts = sorted((out / "pagefind" / "fragment").iterdir())
    pages = sorted((_text(path) for path in texts), key=lambda one: one["url"])
    answers = json.loads((out / ANSWERS).read_text(encoding="utf-8"))
    said = json.dumps({"pages": pages, "answers": answers}, ensure_ascii=False)
    with zipfile.ZipFile(out / NAME, "a", zipfile.ZIP_DEFLATED, compresslevel=6) as packed:
        script = f"globalThis.searchIndex = {said};\n"
        packed.writestr(_entry(INDEX), script, zipfile.ZIP_DEFLATED)


def _text(path: Path) -> dict:
    """Return a page's title and words, and at which word each of its sections begins."""
    found = json.loads(gzip.decompress(path.read_bytes()).removeprefix(FRAGMENT))
    url = found["url"].lstrip("/")
    anchors = [
        {"id": one["id"], "text": one["text"].strip(), "at": one["location"]}
        for one in found["anchors"]
        if one["element"] in HEADINGS
    ]
    return {
        "url": url + "index.html" if url.endswith("/") or not url else url,
        "title": found["meta"]["title"],
        "text": found["content"],
        "anchors": anchors,
    }


def page(html: str, name: str, out: Path) -> str:
    """Return a page as it works from a file.

    Parameters
    ----------
    name
        The page, relative to the root of the site.
    out
        The site, with the pictures that scripts fetch.
    """
    runs = " ".join(_resolved(name, address) for address in MODULE.findall(html))
    html = GONE.sub("", MODULE.sub("", html))
    if 'data-module="digit"' in html:  # its weights are pictures, which no script may fetch
        html = FETCHED.sub(lambda m: m[1] + _inlined(m[2], name, out) + m[3], html)
    if not runs:
        return html
    address = posixpath.relpath(BUNDLE, posixpath.dirname(name) or ".")
    script = f'<script defer src="{address}" data-run="{runs}"></script>\n</head>'
    return html.replace("</head>", script, 1)


def bundle(modules: dict[str, str]) -> str:
    """Return modules as one classic script, which runs those that its element names."""
    pieces = [f"  found[{json.dumps(n)}] = {_function(n, t)};\n" for n, t in modules.items()]
    return START + "".join(pieces) + END


def _function(name: str, text: str) -> str:
    """Write a module as a function that fills an object with what it exports."""
    exports = {exported: exported for _, exported in EXPORT.findall(text)}
    for names in TAKEN.findall(text):
        exports |= {one.strip(): one.strip() for one in names.split(",")}
    for names in LISTED.findall(text):
        for one in names.split(","):
            own, _, theirs = one.strip().partition(" as ")
            exports[theirs or own] = own
    wanted = [
        f"const {{{RENAMED.sub(AS, names)}}} = need({json.dumps(_resolved(name, path))});"
        for names, path in IMPORT.findall(text)
    ]
    wanted += [f"need({json.dumps(_resolved(name, path))});" for path in BARE.findall(text)]
    body = BARE.sub("", IMPORT.sub("", LISTED.sub("", text)))
    body = TAKEN.sub(r"const {\1}", EXPORT.sub(r"\1", body))
    load = f"(async (path) => need(from({json.dumps(name)}, path)))("
    body = DYNAMIC.sub(lambda _: load, body)
    given = "".join(f"own.{theirs} = {own};\n" for theirs, own in exports.items())
    kind = "async (own)" if not exports else "(own)"  # only what exports nothing may wait
    return f"{kind} => {{\n" + "\n".join(wanted) + f"\n{body}\n{given}}}"


def _files(out: Path) -> Iterator[Path]:
    for path in sorted(out.rglob("*")):
        top = path.relative_to(out).parts[0]
        if path.is_file() and top not in LEFT_OUT and not top.startswith("."):
            yield path


def _entry(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(f"{PurePosixPath(NAME).stem}/{name}", DAY)


def _resolved(base: str, address: str) -> str:
    folder = "" if address.startswith("/") else posixpath.dirname(base)
    return posixpath.normpath(posixpath.join(folder, unquote(address).lstrip("/")))


def _inlined(address: str, name: str, out: Path) -> str:
    path = out / _resolved(name, address)
    kind = mimetypes.guess_type(path.name)[0]
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
