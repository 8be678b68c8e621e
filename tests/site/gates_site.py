"""Gates on the whole built site: weights, feed, sitemap, search, sources."""

import gzip
import json
import re
import xml.etree.ElementTree as ElementTree
from email.utils import parsedate_to_datetime
from functools import cache, cached_property
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urljoin, urlsplit

import nbformat
import yaml
from bs4 import BeautifulSoup
from gates import Page, css_urls, floats, is_foreign, links, loaded

TEXT_BUDGET = 350_000  # bytes, gzipped, of a page with all that it loads
EXPLORABLE_BUDGET = 650_000
IMAGE_BUDGET = 200_000  # bytes, as served
IMAGES = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".svg"}
PACKED = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".woff2", ".woff", ".gz"}
STATIC_IMPORT = re.compile(r"""\b(?:from|import)\s*["'](\.{1,2}/[^"']+)["']""")
ANY_IMPORT = re.compile(r"""\b(?:from|import)\s*\(?\s*["'](\.{1,2}/[^"']+)["']""")
TOOLS = {"pagefind", "site_libs", "assets"}  # folders whose HTML is no page


class Site:
    """A built site: where it lies, where it will be published, its sources."""

    def __init__(self, root, site_url, sources=None):
        self.root = Path(root)
        self.site_url = site_url.rstrip("/") + "/"
        self.sources = Path(sources) if sources else None

    @cached_property
    def pages(self) -> list[Page]:
        names = sorted(file.relative_to(self.root) for file in self.root.rglob("*.html"))
        return [
            Page(self.root, PurePosixPath(name.as_posix()))
            for name in names
            if name.parts[0] not in TOOLS and not is_redirect(self.root / name)
        ]

    @cached_property
    def by_path(self) -> dict[PurePosixPath, Page]:
        return {page.path: page for page in self.pages}

    @cached_property
    def published(self) -> set[str]:
        """Addresses of the pages, without the 404."""
        return {
            self.site_url + str(page.path).removesuffix("index.html")
            if page.path.name == "index.html"
            else self.site_url + str(page.path)
            for page in self.pages
            if page.path.name != "404.html"
        }


def is_redirect(file):
    return 'http-equiv="refresh"' in file.read_text(encoding="utf-8")[:2000]


def weight(file):
    """Bytes that travel: gzipped, unless the format is packed already."""
    now = file.stat()
    return _weight(file, now.st_size, now.st_mtime_ns)


@cache
def _weight(file, size, changed):
    """Once a file, since most pages load the same; `changed` parts it from what it was."""
    return size if file.suffix in PACKED else len(gzip.compress(file.read_bytes(), 6))


def files_of(page, *, on_a_phone=False):
    """The page's file and every file it loads, through style sheets and modules.

    Of a picture's two drawings a browser loads one. What a module imports on demand counts where there is an explorable.
    """
    imported = ANY_IMPORT if page.moves else STATIC_IMPORT
    other = "img" if on_a_phone else "source"
    wanted = [u for tag, u in loaded(page) if (tag.parent.name, tag.name) != ("picture", other)]
    found, todo = {page.root / page.path}, wanted
    figures = {tag["data-module"] for tag in page.tags if tag.has_attr("data-module")}
    shells = [url for url in todo if url.endswith("explore/main.js")]
    todo += [url.replace("main.js", f"figures/{name}.js") for url in shells for name in figures]
    todo = [(f"/{page.path}", url) for url in todo]
    while todo:
        base, url = todo.pop()
        if is_foreign(url) or url.startswith(("data:", "#")):
            continue
        path = unquote(urlsplit(urljoin(base, url)).path)
        file = page.root / path.lstrip("/")
        if file in found or not file.is_file():
            continue
        found.add(file)
        if file.suffix == ".css":
            todo += [(path, inner) for inner in css_urls(file.read_text(encoding="utf-8"))]
        if file.suffix == ".js":
            todo += [(path, inner) for inner in imported.findall(file.read_text(encoding="utf-8"))]
    return found


