"""What two engines must agree in: the facts of a built page, and how they differ.

A fact is a line of text; a page is a few named lists of them. Styles, navigation
and the search index are no facts.

    python tests/site/engines.py QUARTO_SITE OUR_SITE   print the differences
    python tests/site/engines.py SITE                   print a site's facts as JSON
"""

import json
import re
import sys
from difflib import SequenceMatcher
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup

# Frames what was written, and differs between engines on purpose.
CHROME = (
    "nav, script, style, button, .toc-here, .quarto-listing, h2.quarto-appendix-heading,"
    " .quarto-title-meta, .quarto-categories, .subtitle, .description, a[aria-hidden=true],"
    " a.footnote-back"
)
FLOAT = re.compile(r"^(fig|tbl|lst)-")
HEADINGS = ["h1", "h2", "h3", "h4", "h5", "h6"]
STREAMS = ("stdout", "stderr", "error", "markdown", "display")
NUMBER = r"\\qquad(\(\d+\))\s*$"
# What differs from run to run: where a cell's code lay while it ran, and addresses.
CELL_FILE = re.compile(r"\S*/ipykernel_\d+/\d+\.py:(?=\d+:)")
ADDRESS = re.compile(r"(?<= at )0x[0-9a-f]+")
CLOCK = re.compile(r"\b(perf_counter|process_time|thread_time)\b")
MEASURED = re.compile(r" *\d[\d,.]*")  # with what pads it to a column


def facts(html, path):
    """Return the facts of a page that lies at `path` in its site."""
    soup = BeautifulSoup(html, "html.parser")
    main = soup.find("main") or soup
    for tag in main.select(CHROME):
        tag.decompose()
    equations = [equation(tag) for tag in main.find_all(id=re.compile("^eq-"))]
    write_maths(main)
    write_citations(main)
    statements = [statement(tag) for tag in main.select(".theorem-title, .proof-title")]
    for tag in main.select(".theorem-title, .exercise > .marks"):  # a heading, once it is framed
        tag.decompose()
    return {
        "heading": [f"{tag.name} {text(tag)} {anchor(tag)}" for tag in main.find_all(HEADINGS)],
        "caption": [f"#{tag['id']} {caption(tag)}" for tag in floats(main)],
        "picture": [picture(tag) for tag in main.find_all(["img", "svg"]) if not inner_svg(tag)],
        "equation": equations,
        "statement": statements,
        "reference": [link(tag, path) for tag in main.select("a.quarto-xref")],
        "link": [link(tag, path) for tag in main.select("a[href]:not(.quarto-xref)")],
        "code": [verbatim(tag) for tag in main.select("pre.sourceCode")],
        # Quarto 1.10 makes one element of a figure and its output: it is among the captions.
        "output": [output(tag) for tag in main.select(".cell-output") if not is_float(tag)],
        "table": [table(tag) for tag in main.find_all("table")],
        "paragraph": [text(tag) for tag in main.find_all(["p", "li", "dt", "dd"]) if is_prose(tag)],
        "source": [tag["id"] for tag in main.select(".csl-entry")],
    }


def write_maths(main):
    """Put the TeX of a formula in its place, without the equation's number."""
    for tag in main.select(".equation-number"):
        tag.decompose()
    for tag in main.find_all("math"):
        tex = tag.annotation.get_text() if tag.annotation else tag.get_text()
        tag.replace_with(f"${re.sub(NUMBER, '', tex).strip()}$")
    main.smooth()


def write_citations(main):
    """Put what is cited in the place of how: each pandoc brings a citation style of its own."""
    for tag in main.select(".citation[data-cites]"):
        for cited in tag.find_all("a"):
            cited.string = "source"
        links = [str(cited) for cited in tag.find_all("a")]
        keys = "; ".join(f"@{key}" for key in tag["data-cites"].split())
        tag.replace_with(BeautifulSoup(f"[{keys}]{''.join(links)}", "html.parser"))
    main.smooth()


def text(tag):
    return " ".join(tag.get_text().split())


def verbatim(tag):
    steady = ADDRESS.sub("0x…", CELL_FILE.sub("line ", tag.get_text()))
    return steady.strip("\n").replace("\n", "⏎")


def is_prose(tag):
    return not tag.select("p, li, dd") and bool(text(tag))


def anchor(heading):
    """The id by which a heading is linked to: its own, or its section's."""
    section = heading.find_parent("section")
    first = section and section.find(HEADINGS) is heading
    name = heading.get("id") or (section.get("id") if first else None)
    return f"#{name}" if name else "(no id)"


def floats(main):
    """Labelled figures and tables, parts of figures included."""
    return [tag for tag in main.find_all(id=FLOAT) if own_captions(tag)]


def own_captions(tag):
    """The captions of a float that are not those of a part of it."""
    return [
        legend
        for legend in tag.find_all(["figcaption", "caption"])
        if legend.find_parent(lambda parent: is_float(parent)) is tag
    ]


def is_float(tag):
    return tag.name != "figcaption" and bool(FLOAT.match(tag.get("id") or ""))


