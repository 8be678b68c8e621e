"""The built site passes its gates, and so do the pages on the other digits."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import gates
import gates_site
import pytest
from gates_site import Site

from tests.conftest import page_sources
from tinynets.data import load_digits, load_small_digits

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def site(site_root, config, sources):
    return Site(site_root, config["website"]["site-url"], sources)


@pytest.fixture(scope="session")
def small_site(small_site_root, config):
    """The same pages, on the 8x8 digits."""
    return Site(small_site_root, config["website"]["site-url"], small_site_root.parent)


DIGIT_PAGES = page_sources("load_digits")


def say(problems):
    return "\n".join(str(problem) for problem in problems)


@pytest.mark.parametrize("source", page_sources())
def test_every_page_is_executed(site, source):
    assert not (problems := gates_site.unexecuted(site, source)), say(problems)


@pytest.mark.parametrize(
    "gate", [*gates.PAGE_GATES, gates_site.over_budget], ids=lambda g: g.__name__
)
def test_no_page_has(gate, site):
    problems = [f"{page.path}: {problem}" for page in site.pages for problem in gate(page)]
    assert not problems, say(problems)


@pytest.mark.parametrize(
    "gate",
    [
        gates_site.heavy_images,
        gates_site.foreign_styles,
        gates_site.bad_feeds,
        gates_site.bad_sitemap,
        gates_site.no_search,
        gates_site.bad_notebooks,
        gates_site.repeated_titles,
        gates_site.orphans,
    ],
    ids=lambda g: g.__name__,
)
def test_the_site_has_no(gate, site):
    assert not (problems := gate(site)), say(problems)


def test_no_link_is_broken(site):
    problems = [
        f"{page.path}: {problem}"
        for page in site.pages
        for problem in gates.broken_links(page, site.site_url, site.by_path)
    ]
    assert not problems, say(problems)


def test_the_site_names_no_folder_of_this_machine(site):
    secrets = {str(ROOT), str(site.sources), str(site.root.parent), os.path.expanduser("~") + "/"}
    assert not (problems := gates_site.leaks(site, sorted(secrets))), say(problems)


HTML_VALIDATE = "html-validate@10.17.0"
RULES = {"root": True, "extends": ["html-validate:standard"]}


@pytest.fixture(scope="session")
def html_validate(tmp_path_factory):
    """The validator that knows what may stand in what; it lives on npm."""
    folder = tmp_path_factory.mktemp("npm")
    install = ["npm", "install", "--prefix", folder, "--no-audit", "--no-fund", HTML_VALIDATE]
    if not shutil.which("npm"):
        pytest.skip("content models of HTML are not checked: install Node.js with npm for that")
    try:
        subprocess.run(install, capture_output=True, timeout=180, check=True)
    except subprocess.SubprocessError:
        pytest.skip(f"npm cannot install {HTML_VALIDATE}: is its registry within reach?")
    (folder / "rules.json").write_text(json.dumps(RULES))
    command = [
        folder / "node_modules" / ".bin" / "html-validate",
        "--config",
        folder / "rules.json",
    ]

    def validate(*files):
        return subprocess.run([*command, *files], text=True, capture_output=True)

    return validate


def test_html_is_valid_throughout(html_validate, site):
    done = html_validate("--formatter", "text", *(page.root / page.path for page in site.pages))
    problems = [line for line in done.stdout.splitlines() if line]
    assert done.returncode in (0, 1) and not problems, "\n".join(problems[:40]) + done.stderr


def test_html_that_is_not_valid_is_caught(html_validate, tmp_path):
    (tmp_path / "bad.html").write_text(
        '<!DOCTYPE html><html lang="en"><head><title>T</title></head>'
        "<body><ul><p>no item</p></ul></body></html>"
    )
    assert "not permitted as content" in html_validate(tmp_path / "bad.html").stdout


def test_a_post_makes_one_argument(site):
    posts = [page for page in site.pages if page.path.match("posts/*/index.html")]
    long = {str(page.path): n for page in posts if (n := gates.n_words(page)) > 1800}
    assert len(posts) > 5 and long == {}, "1,800 words at most: move another story to a note"


@pytest.mark.parametrize("source", DIGIT_PAGES)
def test_digit_pages_hold_on_the_small_digits(small_site, source):
    page = small_site.by_path[gates.PurePosixPath(source).with_suffix(".html")]
    problems = gates_site.unexecuted(small_site, source)
    problems += [p for gate in [*gates.PAGE_GATES, gates_site.over_budget] for p in gate(page)]
    assert not problems, say(problems)


@pytest.mark.parametrize("source", DIGIT_PAGES)
def test_digit_pages_say_which_digits_they_used(site, small_site, source):
    for built, digits in ((site, load_digits()), (small_site, load_small_digits())):
        page = built.by_path[gates.PurePosixPath(source).with_suffix(".html")]
        assert digits.name in page.soup.find("main").get_text(" "), digits.name


def test_heavy_images_of_the_small_digits(small_site):
    assert not (problems := gates_site.heavy_images(small_site)), say(problems)
