"""The site is replaced whole, and nothing that a person made is ever replaced."""

from __future__ import annotations

import os
import threading

import pytest

from render import staging
from render.build import Builtin, build
from render.errors import RenderError
from render.executions import Options
from render.report import Report
from render.staging import check_place, is_current, recover, replace, sign, staged


def snapshot(root):
    return {
        path.relative_to(root): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".render" not in path.parts
    }


@pytest.mark.parametrize(
    ("output_dir", "says"),
    [
        (".", "a folder inside the project"),
        ("./", "a folder inside the project"),
        ("posts/..", "a folder inside the project"),
        ("posts", "holds a/index.qmd, which no render wrote"),
        ("docs", "holds by-hand.html and 1 more, which no render wrote"),
        ("kept", "holds empty/, which no render wrote"),
        (".git", "holds HEAD, which no render wrote"),
        (".render", "executions are kept there"),
        (".render/pages", "executions are kept there"),
        ("..", "a folder inside the project"),
        ("../beside", "a folder inside the project"),
        ("{parent}/beside", "a folder inside the project"),
        ("link", "is a link"),
        ("link/below", "is a link"),
        ("constraints.txt", "is a file"),
    ],
)
def test_an_output_folder_that_would_lose_work_is_refused(site, output_dir, says):
    root = site.root
    site.page("posts/a/index.qmd", "Text.\n")
    site.write("docs/by-hand.html", "mine")
    site.write("docs/more.html", "mine")
    site.write(".git/HEAD", "ref: refs/heads/main")
    site.write("../beside/file", "another's")
    (root / "kept" / "empty").mkdir(parents=True)
    (root / "link").symlink_to(root / "posts")
    config = root / "_quarto.yml"
    named = output_dir.replace("{parent}", str(root.parent))
    config.write_text(config.read_text().replace("project:", f"project:\n  output-dir: {named}"))
    before = snapshot(root.parent)
    with pytest.raises(RenderError, match=says):
        build(site.project, Builtin(), Options(), Report())
    assert snapshot(root.parent) == before
    assert not (root / ".render").exists(), "it was looked at before anything was touched"


def test_a_named_output_folder_is_filled_and_replaced(site):
    config = site.root / "_quarto.yml"
    config.write_text(config.read_text().replace("project:", "project:\n  output-dir: a/docs"))
    assert build(site.project, Builtin(), Options(), Report())
    site.page("index.qmd", "Changed.\n")
    assert build(site.project, Builtin(), Options(), Report())
    assert "Changed." in (site.root / "a/docs/index.html").read_text()
    (site.root / "a/docs/CNAME").write_text("tiny.example")
    with pytest.raises(RenderError, match="holds CNAME, which no render wrote"):
        build(site.project, Builtin(), Options(), Report())
    assert (site.root / "a/docs/CNAME").read_text() == "tiny.example"


@pytest.mark.parametrize("harm", ["delete", "alter"])
def test_a_site_altered_by_hand_is_built_again(site, harm):
    build(site.project, Builtin(), Options(), Report())
    page = site.root / "_site/index.html"
    page.unlink() if harm == "delete" else page.write_text("altered")
    assert build(site.project, Builtin(), Options(), Report())
    assert "Welcome." in page.read_text()
    assert not build(site.project, Builtin(), Options(), Report())


def folder(path, text):
    path.mkdir(parents=True)
    (path / "index.html").write_text(text)
    return path


@pytest.fixture
def out(site):
    """A site that stands."""
    path = folder(site.root / "_site", "old")
    sign(path, "1")
    return path


@pytest.mark.parametrize("can_exchange", [True, False])
def test_the_new_site_takes_the_place_of_the_old(site, out, monkeypatch, can_exchange):
    if not can_exchange:
        monkeypatch.setattr(staging, "_exchange", lambda *_: False)
    with staged(site.project) as new:
        (new / "index.html").write_text("new")
        sign(new, "2")
        assert (out / "index.html").read_text() == "old"
    assert (out / "index.html").read_text() == "new"
    assert is_current(out, "2")
    check_place(site.project)
    assert list((site.root / ".render").iterdir()) == []


def test_a_site_is_there_at_every_moment(site, out):
    half = site.root / ".render"
    if not staging._exchange(folder(half / "a", "a"), folder(half / "b", "b")):
        pytest.skip("this system can't exchange two folders in one step; nothing to do")
    missing, over = [], threading.Event()

    def watch():
        while not over.is_set():
            if not (out / "index.html").is_file():
                missing.append(1)

    watcher = threading.Thread(target=watch)
    watcher.start()
    for i in range(200):
        replace(site.project, folder(half / f"new-_site-{i}", str(i)))
    over.set()
    watcher.join()
    assert not missing
    assert (out / "index.html").read_text() == "199"


@pytest.mark.parametrize(
    ("there", "stays"),
    [
        (["_site", ".render/new-_site-1"], "_site"),
        (["_site", ".render/old-_site-1"], "_site"),
        ([".render/old-_site-1", ".render/new-_site-2"], ".render/old-_site-1"),  # between renames
    ],
)
def test_a_killed_replacement_is_mended(site, there, stays):
    for name in there:
        folder(site.root / name, name)
    recover(site.project)
    assert (site.root / "_site/index.html").read_text() == stays
    assert list((site.root / ".render").iterdir()) == []


def test_a_read_only_left_over_goes_and_one_that_cannot_is_told(site, out, monkeypatch):
    left = folder(site.root / ".render/new-_site-1", "left")
    left.chmod(0o500)
    assert recover(site.project) == []
    assert not left.exists()
    folder(left, "left")
    monkeypatch.setattr(staging, "_remove", lambda path: False)
    assert recover(site.project) == [left]
    with staged(site.project) as new:  # nor is it in the way
        (new / "index.html").write_text("new")
    assert (out / "index.html").read_text() == "new"


def test_a_site_that_may_not_be_moved_is_told(site, out, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(staging, "_exchange", lambda *_: False)
    told = pytest.raises(RenderError, match="_site may not be replaced .*another user's")
    with told, staged(site.project):
        monkeypatch.setattr(os, "rename", refuse)
        monkeypatch.setattr(type(out), "rename", refuse)
    assert (out / "index.html").read_text() == "old"
