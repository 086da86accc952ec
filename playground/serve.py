"""Serve the built playground on this machine, as a host of static sites would: compressed, and kept for a while.

Also what the browser tests run it on: `serving()` is a server in a thread, and can tell what it has sent.
"""

import argparse
import gzip
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

DIST: Final = Path(__file__).resolve().parent / "dist"
PORT_DEFAULT: Final = 8090

_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
}
_COMPRESSED: Final = frozenset(_TYPES)
_KEPT: Final = "max-age=600"  # As long as GitHub Pages lets browsers keep a file.
_FILES_MAX: Final = 256  # More files than the site has.


@lru_cache(_FILES_MAX)
def _compressed(path: Path, _changed_ns: int) -> bytes:
    return gzip.compress(path.read_bytes(), compresslevel=6, mtime=0)


class _Site(BaseHTTPRequestHandler):
    """Answers GET and HEAD for the files below one folder, at one path."""

    protocol_version = "HTTP/1.1"
    folder = DIST
    prefix = "/"
    told: Callable[[str, int], None] = staticmethod(lambda _path, _size: None)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that it overrides
        """Say nothing: a page asks for many files."""

    def _answer(self, *, with_body: bool) -> None:
        path = self._file()
        if path is None:
            return self._send(404, "text/plain; charset=utf-8", b"There is no such file.\n", {}, with_body=with_body)
        body, headers = path.read_bytes(), {"Cache-Control": _KEPT}
        if path.suffix in _COMPRESSED and "gzip" in self.headers.get("Accept-Encoding", ""):
            body, headers["Content-Encoding"] = _compressed(path, path.stat().st_mtime_ns), "gzip"
        kind = _TYPES.get(path.suffix, "application/octet-stream")
        return self._send(200, kind, body, headers, with_body=with_body)

    def _file(self) -> Path | None:
        asked = unquote(urlsplit(self.path).path)
        if not asked.startswith(self.prefix):
            return None
        path = (self.folder / (asked[len(self.prefix) :] or "index.html")).resolve()
        return path if path.is_file() and path.is_relative_to(self.folder.resolve()) else None

    def _send(self, status: int, kind: str, body: bytes, headers: dict[str, str], *, with_body: bool) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.told(self.path, len(body))
            self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of browsers that hang up in the middle of a file."""


def make_server(
    *, port: int, prefix: str = "/", folder: Path = DIST, told: Callable[[str, int], None] | None = None
) -> ThreadingHTTPServer:
    """Return a server on this machine's own address; port 0 takes a free one. *prefix* begins and ends with a slash.

    *told* is called with the path that was asked for and the bytes that are sent, as they are on the wire.
    """
    own = {"folder": folder, "prefix": prefix, **({} if told is None else {"told": staticmethod(told)})}
    site = type("Site", (_Site,), own)
    return _Server(("127.0.0.1", port), site)


@contextmanager
def serving(*, prefix: str = "/", folder: Path = DIST, told: Callable[[str, int], None] | None = None) -> Iterator[str]:
    """Serve on a free port for a while; yield the URL of the site. *told* is that of `make_server`."""
    server = make_server(port=0, prefix=prefix, folder=folder, told=told)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{prefix}"
    finally:
        server.shutdown()
        server.server_close()


def main(arguments: Sequence[str]) -> int:
    """Serve until Ctrl-C; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=PORT_DEFAULT)
    port = parser.parse_args(arguments).port
    try:
        server = make_server(port=port)
    except OSError as error:
        print(f"Port {port} cannot be had ({error.strerror}); try: make playground PORT={port + 1}", file=sys.stderr)
        return 1
    print(f"The playground is at http://127.0.0.1:{port}/ (Ctrl-C ends it)", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print()
    finally:
        server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
