"""The preview: serves on this machine only, renders on save, tells what is wrong."""

from __future__ import annotations

import json
import signal
import threading
import time
import urllib.error
import urllib.request

import pytest

from render.build import Builtin
from render.errors import RenderError
from render.executions import Options
from render.preview import MOST, State, render, serve
from render.report import Report

PAGE = "<!doctype html><title>t</title><body><p>one</p></body>"


@pytest.fixture
def served(tmp_path):
    (tmp_path / "posts").mkdir()
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "posts" / "index.html").write_text(PAGE.replace("one", "posts"))
    (tmp_path / "404.html").write_text(PAGE.replace("one", "nothing here"))
    (tmp_path / "a.css").write_text("a {}")
    state = State()
    server = serve(tmp_path, state, 0)
    yield f"http://127.0.0.1:{server.server_port}", state, server
    server.shutdown()
    server.server_close()


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(), error.headers


def test_pages_are_served_with_the_reloader_and_files_as_they_are(served):
    url, _, server = served
    assert server.server_address[0] == "127.0.0.1"
    assert get(f"{url}/")[1] == PAGE.replace(
        "</body>", '<script type="module" src="/-/live.js"></script></body>'
    )
    assert "posts" in get(f"{url}/posts/")[1]
    assert "posts" in get(f"{url}/posts")[1], "redirected to the folder"
    assert get(f"{url}/a.css")[1] == "a {}"
    status, text, headers = get(f"{url}/-/live.js")
    assert (status, headers["Content-Type"]) == (200, "text/javascript")
    assert "EventSource" in text


def test_a_missing_page_is_the_404_page(served):
    url, _, _ = served
    status, text, headers = get(f"{url}/nothing")
    assert status == 404
    assert "nothing here" in text
    assert headers["Cache-Control"] == "no-store"


def test_nothing_outside_the_site_is_served(served, tmp_path):
    (tmp_path.parent / "secret.txt").write_text("secret")
    assert get(f"{served[0]}/../secret.txt")[0] == 404
    assert get(f"{served[0]}/%2e%2e/secret.txt")[0] == 404


def test_another_host_name_is_refused(served):
    def asked(host):
        request = urllib.request.Request(f"{served[0]}/", headers={"Host": host})
        return get(request)[0]

    port = served[2].server_port
    assert [asked(f"{host}:{port}") for host in ("localhost", "127.0.0.1")] == [200, 200]
    assert [asked(host) for host in (f"evil.example:{port}", "localhost.evil.example")] == [421] * 2


def test_connections_are_bounded(served, monkeypatch):
    url, state, _ = served
    streams = [urllib.request.urlopen(f"{url}/-/events", timeout=10) for _ in range(MOST)]
    with pytest.raises(OSError):
        get(f"{url}/")
    for stream in streams:
        stream.close()
    state.set([])  # whoever left is noticed
    for _ in range(100):
        try:
            assert get(f"{url}/")[0] == 200
            return
        except OSError:
            state.set([])
            time.sleep(0.05)
    raise AssertionError("connections that ended are still counted")


@pytest.mark.parametrize("path", ["a" * 300, "a/" * 3000])
def test_an_address_no_file_can_have_is_refused(served, path):
    assert get(f"{served[0]}/{path}")[0] == 414


def test_browsers_are_told_of_renderings_and_errors(served):
    url, state, _ = served

    def event(stream):
        text = stream.readline().decode() + stream.readline().decode()
        return json.loads(text.removeprefix("data: "))

    with urllib.request.urlopen(f"{url}/-/events", timeout=10) as stream:
        first = event(stream)
        assert first["errors"] == []
        state.set(["a.qmd:3: wrong"])
        assert event(stream) == {"version": first["version"], "errors": ["a.qmd:3: wrong"]}
        state.set([])
        assert event(stream)["version"] != first["version"]


def test_a_taken_port_is_told(served, tmp_path):
    port = served[2].server_port
    with pytest.raises(
        RenderError, match=f"port {port} can't be used .*; give another with --port"
    ):
        serve(tmp_path, State(), port)


def test_saving_renders_again_and_keeps_the_last_good_page(site):
    site.page("index.qmd", "Version zero.\n")
    slow = "open('../../began', 'w').close()\nimport time\ntime.sleep(3)"
    site.page("posts/slow/index.qmd", f"```{{python}}\n{slow}\n```\n")
    site.page("draft.qmd", "Not yet.\n", head="title: D\ndraft: true\n")
    process = site.command("--preview", "--port", "0")
    limit = threading.Timer(300, process.kill)
    limit.start()

    def said_until(words):
        for line in process.stdout:
            if words in line:
                return line
        raise AssertionError(f"it ended without saying {words!r}")

    try:
        url = said_until("http://localhost:").split()[0].replace("localhost", "127.0.0.1")
        while not (site.root / "began").exists():
            assert process.poll() is None, "the preview ended"
            time.sleep(0.05)
        site.page("index.qmd", "Version one.\n")  # saved while the first rendering goes on
        said_until("waiting for changes")
        said_until("waiting for changes")
        assert "Version one." in get(url)[1]
        assert "Not yet." in get(f"{url}draft.html")[1]
        site.page("index.qmd", "Version two.\n")
        said_until("waiting for changes")
        assert "Version two." in get(url)[1]
        site.page("index.qmd", "```{r}\n1\n```\n")
        said_until("index.qmd:5: cells in r are not supported")
        assert "Version two." in get(url)[1]
        site.page("index.qmd", "Version two.\n")
        said_until("waiting for changes")  # nothing to render, but the error is over
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=100)
        limit.cancel()
    assert process.returncode == 0
    assert not (site.root / "_site").exists(), "a preview is no publication"


def test_the_preview_outlives_what_the_system_refuses(site, monkeypatch, capsys):
    def refuse(*_):
        raise OSError(28, "No space left on device", "/site/new")

    monkeypatch.setattr("render.preview.build", refuse)
    state, report = State(), Report()
    render(site.root, site.root / ".render/preview", Builtin(), Options(), report, state)
    assert state.has_errors
    assert "/site/new can't be read or written: No space left" in capsys.readouterr().out