def over_budget(page):
    either = (files_of(page, on_a_phone=phone) for phone in (False, True))
    total, files = max(((sum(map(weight, one)), one) for one in either), key=lambda one: one[0])
    budget = EXPLORABLE_BUDGET if page.moves else TEXT_BUDGET
    if total <= budget:
        return []
    heaviest = sorted(files, key=weight, reverse=True)[:4]
    parts = ", ".join(
        f"{file.relative_to(page.root)} {weight(file) // 1000} kB" for file in heaviest
    )
    return [f"{total // 1000} kB gzipped, over {budget // 1000} kB; the heaviest: {parts}"]


def heavy_images(site):
    return [
        f"{file.relative_to(site.root)} has {file.stat().st_size // 1000} kB, over {IMAGE_BUDGET // 1000} kB"
        for file in sorted(site.root.rglob("*"))
        if file.suffix in IMAGES and file.stat().st_size > IMAGE_BUDGET
    ]


def foreign_styles(site):
    return [
        f"{file.relative_to(site.root)} loads {url[:80]}"
        for file in sorted(site.root.rglob("*.css"))
        for url in css_urls(file.read_text(encoding="utf-8"))
        if is_foreign(url)
    ]


def bad_feeds(site):
    """Each feed is RSS 2.0 with absolute links to pages that are there."""
    files = sorted(site.root.rglob("*.xml"))
    feeds = [file for file in files if file.name != "sitemap.xml"]
    if not feeds:
        return ["there is no RSS feed"]
    return [f"{f.relative_to(site.root)}: {p}" for f in feeds for p in bad_feed(site, f)]


def bad_feed(site, file):
    try:
        rss = ElementTree.parse(file).getroot()
    except ElementTree.ParseError as error:
        return [f"does not parse: {error}"]
    channel = rss.find("channel")
    if rss.tag != "rss" or channel is None:
        return ["is no RSS 2.0: no <rss> with a <channel>"]
    problems = [
        f"the channel has no <{t}>"
        for t in ("title", "link", "description")
        if not (channel.findtext(t) or "").strip()
    ]
    if not channel.findall("item"):
        problems.append("it has no <item>")
    for item in channel.findall("item"):
        title = item.findtext("title") or "an item without title"
        problems += [f"{title!r}: {p}" for p in bad_item(site, item)]
        problems += [f"{title!r}: {p}" for p in relative_addresses(item)]
    return problems


def bad_item(site, item):
    problems = []
    link = item.findtext("link") or ""
    if link not in site.published and link.removesuffix("index.html") not in site.published:
        problems.append(f"link {link!r} is no published page")
    if not item.findtext("guid"):
        problems.append("no <guid>")
    try:
        parsedate_to_datetime(item.findtext("pubDate") or "")
    except ValueError:
        problems.append(f"pubDate {item.findtext('pubDate')!r} is no date")
    return problems


def relative_addresses(item):
    soup = BeautifulSoup(item.findtext("description") or "", "html.parser")
    urls = [tag[name] for name in ("src", "href") for tag in soup.find_all(attrs={name: True})]
    return [f"relative address {url!r} in its text" for url in urls if not urlsplit(url).scheme]


def bad_sitemap(site):
    """sitemap.xml lists every page, and nothing else."""
    file = site.root / "sitemap.xml"
    if not file.is_file():
        return ["there is no sitemap.xml"]
    try:
        locations = ElementTree.parse(file).findall(".//{*}loc")
    except ElementTree.ParseError as error:
        return [f"sitemap.xml does not parse: {error}"]
    listed = {(loc.text or "").strip().removesuffix("index.html") for loc in locations}
    return [f"sitemap.xml lacks {url}" for url in sorted(site.published - listed)] + [
        f"sitemap.xml lists {url}, which is no page" for url in sorted(listed - site.published)
    ]


