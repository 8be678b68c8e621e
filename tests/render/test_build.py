"""The site as a whole: what runs again, what stays, and that nothing is ever lost."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil

import pytest

from render import digits
from render.build import Builtin, build
from render.errors import RenderError, RenderErrors, errors_of, told
from render.executions import Options, find_pages
from render.report import Report
from render.staging import lock


def counting(name):
    """A cell that leaves a mark outside the page's folder each time it runs."""
    return f"```{{python}}\n#| echo: false\nopen('../../{name}.ran', 'a').write('x')\n```\n"


def runs(site, name):
    path = site.root / f"{name}.ran"
    return len(path.read_text()) if path.exists() else 0


@pytest.fixture
def laid_out(monkeypatch):
    """Stand in for the layout where only execution is at stake."""

    def build_site(project, executed, out):
        for one in executed:
            path = out / one.page.href
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(one.markdown)

    monkeypatch.setattr("render.layout.site.build_site", build_site)


def render(site, *names, **options):
    project = site.project
    pages = find_pages(project, names, site.root)
    return build(project, Builtin(), Options(pages, **options), Report())


def shown(site, name):
    return (site.root / "_site" / name).read_text()


@pytest.fixture
def two_posts(site):
    for name in "ab":
        site.page(f"posts/{name}/index.qmd", f"First {name}.\n\n{counting(name)}")
    return site


@pytest.fixture
def own_package(site, monkeypatch):
    """Kernels import the site's tinynets."""
    monkeypatch.setenv("PYTHONPATH", f"{site.root}{os.pathsep}{os.environ['PYTHONPATH']}")


def test_only_what_computes_otherwise_runs_again(two_posts, own_package, laid_out):
    site = two_posts
    site.write("tinynets/nets.py", "width = 3\n")
    site.page("posts/b/index.qmd", counting("b") + "```{python}\nimport tinynets.nets\n```\n")
    assert render(site)
    assert (runs(site, "a"), runs(site, "b")) == (1, 1)
    assert not render(site)
    site.write("assets/style.css", "a {}")
    assert render(site)
    site.page("posts/a/index.qmd", f"Second a.\n\n{counting('a')}", head="title: New\n")
    assert render(site)
    assert "Second a." in shown(site, "posts/a/index.html")
    assert (runs(site, "a"), runs(site, "b")) == (1, 1)
    site.write("tinynets/nets.py", "width = 4\n")
    assert render(site)
    assert (runs(site, "a"), runs(site, "b")) == (1, 2)
    site.page("posts/a/index.qmd", f"{counting('a')}\n```{{python}}\n1\n```\n")
    assert render(site)
    assert (runs(site, "a"), runs(site, "b")) == (2, 2)
    assert render(site, clean=True)
    assert (runs(site, "a"), runs(site, "b")) == (3, 3)


def test_what_a_page_reads_counts_wherever_it_lies(site, laid_out):
    site.write("data.csv", "1\n")
    site.write("posts/other.csv", "1\n")
    body = "```{python}\nprint(open('../../data.csv').read())\n```\n"
    site.page("posts/a/index.qmd", counting("a") + body)
    listing = "from pathlib import Path\nprint(sorted(Path('..').glob('*.csv')))\n"
    site.page("posts/b/index.qmd", f"{counting('b')}```{{python}}\n{listing}```\n")
    render(site)
    assert not render(site), "its own import of modules lists no folders"
    site.write("data.csv", "2\n")
    assert render(site)
    assert (runs(site, "a"), runs(site, "b")) == (2, 1)
    assert "2\n" in shown(site, "posts/a/index.html")
    site.write("posts/more.csv", "1\n")
    assert render(site)
    assert (runs(site, "a"), runs(site, "b")) == (2, 2)
    site.write("data.csv", "1\n")
    assert render(site)
    assert runs(site, "a") == 2, "that execution was kept"
    (site.root / "data.csv").unlink()
    with pytest.raises(RenderError, match="data.csv"):
        render(site)


def test_an_import_that_cannot_be_seen_beforehand_counts(site, own_package, laid_out):
    site.write("tinynets/hidden.py", "value = 1\n")
    code = "import importlib\nimportlib.import_module('tinynets' + '.hidden')"
    site.page("posts/a/index.qmd", f"{counting('a')}```{{python}}\n{code}\n```\n")
    render(site)
    assert not render(site)
    site.write("tinynets/hidden.py", "value = 2\n")
    assert render(site)
    assert runs(site, "a") == 2


