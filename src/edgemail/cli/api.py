"""A client of a running server's HTTP API, on the standard library."""

from __future__ import annotations

import json
import os
import re
import urllib.error
import urllib.request
from base64 import b64encode
from http.client import HTTPException
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import SplitResult, quote, unquote, urlencode, urlsplit

from edgemail.cli.terminal import Failure
from edgemail.policy.inbox_lock import KEY_FIELD, is_key, read_keys

DEFAULT_URL: Final = "http://127.0.0.1:8025"
_TIMEOUT_S: Final = 15.0


class ServerAbsent(Failure):
    """Nothing listens where the server should be."""


class Api:
    """The API of the server at a URL, such as ``http://127.0.0.1:8025``.

    A name and a secret in the URL are sent as they are meant there (Basic); else the secret in
    EDGEMAIL_TOKEN, if there is one, as a bearer token. No redirect takes them elsewhere, nor the keys
    of locked inboxes.
    """

    def __init__(self, url: str, key: str | None = None) -> None:
        """`key` opens a locked inbox, as those in EDGEMAIL_INBOX_KEY do.

        Raises:
            Failure: the URL is none, or a key is.
        """
        self.url, parts = _check(url)
        self._keys = read_inbox_keys(key)
        self.authorization = _write_authorization(parts, os.environ.get("EDGEMAIL_TOKEN", ""))
        # A proxy from the environment could not reach this machine's own server.
        handlers = [urllib.request.ProxyHandler({})] if is_loopback(parts.hostname or "") else []
        self._opener = urllib.request.build_opener(*handlers)

    def get(self, *path: str | int, wait_s: float = 0.0, **query: str | float | None) -> Any:
        """Return the JSON at a path; allow the server `wait_s` more than usual to answer."""
        return self._parse(self._ask("GET", path, query, wait_s))

    def get_octets(self, *path: str | int) -> bytes:
        """Return the octets at a path, unchanged."""
        return self._ask("GET", path, {}, 0.0)

    def delete(self, *path: str | int) -> Any:
        """Delete the resource at a path; return the JSON of the answer, or `None` if it is empty."""
        answer = self._ask("DELETE", path, {}, 0.0)
        return self._parse(answer) if answer else None

    def check_ready(self, timeout_s: float) -> None:
        """Return if the server says within a time that it is ready.

        Raises:
            Failure: it does not.
        """
        self._open(urllib.request.Request(f"{self.url}/readyz"), timeout_s)  # noqa: S310 - the scheme is checked

    def _ask(
        self, method: str, path: tuple[str | int, ...], query: dict[str, str | float | None], wait_s: float
    ) -> bytes:
        given = {name: value for name, value in query.items() if value is not None}
        url = f"{self.url}/api/{'/'.join(quote(str(part), safe='') for part in path)}"
        request = urllib.request.Request(f"{url}?{urlencode(given)}" if given else url, method=method)  # noqa: S310
        return self._open(request, _TIMEOUT_S + wait_s)

    def _open(self, request: urllib.request.Request, timeout_s: float) -> bytes:
        """Return the body of the answer."""
        if self.authorization:
            request.add_unredirected_header("Authorization", self.authorization)
        if self._keys:
            request.add_unredirected_header(KEY_FIELD, self._keys)
        try:
            with self._opener.open(request, timeout=timeout_s) as answer:
                octets: bytes = answer.read()
                return octets
        except urllib.error.HTTPError as error:
            with error:
                raise Failure(_explain(error)) from None
        except TimeoutError:
            raise Failure(f"{self.url} took too long to answer") from None
        except urllib.error.URLError as error:
            reason = getattr(error.reason, "strerror", None) or error.reason
            raise ServerAbsent(
                f"no edgemail answers at {self.url} ({reason}): start it with `edgemail serve`, "
                "or name its page with --url"
            ) from None
        except HTTPException:
            raise Failure(
                f"{self.url} is not an edgemail server: its answer is not HTTP, or is incomplete"
            ) from None
        except OSError as error:
            raise Failure(f"{self.url} closed the connection: {error.strerror or type(error).__name__}") from None

    def _parse(self, answer: bytes) -> Any:
        try:
            return json.loads(answer)
        except ValueError:
            raise Failure(f"{self.url} is not an edgemail server: its answer is not JSON") from None


def read_inbox_keys(key: str | None) -> str:
    """Return a key, else the keys in EDGEMAIL_INBOX_KEY, as the header field has them.

    Raises:
        Failure: one of them is no key.
    """
    text = os.environ.get("EDGEMAIL_INBOX_KEY", "") if key is None else key
    if key is None and not text:
        return ""
    keys = read_keys(text)
    if not keys or not all(map(is_key, keys)):
        name = "EDGEMAIL_INBOX_KEY" if key is None else "--key"
        raise Failure(f"{name}: a key has 26 characters of a-z and 2-7, as `edgemail address --locked` writes it")
    return ", ".join(keys)


def hide_credentials(url: str) -> str:
    """Return the URL of a server's page without a name and a secret in it, and without a slash at the end.

    Raises:
        Failure: it is not a web address.
    """
    return _check(url)[0]


def _check(url: str) -> tuple[str, SplitResult]:
    try:
        parts = urlsplit(url)
        well_formed = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        well_formed = False
    shown = re.sub(r"(?<=://)[^/?#]*@", "", url)
    if not well_formed:
        raise Failure(
            f'"{shown}" is not a web address; write one such as {DEFAULT_URL} with --url or in EDGEMAIL_URL'
        )
    return shown.rstrip("/"), parts


def _write_authorization(parts: SplitResult, token: str) -> str:
    """Return the value of the Authorization header, or ""."""
    if parts.username is not None or parts.password is not None:
        pair = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        return f"Basic {b64encode(pair.encode()).decode()}"
    if token and not re.fullmatch(r"[\x21-\x7e]+", token):
        raise Failure("EDGEMAIL_TOKEN has something other than printable ASCII characters; write the secret alone")
    return f"Bearer {token}" if token else ""


def is_loopback(host: str) -> bool:
    """Return True if a host of a URL is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _explain(error: urllib.error.HTTPError) -> str:
    """Return the detail of a problem (RFC 9457), or the status if the answer is something else."""
    try:
        problem = json.loads(error.read(65_536))
        return str(problem.get("detail") or problem["title"])
    except (OSError, HTTPException, ValueError, LookupError, AttributeError):
        return f"the server answered {error.code} {error.reason}"
