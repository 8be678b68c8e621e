"""Reads what there is to render: `_quarto.yml`, the pages, the resources."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from render import keys
from render.errors import RenderError, raise_all
from render.text import read_text, read_yaml, refuse_invisible

CONFIG = "_quarto.yml"


@dataclass(frozen=True)
class Page:
    """One source page.

    `body` is the text after the front matter, `body_line` the line it starts
    on; `meta_lines` says on which line each key of the front matter stands.
    """

    path: Path
    source: str
    text: str
    meta: Mapping
    meta_lines: Mapping[str, int]
    body: str
    body_line: int

    @property
    def href(self) -> str:
        """Where the page goes in the site: `posts/masks/index.html`."""
        return PurePosixPath(self.source).with_suffix(".html").as_posix()

    @property
    def stem(self) -> str:
        return self.path.stem

    @property
    def draft(self) -> bool:
        return self.meta.get("draft") is True


@dataclass(frozen=True)
class Executed:
    """A page whose cells were run.

    Parameters
    ----------
    markdown
        The whole page, front matter first, its cells replaced by code and outputs.
    lines
        For each line of `markdown`, the line of the page it comes from.
    files_dir
        Folder that holds `<stem>_files/figure-html/…` as `markdown` names it.
    key
        Names the execution: what it computed with, hashed. Empty if it was not kept.
    outputs
        What each part of the page gave (see `render.assemble.Run`).
    made
        What is known of the run (see `render.facts`), and its `seconds`.
    """

    page: Page
    markdown: str
    lines: tuple[int, ...]
    files_dir: Path
    key: str = ""
    outputs: Sequence[str | Sequence[str]] = ()
    made: Mapping = field(default_factory=dict)


@dataclass
class Project:
    """The sources of a site.

    Parameters
    ----------
    config
        What `_quarto.yml` holds, checked.
    drafts
        Whether drafts are shown.
    output
        Where the site goes, if not where `_quarto.yml` says.
    left_out
        Sources of pages that are treated as drafts for once.
    """

    root: Path
    config: Mapping = field(default_factory=dict)
    drafts: bool = False
    output: Path | None = None
    left_out: frozenset[str] = frozenset()

    @classmethod
    def load(cls, root: Path, *, drafts: bool = False, output: Path | None = None) -> Project:
        """Read and check `_quarto.yml`.

        Raises
        ------
        RenderError, RenderErrors
            It is missing, is not YAML, or has a key this renderer does not know.
        """
        path = root / CONFIG
        if not path.is_file():
            raise RenderError(
                f"there is no {CONFIG} in {root}; run this in the project's folder", page=CONFIG
            )
        config, lines = read_yaml(read_text(root, CONFIG), CONFIG, 1)
        raise_all(keys.problems(config, keys.CONFIG, lines, CONFIG))
        if not (config.get("website") or {}).get("title"):
            raise RenderError("the site has no title; add `website: title: …`", page=CONFIG)
        return cls(root, _plain(config), drafts, output)

    @property
    def output_dir(self) -> Path:
        return self.output or self.root / self.config.get("project", {}).get("output-dir", "_site")

    @property
    def cache_dir(self) -> Path:
        return self.root / ".render"

    @cached_property
    def pages(self) -> list[Page]:
        """Every page, drafts included, in the order of their paths.

        Raises
        ------
        RenderErrors
            Some pages have a front matter that can't be read.
        """
        globs = self.config.get("project", {}).get("render", ["**/*.qmd"])
        pages, errors = [], []
        _refuse_unreadable(self.root)
        for path in _matches(self.root, globs):
            if path.suffix == ".qmd":
                try:
                    pages.append(read_page(self.root, path))
                except RenderError as error:
                    errors.append(error)
        raise_all(errors)
        return pages

    @property
    def shown_pages(self) -> list[Page]:
        """The pages that are published: drafts only where they are asked for."""
        shown = (page for page in self.pages if self.drafts or not page.draft)
        return [page for page in shown if page.source not in self.left_out]

    @cached_property
    def resources(self) -> list[Path]:
        """Files that are copied as they are."""
        return _matches(self.root, self.config.get("project", {}).get("resources", []))

    def execute_defaults(self, page: Page) -> dict:
        """Return the `execute:` options in force on a page."""
        html = self.config.get("format", {}).get("html", {})
        figures = {
            key: html[key] for key in set(keys.EXECUTE) & set(html) if key.startswith("fig-")
        }
        return {**figures, **self.config.get("execute", {}), **page.meta.get("execute", {})}


def read_page(root: Path, path: Path) -> Page:
    """Read one page and check its front matter.

    Raises
    ------
    RenderError
        It is not UTF-8; its front matter is not closed, not YAML, or has an unknown key.
    """
    source = path.relative_to(root).as_posix()
    return parse_page(path, source, read_text(root, source))


def parse_page(path: Path, source: str, text: str) -> Page:
    """Part a page's text into front matter and body; check the front matter.

    Raises
    ------
    RenderError
        The front matter is not closed, not YAML, or has an unknown key.
    """
    lines = text.splitlines()
    if text.startswith("\ufeff"):
        raise RenderError(
            "starts with a byte order mark; save it as UTF-8 without one", page=source, line=1
        )
    refuse_invisible(text, source)
    if not lines or lines[0].rstrip() != "---":
        raise RenderError(
            "has no front matter; begin it with a --- block that gives a title", page=source, line=1
        )
    end = next((i for i, line in enumerate(lines[1:], 1) if line.rstrip() in ("---", "...")), None)
    if end is None:
        raise RenderError("front matter is never closed; add a line ---", page=source, line=1)
    meta, meta_lines = read_yaml("\n".join(lines[1:end]), source, 2)
    raise_all(keys.problems(meta, keys.PAGE, meta_lines, source))
    meta = _plain(meta)
    _check_image(path, meta, source, meta_lines)
    body = "\n".join(lines[end + 1 :]) + "\n"
    return Page(path, source, text, meta, meta_lines, body, end + 2)


def _plain(value: Mapping) -> dict:
    """Leave out keys without a value; take one category for a list, one file for its name."""
    plain = {key: below for key, below in value.items() if below is not None}
    if isinstance(plain.get("categories"), str):
        plain["categories"] = [plain["categories"]]
    if isinstance(plain.get("bibliography"), list):
        (plain["bibliography"],) = plain["bibliography"]
    return plain


def _check_image(path: Path, meta: Mapping, source: str, lines: Mapping[str, int]) -> None:
    """Look for a page's picture, if it isn't another site's nor made by a cell."""
    image = meta.get("image", "")
    if not image or "://" in image:
        return
    root = path.parents[len(PurePosixPath(source).parts) - 1]
    place = root / image.lstrip("/") if image.startswith("/") else path.parent / image
    why = "" if "_files/" in image or place.is_file() else f"there is no {image}"
    if leaves(root, place):
        why = f"{image} lies outside the project; copy it here"
    if why:
        raise RenderError(
            f"`image`: {why}; give a path from the page's folder",
            page=source,
            line=lines.get("image"),
        )