def no_search(site):
    """Pagefind's index knows every page that is read, not those that list others."""
    entry = site.root / "pagefind" / "pagefind-entry.json"
    if not entry.is_file():
        return ["there is no search index"]
    languages = json.loads(entry.read_text(encoding="utf-8"))["languages"]
    count = sum(language["page_count"] for language in languages.values())
    read = [page for page in site.pages if page.soup.select_one("[data-pagefind-body]")]
    if not read or count != len(read):
        return [f"the search index has {count} pages, the site {len(read)} to be found"]
    return [
        f"{file.relative_to(site.root)}: what search fetches of a page has a whole picture in it"
        for file in sorted(entry.parent.glob("fragment/*"))
        if re.search(rb'"image": ?"data:', gzip.decompress(file.read_bytes()))
    ]


def bad_notebooks(site):
    """Each page that ran has a notebook beside it, and each notebook is a valid one."""
    problems = [
        f"{page.path} has no notebook"
        for page in site.pages
        if page.soup.select_one(".away-made")
        and not (site.root / page.path).with_suffix(".ipynb").is_file()
    ]
    for file in sorted(site.root.rglob("*.ipynb")):
        try:
            nbformat.validate(nbformat.read(file, as_version=nbformat.NO_CONVERT))
        except (nbformat.ValidationError, nbformat.reader.NotJSONError) as error:
            problems.append(f"{file.relative_to(site.root)}: {str(error).splitlines()[0]}")
    return problems


def leaks(site, secrets):
    """No file of the site names a folder of the machine that built it."""
    problems = []
    for file in sorted(site.root.rglob("*")):
        if file.suffix in {".html", ".json", ".xml", ".ipynb", ".txt", ".md", ".qmd"}:
            text = file.read_text(encoding="utf-8", errors="replace")
            problems += [f"{file.relative_to(site.root)} names {s}" for s in secrets if s in text]
    return problems


def repeated_titles(site):
    titles = [page.soup.title.get_text(strip=True) for page in site.pages if page.soup.title]
    return [
        f"{titles.count(t)} pages have the title {t!r}"
        for t in sorted(set(titles))
        if titles.count(t) > 1
    ]


def orphans(site):
    """Pages that no other page links to."""
    reached = set()
    for page in site.pages:
        for _, url in links(page):
            if not is_foreign(url):
                path = unquote(urlsplit(urljoin(f"/{page.path}", url)).path).lstrip("/")
                path += "index.html" if path.endswith("/") or not path else ""
                reached.update({path} - {str(page.path)})
    found = {str(page.path) for page in site.pages}
    return [f"no page links to {p}" for p in sorted(found - reached - {"404.html", "index.html"})]


def front_matter(text):
    found = re.match(r"---\n(.*?)\n---\n", text, flags=re.S)
    return yaml.safe_load(found[1]) if found else {}


def unexecuted(site, source):
    """What a source promises (page, labelled figures and tables, code) is built.

    `source` is the path of a .qmd file, relative to the sources.
    """
    text = (site.sources / source).read_text(encoding="utf-8")
    if front_matter(text).get("draft"):
        return []
    path = PurePosixPath(source).with_suffix(".html")
    if path not in site.by_path:
        return [f"{path} was not built"]
    page = site.by_path[path]
    there = {tag["id"]: tag for kind in ("fig", "tbl") for tag in floats(page, kind)}
    problems = []
    for label in re.findall(r"^#\| label: ((?:fig|tbl)-[\w-]+)", text, flags=re.M):
        if label not in there:
            problems.append(f"{path} has no #{label}, which a cell makes")
        elif not there[label].find(["img", "svg", "table"]) and there[label].name != "table":
            problems.append(f"{path}: #{label} is empty")
    visible = sum(
        "| echo: false" not in cell and "| include: false" not in cell
        for cell in re.findall(r"^```\{python\}\n(.*?)^```", text, flags=re.S | re.M)
    )
    shown = len(page.soup.select("pre.python code, pre code.python, code.sourceCode.python"))
    if shown < visible:
        problems.append(f"{path} shows {shown} cells of code, its source has {visible}")
    return problems
