"""What is read from `_quarto.yml` and from a page's front matter."""

from __future__ import annotations

import os
import pickle

import pytest

from render.errors import RenderError, RenderErrors
from render.project import Project


def test_pages_are_what_the_globs_name(site):
    for name in ("posts/b/index.qmd", "_draft.qmd", "posts/_b/x.qmd", "other/x.qmd"):
        site.page(name, "Text.\n")
    assert [page.source for page in site.project.pages] == ["index.qmd", "posts/b/index.qmd"]


def test_drafts_are_shown_only_where_asked_for(site):
    site.page("draft.qmd", "Text.\n", head="title: D\ndraft: true\n")
    assert [page.source for page in site.project.shown_pages] == ["index.qmd"]
    shown = Project.load(site.root, drafts=True).shown_pages
    assert [page.source for page in shown] == ["draft.qmd", "index.qmd"]


def test_page_options_win_over_the_projects(site):
    page = site.page("index.qmd", "", head="title: A\nexecute:\n  warning: true\n  echo: false\n")
    assert site.project.execute_defaults(page) == {"freeze": "auto", "warning": True, "echo": False}


@pytest.mark.parametrize(
    ("head", "line", "says"),
    [
        ("title: A\nformat: html\n", 3, "`format` is not a key"),
        ("title: A: b\n", 2, "not valid YAML"),
        ("title: A\nexecute:\n  ehco: false\n", 4, "`execute.ehco` is not a key"),
        ("title: A\nbibliography: more.bib\n", 3, "`bibliography` is not a key"),
        ("- a\n", 2, "expected `key: value` lines"),
    ],
)
def test_a_wrong_front_matter_is_told_with_its_line(site, head, line, says):
    with pytest.raises(RenderError) as caught:
        site.page("index.qmd", "", head=head)
    assert str(caught.value).startswith(f"index.qmd:{line}: ")
    assert says in str(caught.value)


def test_a_page_without_front_matter_is_told(site):
    site.write("index.qmd", "Text.\n")
    with pytest.raises(RenderError, match="index.qmd:1: has no front matter"):
        _ = site.project.pages


def test_wrong_pages_are_told_together(site):
    site.write("a.qmd", "Text.\n")
    site.write("b.qmd", "---\ntitle: A\n")
    with pytest.raises(RenderErrors) as caught:
        _ = site.project.pages
    assert [error.page for error in caught.value.errors] == ["a.qmd", "b.qmd"]


def test_an_unknown_key_of_the_project_is_told_with_its_line(site):
    site.write("_quarto.yml", "project:\n  type: website\n  outptu-dir: x\n")
    with pytest.raises(RenderError, match=r"_quarto.yml:3: `project.outptu-dir` is not a key"):
        _ = site.project


def test_errors_travel_between_processes():
    error = RenderError("wrong", page="a.qmd", line=3, cell="fig-a", details="more")
    assert str(pickle.loads(pickle.dumps(error))) == "a.qmd:3: cell fig-a: wrong\nmore"


@pytest.mark.parametrize(
    "line",
    [
        "categories: 5",
        "listing: 7",
        "image: 3",
        "draft: 'yes'",
        "toc-depth: deep",
        "toc-depth: 9",
        "order: first",
        "title: [a, b]",
        "date: 5",
        "execute: 7",
        "image: nothere.png",
        "title: <svg onload=alert(1)>",
        "description: </title><script>alert(1)</script>",
        "title: '`<b>`{=html}'",
        "title: '[x](javascript:alert(1))'",
        "description: '[x]{onclick=alert(1)}'",
        "sidebar: 7",
        "author: 3",
    ],
)
def test_a_value_of_the_wrong_kind_is_told_with_its_line(site, line):
    head = f"subtitle: A\n{line}\n"
    key, _, value = line.partition(": ")
    with pytest.raises(RenderError) as caught:
        site.page("index.qmd", "", head=head)
    assert str(caught.value).startswith(f"index.qmd:3: `{key}`")
    assert value.strip("'") in str(caught.value).replace("'", "")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            'render: ["*.qmd", "posts/**/*.qmd"]',
            "render: 7",
            "3: `project.render` must be text, or",
        ),
        ("  navbar:", "  sidebar: 3\n  navbar:", "7: `website.sidebar` must be a list of entries"),
        ("website:\n  title: Small site", "website:", " the site has no title"),
        ("execute:", "bibliography: 5\nexecute:", "14: `bibliography` must be the name of one"),
        (None, "", " the site has no title"),
        ("execute:", "execute:\n  echo: maybe", "15: `execute.echo` must be true or false"),
        ("auto", "often", "15: `execute.freeze` must be true, false or auto"),
        ("      - text: Home", "      - 5\n      - text: Home", "8: `website.navbar.left` must be"),
        ("text: Home", "text: [a]", "8: `website.navbar.left` must be entries"),
        ("href: index.qmd", "contents: 7", "8: `website.navbar.left` must be entries"),
        ("  navbar:", "  sidebar:\n    contents: 7\n  navbar:", "8: `website.sidebar.contents`"),
        ("  navbar:", "  sidebar: [{contents: 7}]\n  navbar:", "7: `website.sidebar.contents`"),
        ("  navbar:", "  page-footer:\n    left: [7]\n  navbar:", "8: `website.page-footer.left`"),
        ("html-math-method: mathml", "css: 7", "13: `format.html.css` must be text"),
        ("html-math-method: mathml", "toc-depth: deep", "13: `format.html.toc-depth` must be"),
        ("Small site", '"a\\x01b"', "6: holds the control character U+0001"),
    ],
)
def test_a_wrong_value_in_the_projects_settings_is_told(site, old, new, says):
    config = site.root / "_quarto.yml"
    text = config.read_text()
    assert old is None or old in text
    config.write_text(text.replace(old, new) if old else new)
    with pytest.raises(RenderError) as caught:
        _ = site.project
    assert str(caught.value).startswith(f"_quarto.yml:{says}")


