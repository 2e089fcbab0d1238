"""A web server for one folder, for this machine alone: what an exported page looks like on a static host."""

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


class Preview:
    """A server that is bound to its port; `run` serves."""

    def __init__(self, folder: Path, port: int) -> None:
        """Take the port.

        Raises:
            ListenError: it cannot be had.
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
    """A thread a connection, and no traceback where a browser hangs up."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        """Tell the log."""
        _log.debug("a request failed", exc_info=True)


class _Handler(SimpleHTTPRequestHandler):
    """Gives the folder's files, and nothing else of this machine."""

    server_version = "edgemail"
    sys_version = ""
    timeout = 30.0
    # The system's own table may call scripts something that browsers do not run.
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
        """Send a file's headers, or a page that says that there is none."""
        host = self.headers.get("host", "").rpartition(":")[0] or self.headers.get("host", "")
        if host.lower() not in _HOSTS:  # a page elsewhere whose name was made to point here (DNS rebinding)
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
            return None
        path = self._find()
        if path is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        return super().send_head()

    def end_headers(self) -> None:
        """Add what every answer says: it is asked for again each time, and is what it says it is."""
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def list_directory(self, path: str) -> None:  # type: ignore[override]  # noqa: ARG002
        """Refuse: a static host lists nothing."""
        self.send_error(HTTPStatus.NOT_FOUND)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the library
        """Tell the log."""
        _log.debug("%s", format % args)

    def _find(self) -> Path | None:
        """Return the file that the path names, None where there is none to be given."""
        root = Path(self.directory)
        path = Path(self.translate_path(self.path))
        try:
            found = path.resolve()
            inside = found.relative_to(root)
        except (ValueError, OSError):  # a link that leads out of the folder
            return None
        if any(part.startswith(".") for part in (*inside.parts, *path.relative_to(root).parts)):
            return None
        return found if found.exists() else None
