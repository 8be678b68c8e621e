"""Serves the site while it is written: renders on save, reloads in the browser."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import watchfiles

from render.build import Engine, build
from render.errors import RenderError, told
from render.executions import Options, find_pages
from render.project import Project
from render.report import Report

OWN_HOSTS = ("localhost", "127.0.0.1")
MOST = 64  # connections at a time; a browser keeps six, and one for each open page's events
LIVE = Path(__file__).with_name("live.js")
_TAG = b'<script type="module" src="/-/live.js"></script>'
_NOTHING = b"<!doctype html><title>Not rendered yet</title><p>Not rendered yet.</p><body></body>"


class State:
    """What the browsers know: which rendering this is, and what is wrong."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0
        self._started = time.time_ns()
        self._errors: list[str] = []

    def set(self, errors: list[str]) -> None:
        """Tell all browsers of a new rendering, or of why there is none."""
        with self._changed:
            self._count += not errors
            self._errors = errors
            self._changed.notify_all()

    @property
    def has_errors(self) -> bool:
        return bool(self._errors)

    def events(self) -> Iterator[str]:
        """Yield the state now and whenever it changes; a sign of life in between."""
        with self._changed:
            while True:
                version = f"{self._started}-{self._count}"
                yield f"data: {json.dumps({'version': version, 'errors': self._errors})}\n\n"
                while not self._changed.wait(timeout=15):
                    yield ": still here\n\n"


class _Handler(SimpleHTTPRequestHandler):
    state: State

    def do_GET(self) -> None:
        # a page elsewhere whose name was made to mean this machine may not read drafts
        if self.headers.get("Host", "").rpartition(":")[0] not in OWN_HOSTS:
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST, "ask for localhost")
            return
        if self.path == "/-/events":
            self._send_events()
        elif self.path == "/-/live.js":
            self._send(LIVE.read_bytes(), "text/javascript")
        else:
            self._send_page()

    def _send_page(self) -> None:
        path = Path(self.translate_path(self.path))
        if len(path.name) > 255 or len(str(path)) > 4000:  # more than a file's name may have
            self.send_error(HTTPStatus.REQUEST_URI_TOO_LONG)
            return
        if path.is_dir() and not self.path.split("?")[0].endswith("/"):
            super().do_GET()  # redirects to the folder
            return
        path = path / "index.html" if path.is_dir() else path
        if path.suffix == ".html" or not path.is_file():
            self._send_html(path)
        else:
            super().do_GET()

    def _send_html(self, path: Path) -> None:
        status = HTTPStatus.OK
        if not path.is_file():
            status, path = HTTPStatus.NOT_FOUND, Path(self.directory) / "404.html"
        try:
            html = path.read_bytes()
        except OSError:
            html = _NOTHING
        head, body, rest = html.rpartition(b"</body>")
        self._send(head + _TAG + body + rest, "text/html; charset=utf-8", status)

    def _send(self, data: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _send_events(self) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        try:
            for event in self.state.events():
                self.wfile.write(event.encode())
                self.wfile.flush()
        except OSError:
            return  # the browser left

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent: the terminal is for what was rendered."""


class _Server(ThreadingHTTPServer):
    """At most so many connections: those beyond are closed at once."""

    daemon_threads = True

    def __init__(self, *arguments) -> None:
        super().__init__(*arguments)
        self._free = threading.BoundedSemaphore(MOST)

    def process_request(self, request, client_address) -> None:
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request, client_address) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()


def serve(folder: Path, state: State, port: int) -> _Server:
    """Serve a folder on this machine only, from a thread; port 0 takes a free one.

    Raises
    ------
    RenderError
        The port is taken.
    """
    state_of = type("Handler", (_Handler,), {"state": state})

    def handler(*args: object) -> None:
        state_of(*args, directory=str(folder))

    try:
        server = _Server(("127.0.0.1", port), handler)
    except (OSError, OverflowError) as error:
        raise RenderError(
            f"port {port} can't be used ({error}); give another with --port N"
        ) from None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def preview(root: Path, engine: Engine, options: Options, report: Report, *, port: int) -> int:
    """Serve the site until Ctrl-C; render again when a source is saved."""
    output = Project.load(root).cache_dir / "preview"
    state = State()
    server = serve(output, state, port)
    report.say(f"http://localhost:{server.server_port}/ shows the site, drafts too; Ctrl-C ends it")
    try:
        skipped = watchfiles.DefaultFilter(
            ignore_dirs=(
                *watchfiles.DefaultFilter.ignore_dirs,
                ".render",
                ".quarto",
                "_site",
                "_freeze",
            )
        )
        # watching begins first, so that a save during the first rendering counts
        sets = watchfiles.watch(
            root,
            watch_filter=skipped,
            raise_interrupt=True,
            rust_timeout=200,
            yield_on_timeout=True,
        )
        for i, changes in enumerate(sets):
            if changes or i == 0:
                render(root, output, engine, options, report, state)
    except KeyboardInterrupt:
        report.say("preview ended")
    finally:
        server.shutdown()
    return 0


def render(
    root: Path, output: Path, engine: Engine, options: Options, report: Report, state: State
) -> None:
    """Render once, and tell the terminal and the browsers how it went."""
    try:
        project = Project.load(root, drafts=True, output=output)
        pages = find_pages(project, [page.source for page in options.pages], root)
        changed = build(project, engine, Options(pages, options.jobs, options.timeout), report)
    except Exception as error:
        found = told(error)
        if not found:
            raise
        report.errors(found)
        state.set([str(one) for one in found])
        return
    if changed or state.has_errors:
        state.set([])
        report.say("Rendered; waiting for changes")
