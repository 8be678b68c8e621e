"""Print every sentence that holds a computed value, as it came out on both data sets.

    python tools/read.py [PAGE ...] [--base FILE] [--write FILE]

A page is its rendered text, not its source: a sentence put together from values may be
true on one data set and absurd on another. Sentences that are not in the base, a file
that an earlier call wrote, come first and are starred. `make read` runs what is stale
before, and takes what it printed last time as the base.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from render.cache import Cache  # noqa: E402
from render.cells import Text, split_page  # noqa: E402
from render.digits import VARIABLE  # noqa: E402
from render.project import Executed, Page, Project  # noqa: E402
from render.stamp import Stamps, may_run  # noqa: E402

HOLE = re.compile("\x00(\\d+)\x00")
END = re.compile(r"(?<=[.!?])[)*”]*\s+(?=[A-Z*(@“\x00])")

Sentence = tuple[str, str]  # where it stands (page:line), and its text


def templates(text: Text) -> Iterator[tuple[int, str]]:
    """Yield (line, sentence) for each sentence with values; a value is a numbered hole."""
    pieces, end = [], 0
    for i, inline in enumerate(text.inlines):
        pieces += [text.text[end : inline.start], f"\x00{i}\x00"]
        end = inline.end
    whole = "".join([*pieces, text.text[end:]])
    line = text.line
    for paragraph in re.split(r"(\n\s*\n)", whole):
        flat = " ".join(paragraph.split())
        for sentence in END.split(flat):
            hole = HOLE.search(sentence)
            if hole:
                yield text.inlines[int(hole[1])].line, sentence
        line += paragraph.count("\n")


def values(text: Text, shown: dict[int, str]) -> list[str]:
    """Read the values of a text's inline expressions off the executed lines."""
    found: list[str] = []
    starts = [0, *(m.end() for m in re.finditer("\n", text.text))]
    for offset, start in enumerate(starts):
        stop = starts[offset + 1] if offset + 1 < len(starts) else len(text.text)
        here = [inline for inline in text.inlines if start <= inline.start < stop]
        if not here:
            continue
        literals, end = [], start
        for inline in here:
            literals.append(text.text[end : inline.start])
            end = inline.end
        literals.append(text.text[end:stop].rstrip("\n"))
        pattern = "(.*?)".join(map(re.escape, literals))
        match = re.fullmatch(pattern, shown.get(text.line + offset, ""))
        found += match.groups() if match else ["?"] * len(here)
    return found


def fill(template: str, filled: list[str]) -> str:
    """Put values into their holes, without the backslashes that Markdown wants."""
    plain = [re.sub(r"\\([^\w\s])", r"\1", value) for value in filled]
    return HOLE.sub(lambda hole: f"«{plain[int(hole[1])]}»", template)


def sentences(page: Page, executed: Executed) -> list[Sentence]:
    """List a page's sentences with values, these in «guillemets»."""
    shown = dict(zip(executed.lines, executed.markdown.splitlines(), strict=False))
    result = []
    for part in split_page(page):
        if isinstance(part, Text) and part.inlines:
            filled = values(part, shown)
            for line, template in templates(part):
                result.append((f"{page.source}:{line}", fill(template, filled)))
    return result


def read(project: Project, pages: list[Page], data: str | None) -> dict[str, list[Sentence]]:
    """Read all pages as they were executed on one data set; those that were not are left out."""
    before = os.environ.get(VARIABLE)
    if data is not None:
        os.environ[VARIABLE] = data
    try:
        stamps, cache = Stamps(project), Cache(project)
        found = {
            page.source: cache.load(page, stamps.parts(page), stamps.of_page(page))
            for page in pages
        }
    finally:
        os.environ.pop(VARIABLE, None)
        if before is not None:
            os.environ[VARIABLE] = before
    return {
        page.source: sentences(page, found[page.source]) for page in pages if found[page.source]
    }


def report(pages: list[Page], sets: dict[str, dict], base: dict[str, list[str]]) -> Iterator[str]:
    """Yield lines: changed sentences of all pages first, then the others."""
    for changed in (True, False):
        for page in pages:
            missing = [name for name, found in sets.items() if page.source not in found]
            if missing and changed:
                yield f"{page.source}: not executed on {' and '.join(missing)} as it is now"
            columns = [found.get(page.source, []) for found in sets.values()]
            height = max(map(len, columns))
            for row in range(height):
                texts = {
                    name: column[row][1]
                    for name, column in zip(sets, columns, strict=True)
                    if row < len(column)
                }
                if changed != (not set(base.get(page.source, ())).issuperset(texts.values())):
                    continue
                place = next(c[row][0] for c in columns if row < len(c))
                yield f"{'* ' if changed else '  '}{place}"
                if len(set(texts.values())) == 1 and len(texts) == len(sets):
                    yield f"    both   {next(iter(texts.values()))}"
                else:
                    yield from (f"    {name:6} {text}" for name, text in texts.items())


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="part of a page's path")
    parser.add_argument("--base", type=Path, help="what an earlier --write kept; may not exist yet")
    parser.add_argument("--write", type=Path, help="keep the sentences here")
    given = parser.parse_args(arguments)
    project = Project.load(ROOT)
    pages = [
        page
        for page in project.shown_pages
        if may_run(split_page(page))
        and (not given.pages or any(p in page.source for p in given.pages))
    ]
    sets = {"MNIST": read(project, pages, None), "8×8": read(project, pages, "8x8")}
    base: dict[str, list[str]] = {}
    if given.base and given.base.is_file():
        base = json.loads(given.base.read_text(encoding="utf-8"))
    print(*report(pages, sets, base), sep="\n")
    if given.write:
        for page in pages:
            texts = {text for found in sets.values() for _, text in found.get(page.source, ())}
            base[page.source] = sorted(texts)
        given.write.write_text(json.dumps(base, ensure_ascii=False, indent=0), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
