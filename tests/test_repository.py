"""The repository keeps its own rules: layers, randomness, pages, workflows."""

import ast
import datetime
import hashlib
import json
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
TOOLS = Path(sys.executable).parent

# Imports point to an earlier row only; a package's modules may import one another.
LAYERS = [
    set(re.findall(r"`(\w+)`", row))
    for row in re.findall(r"^\| \d+ \| ([^|]+) \|", (ROOT / "ARCHITECTURE.md").read_text(), re.M)
]
DEPTH = {name: depth for depth, names in enumerate(LAYERS) for name in names}
OWNERS = {"matplotlib": "plots"}
DRAWS = {"bernoulli", "multinomial", "normal", "poisson", "rand", "randint", "randn", "randperm"}
DRAWS |= {"rand_like", "randn_like", "randint_like"}  # these take no generator at all

MAKES = {
    "arange",
    "empty",
    "eye",
    "full",
    "linspace",
    "logspace",
    "ones",
    "tensor",
    "zeros",
} | DRAWS
MAKES -= {
    "bernoulli",
    "multinomial",
    "normal",
    "poisson",
    "rand_like",
    "randn_like",
    "randint_like",
}
# Made from numbers alone, on PyTorch's default device; data are read there.
FROM_NUMBERS = {"data", "explorables", "nets", "plots", "sweep", "targets"}


