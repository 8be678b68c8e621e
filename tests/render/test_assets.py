"""What is vendored is what its checksums say, and what the style sheets name is there."""

import hashlib
import re
from pathlib import Path

ASSETS = Path(__file__).parents[2] / "assets"


def test_fonts_are_what_their_checksums_say():
    lines = (ASSETS / "fonts" / "SHA256SUMS").read_text().splitlines()
    sums = {name: digest for digest, name in (line.split() for line in lines)}
    files = {p.name for p in (ASSETS / "fonts").iterdir()} - {"README.md", "SHA256SUMS"}
    assert set(sums) == files
    for name, digest in sums.items():
        assert hashlib.sha256((ASSETS / "fonts" / name).read_bytes()).hexdigest() == digest, name


def test_style_sheets_name_files_that_are_there():
    for sheet in ASSETS.glob("*.css"):
        for name in re.findall(r'url\("([^"]+)"\)', sheet.read_text(encoding="utf-8")):
            assert (sheet.parent / name).is_file(), (sheet.name, name)
