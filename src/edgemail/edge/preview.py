"""A web server for one folder on loopback, to preview an exported page."""

from __future__ import annotations

import logging
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO

from edgemail.model import Endpoint
from edgemail.system.sockets import bind, write_url

_HOSTS = frozenset({"127.0.0.1", "localhost"})

_log = logging.getLogger(__name__)


class PreviewServer:
    """A preview server. The constructor binds the port, `run` serves."""

    def __init__(self, folder: Path, port: int) -> None:
        """Bind the port on 127.0.0.1.

        Raises:
            ListenError: the port cannot be bound.
        """
        bound = bind(Endpoint("127.0.0.1", port), "--port")
        handler = partial(_Handler, directory=str(folder.resolve()))
        self._server = _Server(bound.getsockname(), handler, bind_and_activate=False)
        self._server.socket.close()
        self._server.socket = bound
        self.url = f"{write_url('http', bound)}/"

    def run(self) -> None:
        """Serve until `stop` or a KeyboardInterrupt."""
        with self._server:
            self._server.serve_forever()

    def stop(self) -> None:
        """End `run`, from another thread."""
        self._server.shutdown()


class _Server(ThreadingHTTPServer):
    """One thread per connection; no traceback when a browser hangs up."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        """Log the error at debug level."""
        _log.debug("a request failed", exc_info=True)


class _Handler(SimpleHTTPRequestHandler):
    """Serves the files of the folder, and nothing outside it."""

    server_version = "edgemail"
    sys_version = ""
    timeout = 30.0
    # The system's MIME table may give scripts a type that browsers refuse to run.
    extensions_map = {  # noqa: RUF012 - a plain attribute in the library
        "": "application/octet-stream",
        ".css": "text/css; charset=utf-8",
        ".html": "text/html; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".json": "application/json",
        ".svg": "image/svg+xml",
        ".txt": "text/plain; charset=utf-8",
        ".webmanifest": "application/manifest+json",
    }

    def send_head(self) -> BinaryIO | None:
        """Send the headers of a file, or an error."""
        host = self.headers.get("host", "").rpartition(":")[0] or self.headers.get("host", "")
        if host.lower() not in _HOSTS:  # DNS rebinding: a foreign name that points here
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
            return None
        path = self._find()
        if path is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        return super().send_head()

    def end_headers(self) -> None:
        """Add the headers of every response: no caching, no content sniffing."""
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def list_directory(self, path: str) -> None:  # type: ignore[override]  # noqa: ARG002
        """Answer 404, as a static host lists no directories."""
        self.send_error(HTTPStatus.NOT_FOUND)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the library
        """Log the request at debug level."""
        _log.debug("%s", format % args)

    def _find(self) -> Path | None:
        """Return the file for the request's path, None if there is none that may be served."""
        root = Path(self.directory)
        path = Path(self.translate_path(self.path))
        try:
            found = path.resolve()
            inside = found.relative_to(root)
        except (ValueError, OSError):  # a symbolic link out of the folder
            return None
        if any(part.startswith(".") for part in (*inside.parts, *path.relative_to(root).parts)):
            return None
        return found if found.exists() else None
