"""Frames the pages that Quarto has just rendered; Quarto runs it after each render.

It says nothing when all is well, and what is wrong in one line otherwise.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from render.errors import RenderError, RenderErrors, errors_of, raise_all  # noqa: E402
from render.frozen import PREVIEW, SKIP  # noqa: E402
from render.layout.finish import finish_quarto  # noqa: E402
from render.layout.unresolved import problems  # noqa: E402
from render.project import Project  # noqa: E402
from render.staging import sign  # noqa: E402


def main() -> int:
    """Frame the pages that Quarto names in its environment."""
    out = Path(os.environ["QUARTO_PROJECT_OUTPUT_DIR"])
    written = {Path(line).resolve() for line in _written()}
    try:
        project = Project.load(Path.cwd(), drafts=os.environ.get("QUARTO_PROFILE") == PREVIEW)
        pages = [p for p in project.shown_pages if (out / p.href).resolve() in written]
        by_hand = SKIP not in os.environ  # `python -m render` reads Quarto's log, and signs
        wrong = problems(project, out, pages) if by_hand else []
        finish_quarto(project, out, pages)
        if by_hand:
            sign(out, "")
        raise_all(wrong)
    except (RenderError, RenderErrors) as error:
        for one in errors_of(error):
            print(f"ERROR: {one}", file=sys.stderr)
        return 1
    return 0


def _written() -> list[str]:
    listed = os.environ.get("QUARTO_USE_FILE_FOR_PROJECT_OUTPUT_FILES")
    if listed:
        return Path(listed).read_text(encoding="utf-8").splitlines()
    return os.environ.get("QUARTO_PROJECT_OUTPUT_FILES", "").splitlines()


if __name__ == "__main__":
    sys.exit(main())
