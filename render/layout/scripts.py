"""Scripts as they travel: without comments, and a module with one user within that user.

A line is enough to tell a comment from code, since sources keep quotes within a line and no
comment-like text in template literals of several lines. What a page loads is fetched in fewer
pieces, and packs better; the sources stay as they are. A minifier that renames variables
(tdewolff-minify was tried) would save another sixth, but has no wheel for Apple's processors.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Mapping
from pathlib import Path

IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.{1,2}/[^"]+)";\n', re.M)
ANY_IMPORT = re.compile(r'(?:from|import|import\() ?"(\.{1,2}/[^"]+)"')
DECLARED = re.compile(r"^(?:export )?(?:async )?(?:function\*?|class|const|let) (\w+)", re.M)
SEVERAL = re.compile(r"^(?:export )?(?:const|let) (?:[\[{]|[^;]*?,\s*\w+ =[^=>])", re.M)
QUOTED = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`)""")
IDLE = re.compile(r" ?([=<>!*?:&|,;{}()%^]+) ?")
AFTER_CODE = re.compile(r"""^([^"'`/]*[^"'`/\s])\s+// .*|^(.*\S)\s+// [^"'`]*$""")


def ship(source: Path, out: Path) -> None:
    """Write the scripts of a folder into another as they travel; those joined are not there.

    Parameters
    ----------
    source
        Its `.js` files, at any depth, are read.
    out
        Other files in it are left alone.
    """
    files = {path.relative_to(source).as_posix(): path for path in source.rglob("*.js")}
    scripts = joined({name: path.read_text(encoding="utf-8") for name, path in files.items()})
    for name in files:
        target = out / name
        if name in scripts:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(stripped(scripts[name]), encoding="utf-8")
        else:
            target.unlink(missing_ok=True)


def stripped(script: str) -> str:
    """Return a script without its comments, indentation, blank lines and idle spaces.

    A comment behind code goes where no quote can make it part of a string; template literals
    of several lines stay as they are.
    """
    kept, comment, template = [], False, False
    for line in script.splitlines():
        text = line.strip()
        if template:
            kept.append(line)
            template ^= line.count("`") % 2 == 1
        elif comment or text.startswith("/*"):
            comment = not text.endswith("*/")
        elif text and not text.startswith("//"):
            kept.append(_tight(AFTER_CODE.sub(r"\1\2", text)))
            template = kept[-1].count("`") % 2 == 1
    return "\n".join(kept) + "\n" if kept else ""


def _tight(line: str) -> str:
    """Leave out spaces about operators and brackets, but for + and -, outside of quotes.

    Lines with a slash, which may begin a pattern, or with templates in templates stay.
    """
    if "/" in line or line.count("`") not in (0, 2):
        return line
    parts = QUOTED.split(line)
    return "".join(part if i % 2 else IDLE.sub(r"\1", part) for i, part in enumerate(parts))


def joined(scripts: Mapping[str, str]) -> dict[str, str]:
    """Put each module that one other imports, by its names, into that one.

    Parameters
    ----------
    scripts
        Modules by path, indented as they were written, since that tells their own names;
        those whose names would clash stay apart.

    Returns
    -------
    dict of str to str
        The modules that are left.
    """
    left = dict(scripts)
    while pair := next(_joinable(left), None):
        inner, host = pair
        left[host] = _within(left[host], host, left.pop(inner), inner)
    return left


def _joinable(scripts: Mapping[str, str]):
    """Yield modules with one user, and that user."""
    users: dict[str, set[str]] = {}
    for user, text in scripts.items():
        for path in ANY_IMPORT.findall(text):
            users.setdefault(_from(user, path), set()).add(user)
    for inner, hosts in sorted(users.items()):
        host = min(hosts)
        if inner in scripts and len(hosts) == 1 and _fits(scripts[host], host, inner, scripts):
            yield inner, host


def _fits(text: str, host: str, inner: str, scripts: Mapping[str, str]) -> bool:
    """Tell whether one module's names leave the other's alone, and are imported as they are."""
    by_name = [_from(host, path) for _, path in IMPORT.findall(text)]
    renamed = any(" as " in names for names, _ in IMPORT.findall(text + scripts[inner]))
    known = inner in by_name and not SEVERAL.search(scripts[inner]) and not renamed
    ours, theirs = _names(text, host), _names(scripts[inner], inner)
    return known and all(ours.get(n, theirs[n]) == theirs[n] for n in theirs)


def _names(text: str, module: str) -> dict[str, str]:
    """Return a module's own and imported names, with the module that declares each."""
    imported = {
        name: _from(module, path)
        for names, path in IMPORT.findall(text)
        for name in re.findall(r"\w+", names)
    }
    return imported | dict.fromkeys(DECLARED.findall(text), module)


def _within(text: str, host: str, inner: str, path: str) -> str:
    """Write a module with another one in it."""
    wanted: dict[str, set[str]] = {}
    for where, script in ((host, text), (path, inner)):
        for names, address in IMPORT.findall(script):
            wanted.setdefault(_from(where, address), set()).update(re.findall(r"\w+", names))
    for known in (path, host):
        wanted.pop(known, None)
    lines = [
        f'import {{ {", ".join(sorted(names))} }} from "{_towards(host, module)}";\n'
        for module, names in sorted(wanted.items())
    ]
    own = re.sub(r"^export ", "", IMPORT.sub("", inner), flags=re.M)
    return "".join(lines) + own + IMPORT.sub("", text)


def _from(module: str, path: str) -> str:
    return os.path.normpath(os.path.join(os.path.dirname(module), path)).replace(os.sep, "/")


def _towards(module: str, other: str) -> str:
    path = os.path.relpath(other, os.path.dirname(module) or ".").replace(os.sep, "/")
    return path if path.startswith(".") else f"./{path}"
