"""Asks a server's HTTP API, over connections that are kept open between requests."""

from __future__ import annotations

import base64
import copy
import http.client
import json
import threading
import urllib.parse
from typing import Any, Final

from edgemail.testing.errors import MailError
from edgemail.testing.inbox_keys import write_key_field

PATIENCE_S: Final = 10.0
"""How long the server may take for an answer, beside what it is asked to wait."""
_GONE: Final = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)


class ApiError(MailError):
    """The server answered with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Api:
    """The HTTP API at a URL, which may hold the operator's name and password. Threads may share it."""

    def __init__(self, url: str) -> None:
        """Ask nothing yet.

        Raises:
            ValueError: the text is no URL of HTTP.
        """
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f'"{url}" is not a URL such as http://127.0.0.1:8025/')
        netloc = parts.netloc.rpartition("@")[2]
        self._path = parts.path.rstrip("/")
        self.url = f"{parts.scheme}://{netloc}{self._path}/"
        self.host = parts.hostname
        self._netloc = netloc
        self._kind = http.client.HTTPConnection if parts.scheme == "http" else http.client.HTTPSConnection
        self._headers = {}
        if parts.username is not None:
            login = urllib.parse.unquote(f"{parts.username}:{parts.password or ''}")
            self._headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
        self._idle: list[http.client.HTTPConnection] = []
        self._closed = threading.Event()

    def with_key(self, key: str) -> Api:
        """Return the same API with the key of a locked inbox. Both share their connections, and their end."""
        keyed = copy.copy(self)
        keyed._headers = self._headers | write_key_field(key)
        return keyed

    def get(self, path: str, *, patience_s: float = PATIENCE_S, **query: object) -> Any:
        """Return the JSON document at a path.

        Raises:
            ApiError: the server refused.
            OSError: it cannot be reached.
        """
        given = {name: value for name, value in query.items() if value is not None}
        if given:
            path = f"{path}?{urllib.parse.urlencode(given, doseq=True)}"
        return json.loads(self.ask("GET", path, patience_s=patience_s))

    def ask(self, method: str, path: str, document: object = None, *, patience_s: float = PATIENCE_S) -> bytes:
        """Make a request with a JSON document, or without one; return the body of the answer.

        Raises:
            ApiError: the server refused.
            OSError: it cannot be reached.
        """
        body = None if document is None else json.dumps(document).encode()
        headers = self._headers if body is None else self._headers | {"Content-Type": "application/json"}
        status, reason, answer = self._exchange(method, f"{self._path}/{path}", body, headers, patience_s)
        if status >= 300:
            detail = _read_detail(answer) or reason
            raise ApiError(status, f"{method} {self.url}{path} answered {status}: {detail}")
        return answer

    def close(self) -> None:
        """Close the connections that are open."""
        self._closed.set()
        while self._idle:
            self._idle.pop().close()

    def _exchange(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str], patience_s: float
    ) -> tuple[int, str, bytes]:
        """Ask over an idle connection; over a new one if there is none or the server has closed it."""
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread was quicker
                break
            try:
                return self._exchange_over(connection, method, path, body, headers, patience_s)
            except _GONE:
                continue
        connection = self._kind(self._netloc, timeout=patience_s)
        return self._exchange_over(connection, method, path, body, headers, patience_s)

    def _exchange_over(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: bytes | None,
        headers: dict[str, str],
        patience_s: float,
    ) -> tuple[int, str, bytes]:
        try:
            if connection.sock is not None:
                connection.sock.settimeout(patience_s)
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            found = answer.status, answer.reason, answer.read()
        except BaseException:
            connection.close()
            raise
        if self._closed.is_set() or answer.will_close:
            connection.close()
        else:
            self._idle.append(connection)
        return found


def inbox_path(address: str, rest: str = "") -> str:
    """Return the path of an inbox, percent-encoded, followed by `rest`."""
    return f"api/inboxes/{urllib.parse.quote(address, safe='')}{rest}"


def _read_detail(answer: bytes) -> str:
    """Return what a problem document says, or an empty text."""
    try:
        return str(json.loads(answer)["detail"])
    except (ValueError, KeyError, TypeError):
        return ""
