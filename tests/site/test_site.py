"""The built site passes its gates, and so do the pages on the other digits."""

import os
import subprocess
from pathlib import Path

import gates
import gates_site
import pytest
from gates_site import Site

ROOT = Path(__file__).resolve().parents[2]


def source_names():
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.qmd"]
    names = subprocess.check_output(command, cwd=ROOT, text=True).split()
    return sorted(n for n in set(names) if not n.startswith("tools/") and (ROOT / n).is_file())


@pytest.fixture(scope="session")
def site(site_root, config, sources):
    return Site(site_root, config["website"]["site-url"], sources)


def say(problems):
    return "\n".join(str(problem) for problem in problems)


@pytest.mark.parametrize("source", source_names())
def test_every_page_is_executed(site, source):
    assert not (problems := gates_site.unexecuted(site, source)), say(problems)


@pytest.mark.parametrize("gate", [*gates.PAGE_GATES, gates_site.over_budget], ids=lambda g: g.__name__)
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
        gates_site.repeated_titles,
        gates_site.orphans,
    ],
    ids=lambda g: g.__name__,
)
def test_the_site_has_no(gate, site):
    assert not (problems := gate(site)), say(problems)


def test_no_link_is_broken(site):
    pages = {page.path: page for page in site.pages}
    problems = [
        f"{page.path}: {problem}"
        for page in site.pages
        for problem in gates.broken_links(page, site.site_url, pages)
    ]
    assert not problems, say(problems)


def test_the_site_names_no_folder_of_this_machine(site):
    secrets = {str(ROOT), str(site.sources), os.path.expanduser("~") + "/"}
    assert not (problems := gates_site.leaks(site, sorted(secrets))), say(problems)
