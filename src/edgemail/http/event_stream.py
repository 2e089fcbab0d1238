"""Server-sent events: new mail of an inbox, as octets that all its readers share."""

from __future__ import annotations

from collections import Counter
from contextlib import aclosing, contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi.responses import Response
from starlette.exceptions import HTTPException

from edgemail.http.answers import find_ip, find_source
from edgemail.http.models import MessageModel

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Sequence

    from starlette.types import Receive, Scope, Send

    from edgemail.mailbox.arrivals import SharedPage
    from edgemail.model import ListedMail
    from edgemail.settings import Network

PING_S = 15.0
"""How often a quiet stream says that it is alive: proxies close connections on which nothing comes."""

_RETRY_AFTER = {"retry-after": "60"}


class EventStream(Response):
    """A response that lasts until its reader goes or the server stops."""

    media_type = "text/event-stream"

    def __init__(self, pages: AsyncGenerator[SharedPage | None, None]) -> None:
        """Send each page as it comes, and a comment for each None."""
        self._pages = pages
        self.status_code = HTTPStatus.OK
        self.background = None
        self.init_headers({"cache-control": "no-cache", "x-accel-buffering": "no"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream."""
        del receive
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] != "HEAD":
            await send({"type": "http.response.body", "body": b": listening\n\n", "more_body": True})
            async with aclosing(self._pages) as pages:
                async for page in pages:
                    body = b": ping\n\n" if page is None else page.write(write_events)
                    await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def write_events(listed: Sequence[ListedMail]) -> bytes:
    """Write an event for each message: its summary, under its id."""
    return b"".join(map(_write_event, listed))


def _write_event(listed: ListedMail) -> bytes:
    message = MessageModel.of(listed)
    data = message.model_dump_json(by_alias=True)  # one line: JSON escapes line ends
    return f"event: message\ndata: {data}\nid: {message.id}\n\n".encode()


class StreamCaps:
    """Bounds the event streams of each inbox and of each source."""

    def __init__(
        self, per_inbox: int, per_source: int, trusted: Sequence[Network], refuse: Callable[[str], None]
    ) -> None:
        """`refuse` is called with the reason for each refusal. Peers in `trusted` have no own bound."""
        self._trusted = trusted
        self._per_inbox = per_inbox
        self._per_source = per_source
        self._refuse = refuse
        self._inboxes: Counter[str] = Counter()
        self._sources: Counter[str] = Counter()

    @contextmanager
    def hold(self, inbox: str, scope: Scope) -> Iterator[None]:
        """Count the stream of a request for as long as the context lasts.

        Raises:
            HTTPException: the source has too many streams (429), or the inbox has (503).
        """
        source = find_source(scope)
        if self._sources[source] >= self._per_source and not self._is_trusted(scope):
            self._refuse("source_streams")
            detail = "there are too many event streams from your address; close some"
            raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS, detail, _RETRY_AFTER)
        if self._inboxes[inbox] >= self._per_inbox:
            self._refuse("inbox_streams")
            detail = "too many readers follow this inbox; try again later"
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, detail, _RETRY_AFTER)
        self._sources[source] += 1
        self._inboxes[inbox] += 1
        try:
            yield
        finally:
            for counts, key in ((self._sources, source), (self._inboxes, inbox)):
                counts[key] -= 1
                if not counts[key]:
                    del counts[key]

    def _is_trusted(self, scope: Scope) -> bool:
        ip = find_ip(scope)
        return ip is not None and any(ip in network for network in self._trusted)
