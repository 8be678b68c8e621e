"""Start a page from a template beside this file: `new_page.py note NAME`, or `post NAME`."""

import datetime
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACES = {"note": "notes/{}.qmd", "post": "posts/{}/index.qmd"}
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def new_page(kind: str, name: str, root: Path = ROOT) -> Path:
    """Write the page and return its path; never overwrite one."""
    if not NAME.fullmatch(name):
        raise ValueError(
            f"a {kind}'s name is lower-case words joined by hyphens, "
            f"since it becomes its address; got {name!r}. "
            f"For example: make new-{kind} NAME=why-relu-bends"
        )
    place = PLACES[kind].format(name)
    path = root / place
    if any(taken.exists() for taken in (path, root / f"{kind}s" / name)):
        raise ValueError(f"{place} exists already; choose another name")
    title = name.replace("-", " ").capitalize() + ("?" if kind == "post" else "")
    text = Path(__file__).with_name(f"{kind}.qmd").read_text(encoding="utf-8")
    text = text.replace("TITLE", title).replace("NAME", name)
    text = text.replace("DATE", datetime.date.today().isoformat())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def main() -> None:
    kind, name = [*sys.argv[1:], ""][:2]
    try:
        path = new_page(kind, name)
    except ValueError as error:
        sys.exit(f"new-{kind}: {error}")
    print(f"{path.relative_to(ROOT)} is there; it renders as it is. Now: make preview")


if __name__ == "__main__":
    main()
