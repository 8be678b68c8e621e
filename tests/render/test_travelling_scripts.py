"""Scripts lose their comments and join their only user; what they do stays the same."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from render.layout.scripts import joined, ship, stripped
from tests.render.helpers import CONFIG, build

ROOT = Path(__file__).parents[2]
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(
    NODE is None, reason="node is not on the PATH: install Node.js 20 or later"
)


# As `node --check` does, but for all files at once: reads them as modules, runs none.
CHECK = """
const { readFileSync } = require("fs"), { SourceTextModule } = require("vm");
for (const file of process.argv.slice(1))
  new SourceTextModule(readFileSync(file, "utf8"), { identifier: file });
"""


@pytest.mark.parametrize(
    ("script", "left"),
    [
        ("// all\n  f(1);\n\n/* a\n * b */\n/** c */\ng();\n", "f(1);\ng();\n"),
        ("f(); // why\n", "f();\n"),
        ("f(); // the reader's\n", "f();\n"),
        ('f("a"); // why\n', 'f("a");\n'),
        ('f("a // b");\n', 'f("a // b");\n'),
        ("f('http://a'); // b\n", "f('http://a');\n"),
        ("f(`a // b`);\n", "f(`a // b`);\n"),
        ("f(`a\n  // b\n  c`); // d\nh();\n", "f(`a\n  // b\n  c`); // d\nh();\n"),
        ("f(/[/]/ // a\n);\n", "f(/[/]/\n);\n"),
        ("// only this\n", ""),
        ("a = [b, (c) => d];\n", "a=[b,(c)=>d];\n"),
        ("a = b + -c - --d;\n", "a=b + -c - --d;\n"),
        ('a = "b = c, \\" d";\n', 'a="b = c, \\" d";\n'),
        ("f(a, `b = ${c} ? d`, e);\n", "f(a,`b = ${c} ? d`,e);\n"),
        ("a = `b = ${c ? `d = e` : f}`;\n", "a = `b = ${c ? `d = e` : f}`;\n"),
        ("a = b.match(/c = d/g);\n", "a = b.match(/c = d/g);\n"),
        ("a = `b\n  c = d`;\n", "a = `b\n  c = d`;\n"),
    ],
)
def test_comments_go_and_strings_stay(script, left):
    assert stripped(script) == left
    assert stripped(left) == left


def test_a_module_with_one_user_becomes_part_of_it():
    scripts = {
        "a.js": 'import { b } from "./core/b.js";\nimport { s } from "./s.js";\nb(s);\n',
        "core/b.js": 'import { s, t } from "../s.js";\nexport const b = (x) => s(t(x));\n',
        "other.js": 'import { t } from "./s.js";\nt();\n',
        "s.js": "export const s = 1;\nexport const t = 2;\n",
    }
    left = joined(scripts)
    assert sorted(left) == ["a.js", "other.js", "s.js"]
    assert left["a.js"] == ('import { s, t } from "./s.js";\nconst b = (x) => s(t(x));\nb(s);\n')
    del scripts["other.js"]  # and then s.js has one user
    assert joined(scripts) == {
        "a.js": "const s = 1;\nconst t = 2;\nconst b = (x) => s(t(x));\nb(s);\n"
    }


@pytest.mark.parametrize(
    "inner",
    [
        "const f = 1;\nexport const b = f;\n",  # the user has an f of its own
        "export const [b, c] = [1, 2];\n",
        'import { s as t } from "./s.js";\nexport const b = t;\n',
    ],
)
def test_what_would_clash_stays_apart(inner):
    scripts = {"a.js": 'import { b } from "./b.js";\nconst f = b;\n', "b.js": inner}
    assert joined(scripts) == scripts


def test_what_comes_when_it_is_called_stays_apart():
    scripts = {"a.js": 'const { b } = await import("./b.js");\n', "b.js": "export const b = 1;\n"}
    assert joined(scripts) == scripts


@needs_node
def test_what_travels_is_javascript_and_smaller(tmp_path):
    ship(ROOT / "explore", tmp_path)
    ship(ROOT / "render" / "static", tmp_path / "static")
    files = sorted(tmp_path.rglob("*.js"))
    assert len(files) > 20 and not (tmp_path / "player.js").exists()
    command = [NODE, "--experimental-vm-modules", "--eval", CHECK, *files]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    for file in files:
        assert not re.search(r"^\s|^//", file.read_text(encoding="utf-8"), re.M), file
    before = sum(len(p.read_bytes()) for p in (ROOT / "explore").rglob("*.js"))
    assert sum(len(file.read_bytes()) for file in files) < 0.9 * before


@needs_node
def test_the_cores_pass_their_tests_without_comments(tmp_path):
    for file in (ROOT / "explore").rglob("*.js"):
        target = tmp_path / "explore" / file.relative_to(ROOT / "explore")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(stripped(file.read_text(encoding="utf-8")), encoding="utf-8")
    shutil.copy(ROOT / "explore" / "package.json", tmp_path / "explore")
    shutil.copytree(ROOT / "tests" / "explore", tmp_path / "tests" / "explore")
    tests = sorted((tmp_path / "tests" / "explore").glob("*.test.mjs"))
    done = subprocess.run([NODE, "--test", *tests], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
    assert re.search(r"# pass [1-9]", done.stdout)


def test_a_site_has_its_scripts_as_they_travel(tmp_path):
    pages = {"explore/a.js": "// why\nf();\n", "explore/a.css": "a {}"}
    config = CONFIG.replace("  type: website", "  type: website\n  resources: explore/**")
    site = build(tmp_path, pages, config=config)
    assert (site / "explore/a.js").read_text() == "f();\n"
    assert (site / "explore/a.css").read_text() == "a {}"
    assert "//" not in (site / "site_libs/tinynets/site.js").read_text()