def tracked(*patterns):
    """Files of the repository that match, new ones included."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    names = subprocess.check_output(command, cwd=ROOT, text=True).splitlines()
    return sorted(ROOT / name for name in set(names) if (ROOT / name).is_file())


MODULES = tracked("tinynets/*.py")
PAGES = tracked("*.qmd", ":!tools", ":!tests")
WORKFLOWS = tracked(".github/workflows/*.yml")


def relative(path):
    return path.relative_to(ROOT).as_posix()


def each(paths):
    return pytest.mark.parametrize("path", paths, ids=relative)


@cache
def tree_of(path):
    return ast.parse(path.read_text())


def imports(tree):
    """(line, dotted name) of each import; `from a import b` counts as a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def layer_problems(module, tree):
    """What a module of tinynets (named from inside it) may not import."""
    home = module.split(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield f"line {node.lineno}: relative import; write tinynets.…"
    for line, name in imports(tree):
        package, *inner = name.split(".")
        if package == "tinynets" and inner:
            if inner[0] not in DEPTH:
                yield f"line {line}: {name} is in no layer"
            elif inner[0] != home and DEPTH[inner[0]] >= DEPTH[home]:
                yield f"line {line}: imports {name}, which is not in a layer below"
        if package in ("render", "explore", "tools", "tests"):
            yield f"line {line}: imports {name}; tinynets knows nothing of it"
        if OWNERS.get(package, home) != home:
            yield f"line {line}: imports {package}, which only {OWNERS[package]} may"


def keeps_a_generator(function):
    """Tell whether it reads or sets a generator's state, and draws nothing."""
    return re.search(r"generator\.[gs]et_state", ast.unparse(function))


def randomness_problems(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            names = [argument.arg for argument in node.args.posonlyargs + node.args.args]
            public = not node.name.startswith("_")
            if "generator" in names[1:] and public and not keeps_a_generator(node):
                yield f"line {node.lineno}: {node.name}: generator is not keyword-only"
            for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
                dropout = node.name == "forward"  # without a generator it drops nothing
                if argument.arg == "generator" and default is not None and not dropout:
                    yield f"line {node.lineno}: {node.name}: generator is not required"
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("torch."):
            name = ast.unparse(node.func).removeprefix("torch.")
            given = {keyword.arg for keyword in node.keywords}
            if name in ("manual_seed", "seed") or (name in DRAWS and "generator" not in given):
                yield f"line {node.lineno}: torch.{name} draws from the global generator"


def device_problems(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("torch."):
            name = ast.unparse(node.func).removeprefix("torch.")
            if name in MAKES and "device" not in {keyword.arg for keyword in node.keywords}:
                yield f"line {node.lineno}: torch.{name} without device: take that of an input"


@each([m for m in MODULES if m.name != "__init__.py" or m.parent.name != "tinynets"])
def test_imports_point_down_only(path):
    parts = path.relative_to(ROOT / "tinynets").with_suffix("").parts
    module = ".".join(parts)
    assert parts[0] in DEPTH, f"{module} is in no layer: name it in the table of ARCHITECTURE.md"
    assert list(layer_problems(module, tree_of(path))) == []


def test_every_layer_names_modules_that_exist():
    there = {module.relative_to(ROOT / "tinynets").parts[0].split(".")[0] for module in MODULES}
    assert there - {"__init__"} == set(DEPTH)


@pytest.mark.parametrize(
    ("module", "code"),
    [
        ("nets", "from tinynets import bnn"),
        ("nets", "from tinynets.plots.masks import plot"),
        ("nets", "import tinynets.nowhere"),
        ("rng", "from tinynets import nets"),
        ("gp", "import matplotlib.pyplot as plt"),
        ("data", "import render"),
        ("data", "from . import nets"),
    ],
)
def test_an_upward_import_is_caught(module, code):
    assert list(layer_problems(module, ast.parse(code)))


def test_the_package_root_holds_its_version_alone():
    tree = ast.parse((ROOT / "tinynets" / "__init__.py").read_text())
    docstring, *rest = tree.body
    assert [ast.unparse(node.targets[0]) for node in rest] == ["__version__"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert ast.literal_eval(rest[0].value) == project["version"]


@each(tracked("render/*.py"))
def test_the_renderer_does_not_know_the_package(path):
    names = [name.split(".")[0] for _, name in imports(tree_of(path))]
    assert "tinynets" not in names


@each(MODULES)
def test_whatever_draws_takes_a_generator(path):
    assert list(randomness_problems(tree_of(path))) == []


@pytest.mark.parametrize(
    "code",
    [
        "def f(x, generator): pass",
        "def f(x, *, generator=None): pass",
        "torch.randn(3)",
        "torch.randn_like(x)",
        "torch.manual_seed(0)",
    ],
)
def test_global_randomness_is_caught(code):
    assert list(randomness_problems(ast.parse(code)))


@each(
    [
        m
        for m in MODULES
        if m.relative_to(ROOT / "tinynets").with_suffix("").parts[0] not in FROM_NUMBERS
    ]
)
def test_tensors_are_made_where_the_inputs_are(path):
    assert list(device_problems(tree_of(path))) == []


def test_a_tensor_on_the_default_device_is_caught():
    assert list(device_problems(ast.parse("torch.eye(len(x), dtype=x.dtype)")))


def front_matter(path):
    found = re.match(r"---\n(.*?)\n---\n", path.read_text(encoding="utf-8"), flags=re.S)
    assert found, f"{relative(path)} does not begin with front matter between --- lines"
    return yaml.safe_load(found[1])


@each(PAGES)
def test_every_page_says_what_it_is(path):
    head = front_matter(path)
    assert head.get("title"), "no title"
    assert head.get("description") or head.get("subtitle"), "no description"
    forbidden = {"format", "theme", "engine", "jupyter"} & set(head)
    assert not forbidden, f"{forbidden} belong into _quarto.yml, for all pages alike"
    lists = (ROOT / "posts" / "index.qmd", ROOT / "notes" / "index.qmd")
    if path.parent != ROOT and path not in lists:
        assert isinstance(head.get("date"), datetime.date), "no date: YYYY-MM-DD"
        assert head.get("categories"), "no categories"
        n_words = len(head["description"].split())
        assert n_words <= 20, f"its description, which stands on cards, has {n_words} words, not 20"


@each([page for page in PAGES if "\n```{python}" in page.read_text(encoding="utf-8")])
def test_every_figure_has_caption_and_alt_text(path):
    for cell in re.findall(r"^```\{python\}\n(.*?)^```", path.read_text(), flags=re.S | re.M):
        label = re.search(r"^#\| label: (fig-\S+)", cell, flags=re.M)
        options = ("fig-cap",) if "explorable" in cell else ("fig-cap", "fig-alt")  # it has its own
        for option in options if label else ():
            assert re.search(rf"^#\| {option}:", cell, flags=re.M), f"{label[1]} has no {option}"


def make_targets():
    return set(re.findall(r"^([a-z-]+):.*?## ", (ROOT / "Makefile").read_text(), flags=re.M))


@each([ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "ARCHITECTURE.md"])
def test_commands_and_paths_in_the_documents_exist(path):
    text = path.read_text(encoding="utf-8")
    used = set(re.findall(r"(?:^|`|=8x8 |… )make ([a-z-]+)", text, flags=re.M))
    assert used and used <= make_targets()
    for name in re.findall(r"\]\(([^)#:]+)\)|^\| (`[^|]+)\|", text, flags=re.M):
        for place in re.findall(r"[\w./-]+", "".join(name)):
            assert (ROOT / place).exists(), f"{path.name} names {place}, which is not there"


def test_plain_make_lists_every_target():
    listed = subprocess.check_output(["make", "--no-print-directory"], cwd=ROOT, text=True)
    phony = re.search(r"^\.PHONY: (.*)", (ROOT / "Makefile").read_text(), flags=re.M)[1].split()
    assert set(re.findall(r"^  make ([a-z-]+)", listed, flags=re.M)) == set(phony)


def test_every_requirement_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = project["dependencies"] + extras["site"] + extras["test"]
    pins = (ROOT / "constraints.txt").read_text()
    pinned = {plain(name) for name in re.findall(r"^([\w.-]+)==", pins, flags=re.M)}
    assert {plain(re.match(r"[\w.-]+", requirement)[0]) for requirement in wanted} <= pinned


def test_every_pin_has_hashes_but_pytorchs():
    """PyTorch's files, and what its Linux wheel brings, differ by index."""
    hashed = re.findall(
        r"^(\w.*) \\\n((?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)",
        (ROOT / "requirements.txt").read_text(),
        flags=re.M,
    )
    pins = re.findall(r"^\w.*", (ROOT / "constraints.txt").read_text(), flags=re.M)
    of_pytorch = re.compile(r"(torch|triton|nvidia-[\w-]+|cuda-[\w-]+)==")
    assert [pin for pin, _ in hashed] == [pin for pin in pins if not of_pytorch.match(pin)]
    text = (ROOT / "requirements.txt").read_text()
    assert len(hashed) == len(re.findall(r"^\w.*==", text, flags=re.M)), "a pin without a hash"


def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def test_quarto_is_pinned_in_one_place():
    version = (ROOT / ".quarto-version").read_text().strip()
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    command = ["git", "grep", "-lF", "--untracked", version, "--", ":!tests"]
    found = subprocess.run(command, cwd=ROOT, text=True, capture_output=True).stdout.split()
    assert found == [".quarto-version"]


@each(WORKFLOWS)
def test_workflows_grant_nothing_and_pin_everything(path):
    text = path.read_text()
    assert yaml.safe_load(text)["permissions"] == {}
    uses = re.findall(r"uses: (.*)", text)
    assert uses
    for use in uses:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use), use


@pytest.mark.parametrize(
    "command",
    [
        ["check-jsonschema", "--builtin-schema", "vendor.github-workflows"],
        ["zizmor", "--offline", "--no-progress", "--persona", "auditor"],
    ],
    ids=lambda command: command[0],
)
def test_workflows_pass(command):
    run([*command, *map(str, WORKFLOWS)])


FORMS = [form for form in tracked(".github/ISSUE_TEMPLATE/*.yml") if form.name != "config.yml"]


def test_citation_and_issue_forms_are_valid():
    schemas = {"citation-file-format": [ROOT / "CITATION.cff"], "github-issue-forms": FORMS}
    for schema, files in schemas.items():
        run(["check-jsonschema", "--builtin-schema", f"vendor.{schema}", *map(str, files)])


def test_citation_names_the_version_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == project["version"]


def test_spelling():
    texts = tracked("*.qmd", "*.md", "*.py", "*.yml", "*.toml", "Makefile", ":!*/vendor/*")
    run(["codespell", *map(str, texts)])


def run(command):
    done = subprocess.run(
        [TOOLS / command[0], *command[1:]], cwd=ROOT, text=True, capture_output=True
    )
    assert done.returncode == 0, f"{command[0]}:\n{done.stdout}{done.stderr}"


@each(tracked("*/SHA256SUMS"))
def test_vendored_files_are_what_they_were(path):
    assert list(path.parent.glob("*LICENSE*")), "no licence beside it"
    for line in path.read_text().splitlines():
        digest, name = line.split(maxsplit=1)
        data = (path.parent / name.lstrip("*")).read_bytes()
        assert hashlib.sha256(data).hexdigest() == digest, f"{name} was altered"


@each(tracked("*.min.js"))
def test_vendored_files_have_a_checksum(path):
    sums = path.parent / "SHA256SUMS"
    assert sums.is_file(), f"no {relative(sums)}"
    assert path.name in sums.read_text()


@each(PAGES + tracked("tinynets/plots/*.py", "tinynets/explorables/*.py"))
def test_colours_come_from_the_palette(path):
    code = path.read_text(encoding="utf-8")
    if path.suffix == ".qmd":
        code = "".join(re.findall(r"^```\{python\}\n(.*?)^```", code, flags=re.S | re.M))
    typed = re.findall(r"[\"']#[0-9a-fA-F]{6}[\"']", code)
    assert typed == [], "take it from tinynets.colours"


def test_the_pages_whose_seconds_are_declared_exist():
    seconds = json.loads((ROOT / "tools" / "seconds.json").read_text())
    assert {relative(page) for page in PAGES} >= set(seconds)
    assert all(value > 0 for value in seconds.values())


def test_ci_without_a_compiler_fails(monkeypatch):
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("CC", "no-such-compiler")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # they take longer than all else
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "tests/test_rng.py"]
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 1
    assert "there is no C compiler no-such-compiler: install gcc" in done.stdout + done.stderr


OLD = {
    "families": "vi.gaussians",
    "tempering": "samplers.tempered_smc",
    "energy_information": "diagnostics.bfmi",
    "standard_error": "diagnostics.mcse",
    "yardstick": "reference",
    "n_seeds": "n_nets",
    "scratch": "nielsen",
    "Affine": "nets.StackedLinear",
    "climb": "train.maximise",
}


@each(MODULES)
def test_old_names_do_not_come_back(path):
    if path.stem == "mnist":  # whose scratch is a folder
        return
    used = {
        name
        for node in ast.walk(tree_of(path))
        for name in (
            getattr(node, "id", None),
            getattr(node, "attr", None),
            getattr(node, "arg", None),
            getattr(node, "name", None),
        )
    }
    assert {name: OLD[name] for name in OLD.keys() & used} == {}


def test_figures_import_what_is_there():
    """A module that asks for what another one does not export never starts."""
    explore, missing = ROOT / "explore", []
    for module in sorted(explore.rglob("*.js")):
        text = module.read_text(encoding="utf-8")
        for names, path in re.findall(r'^import \{([^}]*)\} from "(\.[^"]+)"', text, re.M):
            other = module.parent / path
            source = other.read_text(encoding="utf-8") if other.is_file() else ""
            given = re.findall(
                r"^export (?:async )?(?:function\*?|class|const|let) (\w+)", source, re.M
            )
            missing += [
                f"{module.relative_to(ROOT)}: {path} has no {name}"
                for name in (part.split(" as ")[0].strip() for part in names.split(","))
                if name not in given
            ]
    assert not missing, missing


MOST_LINES = 300  # of a file of the package


@each(MODULES)
def test_no_module_is_long(path):
    n_lines = len(path.read_text().splitlines())
    assert n_lines <= MOST_LINES, f"{n_lines} lines: cut it by idea, into files of one each"
