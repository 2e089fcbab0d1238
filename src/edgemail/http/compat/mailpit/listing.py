"""A listing, which may be of all mail: it is read page by page while it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic_core import to_json
from starlette.responses import Response

from edgemail.errors import EdgemailError
from edgemail.http.answers import cut_off
from edgemail.http.compat.mailpit.shapes import sort_tags, write_listed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from starlette.types import Receive, Scope, Send

    from edgemail.mailbox.all_mail import AllMail
    from edgemail.model import ListedMail
    from edgemail.store.base import MailCounts
    from edgemail.store.query import MailQuery

PAGE: Final = 200
"""Messages that are read at a time."""


async def list_messages(
    all_mail: AllMail, query: MailQuery, matches: MailCounts, total: MailCounts, *, start: int, limit: int | None
) -> Response:
    """Answer with a page of what matches; `limit` None stands for all of it, from the first on."""
    skipped = 0 if limit is None else start
    first = await all_mail.list_page(query, limit=_next_limit(limit, 0), start=skipped)
    head = {
        "total": total.messages,
        "unread": total.unread,
        "messages_count": matches.messages,
        "messages_unread": matches.unread,
        "start": start,
        "tags": sort_tags(await all_mail.tags()),
    }
    return _Listing(to_json(head)[:-1], first, _read_on(all_mail, query, first, limit))


async def _read_on(
    all_mail: AllMail, query: MailQuery, page: Sequence[ListedMail], limit: int | None
) -> AsyncGenerator[Sequence[ListedMail], None]:
    """Yield the pages behind the first one."""
    count = len(page)
    asked = _next_limit(limit, 0)
    while page and len(page) >= asked and (limit is None or count < limit):
        asked = _next_limit(limit, count)
        page = await all_mail.list_page(query, limit=asked, before=page[-1].mail.id)
        count += len(page)
        if page:
            yield page


def _next_limit(limit: int | None, count: int) -> int:
    return PAGE if limit is None else min(PAGE, limit - count)


class _Listing(Response):
    """A JSON document whose messages come page by page."""

    media_type = "application/json"

    def __init__(
        self, head: bytes, first: Sequence[ListedMail], rest: AsyncGenerator[Sequence[ListedMail], None]
    ) -> None:
        self.status_code = 200
        self.background = None
        self._head = head
        self._first = first
        self._rest = rest
        self.init_headers({})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the document; close the connection where a page cannot be read."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        count = len(self._first)
        await send(_part(self._head + b',"messages":[' + _write(self._first)))
        try:
            async for page in self._rest:
                await send(_part(b"," + _write(page)))
                count += len(page)
        except EdgemailError:
            await cut_off(scope, receive)
            return
        end = b'],"count":%d}\n' % count
        await send({"type": "http.response.body", "body": end, "more_body": False})


def _part(body: bytes) -> dict[str, object]:
    return {"type": "http.response.body", "body": body, "more_body": True}


def _write(page: Sequence[ListedMail]) -> bytes:
    return b",".join([to_json(write_listed(message)) for message in page])
