"""Gates on one built page: each returns the problems it finds, as sentences.

A gate knows HTML and this site's rules, never which engine built the page.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urljoin, urlsplit

import html5lib
from bs4 import BeautifulSoup, NavigableString, Tag

# Elements whose text is not prose: code may show any markup it likes.
NOT_PROSE = ["code", "pre", "script", "style", "annotation", "template", "kbd"]

PHONE = 320  # pixels: the column of a phone 360 wide
LETTERS = re.compile(r" scale\(([\d.]+) -")  # of a drawing, in hundreds of points

KINDS = "fig|tbl|eq|sec|lst|exr|sol|thm|def|lem|cor|prp|exm"
LEFTOVERS = {
    "a shortcode": r"\{\{<|>\}\}",
    "a fence of a div": r":::",
    "a cross-reference": rf"\?@|(?<![\w.])@({KINDS})-\w",
    "an inline value": r"\{python\}",
    "an attribute": r"\{[#.][\w-]+[^}]*\}",
    "a cell option": r"(^|\n)\s*#\|",
    "raw maths": r"\$\$|\\begin\{|\\(frac|sum|mathbb|theta)\b",
    "a traceback": r"Traceback \(most recent call last\)",
}


LOADING = (
    *("script", "img", "source", "iframe", "embed", "video", "audio", "track", "object"),
    *("input", "image", "use"),
)
LINKED = {
    *("stylesheet", "icon", "preload", "modulepreload", "prefetch", "preconnect"),
    *("dns-prefetch", "manifest"),
}

# What is not read from one end to the other.
BESIDE_TEXT = ["math", "svg", "table", "figure", "figcaption", "details", "nav", "header", "output"]


@dataclass(frozen=True)
class Page:
    """A built page: the folder of its site, and its path in it."""

    root: Path
    path: PurePosixPath

    @cached_property
    def html(self) -> str:
        return (self.root / self.path).read_text(encoding="utf-8")

    @cached_property
    def soup(self) -> BeautifulSoup:
        return BeautifulSoup(self.html, "html.parser")

    @cached_property
    def tags(self) -> list[Tag]:
        """All of them: to look through these takes less than to search the tree anew."""
        return self.soup.find_all(True)

    @cached_property
    def ids(self) -> list[str]:
        # Quarto gives the three style sheets that it switches one id: nothing points there.
        return [tag["id"] for tag in self.tags if tag.has_attr("id") and tag.name != "link"]

    @cached_property
    def moves(self) -> bool:
        """Whether there is an explorable on it."""
        return any("explorable" in tag.get("class", ()) for tag in self.tags)

    @cached_property
    def anchors(self) -> set[str]:
        names = (tag["name"] for tag in self.tags if tag.name == "a" and tag.has_attr("name"))
        return {"", "top", *self.ids, *names}


def is_svg(tag):
    return tag.name == "svg"


def duplicate_ids(page):
    return [
        f"id {name!r} is there {page.ids.count(name)} times"
        for name in sorted(set(page.ids))
        if page.ids.count(name) > 1
    ]


def invalid_html(page):
    """What the HTML standard calls parse errors, found by html5lib."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    parser.parse(page.html)
    lines = page.html.splitlines()
    return [
        f"line {line}: {code} {data or ''}: {lines[line - 1].strip()[:80]}"
        for (line, _), code, data in parser.errors
    ]


def bad_head(page):
    """Language, title, description, viewport, one h1."""
    soup, problems = page.soup, []
    if not (soup.html and soup.html.get("lang")):
        problems.append("<html> has no lang")
    if not (soup.title and soup.title.get_text(strip=True)):
        problems.append("<title> is empty")
    for name in ("viewport", "description"):
        meta = soup.find("meta", attrs={"name": name})
        if not (meta and meta.get("content", "").strip()):
            problems.append(f"there is no <meta name={name!r}>")
    if len(soup.find_all("h1")) != 1:
        problems.append(f"{len(soup.find_all('h1'))} <h1>, expected one")
    return problems


def no_policy(page):
    """A Content-Security-Policy that lets the page ask its own site only."""
    meta = page.soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})
    rules = meta.get("content", "") if meta else ""
    default = re.search(r"default-src ([^;]*)", rules)
    if not default or set(default[1].split()) - {"'self'", "'none'"}:
        return ["no Content-Security-Policy with default-src 'self' or 'none'"]
    scripts = re.search(r"script-src ([^;]*)", rules) or default
    if "'unsafe-inline'" in scripts[1]:
        return ["its Content-Security-Policy admits any inline script"]
    hosts = re.findall(r"(?:https?:|//)[^\s;]*|\s\*(?=[\s;]|$)", rules)
    return [f"its Content-Security-Policy admits {host.strip()}" for host in hosts]