def leaves(root: Path, place: Path) -> bool:
    """Tell whether a path, or a link that stands there, leads out of the project."""
    named = Path(os.path.normpath(place))
    return not (named.is_relative_to(root) and place.resolve().is_relative_to(root.resolve()))


def _matches(root: Path, globs: Iterable[str] | str) -> list[Path]:
    """Files that the globs name; `!glob` takes away; names in _ or . are never taken."""
    found: set[Path] = set()
    for glob in [globs] if isinstance(globs, str) else globs:
        pattern = glob.lstrip("!").lstrip("/")
        pattern = f"{pattern}/*" if pattern.endswith("**") else pattern
        files = {path for path in root.glob(pattern) if path.is_file()}
        found = found - files if glob.startswith("!") else found | files
    hidden = ("_", ".")
    shown = sorted(
        path
        for path in found
        if not any(part.startswith(hidden) for part in path.relative_to(root).parts)
    )
    raise_all(_leaving(root, shown))
    return shown


def _leaving(root: Path, paths: Iterable[Path]) -> Iterable[RenderError]:
    """Name the links that lead out of the project: what is there is not to be published."""
    for path in paths:
        if leaves(root, path):
            yield RenderError(
                f"is a link that leaves the project, to {path.resolve()}; copy what is meant here",
                page=path.relative_to(root),
            )


def _refuse_unreadable(root: Path) -> None:
    """Raise what the system says of a folder whose pages would otherwise be missing in silence."""

    def refuse(error: OSError) -> None:
        raise error

    for _, folders, _ in os.walk(root, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(("_", "."))]