def test_mathematics_and_code_in_a_title_may_compare(site):
    page = site.page("index.qmd", "", head="title: $a<b$, `x<y` and 1 < 2\n")
    assert page.meta["title"] == "$a<b$, `x<y` and 1 < 2"


def test_a_link_that_leaves_the_project_is_refused(site, tmp_path_factory):
    secret = tmp_path_factory.mktemp("elsewhere") / "passwd"
    secret.write_text("secret")
    site.write("assets/inside.css", "")
    (site.root / "assets" / "twin.css").symlink_to("inside.css")
    assert len(site.project.resources) == 2
    (site.root / "assets" / "x.css").symlink_to(secret)
    with pytest.raises(RenderError, match=r"assets/x.css: is a link that leaves the project"):
        _ = site.project.resources
    (site.root / "posts").mkdir()
    (site.root / "posts" / "p.qmd").symlink_to(secret)
    with pytest.raises(RenderError, match=r"posts/p.qmd: is a link that leaves the project"):
        _ = site.project.pages


def test_a_folder_that_may_not_be_read_does_not_vanish(site, monkeypatch):
    site.page("posts/closed/index.qmd", "")
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(PermissionError, match="closed"):
        _ = site.project.pages


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("\ufeff---\ntitle: A\n---\n", "index.qmd:1: starts with a byte order mark"),
        ("---\ntitle: A\n---\n\na\x0bb\n", r"index.qmd:5: holds the control character U\+000B"),
        ("---\ntitle: A\n---\n\n\x01\n", r"index.qmd:5: holds the control character U\+0001"),
        ("---\ntitle: A\n---\n\na\u2028b\n", r"index.qmd:5: holds the control character U\+2028"),
        ('---\ntitle: "a\\ufffe"\n---\n', r"index.qmd:2: holds the control character U\+FFFE"),
    ],
)
def test_what_no_feed_may_hold_is_told(site, text, says):
    site.write("index.qmd", text)
    with pytest.raises(RenderError, match=says):
        _ = site.project.pages


def test_one_category_and_one_bibliography_may_be_text_or_list(site):
    page = site.page("index.qmd", "", head="title: A\ncategories: single\nsubtitle:\n")
    assert page.meta == {"title": "A", "categories": ["single"]}
    config = site.root / "_quarto.yml"
    config.write_text(f"{config.read_text()}bibliography: [more.bib]\n")
    assert site.project.config["bibliography"] == "more.bib"


@pytest.mark.parametrize("image", ["a.svg", "/b/c.png", "x_files/figure-html/y.svg", "https://a/b"])
def test_a_picture_that_is_there_or_may_come_is_taken(site, image):
    site.write("posts/a.svg", "")
    site.write("b/c.png", "")
    assert site.page("posts/p.qmd", "", head=f"title: A\nimage: {image}\n").meta["image"] == image


def test_settings_that_are_not_utf_8_are_told(site):
    (site.root / "_quarto.yml").write_bytes(b"website:\n  title: \xff\n")
    with pytest.raises(RenderError, match=r"^_quarto\.yml: is not UTF-8 text \(byte 18\)"):
        _ = site.project
