"""A web server on loopback that serves a site as GitHub Pages would."""

import contextlib
import functools
import http.server
import posixpath
import re
import threading
import time
from urllib.parse import unquote, urlsplit


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder below a path; what is not there is the site's 404 page."""

    protocol_version = "HTTP/1.1"
    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | {
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".pagefind": "application/octet-stream",
    }

    def __init__(self, *arguments, below, **keywords):
        self.below = below
        super().__init__(*arguments, **keywords)

    def translate_path(self, path):
        path = posixpath.normpath(unquote(urlsplit(path).path) + "x")[:-1]
        if not path.startswith(self.below):
            return "/nowhere"
        return super().translate_path("/" + path.removeprefix(self.below))

    def send_error(self, code, message=None, explain=None):
        page = super().translate_path("/404.html")
        with open(page, "rb") as file:
            body = file.read()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


class Slow(Handler):
    """Serves as a slow line would: fonts and scripts late, a page's table cell by cell at first."""

    def copyfile(self, source, outputfile):
        pieces = re.split(rb"(?<=</th>)|(?<=</tr>)", source.read(), maxsplit=12)
        time.sleep({".js": 0.3, ".woff2": 2}.get(posixpath.splitext(self.path)[1], 0))
        for piece in pieces:
            outputfile.write(piece)
            time.sleep(0.1 * (len(pieces) > 1))


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        """Say nothing of a browser that closed its end early."""


@contextlib.contextmanager
def serve(root, below="/", handler=Handler):
    """Serve `root` below the path `below` (it ends in a slash); give the URL."""
    handler = functools.partial(handler, below=below, directory=str(root))
    with Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}{below}"
        server.shutdown()
