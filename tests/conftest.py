"""The built site, once a session, for every test that looks at it."""

import atexit
import fcntl
import gc
import itertools
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent


# Seconds, roughly, of fixtures that all who need them wait for, and of files. They decide what
# each worker of pytest-xdist begins with, and nothing else.
LONG = {
    "visits": 90,
    "small_site": 40,
    "test_figures.py": 120,
    "test_browser.py": 60,
    "test_bad_arguments.py": 45,
    "test_sweep.py": 30,
    "test_lint.py": 30,
    "test_site.py": 30,
    "test_samplers_exact.py": 30,
    "test_build.py": 25,
    "test_samplers_mutations.py": 15,
}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores, for while a test waits for a browser or a kernel."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS
    return (len(affinity(0)) if affinity else os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Share out what takes long between the workers, each of which begins with it.

    At first a worker has the next of as many tests as the others; it steals from their ends.
    """
    n = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    begins: list[list[pytest.Item]] = [[] for _ in range(n)]
    busy = [0] * n
    kinds = {item: kind(item) for item in items}
    for name in sorted(LONG, key=LONG.__getitem__, reverse=True):
        worker = busy.index(min(busy))
        busy[worker] += LONG[name]
        begins[worker] += [item for item in items if kinds[item] == name]
    rest = iter([item for item in items if kinds[item] is None])
    ordered: list[pytest.Item] = []
    for worker, begin in enumerate(begins):
        room = (len(items) - len(ordered)) // (n - worker)
        ordered += begin + list(itertools.islice(rest, max(0, room - len(begin))))
    items[:] = ordered


def kind(item: pytest.Item) -> str | None:
    """What a test is called among those that take long."""
    fixtures = getattr(item, "fixturenames", ())
    return next((name for name in LONG if name in fixtures or name in item.nodeid), None)


def pytest_sessionstart() -> None:
    """Fail where CI would skip the tests of compiled code; find those a place to keep it."""
    compiler = shlex.split(os.environ.get("CC", "cc"))[0]
    if os.environ.get("CI") == "true" and shutil.which(compiler) is None:
        pytest.exit(f"CI=true, but there is no C compiler {compiler}: install gcc", returncode=1)
    # A shell lets what it runs in the background ignore Ctrl+C, and so would what tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.set_threshold(20_000, 20)  # pages and pictures are many objects, and live as long as a test
    find_a_cache()


def find_a_cache() -> None:
    """Let the tests keep compiled code and digits beside a home that can't be written to."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    cache = Path(given if os.path.isabs(given) else os.path.expanduser("~/.cache"), "tinynets")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=cache).close()
    except OSError:
        own = tempfile.mkdtemp(prefix="tests-cache-")
        atexit.register(shutil.rmtree, own, ignore_errors=True)
        os.environ["XDG_CACHE_HOME"] = own  # workers of pytest-xdist get it, too


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder that whichever worker of pytest-xdist came first has made."""
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder, made = shared / name, shared / f"{name}.made"
    with (shared / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed
            folder.mkdir()
            make(folder)
            made.touch()
    return folder


def copy_sources(tree: Path) -> None:
    """Copy the repository's files, new ones included."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.check_output(command, cwd=ROOT, text=True).split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)


def copy_kept(origin: Path, target: Path) -> None:
    """Bring over what a renderer's cache keeps and the other lacks.

    Each execution and whatever is laid out is found by a hash of all that it depends on (page,
    package, versions, data), so one made elsewhere is as good as one made here.
    """
    found = [facts.parent for facts in origin.glob(".render/pages/*/*/page.json")]
    for names in ("documents/*", "polished/*", "reference/*", "share/*", "*.json"):
        found += origin.glob(f".render/{names}")
    for kept in found:
        place = target / kept.relative_to(origin)
        if not place.exists() and not place.name.startswith("new-"):
            arriving = place.with_name(f"new-{os.getpid()}-{place.name}")
            arriving.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if kept.is_dir() else shutil.copy2)(kept, arriving)
            arriving.rename(place)


def render(tree: Path, *pages: str, **environment: str) -> Path:
    """Render the sources in `tree` with the engine in use; return the site."""
    engine = os.environ.get("ENGINE") or ("quarto" if shutil.which("quarto") else "builtin")
    copy_kept(ROOT, tree)
    done = subprocess.run(
        [sys.executable, "-m", "render", "--engine", engine, *pages],
        cwd=tree,
        env=os.environ | environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    copy_kept(tree, ROOT)
    if done.returncode:
        pytest.fail(f"the site does not render:\n{done.stdout[-6000:]}", pytrace=False)
    return tree / "_site"


def page_sources(text: str = "") -> list[str]:
    """The pages' sources, or those in which a text stands."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.qmd"]
    names = set(subprocess.check_output(command, cwd=ROOT, text=True).split())
    pages = (n for n in sorted(names) if not n.startswith(("tools/", "tests/")))
    return [n for n in pages if (ROOT / n).is_file() and text in (ROOT / n).read_text("utf-8")]


@pytest.fixture(autouse=True)
def no_picture_is_left() -> Iterator[None]:
    """Close what a test drew: pyplot would draw the next test's picture into it."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(scope="session")
def config() -> dict:
    return yaml.safe_load((ROOT / "_quarto.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def sources(tmp_path_factory) -> Path:
    """A copy of the sources, in which the site is built."""
    return once(tmp_path_factory, "sources", copy_sources)


@pytest.fixture(scope="session")
def site_root(tmp_path_factory) -> Path:
    """The whole site, on the digits that TINYNETS_DATA (or its absence) gives.

    With SITE=_site, the site that is built already: so CI tests what it publishes.
    """

    def make(tree: Path) -> None:
        copy_sources(tree)
        render(tree)

    built = os.environ.get("SITE")
    return ROOT / built if built else once(tmp_path_factory, "site", make) / "_site"


@pytest.fixture(scope="session")
def small_site_root(tmp_path_factory, site_root) -> Path:
    """The site once more, its digit pages on scikit-learn's 8x8 digits."""

    def make(tree: Path) -> None:
        copy_sources(tree)
        render(tree, *page_sources("load_digits"), TINYNETS_DATA="8x8")

    return once(tmp_path_factory, "small", make) / "_site"
