"""The site as a whole: what runs again, what stays, and that nothing is ever lost."""

from __future__ import annotations

import pytest

from render.build import Options, build, find_pages
from render.errors import RenderError, RenderErrors, errors_of
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
    assert not list((site.root / ".render").glob("new-*"))
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
    assert not list((site.root / ".render").glob("new-*"))


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


def test_errors_of_takes_one_or_many():
    one, other = RenderError("a"), RenderError("b")
    assert errors_of(one) == [one]
    assert errors_of(RenderErrors([one, other])) == [one, other]
