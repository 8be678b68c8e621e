"""The site as a whole: what runs again, what stays, and that nothing is ever lost."""

from __future__ import annotations

import threading

import pytest

from render import staging
from render.build import Options, build, find_pages
from render.errors import RenderError, RenderErrors, errors_of
from render.report import Report
from render.staging import lock, recover, replace, staged


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
    return build(project, Options(pages, **options), Report())


def shown(site, name):
    return (site.root / "_site" / name).read_text()


@pytest.fixture
def two_posts(site):
    for name in "ab":
        site.page(f"posts/{name}/index.qmd", f"First {name}.\n\n{counting(name)}")
    return site


def test_only_what_changed_runs_again(two_posts, laid_out):
    site = two_posts
    assert render(site)
    assert (runs(site, "a"), runs(site, "b")) == (1, 1)
    assert not render(site)
    site.write("assets/style.css", "a {}")
    assert render(site)
    assert (runs(site, "a"), runs(site, "b")) == (1, 1)
    site.page("posts/a/index.qmd", f"Second a.\n\n{counting('a')}")
    assert render(site)
    assert (runs(site, "a"), runs(site, "b")) == (2, 1)
    assert "Second a." in shown(site, "posts/a/index.html")
    site.write("tinynets/__init__.py", "value = 2\n")
    assert render(site)
    assert (runs(site, "a"), runs(site, "b")) == (3, 2)
    assert render(site, clean=True)
    assert (runs(site, "a"), runs(site, "b")) == (4, 3)


def test_a_named_page_runs_and_the_others_stay(two_posts, laid_out):
    site = two_posts
    render(site)
    site.page("posts/a/index.qmd", f"Second a.\n\n{counting('a')}")
    site.page("posts/b/index.qmd", f"Second b.\n\n{counting('b')}")
    assert render(site, "posts/a/index.qmd")
    assert (runs(site, "a"), runs(site, "b")) == (2, 1)
    assert "Second a." in shown(site, "posts/a/index.html")
    assert "First b." in shown(site, "posts/b/index.html")
    assert render(site), "the site is not up to date yet"
    assert "Second b." in shown(site, "posts/b/index.html")


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
    site.page("posts/a/index.qmd", f"Second a.\n\n{counting('a')}")
    site.page("posts/b/index.qmd", "```{python}\n1 / 0\n```\n")
    site.page("posts/c/index.qmd", "```{python}\nnothing\n```\n")
    with pytest.raises(RenderErrors) as caught:
        render(site)
    assert [e.page for e in caught.value.errors] == ["posts/b/index.qmd", "posts/c/index.qmd"]
    assert "First a." in shown(site, "posts/a/index.html")
    assert not list(site.root.glob("_site.*"))
    for name in "bc":
        site.page(f"posts/{name}/index.qmd", "Mended.\n")
    assert render(site)
    assert runs(site, "a") == 2, "what ran before the failure was kept"
    assert "Mended." in shown(site, "posts/c/index.html")


def test_a_layout_that_fails_leaves_the_site(two_posts, laid_out, monkeypatch):
    site = two_posts
    render(site)

    def build_site(project, executed, out):
        (out / "index.html").write_text("half")
        raise RenderError("no such figure", page="index.qmd", line=3)

    monkeypatch.setattr("render.layout.site.build_site", build_site)
    site.page("index.qmd", "New.\n")
    with pytest.raises(RenderError, match="index.qmd:3: no such figure"):
        render(site)
    assert "Welcome." in shown(site, "index.html")
    assert not list(site.root.glob("_site.*"))


def test_malformed_pages_are_told_before_anything_runs(two_posts, laid_out):
    site = two_posts
    site.page("index.qmd", "```{r}\n1\n```\n")
    with pytest.raises(RenderError, match="index.qmd:5: cells in r"):
        render(site)
    assert runs(site, "a") == 0


def test_pages_run_at_once_and_share_the_cores(site, laid_out, monkeypatch):
    monkeypatch.setattr("render.build.n_cores", lambda: 4)
    meets = """```{python}
#| output: asis
import os, pathlib, time
pathlib.Path('../../@.here').touch()
end = time.monotonic() + 40
while not pathlib.Path('../../%.here').exists():
    assert time.monotonic() < end, 'alone'
    time.sleep(0.05)
print('threads', os.environ['OMP_NUM_THREADS'])
```
"""
    site.page("posts/a/index.qmd", meets.replace("@", "a").replace("%", "b"))
    site.page("posts/b/index.qmd", meets.replace("@", "b").replace("%", "a"))
    render(site, jobs=2)
    assert "threads 2\n" in shown(site, "posts/a/index.html")


def test_one_render_at_a_time(site, laid_out):
    with lock(site.project):
        with pytest.raises(RenderError, match=r"another render .* \(process \d+\)"):
            render(site)
    assert render(site)


def folder(path, text):
    path.mkdir()
    (path / "index.html").write_text(text)
    return path


@pytest.mark.parametrize("can_exchange", [True, False])
def test_the_new_site_takes_the_place_of_the_old(tmp_path, monkeypatch, can_exchange):
    if not can_exchange:
        monkeypatch.setattr(staging, "_exchange", lambda *_: False)
    out = folder(tmp_path / "_site", "old")
    with staged(out) as new:
        (new / "index.html").write_text("new")
        assert (out / "index.html").read_text() == "old"
    assert (out / "index.html").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["_site"]


def test_a_site_is_there_at_every_moment(tmp_path):
    out = folder(tmp_path / "_site", "0")
    if not staging._exchange(folder(tmp_path / "a", "a"), folder(tmp_path / "b", "b")):
        pytest.skip("this system can't exchange two folders in one step; nothing to do")
    missing, over = [], threading.Event()

    def watch():
        while not over.is_set():
            if not (out / "index.html").is_file():
                missing.append(1)

    watcher = threading.Thread(target=watch)
    watcher.start()
    for i in range(200):
        replace(out, folder(tmp_path / "_site.new", str(i)))
    over.set()
    watcher.join()
    assert not missing
    assert (out / "index.html").read_text() == "199"


@pytest.mark.parametrize(
    ("there", "stays"),
    [
        (["_site", "_site.new"], "_site"),
        (["_site", "_site.old"], "_site"),
        (["_site.old", "_site.new"], "_site.old"),  # killed between two renames
    ],
)
def test_a_killed_replacement_is_mended(tmp_path, there, stays):
    for name in there:
        folder(tmp_path / name, name)
    recover(tmp_path / "_site")
    assert [path.name for path in tmp_path.iterdir()] == ["_site"]
    assert (tmp_path / "_site" / "index.html").read_text() == stays


def test_errors_of_takes_one_or_many():
    one, other = RenderError("a"), RenderError("b")
    assert errors_of(one) == [one]
    assert errors_of(RenderErrors([one, other])) == [one, other]
