"""Server-sent events: new mail of an inbox, as octets that all its readers share."""

from __future__ import annotations

from contextlib import aclosing
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi.responses import Response

from edgemail.http.models import MessageModel

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from starlette.types import Receive, Scope, Send

    from edgemail.mailbox.arrivals import SharedPage
    from edgemail.model import ListedMail

PING_S = 15.0
"""How often a quiet stream says that it is alive: proxies close connections on which nothing comes."""


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