def missing_alt(page):
    problems = []
    for image in page.soup.find_all("img"):
        alt, name = image.get("alt"), image.get("src", "")[:60]
        if alt is None:
            problems.append(f"image {name} has no alt")
        elif len(alt.strip()) < 10 and in_figure(image):
            problems.append(f"image {name} in a figure has alt {alt!r}; say what is seen")
    for svg in filter(in_figure, page.soup.find_all("svg")):
        if not named(svg) and not any(map(named, svg.parents)):
            problems.append(f"svg in figure {in_figure(svg)!r} has no name for those who hear it")
    return problems


def bare_cards(page):
    """Cards of pages without a picture, or with one that says nothing to those who hear it."""
    problems = []
    for card in page.soup.select(".quarto-grid-item"):
        image = card.select_one(".thumbnail img")
        if image is None or len(image.get("alt", "").strip()) < 10:
            title = " ".join(card.get_text(" ").split())[:60]
            problems.append(f"card {title!r} has no picture with a text")
    return problems


def not_for_phones(page):
    """Drawings of cells fit a phone 360 pixels wide, with letters of 9 pixels or more.

    Still pictures of figures that move, too.
    """
    problems = []
    for image in page.soup.select('img[src*="-output-"][src$=".svg"], img.explorable-still'):
        parent, width = image.parent, float(image["width"])
        source = parent.source if parent.name == "picture" else None
        name = source["srcset"] if source else image["src"]
        width = float(source["width"]) if source else width
        if name.startswith("data:"):
            drawn, name = unquote(name), f"still picture of {image['alt'][:40]!r}"
        else:
            drawn = (page.root / page.path.parent / unquote(name)).read_text(encoding="utf-8")
        sizes = [400 / 3 * float(size) for size in LETTERS.findall(drawn)]
        smallest = min(sizes, default=PHONE) * min(1, PHONE / width)
        if smallest < 9:
            problems.append(
                f"{name}, {width:g} px wide, has letters of {smallest:.1f} px on a phone"
            )
    return problems


def in_figure(tag):
    """The id (or name) of the figure a tag lies in, else ''."""
    for parent in tag.parents:
        if parent.name == "figure" or str(parent.get("id", "")).startswith("fig-"):
            return parent.get("id") or parent.name
        if "explorable" in parent.get("class", []):
            return "explorable"
    return ""


def named(tag):
    if tag.get("aria-hidden") == "true":
        return True
    text = tag.get("aria-label") or tag.get("aria-labelledby")
    if not text and is_svg(tag) and tag.find("title"):
        text = tag.find("title").get_text(strip=True)
    return bool(text) and tag.get("role") in ("img", "graphics-document", "group")


def floats(page, kind):
    """The outermost elements labelled fig-… (tbl-…), in order."""
    return [
        tag
        for tag in page.tags
        if tag.name in ("figure", "div", "table")
        and tag.get("id", "").startswith(f"{kind}-")
        and not any(str(p.get("id", "")).startswith(f"{kind}-") for p in tag.parents)
    ]


def uncited_figures(page):
    problems = []
    for figure in floats(page, "fig"):
        target = f"#{figure['id']}"
        links = [
            tag for tag in page.tags if tag.name == "a" and tag.get("href", "").endswith(target)
        ]
        if not [link for link in links if figure not in link.parents]:
            problems.append(f"{target} is nowhere cited on its page (write @{target[1:]})")
    return problems


def wrong_numbers(page):
    """Captions read "Figure 1: …", "Figure 2: …" without a gap."""
    problems = []
    for kind, word in (("fig", "Figure"), ("tbl", "Table")):
        for number, tag in enumerate(floats(page, kind), start=1):
            captions = tag.find_all(["figcaption", "caption"])
            text = " ".join(captions[-1].get_text(" ").split()) if captions else ""
            starts = [" ".join(c.get_text(" ").split()) for c in captions]
            if not any(re.match(rf"{word} {number}\b", start) for start in starts):
                problems.append(
                    f"#{tag['id']}: caption {text[:50]!r}, expected '{word} {number}: …'"
                )
    return problems


def leftovers(page):
    """Source markup that was not rendered but printed."""
    problems = []
    for node in page.soup.find_all(string=True):
        if type(node).__name__ != "NavigableString":
            continue
        matches = [(what, re.search(pattern, node)) for what, pattern in LEFTOVERS.items()]
        left = [(what, found) for what, found in matches if found]
        if left and not node.find_parent(NOT_PROSE):  # to look for a parent takes longest
            for what, found in left:
                near = node[max(0, found.start() - 20) : found.end() + 40]
                problems.append(f"{what} was left in the text: {' '.join(near.split())!r}")
    for strong in page.soup.select(".citation strong"):
        if strong.get_text().endswith("?"):
            problems.append(f"a citation was not found: {strong.get_text()!r}")
    return problems


