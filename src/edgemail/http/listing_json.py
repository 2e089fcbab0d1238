"""Serialises listed messages as `models.MessageModel` does, but without making models.

A page of an inbox comes as JSON from the store, but where mail is so new that it has no summary.

A model checks and copies each value, although the store's values are right. That took longer than
all the rest of a listing. A test compares the octets with those of the models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic_core import to_json
from starlette.responses import Response

from edgemail.http.access import note_empty
from edgemail.http.locked_inboxes import open_inbox_of
from edgemail.store import message_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import Scope

    from edgemail.mailbox.inbox import Inbox
    from edgemail.model import ListedMail


async def answer_listing(
    scope: Scope, inbox: Inbox, address: str, *, limit: int, before: int | None, after: int, search: str
) -> Response:
    """Answer with a page of an address's inbox, whichever way the request was read.

    Raises:
        AddressError: the address is none.
        InboxLocked: the inbox is locked, and the request has no right key.
    """
    name = open_inbox_of(scope, address)
    octets, count = await read_listing(inbox, name, limit=limit, before=before, after=after, search=search)
    if not count:
        note_empty(scope, name)
    return Response(octets, media_type="application/json")


async def read_listing(
    inbox: Inbox, name: str, *, limit: int, before: int | None, after: int, search: str
) -> tuple[bytes, int]:
    """Read a page of an inbox as a `models.ListingModel`; return its octets, and how many messages it has."""
    if search.strip():
        written = await inbox.search_json(name, search, limit=limit, before=before)
    else:
        written = await inbox.list_json(name, limit=limit, before=before, after=after)
    if written is not None:
        next_before = b"null" if written.next_before is None else b"%d" % written.next_before
        return b'{"messages":%b,"next_before":%b}' % (written.messages, next_before), written.count
    if search.strip():
        page, last = await inbox.search(name, search, limit=limit, before=before)
    else:
        listed = await inbox.list_page(name, limit=limit + 1, before=before, after=after)
        page = listed[:limit]
        last = page[-1].mail.id if len(listed) > limit else None
    return serialize_listing(page, last), len(page)


def serialize_listing(messages: Sequence[ListedMail], next_before: int | None) -> bytes:
    """Serialise a page as a `models.ListingModel`."""
    return to_json({"messages": [list_fields(message) for message in messages], "next_before": next_before})


def serialize_marked_listing(messages: Sequence[ListedMail], next_before: int | None) -> bytes:
    """Serialise a page of all mail as a `models.MarkedListingModel`."""
    return to_json({"messages": [_list_marked_fields(message) for message in messages], "next_before": next_before})


def serialize_message(message: ListedMail) -> bytes:
    """Serialise a message as a `models.MessageModel`, on one line: JSON escapes line ends."""
    return to_json(list_fields(message))


def serialize_marked_message(message: ListedMail) -> bytes:
    """Serialise a message as a `models.MarkedMessageModel`, on one line."""
    return to_json(_list_marked_fields(message))


def list_fields(message: ListedMail) -> dict[str, object]:
    """Return the fields of a `models.MessageModel` in its order."""
    return message_json.list_fields(message.mail, message.summary)


def _list_marked_fields(message: ListedMail) -> dict[str, object]:
    return list_fields(message) | {"read": message.is_read, "tags": message.tags}