@pytest.mark.parametrize("name", ["tinynets/nets.py", "posts/a/data.csv"])
def test_what_changes_while_a_page_runs_is_not_taken_for_what_it_ran_with(
    site, own_package, laid_out, name
):
    site.write("tinynets/nets.py", "width = 1\n")
    site.write("posts/a/data.csv", "1\n")
    body = f"""```{{python}}
import tinynets.nets, pathlib
open('data.csv').read()
if not pathlib.Path('../../a.ran').exists():
    path = pathlib.Path('../../{name}')
    import os
    os.system(f"printf 'changed = 1' > {{path}}")
```
{counting("a")}"""
    site.page("posts/a/index.qmd", body)
    old = (site.root / name).read_text()
    assert render(site)
    site.write(name, old)  # as if it had never happened
    assert render(site)
    assert runs(site, "a") == 2
    assert not render(site)


def test_digits_arrive_before_a_page_that_loads_them_runs(site, own_package, laid_out, monkeypatch):
    cache = site.root.parent / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    names = [f"{name}-ubyte" for name in digits._FILES]
    loader = f"""import os, pathlib
def load_digits():
    folder = pathlib.Path(os.environ['XDG_CACHE_HOME'], 'tinynets')
    folder.mkdir(parents=True, exist_ok=True)
    for name in {names}:
        (folder / name).touch()
"""
    site.write("tinynets/data/__init__.py", loader)
    code = "from tinynets.data import load_digits\nload_digits()\n"
    site.page("posts/a/index.qmd", f"{counting('a')}```{{python}}\n{code}```\n")
    site.page("posts/b/index.qmd", counting("b"))
    assert render(site)
    (cache / "tinynets" / "leapfrog-0.so").touch()  # compiled meanwhile
    assert not render(site), "the second build runs nothing and lays out nothing"
    (cache / "tinynets" / names[0]).write_text("other")
    assert render(site)
    assert (runs(site, "a"), runs(site, "b")) == (2, 1)


def test_a_named_page_runs_and_the_others_stay(two_posts, laid_out):
    site = two_posts
    render(site)
    for name in "ab":
        site.page(
            f"posts/{name}/index.qmd", f"Second {name}.\n\n{counting(name)}\n`{{python}} 1`\n"
        )
    assert render(site, "posts/a/index.qmd")
    assert (runs(site, "a"), runs(site, "b")) == (2, 1)
    assert "Second a." in shown(site, "posts/a/index.html")
    assert "First b." in shown(site, "posts/b/index.html")
    assert render(site), "the site is not up to date yet"
    assert "Second b." in shown(site, "posts/b/index.html")


def test_a_named_page_runs_alone_where_nothing_ever_ran(two_posts):
    site = two_posts
    site.page("index.qmd", "See [b](posts/b/index.qmd), [a](posts/a/index.qmd).\n")
    assert render(site, "posts/a")
    assert (runs(site, "a"), runs(site, "b")) == (1, 0)
    home = shown(site, "index.html")
    assert 'href="posts/a/' in home and 'href="posts/b/' not in home
    assert not (site.root / "_site/posts/b").exists()
    assert render(site)
    assert (runs(site, "a"), runs(site, "b")) == (1, 1)
    assert 'href="posts/b/' in shown(site, "index.html")


@pytest.mark.parametrize("name", ["posts/a/index.qmd", "posts/a", "./posts/a/"])
def test_a_page_is_named_by_file_or_folder(two_posts, name):
    (page,) = find_pages(two_posts.project, [name], two_posts.root)
    assert page.source == "posts/a/index.qmd"


def test_an_unknown_page_is_told(two_posts):
    with pytest.raises(RenderError, match="no page posts/c; the pages are index.qmd, posts/a"):
        find_pages(two_posts.project, ["posts/c"], two_posts.root)