def n_words(page):
    """Words of the text itself, without code, formulas, captions, tables and answers."""
    text = " ".join(prose(page.soup.find("main") or page.soup))
    return len(re.findall(r"\w[\w'’.,-]*", text))


def prose(tag):
    """The strings of the text itself."""
    for child in tag.children:
        if isinstance(child, NavigableString):
            yield child
        elif child.name not in (*NOT_PROSE, *BESIDE_TEXT):
            yield from prose(child)


def failed_cells(page):
    problems = ["a cell printed an error"] * len(page.soup.select(".cell-output-error"))
    for pre in page.soup.select(".cell-output pre, pre.cell-output"):
        if "Traceback (most recent call last)" in pre.get_text():
            problems.append(f"a cell printed a traceback: {pre.get_text()[-80:]!r}")
    return problems


def loaded(page):
    """(tag, URL) of everything the page loads by itself."""
    for tag in page.tags:
        if tag.name in LOADING:
            for name in ("src", "data", "poster", "href", "xlink:href"):
                if tag.get(name):
                    yield tag, tag[name]
            for part in re.split(r",\s+", tag.get("srcset", "").strip()):
                if part:
                    yield tag, part.split()[0]
        if tag.name == "link" and tag.has_attr("href") and LINKED & set(tag.get("rel", [])):
            yield tag, tag["href"]
        styles = [tag["style"]] if tag.has_attr("style") else []
        if tag.name == "style":
            styles.append(tag.get_text())
        for style in styles:
            for url in css_urls(style):
                yield tag, url


def css_urls(css):
    """What a style sheet loads: url(…) and @import "…"."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.S)
    found = re.findall(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""", css)
    return [(a or b).strip() for a, b in found]


def is_foreign(url):
    return urlsplit(url).scheme not in ("", "data", "blob") or url.startswith("//")


def third_party(page):
    problems = [f"<{tag.name}> loads {url[:100]}" for tag, url in loaded(page) if is_foreign(url)]
    for script in page.soup.find_all("script", src=False):
        text = script.get_text()
        for url in re.findall(
            r"""(?:import|fetch|src\s*=)\s*\(?\s*["']((?:https?:)?//[^"']+)""", text
        ):
            problems.append(f"an inline script asks {url[:100]}")
    return problems


def links(page):
    """(tag, URL) of all links: what is loaded, and what can be followed."""
    yield from loaded(page)
    for tag in page.tags:
        if tag.name in ("a", "area", "link") and tag.has_attr("href"):
            yield tag, tag["href"]
        elif tag.name == "form" and tag.has_attr("action"):
            yield tag, tag["action"]


def broken_links(page, site_url="", pages=None):
    """Internal links, of whatever kind, that lead to no file or no anchor."""
    pages = {} if pages is None else pages
    problems = set()
    for tag, url in links(page):
        at_home = bool(site_url) and url.startswith(site_url)
        if is_foreign(url) and not at_home or urlsplit(url).scheme in ("data", "blob"):
            continue
        if page.path.name == "404.html" and url.startswith("/"):
            # It answers at any depth, so it alone links from the site's root.
            at_home, url = True, url.removeprefix(urlsplit(site_url).path.rstrip("/"))
        # Below a sub-path, as on GitHub Pages, "/" is not the site's.
        relative = url.removeprefix(site_url).lstrip("/") if at_home else url
        base = "http://host/sub/" if at_home else f"http://host/sub/{page.path}"
        target = urlsplit(urljoin(base, relative))
        if not target.path.startswith("/sub/"):
            problem = "leads out of the site where that lies below a sub-path"
        else:
            problem = missing_target(page, target, pages)
        if problem:
            problems.add(f"<{tag.name}> {url}: {problem}")
    return sorted(problems)


def missing_target(page, target, pages):
    path = unquote(target.path).removeprefix("/sub/")
    file = page.root / path
    if path == "" or path.endswith("/"):
        file = file / "index.html"
    if not file.is_file():
        return "no such file"
    fragment = unquote(target.fragment)
    if fragment.startswith("category="):  # a filter of a listing, not a place
        fragment = ""
    if file.suffix == ".html" and fragment and not fragment.startswith(":~:"):
        name = PurePosixPath(file.relative_to(page.root).as_posix())
        other = page if name == page.path else pages.setdefault(name, Page(page.root, name))
        if fragment not in other.anchors:
            return "no such anchor"
    return ""


PAGE_GATES = [
    duplicate_ids,
    invalid_html,
    bad_head,
    no_policy,
    missing_alt,
    bare_cards,
    uncited_figures,
    wrong_numbers,
    leftovers,
    failed_cells,
    not_for_phones,
    third_party,
]