def caption(tag):
    return text(own_captions(tag)[-1])


def inner_svg(tag):
    return tag.name == "svg" and tag.find_parent("svg") is not None


def picture(tag):
    """What is shown, where: `image in #fig-a: alt text`."""
    holder = tag.find_parent(id=FLOAT)
    where = f" in #{holder['id']}" if holder else ""
    return f"{tag.name}{where}: {tag.get('alt') or tag.get('aria-label') or ''}"


def equation(tag):
    """An equation's label and number, which Quarto writes into the formula."""
    beside = tag.select_one(".equation-number")
    within = re.search(NUMBER, tag.get_text())
    number = text(beside) if beside else within and within[1]
    return f"#{tag['id']} {number or 'without a number'}"


def statement(tag):
    holder = tag.find_parent(class_=["theorem", "proof"])
    name = tag.get("id") or (holder.get("id") if holder else None)
    called = re.sub(r"^(Exercise\W\d+) \((.*)\)$", r"\1 · \2", text(tag).rstrip(". "))
    return f"{f'#{name} ' if name else ''}{called}"


def link(tag, path):
    """`text → where`, whatever way the address was written."""
    address = urlsplit(urljoin(f"https://site/{path}", tag["href"]))
    if address.netloc != "site":
        return f"{text(tag)} → {tag['href']}"
    page = re.sub(r"(^|/)index\.html$", r"\1", address.path)
    return f"{text(tag)} → {page}{'#' + address.fragment if address.fragment else ''}"


def output(tag):
    """An output's kind and text; of pictures there are only their numbers."""
    names = [name for name in STREAMS if f"cell-output-{name}" in tag.get("class", [])]
    pictures = len(tag.find_all("img"))
    texts = [verbatim(pre) for pre in tag.find_all("pre")] or [text(tag)]
    if "error" in names:  # the traceback tells the version of IPython
        texts = [last.rpartition("⏎")[2] for last in texts]
    return f"{' '.join(names)}: {f'{pictures} images' if pictures else ' '.join(texts)}"


def table(tag):
    rows = ([text(cell) for cell in row.find_all(["th", "td"])] for row in tag.find_all("tr"))
    return " / ".join(" | ".join(row) for row in rows)


def differences(theirs, ours):
    """Say how two pages' facts differ: one sentence a fact."""
    return [
        f"{kind}: {sentence}"
        for kind in theirs
        for sentence in list_differences(theirs[kind], ours[kind])
    ]


def list_differences(theirs, ours):
    matcher = SequenceMatcher(None, theirs, ours, autojunk=False)
    for change, start, end, first, last in matcher.get_opcodes():
        if change == "equal":
            continue
        gone, come = theirs[start:end], ours[first:last]
        for quarto, built_in in zip(gone, come, strict=False):
            yield f"Quarto has {short(quarto, built_in)}, ours {short(built_in, quarto)}"
        yield from (f"Quarto has {short(fact)}, ours lacks it" for fact in gone[len(come) :])
        yield from (f"ours has {short(fact)}, Quarto does not" for fact in come[len(gone) :])


def short(fact, other=""):
    """A fact cut to where it begins to differ from the other."""
    same = next((i for i, (a, b) in enumerate(zip(fact, other, strict=False)) if a != b), 0)
    start = max(0, same - 60) if len(fact) > 160 else 0
    cut = fact[start : start + 160]
    return f"“{'…' if start else ''}{cut}{'…' if start + 160 < len(fact) else ''}”"


def compare(theirs, ours):
    """Compare the facts of two sites: every difference, with its page first."""
    problems = [f"{page}: built by Quarto alone" for page in sorted(theirs.keys() - ours)]
    problems += [f"{page}: not built by Quarto" for page in sorted(ours.keys() - theirs)]
    for page in sorted(theirs.keys() & ours):
        problems += [f"{page}: {sentence}" for sentence in differences(theirs[page], ours[page])]
    return problems


def site_facts(site):
    """Return the facts of each page of a built site, by its path."""
    files = {file.relative_to(site).as_posix(): file for file in Path(site).rglob("*.html")}
    return {
        name: facts(file.read_text(encoding="utf-8"), name)
        for name, file in files.items()
        if name.partition("/")[0] not in ("site_libs", "assets", "pagefind")
    }


def off_the_clock(site, sources):
    """Put # for each number on the pages whose source reads a clock.

    Seconds differ from run to run, and all that a page derives from them.
    """
    return {
        page: {kind: [MEASURED.sub("#", fact) for fact in lines] for kind, lines in found.items()}
        if CLOCK.search(source_of(page, sources))
        else found
        for page, found in site.items()
    }


def source_of(page, sources):
    source = Path(sources, page).with_suffix(".qmd")
    return source.read_text(encoding="utf-8") if source.exists() else ""


def main(*sites):
    if len(sites) == 2:
        problems = compare(*map(site_facts, sites))
        print("\n".join(problems) or "The two sites agree.")
        return len(problems) > 0
    found = site_facts(*sites)
    print(json.dumps(found, indent=1, ensure_ascii=False, sort_keys=True))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
