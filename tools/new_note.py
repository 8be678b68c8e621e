"""Start a note: write notes/NAME.qmd from the template beside this file."""

import datetime
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = Path(__file__).with_name("note.qmd")
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def new_note(name: str, root: Path = ROOT) -> Path:
    """Write the note and return its path; never overwrite one."""
    if not NAME.fullmatch(name):
        raise ValueError(
            "a note's name is lower-case words joined by hyphens, "
            f"since it becomes its address; got {name!r}. "
            "For example: make new-note NAME=why-relu-bends"
        )
    path = root / "notes" / f"{name}.qmd"
    if path.exists() or path.with_suffix("").exists():
        raise ValueError(f"notes/{name}.qmd exists already; choose another name")
    title = name.replace("-", " ").capitalize()
    text = TEMPLATE.read_text(encoding="utf-8")
    text = text.replace("TITLE", title).replace("NAME", name)
    text = text.replace("DATE", datetime.date.today().isoformat())
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def main() -> None:
    try:
        path = new_note(sys.argv[1] if len(sys.argv) > 1 else "")
    except ValueError as error:
        sys.exit(f"new-note: {error}")
    print(f"{path.relative_to(ROOT)} is there; it renders as it is. Now: make preview")


if __name__ == "__main__":
    main()
