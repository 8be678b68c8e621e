"""The two calls of pandoc: Markdown to a tree, and a tree to HTML."""

from __future__ import annotations

import io
import json
import re
import subprocess
from functools import cache
from pathlib import Path

import panflute as pf
import pypandoc

from render.errors import RenderError

READER = "markdown"
MARK = "<!--tinynets-part-->"
THIN = '<mspace width="0.167em"/>'
NAMES = "log|exp|max|min|sup|inf|arg|sin|cos|tan|sinh|cosh|tanh|det|dim|ln|lim|Pr"
AFTER = re.compile(rf"(<mi>(?:{NAMES})</mi>(?:<mo>\u2061</mo>)?)(?=<m(?:i|n|sub|sup|subsup|frac|sqrt|rm)\b)")
BEFORE = re.compile(rf"(</(?:mi|mn|msub|msup|msubsup|mfrac)>)(?=<mi>(?:{NAMES})</mi>)")
PARTS = ("title", "subtitle", "description", "toc", "body")


@cache
def executable() -> str:
    """Return the path of the pandoc that `pypandoc-binary` brings."""
    return pypandoc.get_pandoc_path()


def parse(markdown: str) -> pf.Doc:
    """Parse Markdown in pandoc's dialect, which is Quarto's."""
    return pf.load(io.StringIO(_run(["-f", READER, "-t", "json"], markdown)))


def write(doc: pf.Doc, *, toc_depth: int, bibliography: Path | None) -> dict[str, str]:
    """Write a tree as HTML5 with MathML; return its parts by name.

    Parameters
    ----------
    doc
        The tree, all passes done.
    toc_depth
        Deepest heading in the table of contents; 0 for none.
    bibliography
        BibTeX file of the citations that are left in the tree.
    """
    tree = io.StringIO()
    pf.dump(doc, tree)
    args = ["-f", "json", "-t", "html5", "--mathml", "--section-divs", "--wrap=preserve"]
    args += [f"--template={_template()}", "--reference-location=document"]
    if toc_depth:
        args += ["--toc", f"--toc-depth={toc_depth}"]
    if bibliography is not None:
        args += ["--citeproc", f"--bibliography={bibliography}", "-Mlink-citations=true"]
    html = _spaced(_run(args, tree.getvalue()))
    return dict(zip(PARTS, html.split(MARK), strict=True))


def _spaced(html: str) -> str:
    """Set functions such as log off from their neighbours, as TeX does and pandoc does not."""
    return BEFORE.sub(r"\1" + THIN, AFTER.sub(r"\1" + THIN, html))


def citation_keys(bibliography: Path) -> set[str]:
    """Return the keys of a BibTeX file."""
    text = bibliography.read_text(encoding="utf-8")
    entries = json.loads(_run(["-f", "bibtex", "-t", "csljson"], text))
    return {entry["id"] for entry in entries}


@cache
def _template() -> Path:
    """Return a file with the template, since pandoc takes no other kind."""
    return Path(__file__).parents[1] / "templates" / "parts.pandoc"


def _run(args: list[str], text: str) -> str:
    done = subprocess.run(
        [executable(), *args], input=text, capture_output=True, encoding="utf-8"
    )
    if done.returncode or "[WARNING]" in done.stderr:
        raise RenderError(f"pandoc says: {done.stderr.strip()}")
    return done.stdout


@cache
def inline_html(text: str) -> str:
    """Return a line of Markdown, such as a menu's entry, as HTML without a paragraph."""
    html = _run(["-f", READER, "-t", "html5", "--mathml"], text).strip()
    return html.removeprefix("<p>").removesuffix("</p>")
