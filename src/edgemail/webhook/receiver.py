"""The program that is told: one POST to its URL, with a deadline for each part, to an address that was checked."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes

import httpx2

from edgemail import __version__
from edgemail.system.http_failures import explain_failure
from edgemail.system.name_lookup import LookupFailed, Resolver
from edgemail.system.public_addresses import is_public
from edgemail.webhook.signature import FIELD, sign

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_ADDRESSES_MAX: Final = 4
_ANSWER_MAX_BYTES: Final = 16 * 1024
"""How much of an answer's body is read, so that its sender does not see its connection break at once."""
_BUSY_STATUSES: Final = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class RequestDeadlines:
    """How long each part of a request may take, in seconds."""

    connect_s: float = 3.0
    """For each address: TCP, then TLS."""
    write_s: float = 5.0
    """For the next octets to be taken."""
    head_s: float = 8.0
    """For the next octets of the answer's head."""
    body_s: float = 1.0
    """For the answer's body, which says nothing."""
    whole_s: float = 10.0
    """For all but the answer's body, with the look-up of the name."""


@dataclass(frozen=True, slots=True)
class TryFailure:
    """Why the receiver did not take what it was told."""

    reason: str
    """One of few words, for the metrics."""
    text: str
    """The rest of a sentence that begins with the receiver's name."""
    is_outage: bool = True
    """False if it may still take other messages."""


class Receiver:
    """Whoever answers at a URL."""

    def __init__(
        self,
        url: str,
        *,
        secret: str | None = None,
        may_be_private: bool = False,
        deadlines: RequestDeadlines | None = None,
        find_addresses: Callable[[str, int], Awaitable[list[str]]] | None = None,
        is_allowed: Callable[[str], bool] = is_public,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Sign with `secret` where there is one. Addresses must be public unless `may_be_private` is true."""
        parsed = httpx2.URL(url)
        self._url = parsed.copy_with(userinfo=b"", fragment=None)
        self._host = parsed.raw_host.decode("ascii")
        self._secret = secret
        self._is_allowed = (lambda _: True) if may_be_private else is_allowed
        self._deadlines = deadlines or RequestDeadlines()
        self._find_addresses = find_addresses or Resolver().find
        self._clock = clock
        self.name = f"{parsed.scheme}://{parsed.netloc.decode('ascii')}"
        """What logs may call it: the path may hold a secret as well."""
        self._fields = {
            "host": parsed.netloc.decode("ascii"),
            "user-agent": f"edgemail/{__version__}",
            "content-type": "application/json",
            "accept": "*/*",
            "connection": "close",
        }
        if parsed.userinfo:
            name, _, password = parsed.userinfo.partition(b":")
            pair = unquote_to_bytes(name) + b":" + unquote_to_bytes(password)
            self._fields["authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        # Without a client around it: that would keep the cookies of answers.
        self._transport = httpx2.AsyncHTTPTransport(
            # SSL_CERT_FILE may name authorities of one's own; for plain HTTP none has to be loaded.
            verify=True if parsed.scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            # Each request has a connection of its own: one that was kept may be closed just now.
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=0),
        )
        self._timeout = httpx2.Timeout(
            self._deadlines.head_s, connect=self._deadlines.connect_s, write=self._deadlines.write_s
        ).as_dict()

    async def post(self, body: bytes) -> TryFailure | None:
        """Tell it; return why it did not take that, or None."""
        try:
            async with asyncio.timeout(self._deadlines.whole_s):
                answer = await self._ask(await self._find_checked(), body)
        except TimeoutError:
            return TryFailure("timeout", "did not answer in time")
        except LookupFailed as error:
            return TryFailure("lookup", f"has no address: {error}")
        except _AddressRefusedError as error:
            return TryFailure("address", str(error))
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            return TryFailure(*explain_failure(error))
        with contextlib.suppress(httpx2.HTTPError, OSError):
            async with asyncio.timeout(self._deadlines.body_s):
                await _read_some(answer)
        with contextlib.suppress(httpx2.HTTPError, OSError):
            async with asyncio.timeout(self._deadlines.body_s):
                await answer.aclose()
        return _judge(answer.status_code)

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    async def _find_checked(self) -> list[str]:
        """Return the receiver's addresses, all of which were checked."""
        addresses = await self._find_addresses(self._host, self._url.port or 0)
        refused = [address for address in addresses if not self._is_allowed(address)]
        if refused:
            raise _AddressRefusedError(
                f"has an address that is not public, {refused[0]}; webhook_private = on would allow it"
            )
        if not addresses:
            raise LookupFailed("there is none")
        return addresses[:_ADDRESSES_MAX]

    async def _ask(self, addresses: list[str], body: bytes) -> httpx2.Response:
        """Ask one address after the other, until one of them is connected; return its answer without its body."""
        fields = self._fields
        if self._secret is not None:
            fields = fields | {FIELD: sign(self._secret, body, int(self._clock()))}
        *others, last = addresses
        for address in others:
            with contextlib.suppress(httpx2.ConnectError, httpx2.ConnectTimeout):
                return await self._ask_one(address, fields, body)
        return await self._ask_one(last, fields, body)

    async def _ask_one(self, address: str, fields: dict[str, str], body: bytes) -> httpx2.Response:
        """Send the request to an address, under the receiver's name, which its certificate must have."""
        request = httpx2.Request(
            "POST",
            self._url.copy_with(host=address),
            content=body,
            headers=fields,
            extensions={"sni_hostname": self._host, "timeout": self._timeout},
        )
        return await self._transport.handle_async_request(request)


class _AddressRefusedError(Exception):
    """The receiver has an address that must not be asked."""


async def _read_some(answer: httpx2.Response) -> None:
    size = 0
    async with contextlib.aclosing(answer.aiter_raw()) as pieces:
        async for piece in pieces:
            size += len(piece)
            if size > _ANSWER_MAX_BYTES:
                return


def _judge(status: int) -> TryFailure | None:
    """Return None for a status that says that the message was taken."""
    if 200 <= status < 300:
        return None
    text = f"answers {status}"
    if 300 <= status < 400:
        text += ", a redirect, which is not followed"
    return TryFailure(f"status_{status // 100}xx", text, is_outage=status >= 500 or status in _BUSY_STATUSES)
