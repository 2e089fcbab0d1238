"""Answers who waits for a message, whichever way the request was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from edgemail.http.access import note_empty
from edgemail.http.listing_json import serialize_message
from edgemail.http.locked_inboxes import open_inbox_of

if TYPE_CHECKING:
    from starlette.types import Scope

    from edgemail.http.held_requests import HeldRequests
    from edgemail.mailbox.inbox import Inbox
    from edgemail.model import ListedMail

WAIT_MAX_S = 55.0
"""The longest `wait`: proxies and clients often give up after a minute."""


async def answer_wait(
    scope: Scope,
    inbox: Inbox,
    waits: HeldRequests,
    address: str,
    *,
    after: int | None,
    timeout_s: float,
    sender: str = "",
    subject: str = "",
) -> Response:
    """Wait for a message of an address's inbox; answer as a `models.FoundModel` or a `models.TimedOutModel`.

    Raises:
        AddressError: the address is none.
        InboxLocked: the inbox is locked, and the request has no right key.
        HTTPException: too many wait.
    """

    def matches(listed: ListedMail) -> bool:
        names = (listed.summary.sender_name.casefold(), listed.mail.sender.casefold())
        return subject.casefold() in listed.summary.subject.casefold() and any(
            sender.casefold() in name for name in names
        )

    name = open_inbox_of(scope, address)
    with waits.hold((name,), scope):
        found = None
        try:
            found = await inbox.wait(name, after=after, timeout_s=min(timeout_s, WAIT_MAX_S), matches=matches)
        finally:
            if found is None:  # also for who hangs up: stored mail would have come at once
                note_empty(scope, name)
    octets = b'{"status":"timeout"}'
    if found is not None:
        octets = b'{"status":"found","message":%b}' % serialize_message(found)
    return Response(octets, media_type="application/json")
