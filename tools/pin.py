"""Pin the packages anew, after a change in pyproject.toml: `python tools/pin.py`. Needs uv.

constraints.txt gets every name and version; requirements.txt the same with hashes of all
files that an index serves for any machine, but for PyTorch and what its Linux wheel brings:
their files differ by index (CUDA or CPU only). Versions that still fit stay as they are;
`--upgrade`, or any other option of `uv pip compile`, is handed on.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = """\
# Every package of `pip install -e '.[site,test,sweep]'`, pinned for Python 3.11 to 3.13 on
# Linux and macOS.
# Used as constraints, so a line for a package that a machine does not need installs nothing
# there. Made by tools/pin.py, with requirements.txt, which holds the hashes.
"""
REQUIREMENTS = """\
# constraints.txt with hashes, but for PyTorch and what comes with it. Made by tools/pin.py.
"""
OF_PYTORCH = re.compile(r"(torch|triton|nvidia-[\w-]+|cuda-[\w-]+)==")


def main(options):
    """Write both files."""
    pins = re.findall(r"^\w.*(?:\n +--hash=.*)*", locked(options), flags=re.MULTILINE)
    hashed = [pin for pin in pins if not OF_PYTORCH.match(pin)]
    write("constraints.txt", CONSTRAINTS, [pin.split(" \\\n")[0] for pin in pins])
    write("requirements.txt", REQUIREMENTS, hashed)


def locked(options):
    """Return what uv resolves pyproject.toml to, for all machines."""
    command = "uv pip compile --quiet --universal --python-version 3.11 --generate-hashes"
    command += " --extra site --extra test --extra sweep --no-annotate --no-header"
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "locked.txt")  # what it holds, uv prefers
        output.write_text((ROOT / "constraints.txt").read_text())
        where = ["--output-file", str(output), "pyproject.toml"]
        subprocess.run([*command.split(), *options, *where], cwd=ROOT, check=True)
        return output.read_text()


def write(name, header, lines):
    (ROOT / name).write_text(header + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
