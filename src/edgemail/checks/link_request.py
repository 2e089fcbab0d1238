"""One request of a link check: to an address that was checked, under the link's own host name, with deadlines.

A sender chooses these URLs. So a name is looked up once, all its addresses must be public, and the connection
goes to one of them: a name that points elsewhere a moment later (DNS rebinding) changes nothing. No proxy of the
environment is used, no cookie is kept, no password is sent, and no body is read.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx2

from edgemail import __version__
from edgemail.system.http_failures import explain_failure
from edgemail.system.name_lookup import LookupFailed, Resolver
from edgemail.system.public_addresses import is_public

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

_ADDRESSES_MAX: Final = 2
PORTS: Final = frozenset({80, 443})
_CLOSE_S: Final = 0.5
_USER_AGENT: Final = f"edgemail/{__version__} (link check; asked for by a reader)"


class LinkFailed(Exception):  # noqa: N818 - what happened, as in edgemail.errors
    """A link has no answer. The text says why."""

    def __init__(self, text: str, *, is_refused: bool = False) -> None:
        """`is_refused` is True for what must not be asked."""
        super().__init__(text)
        self.is_refused = is_refused


@dataclass(frozen=True, slots=True)
class LinkDeadlines:
    """How long each part of a request may take, in seconds."""

    connect_s: float = 3.0
    """For each address: TCP, then TLS."""
    head_s: float = 5.0
    """For the next octets of the answer's head."""
    hop_s: float = 8.0
    """For all of a request, with the look-up of the name."""


@dataclass(frozen=True, slots=True)
class LinkAnswer:
    """The head of an answer, as far as it counts. `location` is "" without one."""

    status: int
    location: str


class LinkRequester:
    """Asks URLs for the head of their answers."""

    def __init__(
        self,
        *,
        may_be_private: bool,
        may_ask: Callable[[str], bool] = lambda _: True,
        deadlines: LinkDeadlines | None = None,
        find_addresses: Callable[[str, int], Awaitable[list[str]]] | None = None,
        is_allowed: Callable[[str], bool] = is_public,
        ports: Collection[int] = PORTS,
    ) -> None:
        """`may_ask` counts a request to an address, and returns False where there were too many."""
        self._may_be_private = may_be_private
        self._may_ask = may_ask
        self._deadlines = deadlines or LinkDeadlines()
        self._find_addresses = find_addresses or Resolver().find
        self._is_allowed = is_allowed
        self._ports = ports
        self._transport: httpx2.AsyncHTTPTransport | None = None
        self._timeout = httpx2.Timeout(self._deadlines.head_s, connect=self._deadlines.connect_s).as_dict()

    async def ask(self, method: str, url: httpx2.URL) -> LinkAnswer:
        """Ask a URL that `parse_link` gave.

        Raises:
            LinkFailed: there is no answer, or it must not be asked.
        """
        if self._transport is None:
            self._transport = await asyncio.to_thread(_make_transport)  # it loads the authorities
        try:
            async with asyncio.timeout(self._deadlines.hop_s):
                return await self._ask(self._transport, method, url)
        except TimeoutError:
            raise LinkFailed("did not answer in time") from None
        except LookupFailed as error:
            raise LinkFailed(f"has no address: {error}") from None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, UnicodeError) as error:
            raise LinkFailed(explain_failure(error)[1]) from None

    def parse_link(self, text: str, base: httpx2.URL | None = None) -> httpx2.URL:
        """Read a link, or the `Location` of an answer from `base`.

        Raises:
            LinkFailed: it is no URL that may be asked.
        """
        try:
            url = httpx2.URL(text) if base is None else base.join(text)
            url = url.copy_with(userinfo=b"", fragment=None)
        except (httpx2.InvalidURL, ValueError, TypeError):
            raise LinkFailed("is no URL") from None
        if url.scheme not in ("http", "https") or not url.host:
            raise LinkFailed("is no http: or https: URL", is_refused=True)
        if url.port is not None and url.port not in self._ports and not self._may_be_private:
            raise LinkFailed("has another port than 80 and 443, which is not asked", is_refused=True)
        return url

    async def _ask(self, transport: httpx2.AsyncHTTPTransport, method: str, url: httpx2.URL) -> LinkAnswer:
        host = url.raw_host.decode("ascii")
        addresses = await self._find_addresses(host, url.port or 0)
        if not addresses:
            raise LinkFailed("has no address")
        if not self._may_be_private and not all(map(self._is_allowed, addresses)):
            raise LinkFailed("has an address that is not public, which is not asked", is_refused=True)
        *others, last = addresses[:_ADDRESSES_MAX]
        for address in others:
            with contextlib.suppress(httpx2.ConnectError, httpx2.ConnectTimeout):
                return await self._ask_address(transport, method, url, address)
        return await self._ask_address(transport, method, url, last)

    async def _ask_address(
        self, transport: httpx2.AsyncHTTPTransport, method: str, url: httpx2.URL, address: str
    ) -> LinkAnswer:
        if not self._may_ask(address):
            raise LinkFailed("was asked too often within a minute; try again later")
        request = httpx2.Request(
            method,
            url.copy_with(host=address),
            headers={
                "host": url.netloc.decode("ascii"),
                "user-agent": _USER_AGENT,
                "accept": "*/*",
                "connection": "close",
            },
            extensions={"sni_hostname": url.raw_host.decode("ascii"), "timeout": self._timeout},
        )
        answer = await transport.handle_async_request(request)
        try:
            return LinkAnswer(answer.status_code, answer.headers.get("location", ""))
        finally:
            with contextlib.suppress(httpx2.HTTPError, OSError, TimeoutError):
                async with asyncio.timeout(_CLOSE_S):
                    await answer.aclose()


def _make_transport() -> httpx2.AsyncHTTPTransport:
    """Make a transport without a client around it: that would keep cookies, and follow redirects unchecked."""
    return httpx2.AsyncHTTPTransport(
        verify=ssl.create_default_context(),
        limits=httpx2.Limits(max_connections=None, max_keepalive_connections=0),
    )
