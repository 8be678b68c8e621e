"""What a page may do wrong: each error with its place and a remedy."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterable
from pathlib import Path

REMEDIES = {
    errno.ENOSPC: "free some space and run again",
    errno.EDQUOT: "free some space and run again",
    errno.EFBIG: "allow larger files (ulimit -f) and run again",
    errno.EACCES: "is it another user's? Make it yours, or remove it",
    errno.EPERM: "is it another user's? Make it yours, or remove it",
    errno.EROFS: "work on a disk that may be written to",
    errno.ENOENT: "was it removed meanwhile? Run again",
    errno.EEXIST: "something else stands there: move it away",
    errno.ENOTDIR: "a file stands where a folder should: move it away",
    errno.EISDIR: "a folder stands where a file should: move it away",
}


class RenderError(Exception):
    """One thing that is wrong, and where.

    Parameters
    ----------
    message
        What is wrong, what was expected, what was found and what to do.
    page
        The file it is in, relative to the project (a page, `_quarto.yml`, …).
    line
        Line in that file, counted from 1.
    cell
        Label or number of the cell it came from.
    details
        More lines to print below, such as a traceback.
    """

    def __init__(
        self,
        message: str,
        *,
        page: str | Path | None = None,
        line: int | None = None,
        cell: str | int | None = None,
        details: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message, self.details = message, details
        self.page = None if page is None else Path(page).as_posix()
        self.line, self.cell = line, cell

    @property
    def place(self) -> str:
        """`page.qmd:LINE`, as editors and terminals make it a link."""
        if self.page is None:
            return ""
        return self.page if self.line is None else f"{self.page}:{self.line}"

    def __str__(self) -> str:
        cell = "" if self.cell is None else f"cell {self.cell}"
        text = ": ".join(part for part in (self.place, cell, self.message) if part)
        return text if not self.details else f"{text}\n{self.details.rstrip()}"

    def __reduce__(self):
        # keyword-only arguments are lost by the default, between processes
        return _rebuild, (self.message, self.page, self.line, self.cell, self.details)


def _rebuild(message, page, line, cell, details):
    return RenderError(message, page=page, line=line, cell=cell, details=details)


class RenderErrors(Exception):
    """Several errors, of one page or of many, in the order of page and line."""

    def __init__(self, errors: Iterable[RenderError]) -> None:
        self.errors = sorted(errors, key=lambda e: (e.page or "", e.line or 0))
        super().__init__(self.errors)

    def __str__(self) -> str:
        return "\n".join(str(error) for error in self.errors)


def raise_all(errors: Iterable[RenderError]) -> None:
    """Raise what was collected: nothing, the one error, or all of them.

    Raises
    ------
    RenderError, RenderErrors
    """
    found = list(errors)
    if len(found) == 1:
        raise found[0]
    if found:
        raise RenderErrors(found)


def errors_of(error: RenderError | RenderErrors) -> list[RenderError]:
    """Return the single errors in either kind."""
    return error.errors if isinstance(error, RenderErrors) else [error]


def told(error: Exception) -> list[RenderError]:
    """Return what a person can mend, in one line each; nothing for a fault in the program.

    Parameters
    ----------
    error
        Our own errors, what the system refused, or a group of these.
    """
    if isinstance(error, RenderError | RenderErrors):
        return errors_of(error)
    if isinstance(error, shutil.Error):  # a list of (source, target, reason)
        first = error.args[0][0] if error.args and error.args[0] else ("a folder", "", "")
        return [RenderError(f"{first[0]} can't be copied: {first[2]}")]
    if isinstance(error, OSError):
        place = error.filename2 or error.filename or "a file"
        remedy = REMEDIES.get(error.errno, "look after that and run again")
        return [
            RenderError(f"{place} can't be read or written: {error.strerror or error}; {remedy}")
        ]
    if isinstance(error, ExceptionGroup):
        parts = [told(one) for one in error.exceptions]
        return [one for part in parts for one in part] if all(parts) else []
    return []
