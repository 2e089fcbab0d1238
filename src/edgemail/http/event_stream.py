"""Server-sent events: new mail of one inbox or several, as octets that all readers share."""

from __future__ import annotations

import json
from contextlib import aclosing
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi.responses import Response

from edgemail.http.listing_json import serialize_marked_message, serialize_message

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from starlette.types import Receive, Scope, Send

    from edgemail.mailbox.all_mail import AllMail
    from edgemail.mailbox.inbox import Inbox
    from edgemail.model import ListedMail

PING_S = 15.0
"""How often a quiet stream says that it is alive: proxies close connections on which nothing comes."""

_PING = b": ping\n\n"


class EventStream(Response):
    """A response that lasts until its reader goes or the server stops."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[bytes, None]) -> None:
        """Send `events` as they come."""
        self._events = events
        self.status_code = HTTPStatus.OK
        self.background = None
        self.init_headers({"cache-control": "no-cache", "x-accel-buffering": "no"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream."""
        del receive
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] != "HEAD":
            await send({"type": "http.response.body", "body": b": listening\n\n", "more_body": True})
            async with aclosing(self._events) as events:
                async for body in events:
                    await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def follow_one(inbox: Inbox, name: str, after: int) -> AsyncGenerator[bytes, None]:
    """Yield the events of an inbox for mail above an id, and a comment whenever it is quiet."""
    async with aclosing(inbox.follow(name, after, quiet_s=PING_S)) as pages:
        async for page in pages:
            yield _PING if page is None else page.write(_write_events)


async def follow_all_mail(all_mail: AllMail, after: int) -> AsyncGenerator[bytes, None]:
    """Yield the events of the mail of all inboxes above an id, and a comment whenever it is quiet."""
    async with aclosing(all_mail.follow(after, quiet_s=PING_S)) as pages:
        async for page in pages:
            yield _PING if page is None else page.write(_write_events_of_all_mail)


async def follow_several(inbox: Inbox, starts: Sequence[tuple[str, int]]) -> AsyncGenerator[bytes, None]:
    """Yield the events of several inboxes, each for mail above its own id.

    The id of an event has the position in every inbox, in the order of `starts`: whoever gives the
    last one misses nothing, although the inboxes were not read at one moment.
    """
    positions = [str(after) for _, after in starts]
    places: dict[str, list[int]] = {}
    lowest: dict[str, int] = {}
    for place, (name, after) in enumerate(starts):  # an inbox may be given twice
        places.setdefault(name, []).append(place)
        lowest[name] = min(after, lowest.get(name, after))
    async with aclosing(inbox.follow_all(lowest, quiet_s=PING_S)) as following:
        async for news in following:
            if news is None:
                yield _PING
                continue
            name, page = news
            pieces: list[bytes] = []
            for mail_id, event in page.write(_write_events_with_address):
                for place in places[name]:
                    positions[place] = str(mail_id)
                pieces += (event, b"id: ", ",".join(positions).encode(), b"\n\n")
            yield b"".join(pieces)


def _write_events(listed: Sequence[ListedMail]) -> bytes:
    """Write an event for each message: its summary, under its id."""
    return b"".join([b"%bid: %d\n\n" % (_write_event(message), message.mail.id) for message in listed])


def _write_events_of_all_mail(listed: Sequence[ListedMail]) -> bytes:
    """Write an event for each message as the list of all mail shows it."""
    return b"".join(
        [
            b"event: message\ndata: %b\nid: %d\n\n" % (serialize_marked_message(message), message.mail.id)
            for message in listed
        ]
    )


def _write_events_with_address(listed: Sequence[ListedMail]) -> list[tuple[int, bytes]]:
    """Write an event for each message, with the inbox's address and without an id: each reader has its own."""
    return [(message.mail.id, _write_event(message, *message.mail.recipients)) for message in listed]


def _write_event(listed: ListedMail, address: str | None = None) -> bytes:
    data = serialize_message(listed)
    if address is not None:
        data = b'{"address":%b,%b' % (json.dumps(address).encode(), data[1:])
    return b"event: message\ndata: %b\n" % data