def test_a_failure_leaves_the_site_and_keeps_what_ran(two_posts, laid_out):
    site = two_posts
    render(site)
    site.page("posts/a/index.qmd", f"Second a.\n\n{counting('a')}\n`{{python}} 1`\n")
    site.page("posts/b/index.qmd", "```{python}\n1 / 0\n```\n")
    site.page("posts/c/index.qmd", "```{python}\nnothing\n```\n")
    with pytest.raises(RenderErrors) as caught:
        render(site)
    assert [e.page for e in caught.value.errors] == ["posts/b/index.qmd", "posts/c/index.qmd"]
    assert "First a." in shown(site, "posts/a/index.html")
    assert not list((site.root / ".render").glob("new-*"))
    for name in "bc":
        site.page(f"posts/{name}/index.qmd", "Mended.\n")
    assert render(site)
    assert runs(site, "a") == 2, "what ran before the failure was kept"
    assert "Mended." in shown(site, "posts/c/index.html")


def test_a_layout_that_fails_leaves_the_site(site, laid_out, monkeypatch):
    render(site)

    def build_site(project, executed, out):
        (out / "index.html").write_text("half")
        raise RenderError("no such figure", page="index.qmd", line=3)

    monkeypatch.setattr("render.layout.site.build_site", build_site)
    site.page("index.qmd", "New.\n")
    with pytest.raises(RenderError, match="index.qmd:3: no such figure"):
        render(site)
    assert "Welcome." in shown(site, "index.html")
    assert not list((site.root / ".render").glob("new-*"))


def test_malformed_pages_are_told_before_anything_runs(two_posts, laid_out):
    site = two_posts
    site.page("index.qmd", "```{r}\n1\n```\n")
    with pytest.raises(RenderError, match="index.qmd:5: cells in r"):
        render(site)
    assert runs(site, "a") == 0


def test_the_longest_page_begins_also_where_none_ever_ran(site, laid_out):
    names = [f"posts/{name}/index.qmd" for name in "abcd"]
    for name in names:
        site.page(name, f"```{{python}}\nopen('../../order', 'a').write('{name[6]}')\n```\n")
    site.write("tools/seconds.json", json.dumps({names[0]: 1.5, names[1]: 60, names[2]: 7}))
    render(site, jobs=1)
    assert (site.root / "order").read_text() == "dbca", "d is unknown, and may be long"


def test_pages_run_at_once_and_share_the_cores(site, laid_out, monkeypatch):
    monkeypatch.setattr("render.executions.n_cores", lambda: 4)
    meets = """```{python}
#| output: asis
import os, pathlib, time
pathlib.Path('../../@.here').touch()
end = time.monotonic() + 40
while not pathlib.Path('../../%.here').exists():
    assert time.monotonic() < end, 'alone'
    time.sleep(0.05)
import joblib
print('threads', os.environ['OMP_NUM_THREADS'], joblib.cpu_count())
```
"""
    site.page("posts/a/index.qmd", meets.replace("@", "a").replace("%", "b"))
    site.page("posts/b/index.qmd", meets.replace("@", "b").replace("%", "a"))
    render(site, jobs=2)
    assert "threads 2 2\n" in shown(site, "posts/a/index.html")


def test_one_render_at_a_time(site, laid_out):
    again = pytest.raises(RenderError, match=r"another render .* \(process \d+\)")
    with lock(site.project), again:
        render(site)
    assert render(site)


def test_errors_of_takes_one_or_many():
    one, other = RenderError("a"), RenderError("b")
    assert errors_of(one) == [one]
    assert errors_of(RenderErrors([one, other])) == [one, other]


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/x/page.json"), "/x/page.json .*free"),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), "/x .*denied; is it another"),
        (shutil.Error([("/a", "/b", "[Errno 28] No space left")]), "/a can't be copied: .*space"),
        (ExceptionGroup("tasks", [RenderError("one"), OSError(5, "I/O error", "/y")]), "one"),
        (OSError("odd"), "a file can't be read"),
    ],
)
def test_what_the_system_refuses_is_one_line(error, line):
    first, *_ = told(error)
    assert re.match(line, str(first))
    assert len(str(first).splitlines()) == 1


def test_a_fault_in_the_program_is_no_ones_to_mend():
    assert told(KeyError("x")) == []
    assert told(ExceptionGroup("tasks", [OSError(5, "I/O error"), KeyError("x")])) == []


def test_a_file_in_the_way_is_told_by_its_name(site):
    site.write(".render/pages", "in the way")
    site.page("posts/a/index.qmd", counting("a"))
    status, said = site.render()
    assert status == 1
    assert ".render/pages" in said and "Traceback" not in said
    assert "move it away" in said
