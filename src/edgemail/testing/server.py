"""A server: one that is started for the tests, or one that runs already."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

from edgemail.testing.api import Api, ApiError
from edgemail.testing.errors import ServerNotFound
from edgemail.testing.inbox import TIMEOUT_S, Inbox
from edgemail.testing.inbox_keys import lock_name
from edgemail.testing.server_process import ServerProcess
from edgemail.testing.smtp import Smtp

if TYPE_CHECKING:
    from types import TracebackType

DOMAIN: Final = "example.com"
_UNSPECIFIED: Final = ("", "0.0.0.0", "::")  # noqa: S104 - a server listens there; it is not reached there


@dataclass(frozen=True)
class Baseline:
    """What a server had when an inbox was made; None where it tells nobody.

    `newest_id` is of all mail. `refusals` counts what SMTP has refused, by code and reason.
    """

    newest_id: int | None
    refusals: dict[str, int] | None


class Server:
    """A running edgemail. Leaving it as a context ends it if it was started here."""

    def __init__(
        self, smtp: Smtp, api: Api | None, info: dict[str, Any] | None, process: ServerProcess | None
    ) -> None:
        """Use `start` or `join`."""
        self.smtp = smtp
        self._api = api
        self._process = process
        self._lock = threading.Lock()
        domains = (info or {}).get("domains") or [DOMAIN]
        self.domain: str = domains[0]
        """The domain of addresses that are made here."""
        self.shows_all_mail: bool = True if info is None else info["all_mail"]
        """False if the server tells nobody of mail whose address is not known."""

    @classmethod
    def start(cls) -> Self:
        """Start a server of one's own, which keeps its mail in memory; return once it takes mail.

        It ends with `stop`, and when this process ends, however that comes.

        Raises:
            ServerNotFound: it could not be started.
        """
        process = ServerProcess()
        return cls(process.read_smtp(), None, None, process)

    @classmethod
    def join(cls, url: str, smtp_url: str = "") -> Self:
        """Use a server that runs already. It says itself where it takes mail, unless that is given.

        Raises:
            ServerNotFound: no edgemail answers there.
        """
        try:
            api = Api(url)
        except ValueError as error:
            raise ServerNotFound(str(error)) from None
        try:
            info = api.get("api/server")
            smtp = _read_smtp_url(smtp_url) if smtp_url else _find_smtp(info["smtp"], api.host)
        except (OSError, ApiError, ValueError, KeyError, TypeError) as error:
            api.close()
            raise ServerNotFound(f"No edgemail at {api.url} ({_explain(error)}).") from error
        return cls(smtp, api, info, None)

    @property
    def api(self) -> Api:
        """The HTTP API; waits until it answers."""
        with self._lock:  # several threads may wait for it
            if self._api is None:
                if self._process is None:
                    raise RuntimeError("the server was stopped")
                self._api = Api(self._process.read_url())
            return self._api

    @property
    def url(self) -> str:
        """The URL of the page and of the HTTP API, with a slash at its end."""
        return self.api.url

    def inbox(
        self,
        local: str | None = None,
        *,
        domain: str | None = None,
        timeout: float = TIMEOUT_S,
        locked: bool = False,
    ) -> Inbox:
        """Return the inbox of an address that nobody else has, or of that one.

        A locked one has the hash of its `key` behind that: a public server opens it to the key alone.
        """
        name, key = local or f"t-{secrets.token_hex(4)}", None
        if locked:
            name, key = lock_name(name)
        address = f"{name}@{domain or self.domain}"
        return Inbox(self, address, is_fresh=local is None or locked, timeout=timeout, key=key)

    def take_baseline(self) -> Baseline:
        """Note what is there now. A server that was only just started is not asked: it has nothing."""
        if self._api is None:
            return Baseline(0, {})
        if not self.shows_all_mail:
            return Baseline(None, None)
        page = self.api.get("api/messages", limit=1)
        return Baseline(page["messages"][0]["id"] if page["messages"] else 0, self.count_refusals())

    def count_refusals(self) -> dict[str, int] | None:
        """Count what SMTP has refused, by code and reason; return None if the server does not tell."""
        try:
            counts = self.api.get("api/refusals")["refusals"]
        except ApiError:
            return None
        return {_name_refusal(each["code"], each["about"], each["reason"]): each["count"] for each in counts}

    def stop(self) -> None:
        """Close the connections, and end the server if it was started here."""
        if self._api is not None:
            self._api.close()
        if self._process is not None:
            self._process.stop()
        self._api = self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


def _name_refusal(code: int, about: str, reason: str) -> str:
    return f"{code} {', '.join(part for part in (about, reason.replace('_', ' ')) if part)}"


def _read_smtp_url(url: str) -> Smtp:
    """Read `smtp://host:port` or `host:port`.

    Raises:
        ValueError: it has no host or port.
    """
    parts = urlsplit(f"//{url.removeprefix('smtp://')}")
    if not parts.hostname or not parts.port:
        raise ValueError(f'"{url}" is not an SMTP server such as smtp://127.0.0.1:2525')
    return Smtp(parts.hostname, parts.port)


def _find_smtp(listening: list[str], host: str) -> Smtp:
    """Return the first SMTP server that edgemail names, as it is reached where `host` is."""
    if not listening:
        raise ValueError("it takes no mail by SMTP without TLS; give EDGEMAIL_SMTP_URL")
    smtp = _read_smtp_url(listening[0])
    return Smtp(host, smtp.port) if smtp.host in _UNSPECIFIED else smtp


def _explain(error: Exception) -> str:
    """Say briefly why a server was not found."""
    if isinstance(error, ApiError):
        return f"it answered {error.status}"
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    return "what answers there is something else" if isinstance(error, (KeyError, TypeError)) else str(error)
