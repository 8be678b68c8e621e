"""The two calls of pandoc: Markdown to a tree, and a tree to HTML."""

from __future__ import annotations

import hashlib
import io
import json
import re
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import panflute as pf
import pypandoc

from render.errors import RenderError
from render.text import read_text

READER = "markdown"
WARNING = re.compile(r"\[WARNING\] (.*)")
MARK = "<!--tinynets-part-->"
PARTS = ("title", "subtitle", "description", "toc", "body")


@cache
def executable() -> str:
    """Return the path of the pandoc that `pypandoc-binary` brings."""
    return pypandoc.get_pandoc_path()


def parse(markdown: str) -> tuple[pf.Doc, list[str]]:
    """Parse Markdown in pandoc's dialect, which is Quarto's; give pandoc's warnings with it."""
    tree, log = _run(["-f", READER, "-t", "json"], markdown)
    return pf.load(io.StringIO(tree)), WARNING.findall(log)


def inlines(text: str) -> list[pf.Inline]:
    """Parse a line of Markdown, such as a caption."""
    return list(parse(text)[0].content[0].content)


def write(doc: pf.Doc, *, toc_depth: int, bibliography: Path | None) -> dict[str, str]:
    """Write a tree as HTML5 with MathML; return its parts by name.

    Parameters
    ----------
    doc
        The tree, all passes done.
    toc_depth
        Deepest heading in the table of contents; 0 for none.
    bibliography
        CSL JSON of the citations that are left in the tree.
    """
    tree = io.StringIO()
    pf.dump(doc, tree)
    args = ["-f", "json", "-t", "html5", "--mathml", "--section-divs", "--wrap=preserve"]
    args += [f"--template={_template()}"]
    if toc_depth:
        args += ["--toc", f"--toc-depth={toc_depth}"]
    if bibliography is not None:
        args += ["--citeproc", f"--bibliography={bibliography}", "-Mlink-citations=true"]
    html, log = _run(args, tree.getvalue())
    if WARNING.search(log):
        raise RenderError(f"pandoc says: {log.strip()}")
    return dict(zip(PARTS, html.split(MARK), strict=True))


def formulas(wanted: Sequence[tuple[str, bool]]) -> list[str]:
    """Set formulas as MathML.

    Parameters
    ----------
    wanted
        Of each formula its TeX, and whether it is displayed.
    """
    if not wanted:
        return []
    kinds = {True: "DisplayMath", False: "InlineMath"}
    blocks: list[pf.Block] = []
    for tex, display in wanted:
        blocks += [pf.Plain(pf.Math(tex, format=kinds[display])), pf.RawBlock(MARK, format="html")]
    args = ["-f", "json", "-t", "html5", "--mathml", "--wrap=preserve"]
    html, log = _run(args, _dumped(*blocks))
    if WARNING.search(log):
        raise RenderError(f"pandoc says: {log.strip()}")
    return [made.strip() for made in html.split(MARK)[:-1]]


def references(bibliography: Path, folder: Path) -> Path:
    """Return a BibTeX file as CSL JSON, which pandoc reads in a tenth of the time.

    Parameters
    ----------
    folder
        Where the JSON is kept for as long as the BibTeX stays.

    Raises
    ------
    RenderError
        It is no BibTeX.
    """
    text = read_text(bibliography.parent, bibliography.name)
    made = folder / f"references-{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"
    if not made.is_file():
        entries = _run(["-f", "bibtex", "-t", "csljson"], text)[0]
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("references-*.json"):
            old.unlink()
        made.write_text(entries, encoding="utf-8")
    return made


def citation_keys(entries: Path) -> set[str]:
    """Return the keys of a bibliography in CSL JSON."""
    return {entry["id"] for entry in json.loads(entries.read_text(encoding="utf-8"))}


@cache
def _template() -> Path:
    """Return a file with the template, since pandoc takes no other kind."""
    return Path(__file__).parents[1] / "templates" / "parts.pandoc"


def _run(args: list[str], text: str) -> tuple[str, str]:
    done = subprocess.run([executable(), *args], input=text, capture_output=True, encoding="utf-8")
    if done.returncode:
        raise RenderError(f"pandoc says: {done.stderr.strip()}")
    return done.stdout, done.stderr


def pages_of(texts: Sequence[str]) -> list[str]:
    """Return pieces of Markdown as HTML, by one call."""
    whole = f"\n\n```{{=html}}\n{MARK}\n```\n\n".join(texts)
    html = _run(["-f", READER, "-t", "html5", "--mathml", "--wrap=preserve"], whole)[0]
    html = re.sub(r' id="cb[^"]*"|<a href="#cb[^>]*></a>', "", html)
    return [one.strip() for one in html.split(MARK)]


@cache
def code_block(code: str) -> str:
    """Return Python code as HTML, coloured as the cells of a page are, without ids."""
    html = _run(["-f", "json", "-t", "html5"], _dumped(pf.CodeBlock(code, classes=["python"])))[0]
    return re.sub(r' id="cb[^"]*"|<a href="#cb[^>]*></a>', "", html)


def _dumped(*blocks: pf.Block) -> str:
    tree = io.StringIO()
    pf.dump(pf.Doc(*blocks), tree)
    return tree.getvalue()


@cache
def inline_html(text: str) -> str:
    """Return a line of Markdown, such as a menu's entry, as HTML without a paragraph."""
    html = _run(["-f", READER, "-t", "html5", "--mathml"], text)[0].strip()
    return html.removeprefix("<p>").removesuffix("</p>")
